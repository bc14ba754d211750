"""The conversations of a run as an index of figures, without any text: read once for a revision of the run, then
filtered, sorted and cut into pages in memory (some 40 bytes a conversation)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from service.store.reads import StoredRun
from service.store.schema import answers, run_questions, verdicts

Order = Literal["question", "lowest", "highest", "disagreement"]
Only = Literal["all", "failed", "wrong_language", "disagreement", "lowest"]
PAGE_ROWS = 50
FAR_APART = 0.25
"""Judges or repeats that differ by more than this share of the scale disagree."""
LOW = 0.2
"""A mean within this share of the scale's lower end is low."""
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class ConversationIndex:
    """One entry a conversation, in the order of models, questions and samples; all arrays of one shape.

    `model` and `question` are positions in the plan, `score` the mean of the ok verdicts on the run's scale (NaN
    without), `apart` how far judges or repeats of one turn differ at most, the others count verdicts and answers.
    """

    model: NDArray[np.int32]
    question: NDArray[np.int32]
    sample: NDArray[np.int32]
    score: NDArray[np.float64]
    ok: NDArray[np.int32]
    failed: NDArray[np.int32]
    apart: NDArray[np.float64]
    wrong_language: NDArray[np.int32]
    scale: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations, and in which order; None means all. `models` and `questions` are positions in the plan."""

    models: Sequence[int] | None = None
    questions: Sequence[int] | None = None
    only: Only = "all"
    order: Order = "question"
    among: NDArray[np.bool_] | None = None
    """Of each entry whether it is wanted."""


def conversation_index(connection: Connection, run: StoredRun) -> ConversationIndex:
    """Every conversation that has a verdict."""
    parts = [np.array(rows, dtype=np.float64) for rows in _grouped(connection, run)]
    table = np.concatenate(parts) if parts else np.empty((0, 7))
    model, question, sample, ok, failed = (table[:, n].astype(np.int32) for n in (0, 1, 2, 4, 5))
    index = ConversationIndex(
        model=model,
        question=question,
        sample=sample,
        score=table[:, 3],
        ok=ok,
        failed=failed,
        apart=np.nan_to_num(table[:, 6]),
        wrong_language=np.zeros(model.size, dtype=np.int32),
        scale=run.plan.scale,
    )
    place = {key: n for n, key in enumerate(zip(model.tolist(), question.tolist(), sample.tolist(), strict=True))}
    a = answers.c
    foreign = sa.select(a.model, a.question, a.sample).where(a.run_id == run.id, a.language_passed.is_(False))
    for row in connection.execute(foreign):
        if (n := place.get(tuple(row))) is not None:
            index.wrong_language[n] += 1
    return index


def _grouped(connection: Connection, run: StoredRun) -> Iterator[list[tuple[Any, ...]]]:
    v = verdicts.c
    key: list[sa.ColumnElement[Any]] = [v.model, v.question, v.sample]
    one_each = len(run.plan.judges) * run.plan.judge_repeats == 1
    if one_each:
        query = sa.select(
            *key,
            sa.func.avg(v.score),
            sa.func.count(v.score),
            sa.func.count() - sa.func.count(v.score),
            sa.literal(0.0),
        ).where(v.run_id == run.id)
    else:
        turns = (
            sa.select(
                v.model,
                v.question,
                v.sample,
                sa.func.sum(v.score).label("total"),
                sa.func.count(v.score).label("ok"),
                sa.func.count().label("n"),
                (sa.func.max(v.score) - sa.func.min(v.score)).label("apart"),
            )
            .where(v.run_id == run.id)
            .group_by(v.model, v.question, v.sample, v.turn)
            .subquery()
        )
        t = turns.c
        key = [t.model, t.question, t.sample]
        query = sa.select(
            *key,
            sa.func.sum(t.total) / sa.func.nullif(sa.func.sum(t.ok), 0),
            sa.func.sum(t.ok),
            sa.func.sum(t.n) - sa.func.sum(t.ok),
            sa.func.max(t.apart),
        )
    rows = connection.execute(query.group_by(*key).order_by(*key), execution_options={"yield_per": _AT_ONCE})
    for some in rows.partitions():
        yield [tuple(row) for row in some]


def chosen(index: ConversationIndex, wanted: Wanted) -> NDArray[np.intp]:
    """Places in the index of what is wanted, in order."""
    low, high = index.scale
    rules: dict[Only, NDArray[np.bool_]] = {
        "all": np.ones(index.model.size, dtype=np.bool_),
        "failed": index.failed > 0,
        "wrong_language": index.wrong_language > 0,
        "disagreement": index.apart > FAR_APART * (high - low),
        "lowest": index.score <= low + LOW * (high - low),
    }
    keep = rules[wanted.only]
    if wanted.models is not None:
        keep = keep & np.isin(index.model, wanted.models)
    if wanted.questions is not None:
        keep = keep & np.isin(index.question, wanted.questions)
    if wanted.among is not None:
        keep = keep & wanted.among
    places = np.flatnonzero(keep)
    order: dict[Order, NDArray[Any]] = {
        "question": index.question,
        "lowest": index.score,  # NaN sorts last
        "highest": -index.score,
        "disagreement": -index.apart,
    }
    return places[np.argsort(order[wanted.order][places], kind="stable")]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's id, category and number of turns."""

    id: str
    category: str
    turns: int


def asked(connection: Connection, run_id: int, positions: Sequence[int]) -> dict[int, Asked]:
    """The questions at these positions of the plan."""
    c = run_questions.c
    rows = connection.execute(
        sa.select(c.position, c.question_id, c.category, c.turns).where(
            c.run_id == run_id, c.position.in_(list(positions))
        )
    )
    return {row[0]: Asked(*row[1:]) for row in rows}


def positions(connection: Connection, run_id: int, *, category: str | None, contains: str) -> list[int] | None:
    """Questions of a category whose id contains this; None if neither is asked for."""
    c = run_questions.c
    query = sa.select(c.position).where(c.run_id == run_id)
    if category is None and not contains:
        return None
    if category is not None:
        query = query.where(c.category == category)
    if contains:
        query = query.where(c.question_id.contains(contains, autoescape=True))
    return list(connection.scalars(query))


def categories(connection: Connection, run_id: int) -> list[str]:
    """Of the run's questions, in the order of the plan."""
    c = run_questions.c
    rows = sa.select(c.category).where(c.run_id == run_id).group_by(c.category).order_by(sa.func.min(c.position))
    return list(connection.scalars(rows))
