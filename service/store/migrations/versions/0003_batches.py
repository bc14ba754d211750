"""Batches: work handed to a vendor as a file, and which work each of them carries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("label", sa.Text, nullable=False, unique=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("sent_params", sa.Text, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("held_usd", sa.Float, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("batch_id", sa.Text),
        sa.Column("input_file_id", sa.Text),
        sa.Column("submitted_at", sa.Text),
        sa.Column("collected_at", sa.Text),
        sa.Column("error", sa.Text),
    )
    op.create_index("batches_by_run", "batches", ["run_id"])
    op.create_table(
        "batch_items",
        sa.Column("batch", sa.Integer, sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("work_key", sa.Text, nullable=False),
        sa.Column("model", sa.Integer, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("completion_id", sa.Integer, sa.ForeignKey("completions.id")),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("batch", "work_key"),
    )
    where = sa.text("is_open")
    op.create_index(
        "batch_items_open", "batch_items", ["work_key"], unique=True, sqlite_where=where, postgresql_where=where
    )
