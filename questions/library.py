"""The question sets that ship with kojudge, and those in files."""

import difflib
from pathlib import Path

from questions.readers import read_questions
from questions.source import SourceError, load_yaml, printable
from questions.types import QuestionSet

_SETS = Path(__file__).parent / "sets"


def shipped_sets() -> list[str]:
    """Names of the shipped sets."""
    return sorted(path.stem for path in _SETS.glob("*.yaml"))


def load_set(spec: str) -> QuestionSet:
    """A shipped set by name, or a file by path.

    Raises:
        SourceError: neither; or the file cannot be used.
    """
    shipped = shipped_sets()
    if spec in shipped:
        return load_yaml(_SETS / f"{spec}.yaml", QuestionSet)
    path = Path(spec)
    if path.exists():
        return read_questions(path)
    if path.suffix or "/" in spec:
        raise SourceError(f"question file {printable(spec, 200)} does not exist")
    near = difflib.get_close_matches(spec, shipped, n=1)
    hint = f"did you mean {near[0]}?" if near else f"shipped sets: {', '.join(shipped)}; or name a file"
    raise SourceError(f"there is no question set {printable(spec)!r}; {hint}")
