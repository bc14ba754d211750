"""Labels for a demonstration: a script's, not a person's, and every one of them says so.

The scripted reviewers repeat the judge's verdict and, now and then, say something else, so that the pages on agreement
and on the judge have figures to show. What these figures are says nothing of any judge.
"""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from judge.rubric import ChecklistRubric, LikertRubric, Rubric
from service.review.candidates import rubrics_by_question
from service.review.draw import chance
from service.review.queue import submit, take_sample
from service.store import labels
from service.store.labels import Unit, unit
from service.store.reads import StoredRun
from service.store.schema import verdicts

REVIEWERS = ("scripted-reviewer-1", "scripted-reviewer-2")
NOTE = "made by a script for the demonstration; no person read this answer"
_SAMPLE = 100
_OTHERWISE = 0.1
"""The share of labels that say something else than the judge."""


def label_by_script(connection: Connection, run: StoredRun) -> None:
    """Draw a sample and label its random part; the targeted part stays open for whoever tries the review.

    A run that has a sample already stays as it is. The caller's transaction writes.

    Raises:
        UsageError: the run has not ended, or has no answer to label.
    """
    if labels.items_of(connection, run.id):
        return
    rubrics = rubrics_by_question(connection, run)
    judged = _judged(connection, run.id)
    for item in take_sample(connection, run, _SAMPLE):
        if item.stratum != "random" or unit(item) not in judged:
            continue
        score, given = judged[unit(item)]
        for reviewer in REVIEWERS if item.shared else REVIEWERS[:1]:
            rubric = rubrics[item.question]
            said = score
            if chance(item.seed, "scripted", reviewer, item.code) < _OTHERWISE:
                said = rubric.scale.min + rubric.scale.max - score
            key = f"{run.name} {run.created_at} {reviewer} {item.code}"
            submit(connection, run, item.code, reviewer, key=key, filled=_filled(rubric, said, given), note=NOTE)


def _judged(connection: Connection, run_id: int) -> dict[Unit, tuple[float, dict[str, str]]]:
    """What the judge said of each turn: the score, and the labels where the rubric has some."""
    v = verdicts.c
    here = (v.run_id == run_id, v.status == "ok")
    query: sa.Select[Any] = sa.select(v.model, v.question, v.sample, v.turn, v.score, v.criteria).where(*here)
    rows = connection.execute(query)
    return {unit(row): (row.score, json.loads(row.criteria or "{}").get("labels", {})) for row in rows}


def _filled(rubric: Rubric, score: float, given: Mapping[str, str]) -> Mapping[str, object]:
    """What to fill in for a score as near to this one as the rubric has; of several ways the one nearest to `given`."""
    if isinstance(rubric, LikertRubric):
        return {"score": round(score)}
    if isinstance(rubric, ChecklistRubric):
        middle = (rubric.scale.min + rubric.scale.max) / 2
        return {item.id: "yes" if score > middle else "no" for item in rubric.items}
    ids = [label.id for label in rubric.labels]
    combinations = itertools.product(*([value.id for value in label.values] for label in rubric.labels))
    choices = [dict(zip(ids, values, strict=True)) for values in combinations]

    def distance(chosen: dict[str, str]) -> tuple[float, int]:
        return abs(rubric.score(chosen) - score), len(chosen.items() - given.items())

    return min(choices, key=distance)
