"""kojudge's own formats: a YAML question set, and the conversations of an export."""

import json
from pathlib import Path

from pydantic import ValidationError

from questions.source import SourceError, load_yaml, one_line, printable, read_text
from questions.types import Question, QuestionSet


def detects_yaml(path: Path, head: str) -> bool:
    """Whether this is a YAML file by its name."""
    return path.suffix in (".yaml", ".yml")


def read_yaml(path: Path) -> QuestionSet:
    return load_yaml(path, QuestionSet)


def detects_export(path: Path, head: str) -> bool:
    """Whether the first line looks like an exported conversation."""
    return path.suffix == ".jsonl" and '"question"' in head and '"turns"' in head


def read_export(path: Path) -> QuestionSet:
    """The distinct questions of an export, in the order they first appear."""
    name = printable(path, 200)
    questions: dict[str, Question] = {}
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate(json.loads(line)["question"])
        except ValidationError as error:
            raise SourceError(f"{name}:{number}: question.{one_line(error)}") from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SourceError(f"{name}:{number}: not an exported conversation; was the file cut?") from error
        questions.setdefault(question.id, question)
    if not questions:
        raise SourceError(f"{name} holds no question")
    return QuestionSet(set=path.stem, questions=tuple(questions.values()))
