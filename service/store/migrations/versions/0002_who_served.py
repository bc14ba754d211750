"""Who served a completion, in which lane, and what it wrote to a prompt cache."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("completions", sa.Column("cache_write_tokens", sa.Integer))
    op.add_column("completions", sa.Column("service_tier", sa.Text))
    op.add_column("completions", sa.Column("upstream", sa.Text))
