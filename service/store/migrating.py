"""Create the tables, or bring an older schema up to date: all of it or nothing, and one process at a time."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from service.errors import StoreError
from service.store.holder import Holder
from service.store.schema import SCHEMA_VERSION, leases, metadata

_MIGRATIONS = Path(__file__).parent / "migrations"

# As Alembic makes it.
_version_table = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def bring_up_to_date(engine: Engine, file: Path, *, writable: bool) -> None:
    """Leave the database with the current schema.

    Raises:
        StoreError: it is not ours, of a newer version, or of an older one and cannot be written.
    """
    with engine.connect() as connection:
        version = _version(connection, file)
    if version == SCHEMA_VERSION:
        return
    if not writable:
        raise StoreError(
            f"{file} was written by an older version of kojudge and cannot be upgraded where it lies, it is read-only; "
            "copy it to a folder that can be written"
        )
    with engine.connect() as connection:
        _migrate(connection, file)


def _version(connection: Connection, file: Path) -> str | None:
    """The schema's version, None for an empty file."""
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        return None
    if _version_table.name not in tables or "runs" not in tables:
        raise StoreError(f"{file} is not a database of kojudge: it holds other tables")
    version = connection.scalar(sa.select(_version_table.c.version_num))
    if version != SCHEMA_VERSION and not any((_MIGRATIONS / "versions").glob(f"{version}_*.py")):
        raise StoreError(
            f"{file} was written by a newer version of kojudge (schema {version}, this one knows {SCHEMA_VERSION}); "
            "upgrade kojudge, or name another database with --database"
        )
    return version


def _migrate(connection: Connection, file: Path) -> None:
    # A table that is rebuilt must not take along the rows that refer to it; the pragma means nothing in a transaction.
    _outside_transactions(connection, "PRAGMA foreign_keys=OFF")
    try:
        # The lock is taken before the version is read: of two processes the second finds the work done.
        with connection.execution_options(writes=True).begin():
            version = _version(connection, file)
            if version is None:
                metadata.create_all(connection)
                _version_table.create(connection)
                connection.execute(_version_table.insert().values(version_num=SCHEMA_VERSION))
            elif version != SCHEMA_VERSION:
                _refuse_under_a_run(connection, file)
                upgrade(connection)
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise StoreError(f"{file} holds rows that refer to nothing and was not upgraded; `kojudge check`")
    finally:
        _outside_transactions(connection, "PRAGMA foreign_keys=ON")


def _refuse_under_a_run(connection: Connection, file: Path) -> None:
    """A run of the older version could store nothing more, and what it has in flight would be lost."""
    if not sa.inspect(connection).has_table(leases.name):
        return
    for (text,) in connection.execute(sa.select(leases.c.holder)):
        holder = Holder.from_json(text)
        if not holder.is_gone():
            raise StoreError(
                f"{file} was written by an older version of kojudge, and {holder} works on it; "
                "let that end before it is upgraded"
            )


def _outside_transactions(connection: Connection, pragma: str) -> None:
    # Through SQLAlchemy it would begin a transaction first.
    connection.connection.cursor().execute(pragma)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run Alembic's migrations inside the transaction that the connection is in."""
    # Alembic is slow to import and needed once in a version's life.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
