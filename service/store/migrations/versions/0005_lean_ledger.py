"""A ledger of half the size: parameters stand once, keys are bytes, what a model said is kept once and compressed.

A plan says how many questions it has and one digest of them instead of the digest of each.
"""

import hashlib
import json
from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import sqlite

from service.store.opening import raw
from service.store.types import LongText, WorkKey

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_NEW = "_0005"


def upgrade() -> None:
    connection, dialect = raw(op.get_bind()), sqlite.dialect()
    connection.create_function(
        "as_bytes", 1, lambda key: WorkKey().process_bind_param(key, dialect), deterministic=True
    )
    connection.create_function(
        "as_packed", 1, lambda text: LongText().process_bind_param(text, dialect), deterministic=True
    )
    _askings()
    _completions()
    _answers()
    _verdicts()
    _batch_items()
    _plans()


def _askings() -> None:
    asked = "endpoint, role, requested_model, sent_params, dropped_params"
    op.create_table(
        "askings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("requested_model", sa.Text, nullable=False),
        sa.Column("sent_params", sa.Text, nullable=False),
        sa.Column("dropped_params", sa.Text, nullable=False),
        sa.UniqueConstraint(*asked.split(", ")),
    )
    op.execute(f"INSERT INTO askings ({asked}) SELECT DISTINCT {asked} FROM completions")


def _completions() -> None:
    plain = (
        "served_model, finish_reason, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, "
        "cache_write_tokens, cost_usd, fingerprint, request_id, service_tier, upstream, latency_s, created_at"
    )
    op.create_table(
        "completions" + _NEW,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("work_key", WorkKey, nullable=False),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("asking_id", sa.Integer, sa.ForeignKey("askings.id"), nullable=False),
        sa.Column("served_model", sa.Text),
        sa.Column("finish_reason", sa.Text, nullable=False),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("completion_tokens", sa.Integer),
        sa.Column("cached_tokens", sa.Integer),
        sa.Column("reasoning_tokens", sa.Integer),
        sa.Column("cache_write_tokens", sa.Integer),
        sa.Column("cost_usd", sa.Float),
        sa.Column("fingerprint", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("service_tier", sa.Text),
        sa.Column("upstream", sa.Text),
        sa.Column("latency_s", sa.Float, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("text", LongText, nullable=False),
        sa.Column("reasoning", LongText),
        sa.Column("refusal", LongText),
    )
    _replace(
        "completions",
        f"id, work_key, run_id, model, asking_id, {plain}, text, reasoning, refusal",
        f"c.id, as_bytes(work_key), run_id, model, a.id, {plain}, as_packed(text), as_packed(reasoning), "
        "as_packed(refusal)",
        "completions c JOIN askings a USING (endpoint, role, requested_model, sent_params, dropped_params)",
    )
    op.create_index("completions_by_work_key", "completions", ["work_key"])
    op.create_index("completions_by_run", "completions", ["run_id", "model"])


def _answers() -> None:
    plain = "run_id, model, question, sample, turn, status, completion_id, error, language_passed, hangul_share"
    op.create_table(
        "answers" + _NEW,
        *_conversation(),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("completion_id", sa.Integer, sa.ForeignKey("completions.id")),
        sa.Column("error", sa.Text),
        sa.Column("language_passed", sa.Boolean),
        sa.Column("hangul_share", sa.Float),
        sa.Column("text", LongText),
        sa.PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn"),
    )
    own_text = "CASE WHEN completion_id IS NULL THEN as_packed(text) END"
    _replace("answers", f"{plain}, text", f"{plain}, {own_text}", "answers")


def _verdicts() -> None:
    plain = (
        "run_id, model, question, sample, turn, judge, repeat, status, score, judge_score, published_score, "
        "completion_id, error, evidence, criteria"
    )
    op.create_table(
        "verdicts" + _NEW,
        *_conversation(),
        sa.Column("judge", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("judge_score", sa.Float),
        sa.Column("published_score", sa.Float),
        sa.Column("completion_id", sa.Integer, sa.ForeignKey("completions.id")),
        sa.Column("error", sa.Text),
        sa.Column("evidence", sa.Text),
        sa.Column("criteria", sa.Text),
        sa.Column("rationale", LongText),
        sa.PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn", "judge", "repeat"),
    )
    _replace("verdicts", f"{plain}, rationale", f"{plain}, as_packed(rationale)", "verdicts")
    failed = sa.text("status <> 'ok'")
    op.create_index(
        "verdicts_failed", "verdicts", ["run_id", "model", "question"], sqlite_where=failed, postgresql_where=failed
    )


def _batch_items() -> None:
    op.create_table(
        "batch_items" + _NEW,
        sa.Column("batch", sa.Integer, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("work_key", WorkKey, nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("completion_id", sa.Integer, sa.ForeignKey("completions.id")),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("batch", "work_key"),
    )
    _replace(
        "batch_items",
        "batch, work_key, model, is_open, completion_id, error",
        "batch, as_bytes(work_key), model, is_open, completion_id, error",
        "batch_items",
    )
    where = sa.text("is_open")
    op.create_index(
        "batch_items_open", "batch_items", ["work_key"], unique=True, sqlite_where=where, postgresql_where=where
    )


def _conversation() -> list[sa.Column[int]]:
    return [
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("question", sa.Integer, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
    ]


def _replace(table: str, columns: str, values: str, source: str) -> None:
    """Fill the new table from the old one and put it in its place."""
    op.execute(f"INSERT INTO {table}{_NEW} ({columns}) SELECT {values} FROM {source}")
    op.drop_table(table)
    op.rename_table(table + _NEW, table)


def _plans() -> None:
    connection = op.get_bind()
    for run_id, text in connection.execute(sa.text("SELECT id, plan FROM runs")).all():
        plan = json.loads(text)
        digests = plan.pop("question_digests")
        turns = sa.text("SELECT coalesce(sum(turns), 0) FROM run_questions WHERE run_id = :run")
        plan["questions"] = {
            "n": len(digests),
            "turns": connection.execute(turns, {"run": run_id}).scalar_one(),
            "digest": hashlib.sha256(json.dumps(digests).encode()).hexdigest(),
        }
        update = sa.text("UPDATE runs SET plan = :plan WHERE id = :run")
        connection.execute(update, {"plan": json.dumps(plan, ensure_ascii=False), "run": run_id})
    op.drop_column("runs", "plan_hash")
