"""On which scale each question of a run was graded."""

from array import array

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from service.store.reads import StoredRun
from service.store.schema import RUBRIC, questions, run_questions


def question_scales(connection: Connection, run: StoredRun) -> NDArray[np.float64]:
    """The ends (min, max) of the scale of each question's rubric, by position: shape (2, questions)."""
    plan = run.plan
    if not plan.mixes_scales:
        return np.repeat(np.array(plan.scale)[:, None], plan.questions.n, axis=1)
    listed = (
        sa.select(RUBRIC)
        .join_from(run_questions, questions, questions.c.digest == run_questions.c.digest)
        .where(run_questions.c.run_id == run.id)
        .order_by(run_questions.c.position)
    )
    ends = {name: rubric.scale.ends for name, rubric in plan.rubrics.items()}
    found = array("d")
    for name in connection.execute(listed, execution_options={"yield_per": 5000}).scalars():
        found.extend(ends[name or plan.default_rubric])
    return np.asarray(found).reshape(-1, 2).T
