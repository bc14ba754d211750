"""Every model's score on each question, sample by sample and repeat by repeat; apart, because it needs numpy."""

from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from service.store.reads import StoredRun
from service.store.schema import verdicts
from service.store.scores import on_one_scale


def repeated_scores(connection: Connection, run: StoredRun) -> NDArray[np.float64]:
    """Mean over turns (and a jury's members), shape (models, questions, samples, repeats).

    NaN unless there are as many ok verdicts as anywhere on the question: another set of turns or members would pass
    for noise.
    """
    plan = run.plan
    shape = (len(plan.models), plan.questions.n, plan.samples, plan.judge_repeats)
    total, count = np.zeros(shape), np.zeros(shape, dtype=np.int32)
    for rows in connection.execute(_scores(run.id), execution_options={"yield_per": 5000}).partitions():
        model, question, sample, repeat, score = (np.array(column) for column in zip(*rows, strict=True))
        place = (model, question, sample, repeat)
        np.add.at(total, place, on_one_scale(connection, run, question, score.astype(np.float64)))
        np.add.at(count, place, 1)
    whole = (count > 0) & (count == count.max(axis=(2, 3), keepdims=True))
    found: NDArray[np.float64] = np.divide(total, count, out=np.full(shape, np.nan), where=whole)
    return found


def _scores(run_id: int) -> sa.Select[Any]:
    v = verdicts.c
    return sa.select(v.model, v.question, v.sample, v.repeat, v.score).where(v.run_id == run_id, v.status == "ok")
