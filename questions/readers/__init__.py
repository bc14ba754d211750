"""Readers of question files. A new format is one module and one line in `READERS`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from questions.readers import arena_hard, choice_tables, haerae, kobbq, kobest, logickor, mtbench, native, table
from questions.readers.folder import SetFolders, is_set_folder
from questions.readers.reader import Head, Reader
from questions.source import SourceError, did_you_mean, printable, quote
from questions.types import QuestionSet

__all__ = ["READERS", "Reader", "read_questions", "reader_named"]

READERS: tuple[Reader, ...] = (
    native.YAML,
    native.EXPORT,
    logickor.READER,
    mtbench.READER,
    arena_hard.READER,
    kobbq.READER,
    *choice_tables.READERS,
    *kobest.READERS,
    *haerae.READERS,
    table.READER,
)
"""In the order in which they are asked; only the last one takes whatever the others do not know."""


def read_questions(
    path: Path | str, reader: str | None = None, columns: Mapping[str, str] | None = None
) -> QuestionSet:
    """The question set in a file, or in a folder with a `set.yaml`.

    `reader` names the format where it is not to be recognised; with `NAME@SEED` the options of multiple-choice items
    are shuffled by that seed. `columns` says for a table which of its columns is what
    (`prompt`, `reference`, `category`, `id`, `system`, `language`; `prompt2` and so on for later turns).

    Raises:
        SourceError: one line with file, line and what to do.
    """
    path = Path(path)
    if columns:
        return table.read(path, columns)
    if reader is not None:
        return _reading(reader)(path)
    if is_set_folder(path):
        return SetFolders().read(path)
    return _recognised(path).read(path)


def reader_named(name: str) -> Reader:
    """The reader of a format. Errors: `SourceError`."""
    found = next((reader for reader in READERS if reader.name == name), None)
    if found is None:
        known = [reader.name for reader in READERS]
        near = did_you_mean(name, known)
        hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
        raise SourceError(f"no reader {quote(name)}; {hint}")
    return found


def _reading(name: str) -> Callable[[Path], QuestionSet]:
    """What the reader `NAME` or `NAME@SEED` does. Errors: `SourceError`."""
    name, at, seed = name.partition("@")
    reader = reader_named(name)
    if not at:
        return reader.read
    if reader.shuffled is None:
        raise SourceError(f"{name}@{printable(seed)}: {name} has no options to shuffle; write {name}:FILE")
    if not re.fullmatch(r"\d{1,9}", seed):
        raise SourceError(f"{name}@{printable(seed)}: the seed is a whole number, as in {name}@7:FILE")
    shuffled, number = reader.shuffled, int(seed)
    return lambda path: shuffled(path, number)


def _recognised(path: Path) -> Reader:
    head = Head(path)
    *special, general = READERS
    found = [reader for reader in special if reader.detects(head)]
    if len(found) > 1:
        names = " or ".join(f"{reader.name}:{path}" for reader in found)
        raise SourceError.at(path, f"fits several formats; say which one: {names}")
    if found:
        return found[0]
    if head.fault is not None:
        raise head.fault
    if general.detects(head):
        return general
    problem = "not a question file that is recognised; see `kojudge questions formats`, and name one as READER:PATH"
    raise SourceError.at(path, problem)
