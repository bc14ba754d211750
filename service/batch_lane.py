"""The lane of one endpoint in one role: gathers what a pass of the pipeline asks, and hands it in as batches."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from providers.batch import TIER, BatchLimits, BatchProvider
from providers.budget import Budget, worst_case_usd
from providers.errors import BudgetExhaustedError, ProviderError
from providers.pricing import Price
from providers.types import ChatRequest
from service.asked import Deferred
from service.endpoint_plan import EndpointPlan
from service.store.writes import Purchase, TurnKey


class HandingInFailed(Exception):
    """A whole batch could not be handed in: no fault of the unit that happened to fill it."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(slots=True)
class Parcel:
    """Requests for the next batch: all with the same parameters, by work key. `held_usd`: what they cost at most."""

    sent_params: dict[str, Any]
    held_usd: float = 0.0
    lines: dict[str, bytes] = field(default_factory=dict)
    models: dict[str, int] = field(default_factory=dict)
    size: int = 0


class Desk(Protocol):
    """What a lane needs of the run it belongs to."""

    def brought(self, work: str, lane: "BatchLane") -> Purchase | None:
        """What this session got for the work, however bad it is. Raises the ProviderError it came back with."""
        ...

    def carried(self, work: str) -> bool:
        """Whether an open batch has the work."""
        ...

    async def submit(self, lane: "BatchLane", parcel: Parcel) -> None:
        """Hand a parcel in. Raises ProviderError."""
        ...


class BatchLane:
    """One endpoint in one role: gathers what a pass asks and hands it in, in batches within the limits.

    `short` is set while the budget has no room for more; what it left out is asked when batches have been settled.
    """

    def __init__(
        self,
        plan: EndpointPlan,
        role: str,
        provider: BatchProvider,
        price: Price | None,
        budget: Budget | None = None,
    ) -> None:
        self.plan = plan
        self.role = role
        self.provider = provider
        self.price = price
        self.limits = provider.limits
        self.full = False
        self.short: BudgetExhaustedError | None = None
        self._budget = budget
        self._desk: Desk | None = None
        self._parcels: dict[str, Parcel] = {}
        self._gathered: set[str] = set()
        self._submitting = asyncio.Lock()

    def join(self, desk: Desk, max_requests: int | None) -> None:
        self._desk = desk
        if max_requests is not None:
            self.limits = replace(self.limits, requests=min(max_requests, self.limits.requests))

    async def ask(self, work: str, key: TurnKey, request: ChatRequest) -> Purchase:
        desk = self._desk
        assert desk is not None, "a lane is used inside a batch run"
        came = desk.brought(work, self)
        if came is not None:
            return came
        if work in self._gathered or self.full or desk.carried(work):
            raise Deferred
        held = self._hold(request)
        line, sent = self.provider.line(work, request)
        kind = repr(sorted(sent.items()))
        parcel = self._parcels.setdefault(kind, Parcel(sent))
        if parcel.lines and _over(self.limits, len(parcel.lines) + 1, parcel.size + len(line)):
            self._parcels[kind] = Parcel(sent)
            self._add(self._parcels[kind], work, line, key, held)
            async with self._submitting:
                try:
                    await desk.submit(self, parcel)
                except ProviderError as error:
                    raise HandingInFailed(error) from error
        else:
            self._add(parcel, work, line, key, held)
        raise Deferred

    def _hold(self, request: ChatRequest) -> float:
        """Set aside what a request costs at most (USD). Raises `Deferred` while there is no room for it."""
        if self._budget is None or self.price is None:
            return 0.0
        worst = worst_case_usd(self.price, request, TIER)
        if not self._budget.hold(worst):
            self.short = BudgetExhaustedError(
                f"${self._budget.spent:.4f} of ${self._budget.max_usd:g} are spent, up to ${self._budget.held:.4f} are "
                f"in open batches, and the next request could cost ${worst:.4f}"
            )
            raise Deferred
        return worst

    def settle(self, held_usd: float, cost_usd: float) -> None:
        """A batch has ended: what it cost takes the place of what was set aside for it."""
        if self._budget is not None:
            self._budget.release(held_usd, cost_usd)

    def _add(self, parcel: Parcel, work: str, line: bytes, key: TurnKey, held: float) -> None:
        parcel.held_usd += held
        parcel.lines[work], parcel.models[work] = line, key.model
        parcel.size += len(line)
        self._gathered.add(work)

    async def flush(self) -> None:
        """Hand in what the pass left."""
        assert self._desk is not None, "a lane is used inside a batch run"
        parcels, self._parcels = self._parcels, {}
        for parcel in parcels.values():
            if parcel.lines:
                await self._desk.submit(self, parcel)
        self._gathered.clear()


def _over(limits: BatchLimits, requests: int, size: int) -> bool:
    return requests > limits.requests or size > limits.bytes
