"""To whom and with which parameters a completion was asked for: a few rows that many completions share."""

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection

from service.store.schema import askings

_KNOWN = "askings"
_COLUMNS = ("endpoint", "role", "requested_model", "sent_params", "dropped_params")


def asking_id(
    connection: Connection,
    endpoint: str,
    role: str,
    requested_model: str,
    sent_params: Mapping[str, Any],
    dropped_params: Mapping[str, Any],
) -> int:
    """The row's id, made if need be; a connection looks it up once."""
    asked = (endpoint, role, requested_model, _json(sent_params), _json(dropped_params))
    known: dict[tuple[str, ...], int] = connection.info.setdefault(_KNOWN, {})
    found = known.get(asked)
    if found is None:
        row = dict(zip(_COLUMNS, asked, strict=True))
        connection.execute(sqlite.insert(askings).values(row).on_conflict_do_nothing())
        found = known[asked] = connection.execute(sa.select(askings.c.id).filter_by(**row)).scalar_one()
    return found


def forget(connection: Connection) -> None:
    """To be called at a rollback: rows that were made in the transaction are gone."""
    connection.info.pop(_KNOWN, None)


def _json(params: Mapping[str, Any]) -> str:
    return json.dumps(dict(params), ensure_ascii=False)
