"""The one error of unreadable user files, and how user text is shown inside it."""

import difflib
from collections.abc import Iterable

MAX_ECHO = 60
"""Characters of a user's text that an error repeats."""


class SourceError(ValueError):
    """A user's file cannot be used; `str` is one printable line `FILE:LINE: key.path: what is wrong`."""

    def __init__(self, message: str) -> None:
        super().__init__(_escaped(message))

    @classmethod
    def at(cls, name: object, problem: str, *, line: int | None = None, path: str = "") -> "SourceError":
        """An error about a file, from its parts; `line` counts from 1, `path` is a path of keys."""
        where = str(name) if line is None else f"{name}:{line}"
        return cls(": ".join(part for part in (where, path, problem) if part))


def printable(value: object, limit: int = MAX_ECHO) -> str:
    """`str(value)` cut after `limit` characters, with control, invisible and direction-changing ones escaped."""
    text = str(value)
    return _escaped(text if len(text) <= limit else text[:limit] + "…")


def quote(text: str, limit: int = MAX_ECHO) -> str:
    """A user's text between quotes, printable and cut."""
    return f"'{printable(text, limit)}'"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to a mistyped one, or None when nothing is near."""
    near = difflib.get_close_matches(word[:200], list(known), n=1, cutoff=0.6)
    return near[0] if near else None


def _escaped(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
