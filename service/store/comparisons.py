"""Comparisons on disk: which are still to be made, the writing of one, and their totals."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from judge.pairwise import Comparison
from questions.types import Question
from service.store import schema
from service.store.reads import answer_text, question_chunks
from service.store.resume import StoredAnswer
from service.store.schema import FAILED, answers, comparisons, completions
from service.store.writer import Write, ledger_only
from service.store.writes import Purchase, save_purchase, upsert

ROLE = "pairwise"
"""Of a judge that compares, in the ledger."""

_QUESTIONS_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class ComparisonKey:
    """One judge's look at one turn of two models in one order; `swapped`: model b was shown first."""

    run_id: int
    question: int
    sample: int
    turn: int
    model_a: int
    model_b: int
    judge: int
    repeat: int
    swapped: bool

    def values(self) -> dict[str, int]:
        names = ("run_id", "question", "sample", "turn", "model_a", "model_b", "judge", "repeat", "swapped")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """A question with every model's answers and one judge's ok comparisons.

    `answers` by (model, sample) and then by turn; `ok` holds the keys that need no asking.
    """

    position: int
    question: Question
    answers: dict[tuple[int, int], dict[int, StoredAnswer]]
    ok: frozenset[ComparisonKey]


def answered_questions(connection: Connection, run_id: int, judge: int) -> Iterator[AnsweredQuestion]:
    """Every question of a run, a few in memory at a time."""
    for chunk in question_chunks(connection, run_id, _QUESTIONS_AT_ONCE):
        first, last = min(chunk), max(chunk)
        said = _answers(connection, run_id, first, last)
        done = _ok(connection, run_id, judge, first, last)
        for position, question in chunk.items():
            yield AnsweredQuestion(position, question, said.get(position, {}), frozenset(done.get(position, ())))


def _answers(
    connection: Connection, run_id: int, first: int, last: int
) -> dict[int, dict[tuple[int, int], dict[int, StoredAnswer]]]:
    said = (completions.c.text.label("said"), completions.c.refusal)
    rows = connection.execute(
        sa.select(answers, *said)
        .outerjoin(completions, completions.c.id == answers.c.completion_id)
        .where(answers.c.run_id == run_id, answers.c.question.between(first, last))
    )
    found: dict[int, dict[tuple[int, int], dict[int, StoredAnswer]]] = {}
    for row in rows:
        turns = found.setdefault(row.question, {}).setdefault((row.model, row.sample), {})
        turns[row.turn] = StoredAnswer(row.status, answer_text(row))
    return found


def _ok(connection: Connection, run_id: int, judge: int, first: int, last: int) -> dict[int, set[ComparisonKey]]:
    c = comparisons.c
    names = ("run_id", "question", "sample", "turn", "model_a", "model_b", "judge", "repeat", "swapped")
    rows = connection.execute(
        sa.select(*(c[name] for name in names)).where(
            c.run_id == run_id, c.question.between(first, last), c.judge == judge, c.status == "ok"
        )
    )
    found: dict[int, set[ComparisonKey]] = {}
    for row in rows:
        found.setdefault(row.question, set()).add(ComparisonKey(*row))
    return found


def save_comparison(key: ComparisonKey, comparison: Comparison, purchase: Purchase | None = None) -> Write:
    """The comparison, and in the same transaction what was bought for it; it is charged to model a."""
    values: dict[str, Any] = {
        **key.values(),
        "status": comparison.status,
        "winner": comparison.winner,
        "judge_winner": comparison.judge_winner,
        "error": comparison.error,
        "evidence": json.dumps(comparison.evidence, ensure_ascii=False) if comparison.evidence else None,
        "criteria": json.dumps(dict(comparison.criteria), ensure_ascii=False) if comparison.criteria else None,
        "rationale": comparison.rationale,
    }

    def write(connection: Connection) -> None:
        bought = purchase and save_purchase(connection, key.run_id, key.model_a, purchase)
        values["completion_id"] = bought
        if not ledger_only(connection):
            _UPSERT.run(connection, values)

    return write


def comparison_totals(connection: Connection, run_id: int) -> tuple[int, int]:
    """(comparisons that have ended, ended well) of a run, each order by itself."""
    mine = comparisons.c.run_id == run_id
    ended = connection.scalar(sa.select(sa.func.count()).select_from(comparisons).where(mine))
    failed = connection.scalar(sa.select(sa.func.count()).select_from(comparisons).where(mine, FAILED))
    return int(ended or 0), int(ended or 0) - int(failed or 0)


def comparison_statuses(connection: Connection, run_id: int) -> dict[str, int]:
    """How many comparisons of a run ended in each status."""
    c = comparisons.c
    rows = connection.execute(sa.select(c.status, sa.func.count()).where(c.run_id == run_id).group_by(c.status))
    return {row[0]: row[1] for row in rows}


def comparison_errors(connection: Connection, run_id: int, limit: int = 3) -> list[tuple[str, int]]:
    """The commonest error messages of a run's comparisons."""
    c = comparisons.c
    rows = connection.execute(
        sa.select(c.error, sa.func.count())
        .where(c.run_id == run_id, FAILED, c.status != "skipped")
        .group_by(c.error)
        .order_by(sa.func.count().desc(), c.error)
        .limit(limit)
    )
    return [(error, count) for error, count in rows]


def comparisons_of(connection: Connection, run_id: int, model: int, question: int, sample: int) -> list[Row[Any]]:
    """The rows in which a conversation was compared, by turn, other model, judge, repeat and order."""
    c = comparisons.c
    here = (c.run_id == run_id) & (c.question == question) & (c.sample == sample)
    rows = connection.execute(
        sa.select(comparisons)
        .where(here, (c.model_a == model) | (c.model_b == model))
        .order_by(*comparisons.primary_key.columns)
    )
    return list(rows)


_UPSERT = upsert(schema.comparisons)
