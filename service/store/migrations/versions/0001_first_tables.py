"""The first tables."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("plan_hash", sa.Text, nullable=False),
        sa.Column("code_version", sa.Text, nullable=False),
        sa.Column("identities", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("stopped_because", sa.Text),
    )
    op.create_table(
        "questions",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "run_questions",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("question_id", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("turns", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, sa.ForeignKey("questions.digest"), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "position"),
    )
    op.create_table(
        "completions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("work_key", sa.Text, nullable=False),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("requested_model", sa.Text, nullable=False),
        sa.Column("served_model", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reasoning", sa.Text),
        sa.Column("refusal", sa.Text),
        sa.Column("finish_reason", sa.Text, nullable=False),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("completion_tokens", sa.Integer),
        sa.Column("cached_tokens", sa.Integer),
        sa.Column("reasoning_tokens", sa.Integer),
        sa.Column("cost_usd", sa.Float),
        sa.Column("fingerprint", sa.Text),
        sa.Column("request_id", sa.Text),
        sa.Column("sent_params", sa.Text, nullable=False),
        sa.Column("dropped_params", sa.Text, nullable=False),
        sa.Column("latency_s", sa.Float, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
    )
    op.create_index("completions_by_work_key", "completions", ["work_key"])
    op.create_index("completions_by_run", "completions", ["run_id", "model", "role"])
    op.create_table(
        "answers",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("question", sa.Integer, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("completion_id", sa.Integer, sa.ForeignKey("completions.id")),
        sa.Column("text", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("language_passed", sa.Boolean),
        sa.Column("hangul_share", sa.Float),
        sa.PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn"),
    )
    op.create_table(
        "verdicts",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("question", sa.Integer, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("judge", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("score", sa.Float),
        sa.Column("judge_score", sa.Float),
        sa.Column("published_score", sa.Float),
        sa.Column("rationale", sa.Text),
        sa.Column("evidence", sa.Text),
        sa.Column("criteria", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("completion_id", sa.Integer, sa.ForeignKey("completions.id")),
        sa.PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn", "judge", "repeat"),
    )
