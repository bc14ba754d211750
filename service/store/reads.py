"""What gets read: runs, the state that resume needs, rows for scoring, one conversation."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.engine import Connection, Row

from questions.types import Question
from service.conversation import visible_text
from service.errors import StoreError
from service.plan import RunPlan
from service.store.schema import FAILED, answers, completions, questions, run_questions, runs, verdicts


@dataclass(frozen=True, slots=True)
class StoredRun:
    id: int
    name: str
    kind: str
    plan: RunPlan
    created_at: str
    stopped_because: str | None
    identities: dict[str, list[dict[str, Any]]]


def find_run(connection: Connection, name: str) -> StoredRun | None:
    """The run of that name, or None."""
    row = connection.execute(sa.select(runs).where(runs.c.name == name)).first()
    return None if row is None else _stored_run(row)


def get_run(connection: Connection, name: str) -> StoredRun:
    """The run of that name.

    Raises:
        StoreError: there is none; the message names those there are.
    """
    run = find_run(connection, name)
    if run is None:
        names = list(connection.scalars(sa.select(runs.c.name).order_by(runs.c.id.desc()).limit(5)))
        known = f"; the latest are: {', '.join(names)}" if names else "; the database holds no run yet"
        raise StoreError(f"there is no run named {name!r}{known}")
    return run


def all_runs(connection: Connection) -> list[StoredRun]:
    """Every run, oldest first."""
    return [_stored_run(row) for row in connection.execute(sa.select(runs).order_by(runs.c.id))]


_QUESTIONS_AT_ONCE = 16


def _stored_run(row: Row[Any]) -> StoredRun:
    try:
        plan = RunPlan.model_validate_json(row.plan)
    except ValidationError as error:
        raise StoreError(f"the stored plan of run {row.name!r} cannot be read: {error.error_count()} errors") from error
    return StoredRun(
        id=row.id,
        name=row.name,
        kind=row.kind,
        plan=plan,
        created_at=row.created_at,
        stopped_because=row.stopped_because,
        identities=json.loads(row.identities) if row.identities else {},
    )


def question_chunks(connection: Connection, run_id: int, size: int, first: int = 0) -> Iterator[dict[int, Question]]:
    """The run's questions by position, so many at a time."""
    while chunk := _questions(connection, run_id, first, first + size - 1):
        yield chunk
        first += size


def _questions(connection: Connection, run_id: int, first: int, last: int) -> dict[int, Question]:
    rows = connection.execute(
        sa.select(run_questions.c.position, questions.c.content)
        .join(questions, questions.c.digest == run_questions.c.digest)
        .where(run_questions.c.run_id == run_id, run_questions.c.position.between(first, last))
        .order_by(run_questions.c.position)
    )
    return {position: Question.model_validate_json(content) for position, content in rows}


def verdict_totals(connection: Connection, run_id: int) -> tuple[int, int]:
    """(verdicts that have ended, ended well) of a run."""
    mine = verdicts.c.run_id == run_id
    ended = connection.scalar(sa.select(sa.func.count()).select_from(verdicts).where(mine))
    failed = connection.scalar(sa.select(sa.func.count()).select_from(verdicts).where(mine, FAILED))
    return int(ended or 0), int(ended or 0) - int(failed or 0)


def answer_statuses(connection: Connection, run_id: int) -> dict[int, dict[str, int]]:
    """Per model: how many answers ended in each status."""
    counted: dict[int, dict[str, int]] = {}
    rows = connection.execute(
        sa.select(answers.c.model, answers.c.status, sa.func.count())
        .where(answers.c.run_id == run_id)
        .group_by(answers.c.model, answers.c.status)
    )
    for model, status, count in rows:
        counted.setdefault(model, {})[status] = count
    return counted


def wrong_language(connection: Connection, run_id: int) -> dict[int, int]:
    """Per model: answers that are not in the language their turn expects."""
    rows = connection.execute(
        sa.select(answers.c.model, sa.func.count())
        .where(answers.c.run_id == run_id, answers.c.language_passed.is_(False))
        .group_by(answers.c.model)
    )
    return {row[0]: row[1] for row in rows}


def weighted_verdicts(connection: Connection, run: StoredRun) -> dict[str, int] | None:
    """How many verdicts were weighted by probabilities, and in how many the written score stands; None if not asked."""
    if run.plan.judging.logprobs is None:
        return None
    mine = verdicts.c.run_id == run.id
    told, fell = (
        sa.func.count().filter(verdicts.c.criteria.contains(f'"{word}"')) for word in ("logprobs", "fell_back")
    )
    asked, back = connection.execute(sa.select(told, fell).where(mine)).one()
    return {"weighted": asked - back, "fell_back": back}


def failure_reasons(connection: Connection, run_id: int, limit: int = 3) -> list[tuple[str, int]]:
    """The commonest error messages of a run, answers and verdicts together."""
    unanswered, unjudged = (
        sa.select(t.c.error).where(t.c.run_id == run_id, t.c.error.is_not(None), t.c.status != "skipped")
        for t in (answers, verdicts)
    )
    both = sa.union_all(unanswered, unjudged.where(FAILED)).subquery()
    rows = connection.execute(
        sa.select(both.c.error, sa.func.count()).group_by(both.c.error).order_by(sa.func.count().desc()).limit(limit)
    )
    return [(error, count) for error, count in rows]


def question_position(connection: Connection, run_id: int, question_id: str) -> int | None:
    """Where a question stands in the run's plan, by its id."""
    named = (run_questions.c.run_id == run_id) & (run_questions.c.question_id == question_id)
    return connection.scalar(sa.select(run_questions.c.position).where(named))


def question_ids(connection: Connection, run_id: int) -> list[str]:
    """The ids of the run's questions, by position."""
    c = run_questions.c
    return list(connection.scalars(sa.select(c.question_id).where(c.run_id == run_id).order_by(c.position)))


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """A conversation and what it has so far, rows in the order of turns, judges and repeats."""

    model: int
    position: int
    sample: int
    question: Question
    answers: list[tuple[Row[Any], str | None]]
    """Each answer's row with its visible text."""
    verdicts: list[Row[Any]]


def conversations(
    connection: Connection, run_id: int, models: int, position: int | None = None
) -> Iterator[StoredConversation]:
    """Every conversation that has begun (or those on one question), models first, a few in memory at a time."""
    for model in range(models):
        chunks: Iterable[dict[int, Question]] = question_chunks(connection, run_id, _QUESTIONS_AT_ONCE)
        if position is not None:
            chunks = [_questions(connection, run_id, position, position)]
        for chunk in chunks:
            begun = _rows(connection, run_id, model, chunk)
            for (number, sample), (answered, judged) in sorted(begun.items()):
                yield StoredConversation(model, number, sample, chunk[number], answered, judged)


_Begun = dict[tuple[int, int], tuple[list[tuple[Row[Any], str | None]], list[Row[Any]]]]


def _rows(connection: Connection, run_id: int, model: int, chunk: Mapping[int, Question]) -> _Begun:
    """(answers, verdicts) by (question, sample) of a model on these questions."""
    found: _Begun = {}

    def of(table: sa.Table) -> sa.ColumnElement[bool]:
        c = table.c
        return sa.and_(c.run_id == run_id, c.model == model, c.question.between(min(chunk), max(chunk)))

    said = (completions.c.text.label("said"), completions.c.refusal)
    answered = sa.select(answers, *said).outerjoin(completions, completions.c.id == answers.c.completion_id)
    for row in connection.execute(answered.where(of(answers)).order_by(*answers.primary_key.columns)):
        found.setdefault((row.question, row.sample), ([], []))[0].append((row, answer_text(row)))
    judged = sa.select(verdicts).where(of(verdicts)).order_by(*verdicts.primary_key.columns)
    for row in connection.execute(judged):
        found.setdefault((row.question, row.sample), ([], []))[1].append(row)
    return found


def answer_text(row: Row[Any]) -> str | None:
    """The visible text of an answer's row, joined with its completion's text (`said`) and refusal."""
    if row.text is not None or row.said is None:
        text: str | None = row.text
        return text
    return visible_text(row.said, row.refusal)
