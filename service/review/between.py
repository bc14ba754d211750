"""What people say of the same answers: where they differ, who said what beside whom, and what is settled."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from sqlalchemy.engine import Connection, Row

from judge.rubric import Rubric
from judge.scoring.raters import Confusion, confusion
from service.errors import UsageError
from service.review.candidates import rubrics_by_question
from service.review.given import read_people
from service.review.measures import measures_of
from service.review.value import value_of
from service.store import labels
from service.store.labels import Unit, unit
from service.store.reads import StoredRun
from service.store.writes import TurnKey

Value = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer of the sample with what people say of it now: `labels` are those with a value, in order of names.

    `spread` is how far their scores are apart, as a share of the scale. `decision` is the latest adjudication.
    """

    item: Row[Any]
    rubric: Rubric
    labels: tuple[Row[Any], ...]
    spread: float
    decision: Row[Any] | None

    @property
    def values(self) -> list[Value]:
        return [json.loads(label.value) for label in self.labels]

    @property
    def is_disputed(self) -> bool:
        """Whether the labels differ, in the score or in anything it follows from."""
        first, *others = self.values
        return any(value != first for value in others)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two reviewers on one measure of a rubric: `table` has the first in rows, None where it would be too large."""

    rubric: str | None
    measure: str
    first: str
    second: str
    n: int
    table: Confusion | None


def judged_items(connection: Connection, run: StoredRun) -> list[Judged]:
    """Every answer of the sample with a label that has a value, the widest apart first."""
    rubrics = rubrics_by_question(connection, run)
    given: dict[Unit, list[Row[Any]]] = defaultdict(list)
    for (turn, _), label in sorted(labels.current_labels(connection, run.id).items()):
        if label.status == "given":
            given[turn].append(label)
    decided = labels.current_adjudications(connection, run.id)
    found = []
    for item in labels.items_of(connection, run.id):
        if mine := given.get(unit(item)):
            rubric = rubrics[item.question]
            shares = [rubric.scale.share(json.loads(label.value)["score"]) for label in mine]
            spread = max(shares) - min(shares)
            found.append(Judged(item, rubric, tuple(mine), spread, decided.get(unit(item))))
    return sorted(found, key=lambda judged: (-judged.spread, judged.item.code))


def pairs(connection: Connection, run: StoredRun) -> Iterator[Pair]:
    """Every two reviewers with answers in common, on each rubric and label; the same labels as in the agreement."""
    given = read_people(connection, run).given
    rubrics = rubrics_by_question(connection, run)
    for measure, mine in measures_of(given, rubrics):
        if measure.rubric is None:
            continue  # shares of different scales make no table
        said: dict[str, dict[Unit, float]] = defaultdict(dict)
        for g in mine:
            rating = measure.of_value(g.value, rubrics[g.unit[1]])
            if rating is not None:
                said[g.reviewer][g.unit] = rating
        for first, second in combinations(sorted(said), 2):
            if common := sorted(said[first].keys() & said[second].keys()):
                sides = [np.array([said[who][turn] for turn in common]) for who in (first, second)]
                table = confusion(sides[0], sides[1], measure.values)
                yield Pair(measure.rubric, measure.name, first, second, len(common), table)


def decide(
    connection: Connection, run: StoredRun, code: str, decided_by: str, filled: Value, key: str, note: str | None
) -> bool:
    """Store what a person decides on an answer where reviewers differ; False where that key is stored already.

    Raises:
        UsageError: there is no such answer with labels, the person is one of its reviewers, or the value does not fit.
    """
    found = next((judged for judged in judged_items(connection, run) if judged.item.code == code), None)
    if found is None:
        raise UsageError(f"run {run.name!r} has no item {code!r} with labels")
    if decided_by in {label.reviewer for label in found.labels}:
        raise UsageError(f"{decided_by} labelled the item {code}; somebody else has to decide")
    try:
        value = value_of(found.rubric, filled)
    except ValueError as error:
        raise UsageError(f"item {code}: {error}") from error
    turn = TurnKey(run.id, *unit(found.item))
    return labels.save_adjudication(connection, turn, found.rubric.id, decided_by, value, key, note=note)


def decision_key(run: StoredRun, judged: Judged, decided_by: str) -> str:
    """The key of a person's next decision: the same until one is made, however often it is sent."""
    before = None if judged.decision is None else judged.decision.id
    parts = [run.name, run.created_at, judged.item.code, "decision", decided_by, before]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
