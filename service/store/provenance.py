"""Where a stored text comes from: who delivered it, asked how, when, and for how much."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.schema import askings, completions


@dataclass(frozen=True, slots=True)
class Delivery:
    """One completion of the ledger; `text` is everything the model wrote. Tokens and cost are None where not told."""

    text: str
    endpoint: str
    requested_model: str
    served_model: str | None
    finish_reason: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None
    latency_s: float
    created_at: str
    request_id: str | None
    fingerprint: str | None
    sent_params: dict[str, Any]
    work_key: str


def deliveries(connection: Connection, ids: Collection[int]) -> dict[int, Delivery]:
    """By the id of the completion."""
    c, a = completions.c, askings.c
    named: list[sa.ColumnElement[Any]] = [c.text, a.endpoint, a.requested_model, c.served_model, c.finish_reason]
    named += [c.prompt_tokens, c.completion_tokens, c.cost_usd, c.latency_s, c.created_at, c.request_id, c.fingerprint]
    rows = connection.execute(
        sa.select(c.id, *named, a.sent_params, c.work_key).join_from(completions, askings).where(c.id.in_(list(ids)))
    )
    found: dict[int, Delivery] = {}
    for row in rows:
        told = dict(row._mapping)
        number = told.pop("id")
        found[number] = Delivery(**told | {"sent_params": json.loads(row.sent_params)})
    return found
