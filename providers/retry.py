"""The only retrier. SDK retries are off, so one policy decides how often anything is asked again."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from providers.errors import ProviderError

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts count the first call; a Retry-After above the cap ends the call instead of a blind sleep.

    `outage_s`: how long calls wait, at no attempt's cost, for a server that is away (0: not at all).
    """

    max_attempts: int = 6
    initial_wait_s: float = 0.5
    max_wait_s: float = 30.0
    retry_after_cap_s: float = 120.0
    outage_s: float = 300.0


def _error(state: tenacity.RetryCallState) -> ProviderError | None:
    error = state.outcome.exception() if state.outcome is not None else None
    return error if isinstance(error, ProviderError) else None


async def complete_with_retry(
    call: Callable[[], Awaitable[Result]],
    policy: RetryPolicy,
    on_retry: Callable[[ProviderError], None] | None = None,
    give_up: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Result:
    """Call until it succeeds, the policy gives up or `give_up` says so; the last error is raised as it came."""
    try:
        return await call()
    except ProviderError as error:
        if not error.retryable:
            raise
        # The retrier costs as much as the call itself, so only a call that failed pays for it.
        return await _again(error, call, policy, on_retry, give_up, sleep)


async def _again(
    first: ProviderError,
    call: Callable[[], Awaitable[Result]],
    policy: RetryPolicy,
    on_retry: Callable[[ProviderError], None] | None,
    give_up: Callable[[], bool],
    sleep: Callable[[float], Awaitable[None]],
) -> Result:
    """What `tenacity` makes of a failed first attempt: it is handed in as the first of its own."""
    made: list[ProviderError] = [first]

    async def attempt() -> Result:
        if made:
            raise made.pop()
        return await call()

    backoff = tenacity.wait_random_exponential(multiplier=policy.initial_wait_s, max=policy.max_wait_s)

    def wait(state: tenacity.RetryCallState) -> float:
        error = _error(state)
        if error is not None and error.retry_after_s is not None:
            # A little jitter, so that a crowd told to wait one second does not return as one.
            return error.retry_after_s + backoff(state) * 0.1
        return backoff(state)

    failures: Counter[str] = Counter()

    def stop(state: tenacity.RetryCallState) -> bool:
        error = _error(state)
        if error is None:
            return True
        failures[error.kind] += 1
        return (
            give_up()
            or state.attempt_number >= policy.max_attempts
            or (error.max_attempts is not None and failures[error.kind] >= error.max_attempts)
            or (error.retry_after_s or 0.0) > policy.retry_after_cap_s
        )

    def before_sleep(state: tenacity.RetryCallState) -> None:
        error = _error(state)
        if error is not None and on_retry is not None:
            on_retry(error)

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(lambda e: isinstance(e, ProviderError) and e.retryable),
        wait=wait,
        stop=stop,
        before_sleep=before_sleep,
        sleep=sleep,
        reraise=True,
    )
    return await retrying(attempt)
