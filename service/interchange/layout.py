"""Where FastChat and Arena-Hard keep things: questions and answers in folders beside the judgments."""

from collections.abc import Iterable
from pathlib import Path

from questions.source import SourceError
from service.interchange.importing import name_of

_ABOVE = 4
"""Folders above a judgment file in which questions and answers are looked for."""


def question_file(judgments: Path, named: Path | None, pattern: str) -> Path:
    """The question file that belongs to a judgment file. Errors: `SourceError`."""
    if named is not None:
        return named
    for folder in list(judgments.absolute().parents)[:_ABOVE]:
        files = sorted(folder.glob(pattern))
        if len(files) > 1:
            names = ", ".join(file.name for file in files)
            raise SourceError.at(folder, f"holds several question files ({names}); name one with --questions")
        if files:
            return files[0]
    raise SourceError.at(judgments, f"no {pattern} beside it or above; name the questions with --questions FILE")


def answer_files(judgments: Path, named: Path | None) -> list[Path]:
    """Those of the folder that is named, else of a `model_answer` beside the judgments. Errors: `SourceError`."""
    if named is not None:
        files = [named] if named.is_file() else sorted(named.glob("*.jsonl"))
        if not files:
            raise SourceError.at(named, "holds no .jsonl file of answers")
        return files
    for folder in list(judgments.absolute().parents)[:_ABOVE]:
        if (folder / "model_answer").is_dir():
            return sorted((folder / "model_answer").glob("*.jsonl"))
    return []


def one_judge(files: list[Path], judges: Iterable[str]) -> str:
    """The judge of the rows. Errors: `SourceError`, where there are several."""
    names = sorted(set(judges))
    if len(names) != 1:
        listed = ", ".join(map(name_of, names))
        raise SourceError.at(files[0].parent, f"judgments of several judges ({listed}); import one file at a time")
    return name_of(names[0])
