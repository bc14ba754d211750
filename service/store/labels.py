"""What people say of answers: the sample they are given, their labels, and decisions between them.

Labels and adjudications are only ever added. What counts now is, for each turn, the latest label of each reviewer and
the latest adjudication. Each of them revises its run: reports show what follows from them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Row

from service.store.revisions import revise
from service.store.schema import adjudications, labels, review_items, verdicts
from service.store.writes import TurnKey, now

Stratum = Literal["random", "targeted"]
LabelStatus = Literal["given", "skipped", "unsure"]
LabelValue = Mapping[str, Any]
"""`score` on the rubric's scale and, by the rubric's kind, `labels` or `items`: as in a verdict's criteria."""

_NAME = re.compile(r"^[^\x00-\x1f\x7f-\x9f]{1,100}$")

Unit = tuple[int, int, int, int]
"""(model, question, sample, turn) of a run."""


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A reviewer's word on one turn. `value` exists only when `status` is given; `seconds` is the time spent."""

    turn: TurnKey
    rubric: str
    reviewer: str
    stratum: Stratum
    inclusion_prob: float | None
    status: LabelStatus
    value: LabelValue | None
    blind: bool
    key: str
    seconds: float | None = None
    note: str | None = None
    created_at: str | None = None

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.status == "given"):
            raise ValueError(f"a label with status {self.status!r} cannot have the value {self.value!r}")
        check_name(self.reviewer)


@dataclass(frozen=True, slots=True)
class NewItem:
    """A turn that reviewers are to label."""

    turn: TurnKey
    rubric: str
    code: str
    stratum: Stratum
    reason: str | None
    inclusion_prob: float
    shared: bool
    seed: int


def check_name(name: str) -> None:
    """Raise ValueError for what is no name of a person."""
    if not _NAME.match(name):
        raise ValueError("the name of a reviewer is 1 to 100 characters on one line")


def unit(row: Row[Any]) -> Unit:
    """Which turn a row is about."""
    return row.model, row.question, row.sample, row.turn


def save_label(connection: Connection, label: NewLabel) -> bool:
    """Add a label; False where one with its key is there already."""
    return _added(
        connection,
        labels,
        {
            **label.turn.values(),
            "rubric": label.rubric,
            "reviewer": label.reviewer,
            "stratum": label.stratum,
            "inclusion_prob": label.inclusion_prob,
            "status": label.status,
            "value": _json(label.value),
            "blind": label.blind,
            "seconds": label.seconds,
            "idempotency_key": label.key,
            "created_at": label.created_at or now(),
            "note": label.note,
        },
    )


def save_adjudication(
    connection: Connection,
    turn: TurnKey,
    rubric: str,
    decided_by: str,
    value: LabelValue,
    key: str,
    *,
    note: str | None = None,
    created_at: str | None = None,
) -> bool:
    """Add what a person decided where reviewers differ; False where one with its key is there already."""
    check_name(decided_by)
    values = {"rubric": rubric, "decided_by": decided_by, "value": _json(value), "note": note}
    return _added(
        connection,
        adjudications,
        {**turn.values(), **values, "idempotency_key": key, "created_at": created_at or now()},
    )


def _added(connection: Connection, table: sa.Table, values: dict[str, Any]) -> bool:
    statement = sqlite.insert(table).values(values).on_conflict_do_nothing(index_elements=["idempotency_key"])
    if connection.execute(statement).rowcount != 1:
        return False
    revise(connection, values["run_id"])
    return True


def _json(value: LabelValue | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def save_items(connection: Connection, items: Sequence[NewItem]) -> None:
    """Put turns into the sample. One that is there keeps its code, and takes the stratum of the larger sample."""
    drawn_at, runs = now(), {item.turn.run_id for item in items}
    rows = [
        {
            **item.turn.values(),
            "rubric": item.rubric,
            "code": item.code,
            "stratum": item.stratum,
            "reason": item.reason,
            "inclusion_prob": item.inclusion_prob,
            "shared": item.shared,
            "seed": item.seed,
            "drawn_at": drawn_at,
        }
        for item in items
    ]
    if not rows:
        return
    statement = sqlite.insert(review_items)
    changed = {name: statement.excluded[name] for name in ("stratum", "reason", "inclusion_prob", "shared")}
    keys = [column.name for column in review_items.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)
    for run_id in runs:
        revise(connection, run_id)


def items_of(connection: Connection, run_id: int) -> list[Row[Any]]:
    """The run's sample, in the order of its codes."""
    c = review_items.c
    return list(connection.execute(sa.select(review_items).where(c.run_id == run_id).order_by(c.code)))


def all_labels(connection: Connection, run_id: int) -> list[Row[Any]]:
    """Every label of a run in the order they were given, superseded ones too."""
    return list(connection.execute(sa.select(labels).where(labels.c.run_id == run_id).order_by(labels.c.id)))


def current_labels(connection: Connection, run_id: int) -> dict[tuple[Unit, str], Row[Any]]:
    """The latest label of each turn by each reviewer, whatever its status."""
    return {(unit(row), row.reviewer): row for row in all_labels(connection, run_id)}


def all_adjudications(connection: Connection, run_id: int) -> list[Row[Any]]:
    """Every decision of a run in the order they were made, superseded ones too."""
    c = adjudications.c
    return list(connection.execute(sa.select(adjudications).where(c.run_id == run_id).order_by(c.id)))


def current_adjudications(connection: Connection, run_id: int) -> dict[Unit, Row[Any]]:
    """The latest decision on each turn."""
    return {unit(row): row for row in all_adjudications(connection, run_id)}


def is_judged(connection: Connection, run_id: int, turn: Unit) -> bool:
    """Whether a judge was asked about a turn."""
    c = verdicts.c
    model, question, sample, number = turn
    here = (c.run_id == run_id, c.model == model, c.question == question, c.sample == sample, c.turn == number)
    return connection.execute(sa.select(c.turn).where(*here).limit(1)).first() is not None
