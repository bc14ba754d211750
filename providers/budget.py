"""A cap on what a run may cost: the worst case is set aside before a call goes out and settled after it."""

import asyncio

from providers.errors import BudgetExhaustedError, BudgetHeldError
from providers.pricing import Price, cost_usd
from providers.types import ChatRequest, Usage

_MESSAGE_OVERHEAD_TOKENS = 16
_DEFAULT_MOST_TOKENS = 32_768  # of a call that names no cap


def worst_case_usd(price: Price, request: ChatRequest, service_tier: str | None = None) -> float:
    """USD that a call can cost at most: a token is at least one byte, and the answer may use up its cap."""
    prompt = sum(len(m.content.encode("utf-8", "replace")) + _MESSAGE_OVERHEAD_TOKENS for m in request.messages)
    if request.response_schema is not None:
        prompt += len(f"{request.response_schema.name}{request.response_schema.schema}".encode("utf-8", "replace"))
    answer = request.params.max_output_tokens or _DEFAULT_MOST_TOKENS
    tier = service_tier if price.batch is not None else None
    # Read from the cache, written to it or neither, whichever is dearest.
    cases = (
        Usage(prompt, answer),
        Usage(prompt, answer, cached_tokens=prompt),
        Usage(prompt, answer, cache_write_tokens=prompt),
    )
    return max(cost_usd(price, usage, tier) or 0.0 for usage in cases)


class Budget:
    """USD that all endpoints of a run share. `spent` counts what earlier attempts of the same run cost.

    `held` is what open batches can cost at most.
    """

    def __init__(self, max_usd: float, spent: float = 0.0, held: float = 0.0) -> None:
        self.max_usd = max_usd
        self.spent = spent
        self.held = held
        self._calls = 0
        self._reserved = 0.0
        self._settled = asyncio.Event()

    async def reserve(self, price: Price | None, request: ChatRequest) -> float:
        """Set the worst case aside (USD, returned); waits while calls in flight may still leave enough.

        Of a call at an unknown price nothing can be set aside; it may go out as long as the cap is not reached.

        Raises:
            BudgetExhaustedError: even alone, the call could cost more than is left (BudgetHeldError: it could not, were
                the open batches settled).
        """
        if price is None and self.spent >= self.max_usd:
            raise BudgetExhaustedError(f"${self.spent:.4f} of ${self.max_usd:g} are spent")
        worst = 0.0 if price is None else worst_case_usd(price, request)
        while worst > 0 and self.spent + self.held + self._reserved + worst > self.max_usd:
            if self._calls == 0:
                fits_later = self.spent + worst <= self.max_usd
                batches = f", up to ${self.held:.4f} are in open batches" if self.held else ""
                raise (BudgetHeldError if fits_later else BudgetExhaustedError)(
                    f"${self.spent:.4f} of ${self.max_usd:g} are spent{batches} "
                    f"and the next call could cost ${worst:.4f}"
                )
            self._settled.clear()
            await self._settled.wait()
        self._calls += 1
        self._reserved += worst
        return worst

    def hold(self, usd: float) -> bool:
        """Set an amount aside for longer than a call (a batch), if that much is left; `release` ends it."""
        if self.spent + self.held + self._reserved + usd > self.max_usd:
            return False
        self.held += usd
        return True

    def release(self, held: float, cost: float) -> None:
        """Put what it cost (USD) in the place of what was held."""
        self.held -= held
        self.spent += cost
        self._settled.set()

    def settle(self, reserved: float, cost: float) -> None:
        """Put what the call cost (USD) in the place of what was set aside for it."""
        self._calls -= 1
        self._reserved = self._reserved - reserved if self._calls else 0.0
        self.spent += cost
        self._settled.set()
