"""Length, looks and scores of single answers as arrays over places; apart, because it needs numpy and runs do not.

A place is one turn of one question and sample; all models answer there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection, Row

from judge.checks.style import style_of
from service.store.question_scales import question_scales
from service.store.reads import StoredRun, answer_text
from service.store.schema import answers, completions, run_questions, verdicts

MOST_ANSWERS = 40_000
"""Texts that a report reads: of a larger run those of every second, third ... question."""


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a run, numbered by question, sample and turn."""

    questions: int
    samples: int
    turns: int

    @classmethod
    def of_run(cls, connection: Connection, run: StoredRun) -> "Places":
        mine = run_questions.c.run_id == run.id
        count, turns = connection.execute(
            sa.select(sa.func.count(), sa.func.max(run_questions.c.turns)).where(mine)
        ).one()
        return cls(count, run.plan.samples, turns or 1)

    @property
    def size(self) -> int:
        return self.questions * self.samples * self.turns

    def number(self, question: int, sample: int, turn: int) -> int:
        """That of a turn, which counts from 1."""
        return (question * self.samples + sample) * self.turns + turn - 1

    def every(self, models: int) -> int:
        """2: every second question is enough, and so on."""
        return max(1, -(-self.size * models // MOST_ANSWERS))


def answer_styles(connection: Connection, run: StoredRun, places: Places) -> NDArray[np.float64]:
    """Shape (models, places, features of `judge.checks.style.Style`); NaN where a text was not read or is not there."""
    found = np.full((len(run.plan.models), places.size, 4), np.nan)
    for model, place, text in _texts(connection, run, places):
        found[model, place] = style_of(text)
    return found


def answer_lengths(connection: Connection, run: StoredRun, places: Places) -> NDArray[np.float64]:
    """Characters, shape (models, places); NaN as in `answer_styles`."""
    found = np.full((len(run.plan.models), places.size), np.nan)
    for model, place, text in _texts(connection, run, places):
        found[model, place] = len(text)
    return found


def _texts(connection: Connection, run: StoredRun, places: Places) -> Iterator[tuple[int, int, str]]:
    """(model, place, text) of the answers of every question that is read."""
    said = (completions.c.text.label("said"), completions.c.refusal)
    listed = (
        sa.select(answers.c.model, answers.c.question, answers.c.sample, answers.c.turn, answers.c.text, *said)
        .outerjoin(completions, completions.c.id == answers.c.completion_id)
        .where(answers.c.run_id == run.id, answers.c.question % places.every(len(run.plan.models)) == 0)
        .where(answers.c.status.in_(["ok", "truncated"]))
    )
    for row in _rows(connection, listed):
        if text := answer_text(row):
            yield row.model, places.number(row.question, row.sample, row.turn), text


def mean_scores(connection: Connection, run: StoredRun, places: Places, every: int = 1) -> NDArray[np.float64]:
    """Shape (models, places): the mean of all ok verdicts on an answer on the run's scale, NaN without any."""
    found = np.full((len(run.plan.models), places.size), np.nan)
    v = verdicts.c
    keys = (v.model, v.question, v.sample, v.turn)
    listed = (
        sa.select(*keys, sa.func.avg(v.score).label("score"))
        .where(v.run_id == run.id, v.status == "ok", v.question % every == 0)
        .group_by(*keys)
    )
    for row in _rows(connection, listed):
        found[row.model, places.number(row.question, row.sample, row.turn)] = row.score
    if run.plan.mixes_scales:
        low, high = np.repeat(question_scales(connection, run), places.samples * places.turns, axis=1)
        bottom, top = run.plan.scale
        found = bottom + (found - low) / (high - low) * (top - bottom)
    return found


def _rows(connection: Connection, query: sa.Select[Any]) -> Iterator[Row[Any]]:
    yield from connection.execute(query, execution_options={"yield_per": 5000})
