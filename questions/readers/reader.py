"""What a reader of a format is, and what it sees of a file before it says whether the file is its own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from questions.readers.rows import Row, is_table, read_rows
from questions.source import SourceError, refuse_unreadable
from questions.types import QuestionSet


class Head:
    """A file's name and, of a table, its first row."""

    def __init__(self, path: Path) -> None:
        if path.suffix or not is_table(path):
            refuse_unreadable(path)
        self.path = path
        self.fault: SourceError | None = None

    @cached_property
    def row(self) -> Row:
        """The first row; empty where the file is no table or cannot be read as one (then `fault` says why)."""
        if not is_table(self.path):
            return {}
        try:
            return next(read_rows(self.path))[1]
        except SourceError as error:
            self.fault = error
            return {}

    def has(self, *columns: str) -> bool:
        """Whether the first row has all these columns."""
        return all(column in self.row for column in columns)


@dataclass(frozen=True, slots=True)
class Reader:
    """A format. `about` says in a line what it is, `trap` what to know about its files.

    `shuffled` reads a file of multiple-choice items with their options shuffled by a seed.
    """

    name: str
    about: str
    detects: Callable[[Head], bool]
    read: Callable[[Path], QuestionSet]
    trap: str = ""
    shuffled: Callable[[Path, int], QuestionSet] | None = None
