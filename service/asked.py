"""A model in one role of a run: how it is asked, and what a verdict took of it."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from judge.grading.llm import GradingTask
from providers.endpoint import Endpoint
from providers.pricing import Price, cost_usd
from providers.types import ChatCompletion, ChatRequest
from service.endpoint_plan import EndpointPlan
from service.store.writes import Purchase, TurnKey
from service.work import WorkKeys


class Deferred(Exception):
    """Not asked now: an open batch carries the work, or the run is being stopped; a later pass takes it up."""


class Lane(Protocol):
    """Another way to ask an endpoint than one call now."""

    async def ask(self, work: str, key: TurnKey, request: ChatRequest) -> Purchase:
        """What the lane brought for this work.

        Raises:
            Deferred: nothing yet.
            ProviderError: it came back as an error.
        """
        ...


class Asked:
    """A model behind an endpoint in one role of a run, asked live or through a lane."""

    def __init__(
        self, plan: EndpointPlan, role: str, endpoint: Endpoint, price: Price | None, lane: Lane | None = None
    ) -> None:
        self.role = role
        self.endpoint = endpoint
        self.keys = WorkKeys(plan)
        self.behaviour = plan.behaviour
        self.lane = lane
        self._spec = str(plan.spec())
        self._price = price

    @property
    def workers(self) -> int:
        """More than may be in flight: some sleep before a retry, and their places should not stand empty."""
        return self.endpoint.limiter.ceiling + self.endpoint.limiter.ceiling // 2

    def purchase(self, work: str, completion: ChatCompletion) -> Purchase:
        """What was delivered now, with what it cost."""
        cost = cost_usd(self._price, completion.usage, completion.service_tier)
        return Purchase(work, self._spec, self.role, completion, cost)

    def found(self, work: str, completion_id: int, completion: ChatCompletion) -> Purchase:
        """What the ledger already has."""
        return Purchase(work, self._spec, self.role, completion, None, completion_id)


@dataclass(slots=True)
class Exchange:
    """What one verdict takes: a reply, or two and `because` of what the first was none. `index` is that of the draw."""

    asked: Asked
    key: TurnKey
    index: int
    replies: list[Purchase] = field(default_factory=list)
    because: str | None = None

    def work(self, task: GradingTask) -> str:
        return self.asked.keys.of(task.request, self.index)

    @property
    def last(self) -> Purchase | None:
        return self.replies[-1] if self.replies else None

    @property
    def cost_usd(self) -> float | None:
        costs = [reply.cost_usd for reply in self.replies if reply.cost_usd is not None]
        return sum(costs) if costs else None

    def note(self) -> dict[str, Any]:
        """What the verdict's criteria say of a second asking: why, and where the first reply is."""
        if self.because is None:
            return {}
        return {"asked_again": {"because": self.because, "completion": self.replies[0].id}}
