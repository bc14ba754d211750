"""What one judge said in a run, what its word cost, and about what: as arrays; apart, because it needs numpy."""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from judge.scoring.table import Integers
from service.store.question_scales import question_scales
from service.store.reads import StoredRun, answer_text
from service.store.schema import answers, completions, run_questions, verdicts
from service.store.scores import columns

POINTS = 10.0
"""Scores of any scale are mapped onto 0 to this, end to end."""

_MOST_TEXTS = 20_000


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Verdicts of a run as parallel arrays, shape (n,); `points` are what the judge said, NaN where it failed.

    `sitting` numbers the answers, the same for all judges and repeats.
    """

    model: Integers
    question: Integers
    turn: Integers
    sample: Integers
    judge: Integers
    points: NDArray[np.float64]

    @property
    def sitting(self) -> Integers:
        parts = (self.model, self.question, self.sample, self.turn)
        found = np.zeros(self.model.size, dtype=np.int64)
        for part in parts:
            found = found * (int(part.max(initial=0)) + 1) + part
        return found


def judged_rows(connection: Connection, run: StoredRun) -> JudgedRows:
    """Every verdict of a run that had something to grade, of all its judges, before the language rule."""
    c = verdicts.c
    chosen = sa.select(c.model, c.question, c.turn, c.sample, c.judge, c.judge_score, c.status).where(
        c.run_id == run.id, c.status != "skipped"
    )
    whole = tuple(array("q") for _ in range(5))
    said = array("d")
    for *places, scores, statuses in columns(connection, chosen):
        for column, values in zip(whole, places, strict=True):
            column.extend(values)
        ok = (s if status == "ok" else None for s, status in zip(scores, statuses, strict=True))
        said.extend(math.nan if s is None else s for s in ok)
    model, question, turn, sample, judge = (np.asarray(column, dtype=np.int64) for column in whole)
    low, high = question_scales(connection, run)[:, question]
    points = (np.asarray(said, dtype=np.float64) - low) / (high - low) * POINTS
    return JudgedRows(model, question, turn, sample, judge, points)


def question_ids(connection: Connection, run: StoredRun) -> list[str]:
    """By position."""
    c = run_questions.c
    return list(connection.scalars(sa.select(c.question_id).where(c.run_id == run.id).order_by(c.position)))


def answer_texts(connection: Connection, run: StoredRun) -> dict[tuple[int, int, int, int], str]:
    """The texts of a run's answers by (model, question, sample, turn); of a large run the first 20,000."""
    said = (completions.c.text.label("said"), completions.c.refusal)
    rows = connection.execute(
        sa.select(answers, *said)
        .outerjoin(completions, completions.c.id == answers.c.completion_id)
        .where(answers.c.run_id == run.id)
        .order_by(answers.c.question, answers.c.sample)
        .limit(_MOST_TEXTS)
    )
    texts = ((row, answer_text(row)) for row in rows)
    return {(row.model, row.question, row.sample, row.turn): text for row, text in texts if text}


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What a judge's verdicts took: seconds and USD of each, USD NaN where the price is unknown."""

    latency_s: NDArray[np.float64]
    cost_usd: NDArray[np.float64]


def deliveries(connection: Connection, judged: Sequence[tuple[StoredRun, int]]) -> Deliveries:
    """Over the verdicts of a judge, given as (run, its position there); each reply once."""
    found: dict[int, tuple[float, Any]] = {}
    for run, place in judged:
        rows = connection.execute(
            sa.select(completions.c.id, completions.c.latency_s, completions.c.cost_usd)
            .join_from(verdicts, completions, completions.c.id == verdicts.c.completion_id)
            .where(verdicts.c.run_id == run.id, verdicts.c.judge == place)
        )
        found.update({row.id: (row.latency_s, row.cost_usd) for row in rows})
    latency, cost = zip(*found.values(), strict=True) if found else ((), ())
    return Deliveries(
        np.asarray(latency, dtype=np.float64),
        np.asarray([np.nan if c is None else c for c in cost], dtype=np.float64),
    )
