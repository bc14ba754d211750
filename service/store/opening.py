"""Open a database: check the address, that it is ours, that its schema is known; create or migrate it."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from service.errors import StoreError
from service.store.schema import SCHEMA_VERSION

DEFAULT_URL = "sqlite:///kojudge.db"
_MIGRATIONS = Path(__file__).parent / "migrations"
_SQLITE_MAGIC = b"SQLite format 3\0"


def open_engine(url: str, *, create: bool) -> Engine:
    """An engine whose schema is current.

    Raises:
        StoreError: wrong address, not a kojudge database, a newer one, or one that cannot be written;
            with `create=False` also one that does not exist.
    """
    parsed = _parse(url)
    file = _checked_file(parsed, create=create)
    engine = sa.create_engine(parsed, connect_args={"timeout": 30.0, "check_same_thread": False})
    sa.event.listen(engine, "connect", _configure)
    try:
        with engine.connect() as connection:
            _bring_up_to_date(connection, str(file))
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise StoreError(f"cannot use the database {file}: {error.orig}") from error
    except StoreError:
        engine.dispose()
        raise
    return engine


def _parse(url: str) -> URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError(
            f"database URL {_printable(url)} cannot be read; use sqlite:///FILE, e.g. {DEFAULT_URL}"
        ) from error
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"database URL must name a file: sqlite:///FILE, e.g. {DEFAULT_URL}")
    return parsed.set(drivername="sqlite")


def _printable(url: str) -> str:
    # What stands between :// and @ may be a password.
    return repr(url if "@" not in url else url.partition("://")[0] + "://…@…")


def _checked_file(url: URL, *, create: bool) -> Path:
    file = Path(url.database or "")
    if not file.exists():
        if not create:
            raise StoreError(f"there is no database {file} yet; `kojudge demo` or `kojudge run` makes one")
        if not file.parent.is_dir():
            raise StoreError(f"the folder of the database, {file.parent}, does not exist")
        return file
    if file.is_dir():
        raise StoreError(f"the database {file} is a folder")
    try:
        with file.open("rb") as stream:
            head = stream.read(len(_SQLITE_MAGIC))
    except OSError as error:
        raise StoreError(f"cannot read the database {file}: {error.strerror}") from error
    if head not in (b"", _SQLITE_MAGIC):
        raise StoreError(f"{file} is not a database of kojudge")
    return file


def _configure(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    # FULL: an answer that was paid for survives a power cut, not only a killed process.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _bring_up_to_date(connection: Connection, file: str) -> None:
    tables = set(sa.inspect(connection).get_table_names())
    if not tables:
        _migrate(connection)
        return
    if "alembic_version" not in tables or "runs" not in tables:
        raise StoreError(f"{file} is not a database of kojudge: it holds other tables")
    version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    connection.rollback()
    if version == SCHEMA_VERSION:
        return
    if not any(f.name.startswith(f"{version}_") for f in (_MIGRATIONS / "versions").glob("*.py")):
        raise StoreError(
            f"{file} was written by a newer version of kojudge (schema {version}, this one knows {SCHEMA_VERSION}); "
            "upgrade kojudge, or name another database with --database"
        )
    _migrate(connection)


def _migrate(connection: Connection) -> None:
    # Alembic is slow to import and needed once in a database's life.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()
