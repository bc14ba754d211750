"""The verdicts of a run as arrays; apart, because it needs numpy and runs do not."""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from judge.scoring.jury import Seats, collapse
from judge.scoring.table import STATUSES, Integers, ScoreTable
from service.store.question_scales import question_scales
from service.store.reads import StoredRun
from service.store.resume import graded_turns
from service.store.schema import run_questions, verdicts


def score_table(connection: Connection, run: StoredRun) -> ScoreTable:
    """The run's verdicts as arrays; those of a jury as one a sitting."""
    table, seats = verdict_table(connection, run)
    return table if seats is None or run.plan.jury is None else collapse(table, seats, run.plan.jury)


def verdict_table(connection: Connection, run: StoredRun) -> tuple[ScoreTable, Seats | None]:
    """Every verdict of the run, and who sat on its jury, if it has one.

    Never more than a few thousand rows are held as anything else than arrays.
    """
    names: dict[str, int] = {}
    category, turns = array("i"), array("h")
    listed = (
        sa.select(run_questions.c.category, run_questions.c.turns)
        .where(run_questions.c.run_id == run.id)
        .order_by(run_questions.c.position)
    )
    for name, count in columns(connection, listed):
        category.extend(names.setdefault(n, len(names)) for n in name)
        turns.extend(count)
    stored = sa.select(
        verdicts.c.model,
        verdicts.c.question,
        verdicts.c.turn,
        verdicts.c.status,
        verdicts.c.score,
        verdicts.c.published_score,
        *((verdicts.c.sample, verdicts.c.judge, verdicts.c.repeat) if run.plan.jury else ()),
    ).where(verdicts.c.run_id == run.id)
    code = {status: number for number, status in enumerate(STATUSES)}
    nan = float("nan")
    model, question, turn, status = array("h"), array("i"), array("h"), array("b")
    score, published = array("d"), array("d")
    sample, judge, repeat = array("i"), array("h"), array("h")
    for models, asked, numbers, statuses, scores, as_published, *who in columns(connection, stored):
        model.extend(models)
        question.extend(asked)
        turn.extend(numbers)
        status.extend(map(code.__getitem__, statuses))
        score.extend(nan if s is None else s for s in scores)
        published.extend(nan if s is None else s for s in as_published)
        for column, values in zip((sample, judge, repeat), who, strict=False):
            column.extend(values)
    table = ScoreTable(
        models=tuple(m.label for m in run.plan.models),
        category_names=tuple(names),
        category=np.asarray(category),
        turns=np.asarray(turns),
        first=_first_graded(connection, run, np.asarray(turns)),
        verdicts_per_turn=run.plan.verdicts_per_turn,
        scale=run.plan.scale,
        model=np.asarray(model),
        question=np.asarray(question),
        turn=np.asarray(turn),
        status=np.asarray(status),
        score=on_one_scale(connection, run, np.asarray(question), np.asarray(score)),
        published=np.asarray(published),
    )
    if run.plan.jury is None:
        return table, None
    return table, _seats(run, table, np.asarray(sample), np.asarray(judge), np.asarray(repeat))


def _seats(run: StoredRun, table: ScoreTable, sample: Integers, judge: Integers, repeat: Integers) -> Seats:
    plan = run.plan
    seated = np.zeros((len(plan.models), len(plan.judges)), dtype=np.bool_)
    for model, judges in enumerate(plan.seats):
        seated[model, list(judges)] = True
    sitting = table.model.astype(np.int64)
    parts = ((table.question, table.turns.size), (sample, plan.samples), (table.turn, table.most_turns + 1))
    for part, size in (*parts, (repeat, plan.judge_repeats)):
        sitting = sitting * size + part
    return Seats(tuple(j.label for j in plan.judges), seated, judge, sitting)


def _first_graded(connection: Connection, run: StoredRun, turns: Integers) -> Integers:
    """The first turn of each question that gets a verdict."""
    whole = run.plan.whole_conversations
    if not whole:
        return np.ones_like(turns)
    graded = graded_turns(connection, run.id, 0, turns.size, whole)
    return turns - np.array([graded[position] for position in range(turns.size)], dtype=turns.dtype) + 1


def on_one_scale(
    connection: Connection, run: StoredRun, question: Integers, score: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The scores mapped linearly from their rubrics' scales onto that of the run."""
    if not run.plan.mixes_scales or not score.size:
        return score
    low, high = question_scales(connection, run)[:, question]
    bottom, top = run.plan.scale
    mapped: NDArray[np.float64] = bottom + (score - low) / (high - low) * (top - bottom)
    return mapped


def columns(connection: Connection, query: sa.Select[Any]) -> Iterator[Iterator[tuple[Any, ...]]]:
    """The rows of a query as columns, a few thousand rows at a time."""
    for rows in connection.execute(query, execution_options={"yield_per": 5000}).partitions():
        yield zip(*rows, strict=True)
