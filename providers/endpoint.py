"""A provider made dependable: limiter, deadline and retries around the bare call."""

import asyncio
from collections.abc import Callable

from providers.errors import DeadlineExceededError, ProviderError
from providers.limits import ConcurrencyLimiter
from providers.retry import RetryPolicy, complete_with_retry
from providers.types import ChatCompletion, ChatProvider, ChatRequest


class Endpoint:
    """One provider + base URL + model, shared by everything in a run that asks it.

    Set `stopping` and what is in flight may finish, but nothing is tried again.
    """

    def __init__(
        self,
        provider: ChatProvider,
        limiter: ConcurrencyLimiter,
        policy: RetryPolicy,
        on_retry: Callable[[ProviderError], None] | None = None,
    ) -> None:
        self.provider = provider
        self.limiter = limiter
        self._policy = policy
        self._on_retry = on_retry
        self.stopping = False

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """The completion, after as many attempts as the policy allows.

        Raises:
            ProviderError: the last attempt's error.
        """

        failed: ProviderError | None = None

        async def attempt() -> ChatCompletion:
            nonlocal failed
            if self.stopping and failed is not None:
                raise failed
            async with self.limiter:
                try:
                    # A read time-out starts anew with every byte; only a deadline ends a dribbling reply.
                    async with asyncio.timeout(request.deadline_s):
                        return await self.provider.complete(request)
                except ProviderError as error:
                    failed = error
                    raise
                except TimeoutError as error:
                    raise DeadlineExceededError(f"no whole reply within {request.deadline_s:g} s") from error

        return await complete_with_retry(attempt, self._policy, self._on_retry, lambda: self.stopping)
