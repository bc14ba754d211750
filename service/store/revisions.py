"""A run's revision, which grows with every change that a report would show, and its report as of one revision."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from service.store.opening import raw
from service.store.schema import reports, runs


def revise(connection: Connection, run_id: int) -> None:
    """Say that the run changed. Part of every transaction of a run's writer, so not through SQLAlchemy."""
    raw(connection).execute("UPDATE runs SET revision = revision + 1 WHERE id = ?", (run_id,))


def revision(connection: Connection, run_id: int) -> int:
    """How often the run changed."""
    return int(connection.scalar(sa.select(runs.c.revision).where(runs.c.id == run_id)) or 0)


def find_report(connection: Connection, run_id: int, method: str) -> tuple[int, str, str] | None:
    """(revision, when it was made, the report as JSON) of the report last kept, if `method` made it."""
    row = connection.execute(
        sa.select(reports.c.revision, reports.c.made_at, reports.c.content).where(
            reports.c.run_id == run_id, reports.c.method == method
        )
    ).first()
    return None if row is None else (row[0], row[1], row[2])


def keep_report(connection: Connection, run_id: int, values: dict[str, Any]) -> None:
    """Keep a report (`revision`, `method`, `made_at`, `content`) in place of the one before."""
    insert = sqlite.insert(reports).values(run_id=run_id, **values)
    connection.execute(insert.on_conflict_do_update(index_elements=["run_id"], set_=values))
