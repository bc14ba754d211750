"""Readers for question files. A new format is one module and one line in `READERS`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from questions.readers import logickor, native
from questions.readers.folder import SetFolders, is_set_folder
from questions.source import SourceError, first_line
from questions.types import QuestionSet


@dataclass(frozen=True, slots=True)
class Reader:
    """`detects` sees the path and the first line (at most 64 KiB); the first reader that answers yes reads."""

    name: str
    detects: Callable[[Path, str], bool]
    read: Callable[[Path], QuestionSet]


READERS: tuple[Reader, ...] = (
    Reader("kojudge", native.detects_yaml, native.read_yaml),
    Reader("kojudge-export", native.detects_export, native.read_export),
    Reader("logickor", logickor.detects, logickor.read),
)


def read_questions(path: Path | str) -> QuestionSet:
    """The question set in a file of any known format, or in a folder with a `set.yaml`.

    Raises:
        SourceError: one line with file, line and what to do.
    """
    path = Path(path)
    if is_set_folder(path):
        return SetFolders().read(path)
    head = first_line(path)
    for reader in READERS:
        if reader.detects(path, head):
            return reader.read(path)
    known = "a .yaml question set, or LogicKor's or kojudge's own .jsonl rows"
    raise SourceError.at(path, f"not a question file; expected {known}")
