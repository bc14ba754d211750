"""Readers for question files. A new format is one module and one line in `READERS`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from questions.readers import logickor, native
from questions.source import SourceError, printable
from questions.types import QuestionSet

_HEAD_CHARS = 65_536


@dataclass(frozen=True, slots=True)
class Reader:
    """`detects` sees the path and the first line."""

    name: str
    detects: Callable[[Path, str], bool]
    read: Callable[[Path], QuestionSet]


READERS: tuple[Reader, ...] = (
    Reader("kojudge", native.detects_yaml, native.read_yaml),
    Reader("kojudge-export", native.detects_export, native.read_export),
    Reader("logickor", logickor.detects, logickor.read),
)


def read_questions(path: Path) -> QuestionSet:
    """The question set in a file of any known format.

    Raises:
        SourceError: one line with file, line and what to do.
    """
    name = printable(path, 200)
    if not path.exists():
        raise SourceError(f"{name} does not exist")
    if path.is_dir():
        raise SourceError(f"{name} is a folder; name a question file")
    try:
        with path.open("rb") as stream:
            head = stream.readline(_HEAD_CHARS).decode("utf-8-sig", "replace")
    except OSError as error:
        raise SourceError(f"cannot read {name}: {error.strerror}") from error
    for reader in READERS:
        if reader.detects(path, head):
            return reader.read(path)
    known = ", ".join(reader.name for reader in READERS)
    raise SourceError(f"{name} is in no known format ({known}); is it empty or cut?")
