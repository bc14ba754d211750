"""A provider made dependable: budget, pacing, concurrency, deadline and retries around the bare call."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from providers.budget import Budget
from providers.errors import (
    DeadlineExceededError,
    MalformedResponseError,
    ProviderError,
    RateLimitError,
    ServerError,
    UnsupportedParameterError,
)
from providers.limits import ConcurrencyLimiter, Place
from providers.outage import LONGEST_PAUSE_S, TOO_BUSY, Outage, Sent, is_absence
from providers.pricing import Price, cost_usd
from providers.rates import RateLimits
from providers.redaction import without_conversation
from providers.retry import RetryPolicy, complete_with_retry
from providers.types import ChatCompletion, ChatProvider, ChatRequest, SamplingParams

# Without a cap a model may write until its window is full, so a refused cap is never simply left out.
_DROPPABLE = {
    "temperature": "temperature",
    "top_p": "top_p",
    "seed": "seed",
    "stop": "stop",
    "reasoning_effort": "reasoning_effort",
    "think": "reasoning_effort",
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
}


class _HeldBackError(Exception):
    """The server went away while the call waited for a place: it was not sent."""


class Endpoint:
    """One provider + base URL + model, shared by everything in a run that asks it.

    `price` None is an unknown price: of such calls a budget counts only what the server itself says they cost. With
    `drop_unsupported` a parameter that the server refuses is left out of this and every later call and recorded in
    `dropped_params`; without it the refusal is an error. While the server is away, calls wait for it without spending
    attempts; `tell` gets a line, under this `label`, when that begins and ends. `gate`, if set, is awaited last of all
    before every call; what it raises ends the call unsent.
    """

    def __init__(
        self,
        provider: ChatProvider,
        limiter: ConcurrencyLimiter,
        policy: RetryPolicy,
        on_retry: Callable[[ProviderError], None] | None = None,
        *,
        rates: RateLimits | None = None,
        budget: Budget | None = None,
        price: Price | None = None,
        drop_unsupported: bool = False,
        label: str | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.provider = provider
        self.limiter = limiter
        self.gate: Callable[[], Awaitable[None]] | None = None
        self._policy = policy
        self._on_retry = on_retry
        self._rates = rates or RateLimits()
        self._budget = budget
        self._price = price
        self._drop_unsupported = drop_unsupported
        self._dropped: dict[str, Any] = {}
        self._stop = asyncio.Event()
        self._callers = 0
        # Whoever wants no second attempt does not want to wait for one either.
        patience_s = policy.outage_s if policy.max_attempts > 1 else 0.0
        longest_pause_s = min(policy.max_wait_s, LONGEST_PAUSE_S)
        self._outage = Outage(label or provider.name, patience_s, policy.initial_wait_s, longest_pause_s, tell)

    @property
    def stopping(self) -> bool:
        """Once set, what is in flight may finish; nothing is tried again, and no call waits for anything before it."""
        return self._stop.is_set()

    @stopping.setter
    def stopping(self, value: bool) -> None:
        if value:
            self._stop.set()
            self._outage.stop()
            self.limiter.open()
        else:
            self._stop.clear()

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The completion, after as many attempts as the policy allows.

        Raises:
            ProviderError: the last attempt's error, or that of a server that was away for too long.
        """
        self._callers += 1
        try:
            while True:
                asked, dropped = self._without_dropped(request)
                try:
                    completion = await self._with_retries(asked)
                except UnsupportedParameterError as error:
                    # What was not sent cannot be dropped again: a server that still refuses it would be asked for ever.
                    if not self._drop(asked.params, error.param):
                        raise
                else:
                    if not dropped:
                        return completion
                    return replace(completion, dropped_params={**completion.dropped_params, **dropped})
        finally:
            self._callers -= 1

    def _drop(self, params: SamplingParams, param: str | None) -> bool:
        """Whether the refused parameter of `params`, those that were sent, may be left out from now on."""
        name = _DROPPABLE.get(param or "")
        if not self._drop_unsupported or name is None or getattr(params, name) in (None, ()):
            return False
        self._dropped[name] = getattr(params, name)
        return True

    def _without_dropped(self, request: ChatRequest) -> tuple[ChatRequest, Mapping[str, Any]]:
        if not self._dropped:
            return request, {}
        dropped = {name: v for name in self._dropped if (v := getattr(request.params, name)) not in (None, ())}
        left_out: dict[str, Any] = {name: () if name == "stop" else None for name in dropped}
        return replace(request, params=replace(request.params, **left_out)), dropped

    async def _with_retries(self, request: ChatRequest) -> ChatCompletion:
        failed: ProviderError | None = None

        async def attempt() -> ChatCompletion:
            nonlocal failed
            if self.stopping and failed is not None:
                raise failed
            try:
                return await self._when_there(request)
            except ProviderError as error:
                failed = error
                raise

        return await complete_with_retry(
            attempt, self._policy, self._on_retry, lambda: self.stopping or self._outage.is_late, self._pause
        )

    async def _pause(self, seconds: float) -> None:
        """Sleep, until stopped at the longest."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _allowed(self, request: ChatRequest) -> float:
        """The tokens reserved when the pace lets the call out, or when all is stopped and the gate decides."""
        if not self._rates.paces:
            return 0.0
        turn = asyncio.ensure_future(self._rates.acquire(request))
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({turn, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return turn.result() if turn.done() else 0.0
        finally:
            turn.cancel()
            stopped.cancel()

    async def _when_there(self, request: ChatRequest) -> ChatCompletion:
        """One attempt. Waiting for a server that is away, and asking whether it is back, are none."""
        while True:
            probe = self._outage.is_on and await self._outage.admit()
            try:
                return await self._attempt(request, probe)
            except _HeldBackError:
                continue
            except ProviderError as error:
                if not probe or not is_absence(error):
                    raise
            finally:
                if probe:
                    self._outage.probed()

    async def _attempt(self, request: ChatRequest, probe: bool) -> ChatCompletion:
        budget, price = self._budget, self._price
        if budget is None:
            return await self._paced(request, probe)
        reserved = await budget.reserve(price, request)
        cost = 0.0
        try:
            completion = await self._paced(request, probe)
            known = cost_usd(price, completion.usage, completion.service_tier)
            cost = reserved if known is None else known
            return completion
        except (DeadlineExceededError, MalformedResponseError):
            cost = reserved  # no answer that could be used, but the server may bill one
            raise
        finally:
            budget.settle(reserved, cost)

    async def _paced(self, request: ChatRequest, probe: bool) -> ChatCompletion:
        tokens = await self._allowed(request)
        place = await self.limiter.acquire(urgent=request.urgent)
        if self._outage.is_on and not probe:
            self.limiter.given_up(place)
            raise _HeldBackError
        call = self._outage.sent(probe=probe)
        try:
            if self.gate is not None:
                await self.gate()
            # A read time-out starts anew with every byte; only a deadline ends a dribbling reply.
            async with asyncio.timeout(request.deadline_s):
                completion = await self.provider.complete(request)
        except ProviderError as error:
            error.args = (without_conversation(str(error), request.messages),)
            self._failed(place, call, error)
            raise
        except BaseException as error:
            self._outage.ended(call)
            self.limiter.given_up(place)
            if isinstance(error, TimeoutError):
                raise DeadlineExceededError(f"no whole reply within {request.deadline_s:g} s") from error
            raise
        self._answered(call)
        self.limiter.taken(place)
        self._rates.settle(request, tokens, completion.usage, completion.rate_limit)
        return completion

    def _answered(self, call: Sent) -> None:
        if self._outage.answered(call):
            self.limiter.restart()

    def _failed(self, place: Place, call: Sent, error: ProviderError) -> None:
        """Tell gate and limiter what the error means to them."""
        if isinstance(error, DeadlineExceededError):
            self._outage.ended(call)
        elif is_absence(error):
            self._outage.failed(call, error, self._callers)
        else:
            self._answered(call)
        too_busy = isinstance(error, RateLimitError) or (isinstance(error, ServerError) and error.status in TOO_BUSY)
        if too_busy and not self._outage.is_on:
            self.limiter.refused(place, error.retry_after_s)
        elif error.status is None or self._outage.is_on:
            self.limiter.given_up(place)
        else:
            self.limiter.taken(place)
