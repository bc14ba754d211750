"""The question sets that ship with kojudge, and those in files."""

from pathlib import Path

from questions.readers import read_questions
from questions.readers.folder import SetFolders, is_set_folder, read_set_file
from questions.source import SourceError, did_you_mean, quote
from questions.types import QuestionSet

_SETS = Path(__file__).parent / "sets"


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


def load_set(spec: str) -> QuestionSet:
    """A shipped set by name, or a file or folder by path (`./starter` for a file of a shipped set's name).

    Raises:
        SourceError: neither; or the file cannot be used.
    """
    shipped = shipped_sets()
    if spec in shipped:
        return _shipped(SetFolders(), spec)
    if _names_a_file(spec):
        return read_questions(spec)
    near = did_you_mean(spec, shipped)
    hint = f"did you mean '{near}'? " if near else ""
    raise SourceError(f"no question set {quote(spec)}; {hint}shipped: {', '.join(shipped)}; or name a question file")


def _names_a_file(spec: str) -> bool:
    path = Path(spec)
    try:
        return bool(path.suffix) or "/" in spec or "\\" in spec or (spec != "" and path.exists())
    except OSError:  # too long for the file system
        return True
