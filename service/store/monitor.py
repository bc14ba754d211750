"""How a run is getting on: what has ended, how fast, what failed and why, and who works on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.comparisons import comparison_statuses
from service.store.holder import Holder
from service.store.reads import StoredRun
from service.store.schema import answers, askings, completions, leases, verdicts

_WINDOWS_S = (60, 300, 1800)


@dataclass(frozen=True, slots=True)
class Stage:
    """Answers or verdicts of one model, or comparisons: by status, of how many planned."""

    name: str
    model: str
    planned: int
    by_status: dict[str, int]

    @property
    def ended(self) -> int:
        """With any status."""
        return sum(self.by_status.values())

    @property
    def failed(self) -> int:
        """Ended without a result that counts."""
        return self.ended - self.by_status.get("ok", 0) - self.by_status.get("truncated", 0) * (self.name == "answers")


@dataclass(frozen=True, slots=True)
class Rate:
    """Deliveries a second, over the last so many seconds."""

    window_s: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery: when (ISO 8601), of what, how long it took, how it ended."""

    at: str
    role: str
    asked: str
    latency_s: float
    finish_reason: str
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """`beats` grows while a process works on the run; `holder` is None when none does."""

    stages: tuple[Stage, ...]
    rates: tuple[Rate, ...]
    holder: str | None
    holder_is_gone: bool
    beats: int

    @property
    def is_at_work(self) -> bool:
        return self.holder is not None and not self.holder_is_gone

    @property
    def planned(self) -> int:
        return sum(stage.planned for stage in self.stages)

    @property
    def ended(self) -> int:
        return sum(stage.ended for stage in self.stages)

    def remaining_s(self) -> tuple[float, float] | None:
        """How long the rest may take, from the fastest and the slowest of the rates; None without a rate."""
        left = self.planned - self.ended
        known = [rate.per_s for rate in self.rates if rate.per_s > 0]
        return (left / max(known), left / min(known)) if known else None


def standing(connection: Connection, run: StoredRun) -> Standing:
    """Where the run stands now."""
    row = connection.execute(sa.select(leases).where(leases.c.run_id == run.id)).first()
    holder = None if row is None else Holder.from_json(row.holder)
    return Standing(
        stages=tuple(_stages(connection, run)),
        rates=tuple(_rates(connection, run.id)),
        holder=None if holder is None else str(holder),
        holder_is_gone=holder is not None and holder.is_gone(),
        beats=0 if row is None else row.beats,
    )


def _stages(connection: Connection, run: StoredRun) -> list[Stage]:
    plan = run.plan
    asked, graded = plan.questions.turns * plan.samples, plan.questions.graded * plan.samples
    answered, judged = _statuses(connection, run.id, answers), _statuses(connection, run.id, verdicts)
    stages = []
    for m, model in enumerate(plan.models):
        stages.append(Stage("answers", model.label, asked, answered.get(m, {})))
        stages.append(Stage("verdicts", model.label, graded * plan.verdicts_on(m), judged.get(m, {})))
    if plan.pairs:
        stages.append(Stage("comparisons", "", plan.comparisons, comparison_statuses(connection, run.id)))
    return stages


def _statuses(connection: Connection, run_id: int, table: sa.Table) -> dict[int, dict[str, int]]:
    c = table.c
    rows = connection.execute(
        sa.select(c.model, c.status, sa.func.count()).where(c.run_id == run_id).group_by(c.model, c.status)
    )
    found: dict[int, dict[str, int]] = {}
    for model, status, n in rows:
        found.setdefault(model, {})[status] = n
    return found


def _rates(connection: Connection, run_id: int) -> list[Rate]:
    """Only over windows that the run has been at work for."""
    c = completions.c
    now = datetime.now(UTC)
    first = connection.scalar(sa.select(sa.func.min(c.created_at)).where(c.run_id == run_id))
    if first is None:
        return []
    at_work_s = (now - datetime.fromisoformat(first)).total_seconds()
    rates = []
    for window in _WINDOWS_S:
        since = (now - timedelta(seconds=window)).isoformat(timespec="milliseconds")
        n = connection.scalar(sa.select(sa.func.count()).where(c.run_id == run_id, c.created_at >= since))
        rates.append(Rate(window, (n or 0) / max(1.0, min(window, at_work_s))))
    return rates


def last_events(connection: Connection, run_id: int, limit: int = 50) -> Sequence[Event]:
    """The last deliveries, newest first."""
    c, a = completions.c, askings.c
    rows = connection.execute(
        sa.select(c.created_at, a.role, a.requested_model, c.latency_s, c.finish_reason, c.completion_tokens)
        .join_from(completions, askings)
        .where(c.run_id == run_id)
        .order_by(c.id.desc())
        .limit(limit)
    )
    return [Event(*row) for row in rows]
