"""What people say of answers: the sample they are given, their labels, and what was decided between them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "review_items",
        *_unit(),
        sa.Column("rubric", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("stratum", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("inclusion_prob", sa.Float, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("drawn_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "model", "question", "sample", "turn"),
        sa.UniqueConstraint("run_id", "code"),
    )
    op.create_table(
        "labels",
        sa.Column("id", sa.Integer, primary_key=True),
        *_unit(),
        sa.Column("rubric", sa.Text, nullable=False),
        sa.Column("reviewer", sa.Text, nullable=False),
        sa.Column("stratum", sa.Text, nullable=False),
        sa.Column("inclusion_prob", sa.Float),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("seconds", sa.Float),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("labels_by_run", "labels", ["run_id", "reviewer"])
    op.create_table(
        "adjudications",
        sa.Column("id", sa.Integer, primary_key=True),
        *_unit(),
        sa.Column("rubric", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("idempotency_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.UniqueConstraint("idempotency_key"),
    )
    op.create_index("adjudications_by_run", "adjudications", ["run_id"])


def _unit() -> list[sa.Column[int]]:
    return [
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("model", "question", "sample", "turn")),
    ]
