"""A reviewer at the queue: what is shown next, without the hazards they keep away from, and how far they are."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from questions.taxonomy import taxonomy
from service.review.queue import BlindItem, Progress, blind_items, open_items, progress
from service.store import labels
from service.store.labels import unit
from service.store.reads import StoredRun
from service.store.schema import LEAF, questions, run_questions


@dataclass(frozen=True, slots=True)
class Sitting:
    """What a reviewer has in front of them.

    `item` is None where nothing is left. `key` is that of the label it will get: the same until it has one, however
    often it is shown or sent. `progress` leaves out the `set_aside` items of hazards that the reviewer keeps away from;
    `hazards` are the safety leaves in the sample, in order, and `hazard` is the item's. `said` holds the codes of what
    has a label of theirs, the latest first.
    """

    item: BlindItem | None
    hazard: str | None
    key: str
    progress: Progress
    set_aside: int
    hazards: tuple[str, ...]
    said: tuple[str, ...]


def sit(
    connection: Connection, run: StoredRun, reviewer: str, without: Collection[str] = (), again: str | None = None
) -> Sitting:
    """The reviewer's next item, or the one with the code `again`; nothing of the safety leaves in `without`."""
    items = {unit(item): item for item in labels.items_of(connection, run.id)}
    current = labels.current_labels(connection, run.id)
    mine = {turn: label for (turn, who), label in current.items() if who == reviewer and turn in items}
    leaf_of = _safety_leaves(connection, run)
    left = open_items(connection, run, reviewer)
    wanted = [item for item in left if leaf_of.get(item.question) not in without]
    reopened = [items[turn] for turn in mine if items[turn].code == again]
    shown = next(iter([*reopened, *wanted]), None)
    whole = progress(connection, run, reviewer)
    aside = len(left) - len(wanted)
    there = {leaf_of[turn[1]] for turn in items if turn[1] in leaf_of}
    return Sitting(
        None if shown is None else next(blind_items(connection, run, [shown])),
        None if shown is None else leaf_of.get(shown.question),
        "" if shown is None else _key(run, shown, reviewer, mine.get(unit(shown))),
        Progress(whole.done, whole.total - aside, whole.skipped, whole.unsure),
        aside,
        tuple(leaf.id for leaf in taxonomy().leaves_of("safety") if leaf.id in there),
        tuple(items[turn].code for turn in sorted(mine, key=lambda turn: -mine[turn].id)),
    )


def _safety_leaves(connection: Connection, run: StoredRun) -> dict[int, str]:
    """The safety leaf of each question of the run that has one, by position."""
    known = [leaf.id for leaf in taxonomy().leaves_of("safety")]
    listed = (
        sa.select(run_questions.c.position, LEAF)
        .join_from(run_questions, questions, questions.c.digest == run_questions.c.digest)
        .where(run_questions.c.run_id == run.id, LEAF.in_(known))
    )
    return dict(connection.execute(listed).all())


def _key(run: StoredRun, item: Row[Any], reviewer: str, before: Row[Any] | None) -> str:
    parts = [run.name, run.created_at, item.code, reviewer, None if before is None else before.id]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
