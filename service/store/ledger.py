"""The ledger: everything that was ever delivered, by the work it was for, and what it cost."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from judge.grading.weighted import restored
from providers.types import ChatCompletion, FinishReason, Usage
from service.conversation import visible_text
from service.store.prepared import Prepared
from service.store.schema import askings, completions

_FIND = Prepared(sa.select(completions.c.id).where(completions.c.work_key == sa.bindparam("work_key")), completions)


_WITH_ASKING = sa.select(
    completions, askings.c.requested_model, askings.c.sent_params, askings.c.dropped_params
).join_from(completions, askings)


def bought(connection: Connection, work_key: str) -> Iterator[tuple[int, ChatCompletion]]:
    """(id, completion) of everything delivered for this work, newest first."""
    # Hardly anything is bought already: the full rows are read only when there are any.
    found = [row[0] for row in _FIND.run(connection, {"work_key": work_key}).fetchall()]
    for completion_id in sorted(found, reverse=True):
        row = connection.execute(_WITH_ASKING.where(completions.c.id == completion_id)).one()
        yield completion_id, _completion(row)


def _completion(row: Row[Any]) -> ChatCompletion:
    finish: FinishReason = row.finish_reason
    return ChatCompletion(
        text=row.text,
        requested_model=row.requested_model,
        finish_reason=finish,
        reasoning=row.reasoning,
        refusal=row.refusal,
        usage=Usage(
            row.prompt_tokens,
            row.completion_tokens,
            row.cached_tokens,
            row.reasoning_tokens,
            row.cache_write_tokens,
        ),
        served_model=row.served_model,
        fingerprint=row.fingerprint,
        request_id=row.request_id,
        sent_params=json.loads(row.sent_params),
        dropped_params=json.loads(row.dropped_params),
        latency_s=row.latency_s,
        service_tier=row.service_tier,
        upstream=row.upstream,
        logprobs=None if row.logprobs is None else restored(json.loads(row.logprobs)),
    )


def replies(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """What was said in these completions, a refusal in a field of its own included."""
    c = completions.c
    rows = connection.execute(sa.select(c.id, c.text, c.refusal).where(c.id.in_(ids))) if ids else ()
    return {number: visible_text(text, refusal) for number, text, refusal in rows}


@dataclass(frozen=True, slots=True)
class Spending:
    """What one endpoint delivered to a run in one role. `cost_usd` is None where a price is unknown."""

    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None


def spending(connection: Connection, run_id: int) -> dict[tuple[int, str], Spending]:
    """What this run bought, by (model position, role), replies that were of no use included.

    Verdicts are charged to the model they grade; what another run had already bought costs nothing here.
    """
    c = completions.c
    rows = connection.execute(
        sa.select(
            c.model,
            askings.c.role,
            sa.func.count(),
            sa.func.sum(c.prompt_tokens),
            sa.func.sum(c.completion_tokens),
            sa.func.sum(c.cost_usd),
            sa.func.sum(sa.case((c.cost_usd.is_(None), 1), else_=0)),
        )
        .join_from(completions, askings)
        .where(c.run_id == run_id)
        .group_by(c.model, askings.c.role)
    )
    return {
        (model, role): Spending(calls, prompt, completion, None if unknown else cost)
        for model, role, calls, prompt, completion, cost, unknown in rows
    }


def run_cost(connection: Connection, run_id: int) -> float:
    """USD that a run has cost so far, as far as prices are known."""
    total = connection.scalar(sa.select(sa.func.sum(completions.c.cost_usd)).where(completions.c.run_id == run_id))
    return float(total or 0.0)


@dataclass(frozen=True, slots=True)
class Served:
    """Calls that one endpoint answered under the same name and with the same parameters."""

    endpoint: str
    role: str
    requested_model: str
    served_model: str | None
    fingerprint: str | None
    service_tier: str | None
    upstream: str | None
    sent_params: dict[str, Any]
    dropped_params: dict[str, Any]
    calls: int


def served(connection: Connection, run_id: int) -> list[Served]:
    """Who answered what of a run, and with which parameters."""
    c, a = completions.c, askings.c
    parts = (c.served_model, c.fingerprint, c.service_tier, c.upstream)
    counted = (
        sa.select(c.asking_id, *parts, sa.func.count().label("calls"))
        .where(c.run_id == run_id)
        .group_by(c.asking_id, *parts)
        .subquery()
    )
    asked = (a.endpoint, a.role, a.requested_model, *counted.c[1:5], a.sent_params, a.dropped_params)
    rows = connection.execute(
        sa.select(*asked, counted.c.calls).join_from(counted, askings, a.id == counted.c.asking_id).order_by(*asked)
    )
    return [
        Served(
            endpoint=row.endpoint,
            role=row.role,
            requested_model=row.requested_model,
            served_model=row.served_model,
            fingerprint=row.fingerprint,
            service_tier=row.service_tier,
            upstream=row.upstream,
            sent_params=json.loads(row.sent_params),
            dropped_params=json.loads(row.dropped_params),
            calls=row.calls,
        )
        for row in rows
    ]
