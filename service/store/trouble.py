"""What SQLite reports, told as one line that says what to do, and sorted by whether it can pass."""

import sqlite3
from pathlib import Path

from service.errors import StoreError

RESTORE = (
    "go back to the latest copy made by `kojudge backup`; without one, "
    "`sqlite3 OLD .recover | sqlite3 NEW` saves what can still be read"
)
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# What a person or another process can mend while we wait.
_PASSING = {
    sqlite3.SQLITE_BUSY: "locked by another process",
    sqlite3.SQLITE_LOCKED: "locked by another process",
    sqlite3.SQLITE_PROTOCOL: "locked by another process",
    sqlite3.SQLITE_FULL: "on a disk that is full",
    sqlite3.SQLITE_IOERR: "on a disk that cannot be written or read (full, over a limit or a quota, or failing)",
    sqlite3.SQLITE_CANTOPEN: "not to be opened",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_NOMEM: "too large for the memory that is left",
}
_ADVICE = {
    sqlite3.SQLITE_BUSY: "wait until that has finished, or end it",
    sqlite3.SQLITE_LOCKED: "wait until that has finished, or end it",
    sqlite3.SQLITE_PROTOCOL: "wait until that has finished, or end it",
    sqlite3.SQLITE_FULL: "free some space",
    sqlite3.SQLITE_IOERR: "look at its space, its limits and its health",
    sqlite3.SQLITE_CANTOPEN: "look at the rights of the file and of its folder",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable, or name another with --database",
    sqlite3.SQLITE_NOMEM: "free some memory",
}


class PassingTroubleError(StoreError):
    """The database cannot be used now but may be later; `what` ends the sentence "the database is ..."."""

    def __init__(self, message: str, what: str, advice: str) -> None:
        super().__init__(message)
        self.what = what
        self.advice = advice

    def line(self) -> str:
        """For one who waits until it has passed."""
        return f"the database is {self.what}; {self.advice}, and the run goes on by itself"


class DamagedError(StoreError):
    """The file holds something else than SQLite wrote."""


def damaged(file: Path | None, detail: str) -> DamagedError:
    name = f"the database {file}" if file else "the database"
    return DamagedError(f"{name} is damaged ({detail}); {RESTORE}")


def explain(error: BaseException, file: Path | None = None) -> StoreError | None:
    """The line for an error of SQLite, or of SQLAlchemy about one; None if it is no trouble of the file itself."""
    cause = getattr(error, "orig", None) or error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is None:
        return None
    code &= 0xFF  # the upper bits only refine it
    if code in _DAMAGED:
        return damaged(file, str(cause))
    if code in _PASSING:
        name = f"the database {file}" if file else "the database"
        what, advice = _PASSING[code], _ADVICE[code]
        return PassingTroubleError(f"{name} is {what} ({cause}); {advice}", what, advice)
    return None
