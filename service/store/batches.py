"""Batches in the store: opened before they are submitted, closed when everything in them is in the ledger.

A work key is in one open batch at most; the database itself sees to that.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Row

from providers.batch import BatchHandle
from service.store.schema import batch_items, batches, runs
from service.store.writer import Write
from service.store.writes import Purchase, now, save_purchase

NEW, NEVER_MADE, REFUSED = "new", "never made", "refused"


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch row. `endpoint` is the plan's endpoint key; `batch_id` is None until the vendor confirmed it."""

    id: int
    run_id: int
    label: str
    endpoint: str
    role: str
    sent_params: dict[str, Any]
    requests: int
    state: str
    created_at: str
    batch_id: str | None
    held_usd: float


@dataclass(slots=True)
class Opening:
    """What `open_batch` did: the row's id, and the work that is now in the batch (None of it: no row)."""

    id: int | None = None
    taken: set[str] = field(default_factory=set)


def open_batch(
    opening: Opening,
    *,
    run_id: int,
    label: str,
    endpoint: str,
    role: str,
    sent_params: Mapping[str, Any],
    models: Mapping[str, int],
    held_usd: float = 0.0,
) -> Write:
    """Take the work (`models`: work key -> model position) that no open batch has, under a label."""

    def write(connection: Connection) -> None:
        created = connection.execute(
            batches.insert().values(
                run_id=run_id,
                label=label,
                endpoint=endpoint,
                role=role,
                sent_params=json.dumps(dict(sent_params), ensure_ascii=False),
                requests=len(models),
                held_usd=held_usd,
                state=NEW,
                created_at=now(),
            )
        )
        key = created.inserted_primary_key
        assert key is not None, "an INSERT returns its primary key"
        batch = int(key[0])
        connection.execute(
            sqlite.insert(batch_items).on_conflict_do_nothing(),
            [{"batch": batch, "work_key": w, "model": m, "is_open": True} for w, m in models.items()],
        )
        here = batch_items.c.batch == batch
        opening.id = batch
        opening.taken = set(connection.scalars(sa.select(batch_items.c.work_key).where(here)))
        if not opening.taken:
            connection.execute(batches.delete().where(batches.c.id == batch))
            opening.id = None
        elif len(opening.taken) < len(models):
            connection.execute(_row(batch).values(requests=len(opening.taken)))

    return write


def confirm_batch(batch: int, handle: BatchHandle) -> Write:
    """Note that the vendor has it."""

    def write(connection: Connection) -> None:
        connection.execute(
            _row(batch).values(
                batch_id=handle.id, input_file_id=handle.input_file_id, state="validating", submitted_at=now()
            )
        )

    return write


def note_state(batch: int, state: str) -> Write:
    def write(connection: Connection) -> None:
        connection.execute(_row(batch).values(state=state))

    return write


def keep_results(batch: int, run_id: int, purchases: Sequence[Purchase], kept: set[str]) -> Write:
    """Enter results into the ledger; what is not in the batch, or is there already, is left out of `kept`."""

    def write(connection: Connection) -> None:
        kept.clear()
        for purchase in purchases:
            item = (
                (batch_items.c.batch == batch)
                & (batch_items.c.work_key == purchase.work_key)
                & batch_items.c.is_open
                & batch_items.c.completion_id.is_(None)
            )
            # An UPDATE first: from here on no other process can take the same result.
            if not connection.execute(batch_items.update().where(item).values(error=None)).rowcount:
                continue
            model = connection.scalar(sa.select(batch_items.c.model).where(item))
            completion_id = save_purchase(connection, run_id, int(model or 0), purchase)
            connection.execute(batch_items.update().where(item).values(completion_id=completion_id))
            kept.add(purchase.work_key)

    return write


def close_batch(
    batch: int, state: str, error: str | None = None, item_errors: Mapping[str, str] | None = None
) -> Write:
    """Everything that can be had from it is in the ledger: what has no completion is free to be asked again."""

    def write(connection: Connection) -> None:
        for work, words in (item_errors or {}).items():
            item = (batch_items.c.batch == batch) & (batch_items.c.work_key == work)
            connection.execute(
                batch_items.update().where(item & batch_items.c.completion_id.is_(None)).values(error=words)
            )
        connection.execute(batch_items.update().where(batch_items.c.batch == batch).values(is_open=False))
        connection.execute(_row(batch).values(state=state, error=error, collected_at=now()))

    return write


def _row(batch: int) -> sa.Update:
    return batches.update().where(batches.c.id == batch)


def open_batches(connection: Connection, run_id: int, also: Collection[int] = ()) -> list[StoredBatch]:
    """The run's open batches and those of `also` that are open, oldest first."""
    mine = batches.c.run_id == run_id
    if also:
        mine |= batches.c.id.in_(also)
    rows = connection.execute(sa.select(batches).where(mine & batches.c.collected_at.is_(None)).order_by(batches.c.id))
    return [_stored(row) for row in rows]


def _stored(row: Row[Any]) -> StoredBatch:
    return StoredBatch(
        row.id,
        row.run_id,
        row.label,
        row.endpoint,
        row.role,
        json.loads(row.sent_params),
        row.requests,
        row.state,
        row.created_at,
        row.batch_id,
        row.held_usd,
    )


def batch_numbers(connection: Connection, run_id: int) -> list[int]:
    """The ids of the run's batches that the vendor has or had, in order: a batch's place in it is its number."""
    made = (batches.c.run_id == run_id) & batches.c.batch_id.is_not(None)
    return list(connection.scalars(sa.select(batches.c.id).where(made).order_by(batches.c.id)))


def held_usd(connection: Connection, run_id: int) -> float:
    """USD that the run's open batches can cost at most."""
    mine = (batches.c.run_id == run_id) & batches.c.collected_at.is_(None)
    return float(connection.scalar(sa.select(sa.func.sum(batches.c.held_usd)).where(mine)) or 0.0)


def has_batches(connection: Connection, run_id: int) -> bool:
    """Whether the run was ever in batch mode."""
    return connection.scalar(sa.select(batches.c.id).where(batches.c.run_id == run_id).limit(1)) is not None


def any_open(connection: Connection) -> bool:
    """Whether any run has work in an open batch."""
    return connection.scalar(sa.select(batches.c.id).where(batches.c.collected_at.is_(None)).limit(1)) is not None


def carrier(connection: Connection, work_key: str) -> int | None:
    """The open batch that carries this work."""
    # Written as the partial index is, or SQLite would not use it.
    item = sa.and_(batch_items.c.work_key == work_key, sa.text("is_open"))
    return connection.scalar(sa.select(batch_items.c.batch).where(item))


def carrying_runs(connection: Connection, batch_ids: Collection[int]) -> list[str]:
    """The names of the runs that these batches belong to."""
    query = sa.select(runs.c.name).join(batches, batches.c.run_id == runs.c.id).where(batches.c.id.in_(batch_ids))
    return list(connection.scalars(query.distinct().order_by(runs.c.name)))


def batch_works(connection: Connection, batch: int) -> dict[str, bool]:
    """Every work key of a batch, and whether its completion is in the ledger."""
    rows = connection.execute(
        sa.select(batch_items.c.work_key, batch_items.c.completion_id).where(batch_items.c.batch == batch)
    )
    return {work: completion is not None for work, completion in rows}
