"""What somebody wants done with a run: `pause` is for the process that works on it, `resume` for a worker.

A request is taken once, by whoever sets `taken_at`; its outcome is noted when it is done.
"""

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.store.schema import requests, runs
from service.store.writes import now

Action = Literal["pause", "resume"]


@dataclass(frozen=True, slots=True)
class Request:
    """`run` is the run's name; times are ISO 8601, None for what has not happened."""

    id: int
    run: str
    action: Action
    asked_by: str
    asked_at: str
    taken_at: str | None
    outcome: str | None


def ask(connection: Connection, run_id: int, action: Action, asked_by: str) -> None:
    """Ask for it, in place of whatever nobody has taken yet."""
    open_ = (requests.c.run_id == run_id) & requests.c.taken_at.is_(None)
    connection.execute(requests.update().where(open_).values(taken_at=now(), outcome="withdrawn"))
    connection.execute(requests.insert().values(run_id=run_id, action=action, asked_by=asked_by, asked_at=now()))


def open_requests(connection: Connection, action: Action, run_id: int | None = None) -> list[Request]:
    """What nobody has taken yet (of one run), oldest first."""
    wanted = _requests().where(requests.c.taken_at.is_(None), requests.c.action == action)
    if run_id is not None:
        wanted = wanted.where(requests.c.run_id == run_id)
    return [Request(**row._mapping) for row in connection.execute(wanted.order_by(requests.c.id))]


def latest_requests(connection: Connection, run_id: int, limit: int = 5) -> list[Request]:
    """The last ones of a run, newest first."""
    mine = _requests().where(requests.c.run_id == run_id).order_by(requests.c.id.desc()).limit(limit)
    return [Request(**row._mapping) for row in connection.execute(mine)]


def take(connection: Connection, request_id: int) -> bool:
    """Whether it is now this process's to do."""
    open_ = (requests.c.id == request_id) & requests.c.taken_at.is_(None)
    return bool(connection.execute(requests.update().where(open_).values(taken_at=now())).rowcount)


def note_outcome(connection: Connection, request_id: int, outcome: str) -> None:
    """How it ended, in a line."""
    connection.execute(requests.update().where(requests.c.id == request_id).values(outcome=outcome))


def _requests() -> sa.Select[tuple[int, str, Action, str, str, str | None, str | None]]:
    r = requests.c
    columns = sa.select(r.id, runs.c.name.label("run"), r.action, r.asked_by, r.asked_at, r.taken_at, r.outcome)
    return columns.join_from(requests, runs)
