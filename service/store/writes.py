"""What gets written: a run with its questions, a finished answer, a finished verdict.

Each function returns a `Write` for the single writer (or runs on a connection directly, for imports).
"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from judge.checks.language import LanguageReport
from judge.grading.weighted import compact
from judge.types import Verdict
from providers.types import ChatCompletion
from questions.types import Question, question_digests
from service.plan import RunPlan
from service.store import schema
from service.store.askings import asking_id
from service.store.prepared import Prepared
from service.store.revisions import revise
from service.store.writer import Write, ledger_only

_QUESTIONS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class TurnKey:
    """One turn of one conversation; positions count from 0 in the plan, samples from 0, turns from 1."""

    run_id: int
    model: int
    question: int
    sample: int
    turn: int

    def values(self) -> dict[str, int]:
        return {
            "run_id": self.run_id,
            "model": self.model,
            "question": self.question,
            "sample": self.sample,
            "turn": self.turn,
        }


@dataclass(frozen=True, slots=True)
class VerdictKey:
    turn: TurnKey
    judge: int
    repeat: int

    def values(self) -> dict[str, int]:
        return {**self.turn.values(), "judge": self.judge, "repeat": self.repeat}


@dataclass(frozen=True, slots=True)
class Purchase:
    """A delivered completion, as the ledger keeps it. `id` is set when it came from the store."""

    work_key: str
    endpoint: str
    role: str
    completion: ChatCompletion
    cost_usd: float | None
    id: int | None = None


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def insert_run(
    connection: Connection,
    *,
    name: str,
    kind: str,
    plan: RunPlan,
    questions: Sequence[Question],
    code_version: str,
) -> int:
    """Write a run and its questions; return the run's id."""
    result = connection.execute(
        schema.runs.insert().values(
            name=name,
            kind=kind,
            plan=plan.model_dump_json(),
            code_version=code_version,
            created_at=now(),
        )
    )
    run_id = _new_id(result)
    numbered = zip(itertools.count(), questions, question_digests(questions))
    while chunk := list(itertools.islice(numbered, _QUESTIONS_AT_ONCE)):
        connection.execute(
            sqlite.insert(schema.questions).on_conflict_do_nothing(),
            [{"digest": digest, "content": q.model_dump_json(exclude_defaults=True)} for _, q, digest in chunk],
        )
        connection.execute(
            schema.run_questions.insert(),
            [
                {
                    "run_id": run_id,
                    "position": position,
                    "question_id": question.id,
                    "category": question.category,
                    "turns": len(question.turns),
                    "digest": digest,
                }
                for position, question, digest in chunk
            ],
        )
    return run_id


def set_stopped(run_id: int, reason: str | None) -> Write:
    """Note why a run stopped before its end, or clear the note."""

    def write(connection: Connection) -> None:
        connection.execute(schema.runs.update().where(schema.runs.c.id == run_id).values(stopped_because=reason))
        revise(connection, run_id)

    return write


def add_identities(run_id: int, identities: dict[str, Any]) -> Write:
    """Note who answers at each endpoint now; what an earlier start of the run found there is kept beside it."""

    def write(connection: Connection) -> None:
        mine = schema.runs.c.id == run_id
        stored = connection.scalar(sa.select(schema.runs.c.identities).where(mine))
        found: dict[str, list[Any]] = json.loads(stored) if stored else {}
        for endpoint, identity in identities.items():
            known = found.setdefault(endpoint, [])
            if identity not in known:
                known.append(identity)
        connection.execute(schema.runs.update().where(mine).values(identities=json.dumps(found, ensure_ascii=False)))
        revise(connection, run_id)

    return write


def save_answer(
    key: TurnKey,
    status: str,
    *,
    purchase: Purchase | None = None,
    text: str | None = None,
    error: str | None = None,
    language: LanguageReport | None = None,
) -> Write:
    """The answer to a turn. `text` is that of an answer without a purchase: what was bought stands in the ledger."""
    values: dict[str, Any] = {
        **key.values(),
        "status": status,
        "text": text if purchase is None else None,
        "error": error,
        "language_passed": language.passed if language else None,
        "hangul_share": language.hangul_share if language else None,
    }

    def write(connection: Connection) -> None:
        values["completion_id"] = _ledger(connection, key, purchase)
        if not ledger_only(connection):
            _UPSERT_ANSWER.run(connection, values)

    return write


def save_verdict(
    key: VerdictKey, verdict: Verdict, purchase: Purchase | None = None, published_score: float | None = None
) -> Write:
    values: dict[str, Any] = {
        **key.values(),
        "status": verdict.status,
        "score": verdict.score,
        "judge_score": verdict.judge_score,
        "published_score": published_score,
        "rationale": verdict.rationale,
        "evidence": json.dumps(verdict.evidence, ensure_ascii=False) if verdict.evidence else None,
        "criteria": json.dumps(dict(verdict.criteria), ensure_ascii=False) if verdict.criteria else None,
        "error": verdict.error,
    }

    def write(connection: Connection) -> None:
        values["completion_id"] = _ledger(connection, key.turn, purchase)
        if not ledger_only(connection):
            _UPSERT_VERDICT.run(connection, values)

    return write


def save_purchase(connection: Connection, run_id: int, model: int, purchase: Purchase) -> int:
    """Enter a delivery into the ledger before any turn of the run takes it; return its id."""
    completion_id = _ledger(connection, TurnKey(run_id, model, 0, 0, 0), purchase)
    assert completion_id is not None, "a purchase has an id once it is in the ledger"
    return completion_id


def _ledger(connection: Connection, key: TurnKey, purchase: Purchase | None) -> int | None:
    if purchase is None:
        return None
    if purchase.id is not None:
        return purchase.id
    completion = purchase.completion
    cursor = _INSERT_COMPLETION.run(
        connection,
        {
            "work_key": purchase.work_key,
            "run_id": key.run_id,
            "model": key.model,
            "asking_id": asking_id(
                connection,
                purchase.endpoint,
                purchase.role,
                completion.requested_model,
                completion.sent_params,
                completion.dropped_params,
            ),
            "served_model": completion.served_model,
            "finish_reason": completion.finish_reason,
            "prompt_tokens": completion.usage.prompt_tokens,
            "completion_tokens": completion.usage.completion_tokens,
            "cached_tokens": completion.usage.cached_tokens,
            "reasoning_tokens": completion.usage.reasoning_tokens,
            "cache_write_tokens": completion.usage.cache_write_tokens,
            "cost_usd": purchase.cost_usd,
            "fingerprint": completion.fingerprint,
            "request_id": completion.request_id,
            "service_tier": completion.service_tier,
            "upstream": completion.upstream,
            "latency_s": completion.latency_s,
            "created_at": now(),
            "text": completion.text,
            "reasoning": completion.reasoning,
            "refusal": completion.refusal,
            "logprobs": _probabilities(completion),
        },
    )
    return int(cursor.fetchone()[0])


def _probabilities(completion: ChatCompletion) -> str | None:
    kept = compact(completion.logprobs)
    return None if kept is None else json.dumps(kept, ensure_ascii=False)


def _new_id(result: sa.CursorResult[Any]) -> int:
    key = result.inserted_primary_key
    assert key is not None, "an INSERT returns its primary key"
    return int(key[0])


def _insert(table: sa.Table) -> sqlite.Insert:
    return sqlite.insert(table).values({c.name: sa.bindparam(c.name) for c in table.columns if c.name != "id"})


def upsert(table: sa.Table) -> Prepared:
    """Insert a row, or replace what is no key of it."""
    statement = _insert(table)
    keys = [c.name for c in table.primary_key]
    changed = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return Prepared(statement.on_conflict_do_update(index_elements=keys, set_=changed), table)


# A unit that failed and is tried again replaces its own row; the ledger keeps what was paid.
_UPSERT_ANSWER = upsert(schema.answers)
_UPSERT_VERDICT = upsert(schema.verdicts)
_INSERT_COMPLETION = Prepared(_insert(schema.completions).returning(schema.completions.c.id), schema.completions)
