"""Whether a model's first answer to a question was right, as far as the question's own checks tell."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from judge.checks.answer import run_check
from judge.scoring.proportion import Booleans
from questions.types import Question
from service.conversation import usable
from service.store.reads import StoredRun, answer_text
from service.store.schema import answers, completions, questions, run_questions


def first_answer_wrong(connection: Connection, run: StoredRun, positions: Sequence[int | None]) -> Booleans:
    """Shape (models, positions): a check failed on the first answers of at least half of the samples.

    None stands for a question that nobody asks about. Answers that are missing, and questions without checks, are not
    wrong.
    """
    wrong = np.zeros((len(run.plan.models), len(positions)), dtype=np.bool_)
    for place, position in enumerate(positions):
        if position is not None:
            for model, share in _wrong_share(connection, run, position).items():
                wrong[model, place] = share >= 0.5
    return wrong


def _wrong_share(connection: Connection, run: StoredRun, position: int) -> dict[int, float]:
    """By model: the share of its usable first answers on which a check fails."""
    content = connection.scalar(
        sa.select(questions.c.content)
        .join(run_questions, run_questions.c.digest == questions.c.digest)
        .where(run_questions.c.run_id == run.id, run_questions.c.position == position)
    )
    checks = Question.model_validate_json(str(content)).turns[0].checks
    if not checks:
        return {}
    a = answers.c
    said = (completions.c.text.label("said"), completions.c.refusal)
    given: Counter[int] = Counter()
    wrong: Counter[int] = Counter()
    query = sa.select(answers, *said).outerjoin(completions, completions.c.id == a.completion_id)
    models = a.model.in_(range(len(run.plan.models)))  # so that the key's order serves
    for row in connection.execute(query.where(a.run_id == run.id, models, a.question == position, a.turn == 1)):
        text = answer_text(row)
        if text is not None and usable(row.status, text):
            given[row.model] += 1
            wrong[row.model] += any(run_check(check, text).passed is False for check in checks)
    return {model: wrong[model] / n for model, n in given.items()}
