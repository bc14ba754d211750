"""How a run is getting on: what has ended, how fast, what failed and why, and who works on it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from service.store.comparisons import comparison_statuses
from service.store.holder import Holder
from service.store.reads import StoredRun, answer_statuses, verdict_totals
from service.store.schema import FAILED, askings, completions, leases, verdicts

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
    row, holder = _lease(connection, run.id)
    return Standing(
        stages=tuple(_stages(connection, run)),
        rates=() if row is None else tuple(_rates(connection, run.id, datetime.fromisoformat(row.taken_at))),
        holder=None if holder is None else str(holder),
        holder_is_gone=holder is not None and holder.is_gone(),
        beats=0 if row is None else row.beats,
    )


def is_at_work(connection: Connection, run_id: int) -> bool:
    """Whether a process works on the run."""
    _, holder = _lease(connection, run_id)
    return holder is not None and not holder.is_gone()


def _lease(connection: Connection, run_id: int) -> tuple[Row[Any] | None, Holder | None]:
    row = connection.execute(sa.select(leases).where(leases.c.run_id == run_id)).first()
    return row, None if row is None else Holder.from_json(row.holder)


def coverage(connection: Connection, run: StoredRun) -> tuple[int, int, bool]:
    """(verdicts that ended well, verdicts planned, whether everything planned has ended)."""
    ended, ok = verdict_totals(connection, run.id)
    graded = run.plan.questions.graded * run.plan.samples
    planned = sum(graded * run.plan.verdicts_on(m) for m in range(len(run.plan.models)))
    compared = sum(comparison_statuses(connection, run.id).values()) if run.plan.pairs else 0
    return ok, planned, ended >= planned and compared >= (run.plan.comparisons if run.plan.pairs else 0)


def _stages(connection: Connection, run: StoredRun) -> list[Stage]:
    plan = run.plan
    asked, graded = plan.questions.turns * plan.samples, plan.questions.graded * plan.samples
    answered, judged = answer_statuses(connection, run.id), _verdict_statuses(connection, run.id)
    stages = []
    for m, model in enumerate(plan.models):
        stages.append(Stage("answers", model.label, asked, answered.get(m, {})))
        stages.append(Stage("verdicts", model.label, graded * plan.verdicts_on(m), judged.get(m, {})))
    if plan.pairs:
        stages.append(Stage("comparisons", "", plan.comparisons, comparison_statuses(connection, run.id)))
    return stages


def _verdict_statuses(connection: Connection, run_id: int) -> dict[int, dict[str, int]]:
    """From two indexes alone: there are many, and few failed."""
    c = verdicts.c
    mine = c.run_id == run_id
    failed = connection.execute(
        sa.select(c.model, c.status, sa.func.count()).where(mine, FAILED).group_by(c.model, c.status)
    )
    found: dict[int, dict[str, int]] = {}
    for model, status, n in failed:
        found.setdefault(model, {})[status] = n
    for model, n in connection.execute(sa.select(c.model, sa.func.count()).where(mine).group_by(c.model)):
        statuses = found.setdefault(model, {})
        if ok := n - sum(statuses.values()):
            statuses["ok"] = ok
    return found


def _rates(connection: Connection, run_id: int, at_work_since: datetime) -> list[Rate]:
    """Of the process that works on the run, since it does."""
    c = completions.c
    now = datetime.now(UTC)
    begins = [max(at_work_since, now - timedelta(seconds=window)) for window in _WINDOWS_S]
    firsts = [_first_id_since(connection, begin) for begin in begins]
    counts = connection.execute(
        sa.select(*(sa.func.count().filter(c.id >= first) for first in firsts)).where(c.run_id == run_id)
    ).one()
    return [
        Rate(window, n / max(1.0, (now - begin).total_seconds()))
        for window, begin, n in zip(_WINDOWS_S, begins, counts, strict=True)
    ]


def _first_id_since(connection: Connection, moment: datetime) -> int:
    """The first id in the ledger from a moment on. Ids grow with time, which no index does."""
    c = completions.c
    at_or_after = sa.select(c.created_at).where(c.id >= sa.bindparam("at")).order_by(c.id).limit(1)
    since = moment.isoformat(timespec="milliseconds")
    last = connection.scalar(sa.select(sa.func.max(c.id))) or 0
    return bisect_left(range(last + 1), since, key=lambda at: connection.scalar(at_or_after, {"at": at}) or "")


def last_events(connection: Connection, run_id: int, limit: int = 50) -> Sequence[Event]:
    """The last deliveries, newest first."""
    c, a = completions.c, askings.c
    newest = sa.select(sa.func.max(c.id)).where(c.run_id == run_id).scalar_subquery()
    rows = connection.execute(
        sa.select(c.created_at, a.role, a.requested_model, c.latency_s, c.finish_reason, c.completion_tokens)
        .join_from(completions, askings)
        # A sum is in no index: backwards through the ledger, where the index would give all of the run to be sorted.
        .where(c.run_id + 0 == run_id, c.id <= newest)
        .order_by(c.id.desc())
        .limit(limit)
    )
    return [Event(*row) for row in rows]
