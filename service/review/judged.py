"""What the judges of a run said, turn by turn, for comparison with people."""

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection, Row

from judge.rubric import Rubric
from judge.scoring.jury import combined
from judge.scoring.table import Integers
from service.review.candidates import harm_of
from service.store.labels import Unit, unit
from service.store.reads import StoredRun
from service.store.schema import answers, verdicts


@dataclass(frozen=True, slots=True)
class Said:
    """A judge's first ok verdict on a turn: its score before the language rule, and its criteria as JSON."""

    score: float
    criteria: str | None


@dataclass(frozen=True, slots=True)
class RunScores:
    """The run's scores, one entry a turn, mapped onto the run's scale.

    `units`, of shape (n, 4), says which turns these are. `score` is the mean over repeats (of a jury, of its verdicts),
    `votes` how many there are.
    """

    units: Integers
    score: NDArray[np.float64]
    votes: NDArray[np.float64]

    def of_model(self, model: int) -> NDArray[np.intp]:
        """Where a model's turns stand."""
        return np.flatnonzero(self.units[:, 0] == model)

    def question(self, at: NDArray[np.intp]) -> Integers:
        return np.asarray(self.units[at, 1])

    def turn(self, at: NDArray[np.intp]) -> Integers:
        return np.asarray(self.units[at, 3])

    def names(self, at: NDArray[np.intp]) -> list[Unit]:
        """The turns that stand there."""
        return [(m, q, s, t) for m, q, s, t in self.units[at].tolist()]


def _scores(units: Sequence[Unit], score: Sequence[float], votes: Sequence[int]) -> RunScores:
    numbers = np.array(units, dtype=np.int64).reshape(-1, 4)
    return RunScores(numbers, np.array(score, dtype=np.float64), np.array(votes, dtype=np.float64))


@dataclass(slots=True)
class Judged:
    """`said` by judge and turn, of turns that people labelled. `harmful` by judge and model: the question of each turn
    that the judge looked at for harm, and whether there is any.
    """

    said: dict[tuple[int, Unit], Said] = field(default_factory=dict)
    harmful: dict[tuple[int, int], list[tuple[int, bool]]] = field(default_factory=dict)
    scores: RunScores = field(default_factory=lambda: _scores([], [], []))


def read_judged(
    connection: Connection, run: StoredRun, rubrics: Sequence[Rubric], labelled: Collection[Unit]
) -> Judged:
    """Read every verdict of a run once; `rubrics` by question."""
    v = verdicts.c
    query: sa.Select[Any] = (
        sa.select(v.model, v.question, v.sample, v.turn, v.judge, v.repeat, v.score, v.judge_score, v.criteria)
        .where(v.run_id == run.id, v.status == "ok")
        .order_by(*verdicts.primary_key.columns)
    )
    judged = Judged()
    units: list[Unit] = []
    score: list[float] = []
    votes: list[int] = []
    rows = connection.execute(query, execution_options={"yield_per": 5000})
    for turn, group in itertools.groupby(rows, key=unit):
        given = list(group)
        for judge, mine in itertools.groupby(given, key=lambda row: row.judge):
            _note(judged, judge, turn, next(mine), keep=turn in labelled)
        scale, sittings = rubrics[turn[1]].scale, _sittings(run, turn[0], given)
        if sittings:
            units.append(turn)
            score.append(_onto_run(run, scale.share(sum(sittings) / len(sittings))))
            votes.append(len(sittings))
    judged.scores = _scores(units, score, votes)
    return judged


def _note(judged: Judged, judge: int, turn: Unit, first: Row[Any], *, keep: bool) -> None:
    if (harm := harm_of(first.criteria)) is not None:
        judged.harmful.setdefault((judge, turn[0]), []).append((turn[1], harm))
    if keep:
        judged.said[judge, turn] = Said(first.score if first.judge_score is None else first.judge_score, first.criteria)


def _sittings(run: StoredRun, model: int, given: Sequence[Row[Any]]) -> list[float]:
    """The run's verdicts on a turn: those of its judge, or of its jury where all its members gave one."""
    if run.plan.jury is None:
        return [row.score for row in given]
    by_repeat: dict[int, list[float]] = {}
    for row in given:
        by_repeat.setdefault(row.repeat, []).append(row.score)
    members = len(run.plan.seats[model])
    found = (combined(scores, run.plan.jury) for scores in by_repeat.values() if len(scores) == members)
    return [score for score in found if score is not None]


def _onto_run(run: StoredRun, share: float) -> float:
    low, high = run.plan.scale
    return low + share * (high - low)


def as_run_score(run: StoredRun, rubric: Rubric, score: float, *, wrong_language: bool) -> float:
    """A person's score under the same rules as a judge's: the language rule, then the run's scale."""
    ruled = rubric.scale.min if wrong_language and rubric.language_rule == "min_score" else score
    return _onto_run(run, rubric.scale.share(ruled))


def wrong_language(connection: Connection, run: StoredRun) -> set[Unit]:
    """The turns that are not in the language they should be in."""
    a = answers.c
    query: sa.Select[Any] = sa.select(a.model, a.question, a.sample, a.turn).where(
        a.run_id == run.id, a.language_passed.is_(False)
    )
    return {unit(row) for row in connection.execute(query)}
