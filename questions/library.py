"""The question sets that ship with kojudge, and those in files."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from questions.readers import hub, read_questions, reader_named
from questions.readers.folder import SetFolders, is_set_folder, read_set_file
from questions.source import SourceError, did_you_mean, quote
from questions.types import QuestionSet

SETS_VARIABLE = "KOJUDGE_SETS"
_SETS = Path(__file__).parent / "sets"
_READER = re.compile(r"[A-Za-z][\w.-]+(?:@\w*)?")


def shipped_sets() -> list[str]:
    """Names of the shipped sets."""
    return sorted(path.stem for path in _SETS.iterdir() if path.suffix == ".yaml" or is_set_folder(path))


def load_shipped() -> dict[str, QuestionSet]:
    """Every shipped set by its name, each of their files read once."""
    folders = SetFolders()
    return {name: _shipped(folders, name) for name in shipped_sets()}


def is_picked(name: str) -> bool:
    """Whether a shipped set is a sample of others."""
    return is_set_folder(_SETS / name) and bool(read_set_file(_SETS / name)[1].pick)


def _shipped(folders: SetFolders, name: str) -> QuestionSet:
    found = folders.read_any(_SETS, name)
    assert found is not None, name
    return found


def load_set(spec: str, reader: str | None = None, columns: Mapping[str, str] | None = None) -> QuestionSet:
    """A shipped set by name, or a file or folder by path (`./starter` for a file of a shipped set's name).

    `READER:PATH`, or `reader`, names the format of a file; `columns` are those of `read_questions`. A name that no set
    has is also looked for in the folder that `KOJUDGE_SETS` names.

    Raises:
        SourceError: none of these; or the file cannot be used.
    """
    shipped = shipped_sets()
    if reader is None and not columns:
        if spec in shipped:
            return _shipped(SetFolders(), spec)
        if (private := _private(spec)) is not None:
            return read_questions(private)
    reader, path = (reader, spec) if reader else split_reader(spec)
    if reader or columns or _names_a_file(spec):
        local = hub.fetch(path.removeprefix(hub.PREFIX)) if path.startswith(hub.PREFIX) else Path(path)
        return read_questions(local, reader, columns)
    raise SourceError(f"no question set {quote(spec)}; {_known(spec, shipped)}; or name a question file")


def split_reader(spec: str) -> tuple[str | None, str]:
    """`READER:PATH` in its parts; the reader is None for a plain path. Errors: `SourceError` for an unknown reader."""
    name, colon, path = spec.partition(":")
    # One letter is a drive, and a file may have a colon in its name.
    if not colon or not path or spec.startswith(hub.PREFIX) or not _READER.fullmatch(name) or _exists(Path(spec)):
        return None, spec
    reader_named(name.partition("@")[0])
    return name, path


def _private(spec: str) -> Path | None:
    """The set of this name in the folder of the user's own sets."""
    folder = os.environ.get(SETS_VARIABLE)
    if not folder or not spec or spec == ".." or Path(spec).name != spec:
        return None
    file = Path(folder) / f"{spec}.yaml"
    if is_set_folder(file.with_name(spec)):
        return file.with_name(spec)
    return file if _is_file(file) else None


def _known(spec: str, shipped: list[str]) -> str:
    """The sets that could have been meant."""
    own: list[str] = []
    places = ""
    if folder := os.environ.get(SETS_VARIABLE):
        try:
            own = sorted(p.stem for p in Path(folder).iterdir() if p.suffix == ".yaml" or is_set_folder(p))
            places = f"; in {SETS_VARIABLE}: {', '.join(map(quote, own)) or 'none'}"
        except (OSError, ValueError):
            places = f"; {SETS_VARIABLE} names {quote(folder)}, which is no folder that can be read"
    near = did_you_mean(spec, [*shipped, *own])
    return (f"did you mean '{near}'? " if near else "") + f"shipped: {', '.join(shipped)}{places}"


def _names_a_file(spec: str) -> bool:
    path = Path(spec)
    return bool(path.suffix) or "/" in spec or "\\" in spec or (spec != "" and _exists(path))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long for the file system, or a NUL in it
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for the file system, or a NUL in it
        return True
