"""kojudge's own formats: a YAML question set, and the conversations of an export."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from questions.json_lines import read_json_lines
from questions.packed import PackedQuestions
from questions.readers.reader import Head, Reader
from questions.source import MAX_YAML_BYTES, SourceError, printable, quote, read_text, validate
from questions.types import Question, QuestionSet
from questions.yaml_tree import YamlTree, read_tree


class ExportRow(BaseModel):
    """The part of an exported conversation that says what was asked."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    question: Question


def _detects_yaml(head: Head) -> bool:
    return head.path.suffix.lower() in (".yaml", ".yml")


def read_yaml(path: Path) -> QuestionSet:
    """A question set. Errors: `SourceError`, also for an id that stands twice."""
    tree = read_tree(read_text(path, MAX_YAML_BYTES), str(path))
    found = validate(tree, QuestionSet)
    refuse_double_ids(tree, found.questions)
    return found


def refuse_double_ids(tree: YamlTree, questions: Iterable[Question]) -> None:
    """Raise `SourceError` for an id that stands twice under the file's `questions`."""
    first: dict[str, int] = {}
    for index, question in enumerate(questions):
        here = ("questions", index, "id")
        if question.id in first:
            raise tree.error(
                here, f"{quote(question.id)} is already the id on line {first[question.id]}; make it unique"
            )
        first[question.id] = tree.line(here)


def _detects_export(head: Head) -> bool:
    question = head.row.get("question")
    return isinstance(question, dict) and "turns" in question


def read_export(path: Path) -> QuestionSet:
    """The distinct questions of an export, in the order they first appear.

    Errors: `SourceError`, also when one id stands for two different questions.
    """
    digests: dict[str, str] = {}

    def questions() -> Iterator[Question]:
        for line, row in read_json_lines(path, ExportRow):
            question = row.question
            digest = question.digest()
            if question.id not in digests:
                digests[question.id] = digest
                yield question
            elif digests[question.id] != digest:
                problem = f"question {quote(question.id)} differs from the one of that id above; split the file"
                raise SourceError.at(path, problem, line=line)

    return QuestionSet(set=printable(path.stem).strip() or "export", questions=PackedQuestions(questions()))


YAML = Reader("kojudge", "kojudge's own question sets (.yaml)", _detects_yaml, read_yaml)
EXPORT = Reader("kojudge-export", "the conversations that `kojudge export jsonl` writes", _detects_export, read_export)
