"""A consistent copy of the database, also while a run writes to it.

`VACUUM INTO` reads one snapshot: in WAL mode it neither waits for a writer nor makes one wait, and what is committed
meanwhile does not make it start over. It reads every row, so a damaged table is found out and not copied.
"""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from service.errors import StoreError, UsageError
from service.store.integrity import check_everything, check_structure
from service.store.opening import database_file
from service.store.reading import connect_to_read
from service.store.trouble import PassingTroubleError, explain

_OPCODES_BETWEEN_LOOKS = 200_000
_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database file holds."""

    runs: int
    completions: int
    size_bytes: int


def back_up(url: str, target: Path, *, force: bool = False) -> Contents:
    """Copy the database at `url` to the file `target`, whole or not at all.

    Raises:
        StoreError: the source is missing, damaged or not ours.
        UsageError: the target cannot be written, is there already (without `force`), or is in use.
    """
    source = database_file(url)
    _check_target(source, target, force=force)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise UsageError(f"cannot write into the folder {target.parent}: {error.strerror}") from error
    os.close(handle)
    part = Path(name)
    try:
        _copy(source, part)
        contents = _finished(part)
        shutil.copymode(source, part)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except OSError as error:
        raise UsageError(f"cannot write the copy {target}: {error.strerror}") from error
    finally:
        for suffix in ("", *_BESIDE):
            Path(f"{part}{suffix}").unlink(missing_ok=True)
    return contents


def check_database(url: str) -> Contents:
    """Read a database completely.

    Raises:
        StoreError: it is missing, not ours, or damaged.
    """
    file = database_file(url)
    try:
        with closing(connect_to_read(file)) as connection:
            _interruptible(connection)
            check_everything(connection, file)
            return _contents(connection, file)
    except sqlite3.Error as error:
        raise _told(error, file) from error


def _check_target(source: Path, target: Path, *, force: bool) -> None:
    if not target.parent.is_dir():
        raise UsageError(f"the folder {target.parent} does not exist; make it first")
    if target.is_dir():
        raise UsageError(f"{target} is a folder; name a file in it")
    own = [source, *(Path(f"{source}{suffix}") for suffix in _BESIDE)]
    if any(target.resolve() == file.resolve() or (target.exists() and _same(target, file)) for file in own):
        raise UsageError(f"{target} is the database itself; name another file")
    if target.exists() and not force:
        raise UsageError(f"{target} is there already; --force overwrites it")
    # The log of what lay there before would be taken for that of the copy.
    if any(Path(f"{target}{suffix}").exists() for suffix in _BESIDE):
        raise UsageError(f"{target} is in use or was not closed (its -wal file is there); name another file")


def _same(a: Path, b: Path) -> bool:
    return b.exists() and a.samefile(b)


def _copy(source: Path, part: Path) -> None:
    try:
        with closing(connect_to_read(source)) as connection:
            _interruptible(connection)
            _contents(connection, source)
            connection.execute("VACUUM INTO ?", (str(part),))
    except sqlite3.Error as error:
        told = _told(error, source)
        if isinstance(told, PassingTroubleError) and error.sqlite_errorcode & 0xFF in (
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR,
        ):
            raise UsageError(f"the copy cannot be written to {part.parent}: {error}; {told.advice}") from error
        raise told from error


def _finished(part: Path) -> Contents:
    """Make the copy fit to be opened by itself, and prove that it is whole."""
    try:
        with closing(sqlite3.connect(part, isolation_level=None)) as connection:
            _interruptible(connection)
            # Whoever works on a run works on it in the original.
            if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'leases'").fetchone():
                connection.execute("DELETE FROM leases")
            check_structure(connection, part)
            return _contents(connection, part)
    except sqlite3.Error as error:
        raise UsageError(f"the copy cannot be written to {part.parent}: {error}") from error


def _contents(connection: sqlite3.Connection, file: Path) -> Contents:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not {"alembic_version", "runs", "completions"} <= tables:
        raise StoreError(f"{file} is not a database of kojudge")
    runs, completions = (
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("runs", "completions")
    )
    return Contents(runs, completions, file.stat().st_size)


def _interruptible(connection: sqlite3.Connection) -> None:
    # Python sees Ctrl-C only between its own instructions: give it some while SQLite works.
    connection.set_progress_handler(lambda: 0, _OPCODES_BETWEEN_LOOKS)


def _told(error: sqlite3.Error, file: Path) -> StoreError:
    if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
        raise KeyboardInterrupt from error
    return explain(error, file) or StoreError(f"cannot read the database {file}: {error}")


def _sync(path: Path) -> None:
    """Reach the disk: a file's content, or a folder's list of names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
