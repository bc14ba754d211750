"""Read a database, also one that cannot be written: a read-only file, folder or disk."""

import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from service.errors import StoreError

BUSY_TIMEOUT_S = 30.0


def is_writable(file: Path) -> bool:
    """SQLite makes files beside the database, so the folder counts too."""
    return os.access(file.parent, os.W_OK) and (not file.exists() or os.access(file, os.W_OK))


def connect_to_read(file: Path, timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection for reading, in autocommit; raises what `connect_read_only` does."""
    # One that could write also tidies up the files beside the database when it is closed last.
    return _connect(file, "mode=rw", timeout_s) if is_writable(file) else connect_read_only(file, timeout_s)


def connect_read_only(file: Path, timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection that writes nothing, in autocommit.

    Raises:
        StoreError: what was written last is in the write-ahead log, which cannot be read without write access.
        sqlite3.Error: anything else.
    """
    connection = _connect(file, "mode=ro", timeout_s)
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema")
    except sqlite3.OperationalError as error:
        connection.close()
        # The index of the log (-shm) cannot be made. Without a log the file alone is the whole database.
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
        log = Path(f"{file}-wal")
        if log.exists() and log.stat().st_size:
            raise StoreError(
                f"the database {file} was not closed, and what was written last cannot be read without write access; "
                f"copy it together with {log.name} to a folder that can be written"
            ) from error
        return connect_without_log(file)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_without_log(file: Path) -> sqlite3.Connection:
    """What is in the file alone, which nobody may write to meanwhile."""
    return _connect(file, "immutable=1", BUSY_TIMEOUT_S)


def _connect(file: Path, how: str, timeout_s: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(file.absolute()))}?{how}",
        uri=True,
        timeout=timeout_s,
        check_same_thread=False,
        isolation_level=None,
    )
