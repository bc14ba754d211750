"""What gets read: runs, the state that resume needs, rows for scoring, one conversation."""

import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.engine import Connection, Row

from judge.scoring.table import STATUSES, ScoreTable
from providers.types import ChatCompletion, FinishReason, Usage
from questions.types import Question
from service.errors import StoreError
from service.plan import RunPlan
from service.store.schema import answers, completions, questions, run_questions, runs, verdicts


@dataclass(frozen=True, slots=True)
class StoredRun:
    id: int
    name: str
    kind: str
    plan: RunPlan
    plan_hash: str
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
        plan_hash=row.plan_hash,
        created_at=row.created_at,
        stopped_because=row.stopped_because,
        identities=json.loads(row.identities) if row.identities else {},
    )


def run_question_list(connection: Connection, run_id: int) -> tuple[Question, ...]:
    """The run's questions in plan order (under the ids they have in this run)."""
    rows = connection.execute(
        sa.select(run_questions.c.question_id, questions.c.content)
        .join(questions, questions.c.digest == run_questions.c.digest)
        .where(run_questions.c.run_id == run_id)
        .order_by(run_questions.c.position)
    )
    return tuple(
        Question.model_validate_json(content).model_copy(update={"id": question_id}) for question_id, content in rows
    )


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: str
    text: str | None
    error: str | None


@dataclass(frozen=True, slots=True)
class ConversationState:
    """What a conversation already has: answers by turn, verdict statuses by (turn, judge, repeat)."""

    answers: dict[int, StoredAnswer]
    verdicts: dict[tuple[int, int, int], str]


def conversation_state(
    connection: Connection, run_id: int, model: int, question: int, sample: int
) -> ConversationState:
    here = dict(run_id=run_id, model=model, question=question, sample=sample)  # noqa: C408
    answer_rows = connection.execute(sa.select(answers).filter_by(**here))
    verdict_rows = connection.execute(
        sa.select(verdicts.c.turn, verdicts.c.judge, verdicts.c.repeat, verdicts.c.status).filter_by(**here)
    )
    return ConversationState(
        {r.turn: StoredAnswer(r.status, r.text, r.error) for r in answer_rows},
        {(r.turn, r.judge, r.repeat): r.status for r in verdict_rows},
    )


Position = tuple[int, int, int]


def verdict_counts(connection: Connection, run_id: int, *, ok_only: bool) -> dict[Position, int]:
    """Ended (or ok) verdicts by conversation (model, question, sample)."""
    query = sa.select(verdicts.c.model, verdicts.c.question, verdicts.c.sample, sa.func.count()).where(
        verdicts.c.run_id == run_id
    )
    if ok_only:
        query = query.where(verdicts.c.status == "ok")
    rows = connection.execute(query.group_by(verdicts.c.model, verdicts.c.question, verdicts.c.sample))
    return {(r[0], r[1], r[2]): r[3] for r in rows}


def answer_counts(connection: Connection, run_id: int) -> dict[Position, int]:
    """Ended answers by conversation."""
    rows = connection.execute(
        sa.select(answers.c.model, answers.c.question, answers.c.sample, sa.func.count())
        .where(answers.c.run_id == run_id)
        .group_by(answers.c.model, answers.c.question, answers.c.sample)
    )
    return {(r[0], r[1], r[2]): r[3] for r in rows}


def bought(connection: Connection, work_key: str) -> Iterator[tuple[int, ChatCompletion]]:
    """(id, completion) of everything delivered for this work, newest first."""
    rows = connection.execute(
        sa.select(completions).where(completions.c.work_key == work_key).order_by(completions.c.id.desc())
    ).all()
    for row in rows:
        yield row.id, _completion(row)


def _completion(row: Row[Any]) -> ChatCompletion:
    finish: FinishReason = row.finish_reason
    return ChatCompletion(
        text=row.text,
        requested_model=row.requested_model,
        finish_reason=finish,
        reasoning=row.reasoning,
        refusal=row.refusal,
        usage=Usage(
            row.prompt_tokens,
            row.completion_tokens,
            row.cached_tokens,
            row.reasoning_tokens,
            row.cache_write_tokens,
        ),
        served_model=row.served_model,
        fingerprint=row.fingerprint,
        request_id=row.request_id,
        sent_params=json.loads(row.sent_params),
        dropped_params=json.loads(row.dropped_params),
        latency_s=row.latency_s,
        service_tier=row.service_tier,
        upstream=row.upstream,
    )


def score_table(connection: Connection, run: StoredRun) -> ScoreTable:
    """The run's verdicts as arrays; never more than a few thousand rows are held as anything else."""
    names: dict[str, int] = {}
    category, turns = array("i"), array("h")
    listed = (
        sa.select(run_questions.c.category, run_questions.c.turns)
        .where(run_questions.c.run_id == run.id)
        .order_by(run_questions.c.position)
    )
    for name, count in _columns(connection, listed):
        category.extend(names.setdefault(n, len(names)) for n in name)
        turns.extend(count)
    stored = sa.select(
        verdicts.c.model,
        verdicts.c.question,
        verdicts.c.turn,
        verdicts.c.status,
        verdicts.c.score,
        verdicts.c.published_score,
    ).where(verdicts.c.run_id == run.id)
    code = {status: number for number, status in enumerate(STATUSES)}
    nan = float("nan")
    model, question, turn, status = array("h"), array("i"), array("h"), array("b")
    score, published = array("d"), array("d")
    for models, asked, numbers, statuses, scores, as_published in _columns(connection, stored):
        model.extend(models)
        question.extend(asked)
        turn.extend(numbers)
        status.extend(map(code.__getitem__, statuses))
        score.extend(nan if s is None else s for s in scores)
        published.extend(nan if s is None else s for s in as_published)
    return ScoreTable(
        models=tuple(m.label for m in run.plan.models),
        category_names=tuple(names),
        category=np.asarray(category),
        turns=np.asarray(turns),
        verdicts_per_turn=run.plan.samples * len(run.plan.judges) * run.plan.judge_repeats,
        scale=run.plan.scale,
        model=np.asarray(model),
        question=np.asarray(question),
        turn=np.asarray(turn),
        status=np.asarray(status),
        score=np.asarray(score),
        published=np.asarray(published),
    )


def _columns(connection: Connection, query: sa.Select[Any]) -> Iterator[Iterator[tuple[Any, ...]]]:
    """The rows of a query as columns, a few thousand rows at a time."""
    for rows in connection.execute(query, execution_options={"yield_per": 5000}).partitions():
        yield zip(*rows, strict=True)


@dataclass(frozen=True, slots=True)
class Spending:
    """What one endpoint delivered to a run in one role. `cost_usd` is None where a price is unknown."""

    calls: int
    prompt_tokens: int | None
    completion_tokens: int | None
    cost_usd: float | None


def spending(connection: Connection, run_id: int) -> dict[tuple[int, str], Spending]:
    """What this run bought, by (model position, role), replies that were of no use included.

    Verdicts are charged to the model they grade; what another run had already bought costs nothing here.
    """
    c = completions.c
    rows = connection.execute(
        sa.select(
            c.model,
            c.role,
            sa.func.count(),
            sa.func.sum(c.prompt_tokens),
            sa.func.sum(c.completion_tokens),
            sa.func.sum(c.cost_usd),
            sa.func.sum(sa.case((c.cost_usd.is_(None), 1), else_=0)),
        )
        .where(c.run_id == run_id)
        .group_by(c.model, c.role)
    )
    return {
        (model, role): Spending(calls, prompt, completion, None if unknown else cost)
        for model, role, calls, prompt, completion, cost, unknown in rows
    }


def run_cost(connection: Connection, run_id: int) -> float:
    """USD that a run has cost so far, as far as prices are known."""
    total = connection.scalar(sa.select(sa.func.sum(completions.c.cost_usd)).where(completions.c.run_id == run_id))
    return float(total or 0.0)


@dataclass(frozen=True, slots=True)
class Served:
    """Calls that one endpoint answered under the same name and with the same parameters."""

    endpoint: str
    role: str
    requested_model: str
    served_model: str | None
    fingerprint: str | None
    service_tier: str | None
    upstream: str | None
    sent_params: dict[str, Any]
    dropped_params: dict[str, Any]
    calls: int


def served(connection: Connection, run_id: int) -> list[Served]:
    """Who answered what of a run, and with which parameters."""
    c = completions.c
    parts = (
        c.endpoint,
        c.role,
        c.requested_model,
        c.served_model,
        c.fingerprint,
        c.service_tier,
        c.upstream,
        c.sent_params,
        c.dropped_params,
    )
    rows = connection.execute(
        sa.select(*parts, sa.func.count().label("calls")).where(c.run_id == run_id).group_by(*parts).order_by(*parts)
    )
    return [
        Served(
            endpoint=row.endpoint,
            role=row.role,
            requested_model=row.requested_model,
            served_model=row.served_model,
            fingerprint=row.fingerprint,
            service_tier=row.service_tier,
            upstream=row.upstream,
            sent_params=json.loads(row.sent_params),
            dropped_params=json.loads(row.dropped_params),
            calls=row.calls,
        )
        for row in rows
    ]


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


def failure_reasons(connection: Connection, run_id: int, limit: int = 3) -> list[tuple[str, int]]:
    """The commonest error messages of a run, answers and verdicts together."""
    both = sa.union_all(
        *(
            sa.select(t.c.error).where(t.c.run_id == run_id, t.c.error.is_not(None), t.c.status != "skipped")
            for t in (answers, verdicts)
        )
    ).subquery()
    rows = connection.execute(
        sa.select(both.c.error, sa.func.count()).group_by(both.c.error).order_by(sa.func.count().desc()).limit(limit)
    )
    return [(error, count) for error, count in rows]


def conversation_rows(
    connection: Connection, run_id: int, *, model: int | None = None, question: int | None = None
) -> Iterator[tuple[tuple[int, int, int], list[Row[Any]], list[Row[Any]]]]:
    """((model, question, sample), answer rows, verdict rows) of the chosen conversations, in plan order."""

    def chosen(table: sa.Table) -> list[Row[Any]]:
        query = sa.select(table).where(table.c.run_id == run_id)
        if model is not None:
            query = query.where(table.c.model == model)
        if question is not None:
            query = query.where(table.c.question == question)
        return list(connection.execute(query.order_by(*table.primary_key.columns)))

    grouped: dict[tuple[int, int, int], tuple[list[Row[Any]], list[Row[Any]]]] = {}
    for row in chosen(answers):
        grouped.setdefault((row.model, row.question, row.sample), ([], []))[0].append(row)
    for row in chosen(verdicts):
        grouped.setdefault((row.model, row.question, row.sample), ([], []))[1].append(row)
    for position in sorted(grouped):
        yield position, *grouped[position]
