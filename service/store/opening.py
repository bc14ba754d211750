"""Open a database: check the address, that it is ours, whole and of a known schema; create or migrate it."""

import sqlite3
import time
from pathlib import Path
from typing import cast

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, ExceptionContext

from service.errors import StoreError
from service.store.integrity import check_on_open
from service.store.migrating import bring_up_to_date
from service.store.reading import BUSY_TIMEOUT_S, connect_read_only, is_writable
from service.store.trouble import explain

DEFAULT_URL = "sqlite:///kojudge.db"
_LOG_KEPT_BYTES = 64 * 1024 * 1024
_SQLITE_MAGIC = b"SQLite format 3\0"


def open_engine(url: str, *, create: bool, read_only: bool = False, busy_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine whose schema is current. `read_only`: for reading, so it may lie where nothing can be written.
    `busy_s`: how long to wait for another that holds the file.

    Transactions are explicit: plain ones see one state from their first SELECT on, those of
    `engine.execution_options(writes=True)` hold the write lock from their beginning, and with `snapshot=False` every
    SELECT sees what is committed by then. DDL takes part in the first two.

    Raises:
        StoreError: wrong address, not a kojudge database, a newer one, a damaged one, or one that cannot be written;
            with `create=False` also one that does not exist.
    """
    file = database_file(url, create=create)
    writable = is_writable(file)
    if not writable and not read_only:
        raise StoreError(
            f"the database {file} or its folder is read-only, and nothing bought could be stored; "
            "make both writable, or name another with --database"
        )
    engine = _engine(file, writable=writable, busy_s=busy_s)
    try:
        check_on_open(file, busy_s)
        bring_up_to_date(engine, file, writable=writable)
    except sqlite3.Error as error:
        engine.dispose()
        raise explain(error, file) or StoreError(f"cannot use the database {file}: {error}") from error
    except sa.exc.DBAPIError as error:
        engine.dispose()
        raise StoreError(f"cannot use the database {file}: {error.orig}") from error
    except StoreError:
        engine.dispose()
        raise
    return engine


def raw(connection: Connection) -> sqlite3.Connection:
    """The connection of the sqlite3 module below."""
    return cast(sqlite3.Connection, connection.connection.dbapi_connection)


def _engine(file: Path, *, writable: bool, busy_s: float) -> Engine:
    def connect() -> sqlite3.Connection:
        # isolation_level None: the sqlite3 module begins nothing by itself, or DDL would stand outside transactions.
        connection = (
            sqlite3.connect(file, timeout=busy_s, check_same_thread=False, isolation_level=None)
            if writable
            else connect_read_only(file, busy_s)
        )
        # FULL: an answer that was paid for survives a power cut, not only a killed process.
        pragmas = ["synchronous=FULL", "foreign_keys=ON", "cell_size_check=ON"]
        # The log of one large transaction, such as a million questions, is given back to the disk.
        written = ["journal_mode=WAL", f"journal_size_limit={_LOG_KEPT_BYTES}"]
        for pragma in [*written, *pragmas] if writable else pragmas:
            _set(connection, pragma, busy_s)
        return connection

    engine = sa.create_engine(URL.create("sqlite", database=str(file)), creator=connect)
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "handle_error", lambda context: _translate(context, file))
    return engine


def _set(connection: sqlite3.Connection, pragma: str, busy_s: float) -> None:
    """Set a pragma; SQLite does not wait by itself for another process that changes the journal of a new file."""
    deadline = time.monotonic() + busy_s
    while True:
        try:
            connection.execute(f"PRAGMA {pragma}")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif options.get("snapshot", True):
        raw(connection).execute("BEGIN")


def _translate(context: ExceptionContext, file: Path) -> StoreError | None:
    return explain(context.original_exception, file)


def database_file(url: str, *, create: bool = False) -> Path:
    """The file that an address names.

    Raises:
        StoreError: no such address, or what lies there is no SQLite file; without `create`, also if nothing does.
    """
    file = Path(_parse(url).database or "")
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


def _parse(url: str) -> URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise StoreError(
            f"database URL {_printable(url)} cannot be read; use sqlite:///FILE, e.g. {DEFAULT_URL}"
        ) from error
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise StoreError(f"database URL must name a file: sqlite:///FILE, e.g. {DEFAULT_URL}")
    return parsed


def _printable(url: str) -> str:
    # What stands between :// and @ may be a password.
    return repr(url if "@" not in url else url.partition("://")[0] + "://…@…")
