"""The mean score of every model on every turn, over runs that share questions; apart, because it needs numpy."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from judge.scoring.items import ItemScores
from questions.types import Question
from service.endpoint_plan import EndpointPlan
from service.errors import UsageError
from service.store.question_scales import question_scales
from service.store.reads import StoredRun
from service.store.schema import answers, questions, run_questions, verdicts

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class PooledItems:
    """`scores` has an item a turn; `turn` is per item, the other columns per question. Models are (run, label).

    `wrong_language` and `failed` count verdicts that are in no score, per item. `unshared` questions are
    not in all of the runs, and left out.
    """

    scores: ItemScores
    models: tuple[tuple[str, str], ...]
    turn: NDArray[np.int64]
    question_ids: tuple[str, ...]
    categories: tuple[str, ...]
    digests: tuple[str, ...]
    wrong_language: NDArray[np.int64]
    failed: NDArray[np.int64]
    unshared: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """A run's questions: digest -> (position, id, category, turns)."""

    run: StoredRun
    rows: dict[str, tuple[int, str, str, int]]


def pooled_items(connection: Connection, runs: Sequence[StoredRun]) -> PooledItems:
    """Every verdict of the runs on the questions that all of them ask, a few thousand rows in memory at a time.

    What the judge said counts (`judge_score`), not what the language rule made of it. Where kojudge's rule was not
    applied (imports), the grade of an answer in the wrong language may be about the language, and is left out.

    Raises:
        UsageError: the runs have no question in common.
    """
    asked = [_asked(connection, run) for run in runs]
    shared = [d for d in asked[0].rows if all(d in a.rows for a in asked[1:])]
    if not shared:
        raise UsageError("these runs have no question in common; analyse them one by one")
    listed = [asked[0].rows[d] for d in shared]
    turns = np.array([row[3] for row in listed], dtype=np.int64)
    first = np.concatenate([[0], np.cumsum(turns)])
    items = int(first[-1])
    value, lost = [], np.zeros((2, items), dtype=np.int64)
    for one in asked:
        place = np.full(max(row[0] for row in one.rows.values()) + 1, -1, dtype=np.int64)
        place[[one.rows[d][0] for d in shared]] = first[:-1]
        value.append(_run_values(connection, one.run, place, items, lost))
    models = [(run.name, model) for run in runs for model in run.plan.models]
    code: dict[tuple[str, str], int] = {}
    family = [code.setdefault(_family(model), len(code)) for _, model in models]
    scores = ItemScores(
        value=np.concatenate(value),
        question=np.repeat(np.arange(turns.size), turns),
        family=np.array(family, dtype=np.int64),
        step=max(_step(run) for run in runs),
    )
    return PooledItems(
        scores=scores,
        models=tuple((name, model.label) for name, model in models),
        turn=np.concatenate([np.arange(1, n + 1) for n in turns]),
        question_ids=tuple(row[1] for row in listed),
        categories=tuple(row[2] for row in listed),
        digests=tuple(shared),
        wrong_language=lost[0],
        failed=lost[1],
        unshared=len({d for a in asked for d in a.rows}) - len(shared),
    )


def contents(connection: Connection, digests: Iterable[str]) -> Iterator[tuple[str, Question]]:
    """(digest, question) of each, in any order, a few hundred in memory at a time."""
    left = iter(digests)
    while some := list(islice(left, _AT_ONCE)):
        rows = connection.execute(
            sa.select(questions.c.digest, questions.c.content).where(questions.c.digest.in_(some))
        )
        for digest, content in rows:
            yield digest, Question.model_validate_json(content)


def _asked(connection: Connection, run: StoredRun) -> _Asked:
    c = run_questions.c
    listed = (
        sa.select(c.digest, c.position, c.question_id, c.category, c.turns)
        .where(c.run_id == run.id)
        .order_by(c.position)
    )
    return _Asked(run, {row[0]: (row[1], row[2], row[3], row[4]) for row in connection.execute(listed)})


def _family(model: EndpointPlan) -> tuple[str, str]:
    """The same model under other prompts or settings is one family; LogicKor's files are VENDOR/MODEL/STRATEGY."""
    parts = model.label.split("/")
    if model.provider == "imported" and len(parts) >= 3:
        return model.provider, "/".join(parts[:-1])
    return model.provider, model.model


def _step(run: StoredRun) -> float:
    """The largest step of a rubric as a share of its scale; none is a thousandth of the scale."""
    scales = [rubric.scale for rubric in run.plan.rubrics.values()]
    return max(scale.step / (scale.max - scale.min) if scale.step else 1 / 1000 for scale in scales)


def _run_values(
    connection: Connection, run: StoredRun, place: NDArray[np.int64], items: int, lost: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Mean per model and item in shares of the scale; `place` has each question's first item, -1 for none."""
    shape = (len(run.plan.models), items)
    total, count = np.zeros(shape), np.zeros(shape, dtype=np.int32)
    low, high = question_scales(connection, run)
    rule_applied = all(rubric.language_rule == "min_score" for rubric in run.plan.rubrics.values())
    for rows in connection.execute(_verdicts(run.id), execution_options={"yield_per": 5000}).partitions():
        model, question, turn, ok, score, foreign = (np.array(column) for column in zip(*rows, strict=True))
        item = place[question] + turn - 1
        here, ok = place[question] >= 0, ok.astype(np.bool_)
        foreign = foreign.astype(np.bool_) & (not rule_applied)
        np.add.at(lost[0], item[here & ok & foreign], 1)
        np.add.at(lost[1], item[here & ~ok], 1)
        used = here & ok & ~foreign
        bottom, top = low[question[used]], high[question[used]]
        share = (score[used].astype(np.float64) - bottom) / (top - bottom)
        np.add.at(total, (model[used], item[used]), share)
        np.add.at(count, (model[used], item[used]), 1)
    mean: NDArray[np.float64] = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0)
    return mean


def _verdicts(run_id: int) -> sa.Select[Any]:
    """model, question, turn, whether ok, what the judge said (0 where not ok), whether in the wrong language."""
    v, a = verdicts.c, answers.c
    same = sa.and_(
        a.run_id == v.run_id, a.model == v.model, a.question == v.question, a.sample == v.sample, a.turn == v.turn
    )
    return (
        sa.select(
            v.model,
            v.question,
            v.turn,
            v.status == "ok",
            sa.func.coalesce(v.judge_score, v.score, 0.0),
            sa.func.coalesce(a.language_passed.is_(False), sa.false()),
        )
        .select_from(verdicts.outerjoin(answers, same))
        .where(v.run_id == run_id)
    )
