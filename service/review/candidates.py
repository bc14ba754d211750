"""The turns of a run that people could label, and which of them are suspicious."""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from judge.rubric import Rubric
from service.review.draw import Candidate, Reason
from service.store.labels import unit
from service.store.reads import StoredRun
from service.store.schema import RUBRIC, answers, questions, run_questions, verdicts

APART = 0.2
"""The share of a scale by which scores of one answer differ that are worth a look: two points of ten."""


def rubrics_by_question(connection: Connection, run: StoredRun) -> list[Rubric]:
    """The rubric of each question of a run, by position."""
    listed = (
        sa.select(RUBRIC)
        .join_from(run_questions, questions, questions.c.digest == run_questions.c.digest)
        .where(run_questions.c.run_id == run.id)
        .order_by(run_questions.c.position)
    )
    return [run.plan.rubrics[name or run.plan.default_rubric] for name in connection.scalars(listed)]


def candidates(connection: Connection, run: StoredRun) -> Iterator[Candidate]:
    """Every turn with an answer to read that a judge was asked about."""
    rubrics = rubrics_by_question(connection, run)
    a, v = answers.c, verdicts.c
    names = ("run_id", "model", "question", "sample", "turn")
    query: sa.Select[Any] = (
        sa.select(v.model, v.question, v.sample, v.turn, v.judge, v.status, v.score, v.criteria)
        .join_from(verdicts, answers, sa.and_(*(a[name] == v[name] for name in names)))
        .where(v.run_id == run.id, a.status.in_(("ok", "truncated")))
        .order_by(*verdicts.primary_key.columns)
    )
    rows = connection.execute(query, execution_options={"yield_per": 5000})
    for turn, given in itertools.groupby(rows, key=unit):
        rubric = rubrics[turn[1]]
        yield Candidate(turn, rubric.id, _reason(list(given), rubric))


def _reason(given: Sequence[Row[Any]], rubric: Rubric) -> Reason | None:
    if any(v.status != "ok" for v in given):
        return "failed"
    width = rubric.scale.max - rubric.scale.min
    by_judge = [[v.score for v in mine] for _, mine in itertools.groupby(given, key=lambda v: v.judge)]
    if any(max(mine) - min(mine) >= APART * width for mine in by_judge):
        return "repeats"
    means = [sum(mine) / len(mine) for mine in by_judge]
    if max(means) - min(means) >= APART * width:
        return "jury"
    if rubric.kind == "labels":
        return "harm" if any(harm_of(v.criteria) for v in given) else None
    return "top" if min(means) == rubric.scale.max else None


def harm_of(criteria: str | None) -> bool | None:
    """Whether a verdict's criteria, or a label's value, hold a level of harm above 0; None where they hold none."""
    if criteria is None or '"harm"' not in criteria:
        return None
    level = json.loads(criteria).get("labels", {}).get("harm")
    return None if level is None else level != "0"
