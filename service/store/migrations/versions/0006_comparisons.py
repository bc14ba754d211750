"""Comparisons: which of two models' answers a judge found better, in each order."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "comparisons",
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("question", sa.Integer, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("model_a", sa.Integer, nullable=False),
        sa.Column("model_b", sa.Integer, nullable=False),
        sa.Column("judge", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("swapped", sa.Boolean, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("winner", sa.Text),
        sa.Column("judge_winner", sa.Text),
        sa.Column("completion_id", sa.Integer, sa.ForeignKey("completions.id")),
        sa.Column("error", sa.Text),
        sa.Column("evidence", sa.Text),
        sa.Column("criteria", sa.Text),
        sa.Column("rationale", sa.Text),
        sa.PrimaryKeyConstraint(
            "run_id", "question", "sample", "turn", "model_a", "model_b", "judge", "repeat", "swapped"
        ),
    )
    where = sa.text("status <> 'ok'")
    op.create_index("comparisons_failed", "comparisons", ["run_id"], sqlite_where=where, postgresql_where=where)
