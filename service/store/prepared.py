"""Statements of the hot path: compiled once, then run on the driver's own connection.

Executing through SQLAlchemy costs ten times what SQLite itself needs for a row. What it adds is done here once for a
dialect: the SQL text, the order of the parameters, and the conversions of the column types.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.dml import ReturningInsert, UpdateBase

Statement = UpdateBase | ReturningInsert[Any] | sa.Select[Any]
_Convert = Callable[[Any], Any]


class Prepared:
    """A statement whose parameters are named like columns of `table` and converted like them."""

    def __init__(self, statement: Statement, table: sa.Table) -> None:
        self._statement = statement
        self._table = table
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The driver's cursor after execution, inside whatever transaction the connection is in."""
        compiled = self._compiled.get(connection.dialect.name)
        if compiled is None:
            compiled = _Compiled(self._statement, self._table, connection.dialect)
            self._compiled[connection.dialect.name] = compiled
        cursor = connection.connection.cursor()
        cursor.execute(compiled.sql, compiled.parameters(values))
        return cursor


class _Compiled:
    def __init__(self, statement: Statement, table: sa.Table, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._names = tuple(compiled.positiontup) if compiled.positiontup is not None else None
        types = {name: table.c[name].type.dialect_impl(dialect) for name in compiled.params}
        found = {name: kind.bind_processor(dialect) for name, kind in types.items()}
        self._convert: dict[str, _Convert] = {name: convert for name, convert in found.items() if convert}

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """As the driver wants them: by position or by name."""
        if self._convert:
            values = {**values, **{name: convert(values[name]) for name, convert in self._convert.items()}}
        return values if self._names is None else [values[name] for name in self._names]
