"""Arena-Hard's `question.jsonl` and files like it: one prompt a row, in topics (`cluster`, or `subcategory`)."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from questions.packed import PackedQuestions
from questions.readers.language_hint import expected_language
from questions.readers.reader import Head, Reader
from questions.readers.rows import Row, cell, first_filled, read_rows
from questions.source import SourceError, one_line, printable, quote
from questions.types import Question, QuestionSet, Turn

_IDS, _TOPICS = ("uid", "question_id"), ("cluster", "subcategory", "category")


def _detects(head: Head) -> bool:
    return any(head.has(name) for name in _IDS) and head.has("prompt") and any(head.has(t) for t in _TOPICS)


def read(path: Path) -> QuestionSet:
    """The prompts of a file, each a conversation of one turn. Errors: `SourceError`."""
    return QuestionSet(set=printable(path.stem).strip() or "arena-hard", questions=PackedQuestions(_questions(path)))


def _questions(path: Path) -> Iterator[Question]:
    lines: dict[str, int] = {}
    for line, row in read_rows(path):
        try:
            question = _question(row)
        except ValidationError as error:
            raise SourceError.at(path, one_line(error), line=line) from error
        if question.id in lines:
            problem = f"question {quote(question.id)} is already on line {lines[question.id]}; keep one of the two rows"
            raise SourceError.at(path, problem, line=line)
        lines[question.id] = line
        yield question


def _question(row: Row) -> Question:
    prompt = cell(row, "prompt")
    korean = any("가" <= char <= "힣" for char in prompt)
    turn = Turn(prompt=prompt, expected_language=expected_language(prompt) if korean else "en")
    return Question(id=first_filled(row, _IDS), category=first_filled(row, _TOPICS), turns=(turn,))


READER = Reader(
    "arena-hard", "Arena-Hard's prompts: uid, cluster or subcategory, prompt", _detects, read, "one turn each"
)
