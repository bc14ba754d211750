"""Requests and tokens a minute: from the plan, or from what the server says is left.

Tokens are reserved before a call by an estimate and settled afterwards by what the server counted. The estimate needs
no tokenizer: it learns tokens a character and tokens an answer from the replies of its own model.
"""

import asyncio
import time
from collections.abc import Callable

from aiolimiter import AsyncLimiter

from providers.types import Allowance, ChatRequest, RateLimitInfo, Usage

_MESSAGE_OVERHEAD = 8
_TOKENS_PER_CHARACTER = 1.0  # Korean costs 0.4 to 1.2 in current tokenizers
_DEFAULT_ANSWER = 1024.0
_LEARN = 0.1
_LONGEST_WAIT_S = 60.0


class TokenEstimate:
    """Tokens of a call before it is made; moving averages over the calls that were counted."""

    def __init__(self) -> None:
        self._per_character = _TOKENS_PER_CHARACTER
        self._answer: float | None = None

    def of(self, request: ChatRequest) -> float:
        """Expected prompt and answer tokens of a request."""
        answer = self._answer
        if answer is None:
            answer = float(request.params.max_output_tokens or _DEFAULT_ANSWER)
        return _characters(request) * self._per_character + answer

    def learn(self, request: ChatRequest, usage: Usage) -> None:
        """Take in what a call really cost."""
        if usage.prompt_tokens is not None:
            seen = usage.prompt_tokens / max(1, _characters(request))
            self._per_character += _LEARN * (seen - self._per_character)
        if usage.completion_tokens is not None:
            start = float(usage.completion_tokens) if self._answer is None else self._answer
            self._answer = start + _LEARN * (usage.completion_tokens - start)


def _characters(request: ChatRequest) -> int:
    return sum(len(m.content) + _MESSAGE_OVERHEAD for m in request.messages)


class _Told:
    """An allowance as the server last told it, refilled at the pace that its reset time implies."""

    def __init__(self, allowance: Allowance, now: float) -> None:
        resets_later = allowance.reset_s > 0
        self._limit = float(allowance.limit)
        self._left = float(allowance.remaining) if resets_later else self._limit
        used = allowance.limit - allowance.remaining
        self._per_second = used / allowance.reset_s if resets_later else self._limit
        self._at = now

    def take(self, amount: float, now: float) -> float:
        """Take an amount; seconds until it is really there (those who come later wait longer)."""
        self._left = min(self._limit, self._left + self._per_second * (now - self._at)) - min(amount, self._limit)
        self._at = now
        if self._left >= 0 or self._per_second <= 0:
            return 0.0
        return min(-self._left / self._per_second, _LONGEST_WAIT_S)


class RateLimits:
    """Paces one endpoint. The plan's own limits and the server's headers both hold; without either nothing waits."""

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._requests = _limiter(requests_per_minute)
        self._tokens = None if tokens_per_minute is None else AsyncLimiter(tokens_per_minute, 60)
        self._estimate = TokenEstimate()
        self._owed = 0.0
        self._told_requests: _Told | None = None
        self._told_tokens: _Told | None = None

    @property
    def paces(self) -> bool:
        """Whether a call may have to wait."""
        limits = (self._requests, self._tokens, self._told_requests, self._told_tokens)
        return any(limit is not None for limit in limits)

    async def acquire(self, request: ChatRequest) -> float:
        """Wait until the call may go out; the tokens reserved for it."""
        if not self.paces:
            return 0.0
        expected = self._estimate.of(request)
        if self._requests is not None:
            await self._requests.acquire()
        if self._tokens is not None:
            # What earlier calls used beyond (or below) their estimates is paid by this one.
            amount = min(max(0.0, expected + self._owed), self._tokens.max_rate)
            self._owed = max(0.0, self._owed + expected - amount)
            await self._tokens.acquire(amount)
        for told, amount in ((self._told_requests, 1.0), (self._told_tokens, expected)):
            if told is not None and (wait := told.take(amount, self._clock())) > 0:
                await asyncio.sleep(wait)
        return expected

    def settle(self, request: ChatRequest, reserved: float, usage: Usage, told: RateLimitInfo | None) -> None:
        """Take in what the reply says about its own tokens and about what is left."""
        self._estimate.learn(request, usage)
        if self._tokens is not None and usage.prompt_tokens is not None and usage.completion_tokens is not None:
            self._owed += usage.prompt_tokens + usage.completion_tokens - reserved
        if told is not None:
            now = self._clock()
            self._told_requests = _Told(told.requests, now) if told.requests else None
            self._told_tokens = _Told(told.tokens, now) if told.tokens else None


def _limiter(per_minute: float | None) -> AsyncLimiter | None:
    """Bursts of ten seconds' worth at most: servers enforce their minute in smaller windows."""
    if per_minute is None:
        return None
    burst = max(1.0, per_minute / 6)
    return AsyncLimiter(burst, 60 * burst / per_minute)
