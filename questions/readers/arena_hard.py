"""Arena-Hard's `question.jsonl` and files like it: one prompt a row, in topics (`cluster`, or `subcategory`).

The trap: the first release, and Korean translations of it, have no `prompt`, but `turns` of `{"content": ...}`.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from questions.packed import PackedQuestions
from questions.readers.language_hint import expected_language
from questions.readers.reader import Head, Reader
from questions.readers.rows import Row, cell, first_filled, read_rows
from questions.source import SourceError, one_line, printable, quote
from questions.types import Question, QuestionSet, Turn

_IDS, _TOPICS = ("uid", "question_id"), ("ko_cluster", "cluster", "subcategory", "category")


def _detects(head: Head) -> bool:
    named = any(head.has(name) for name in _IDS) and any(head.has(topic) for topic in _TOPICS)
    return named and (head.has("prompt") or has_content_turns(head))


def has_content_turns(head: Head) -> bool:
    """Whether `turns` are objects with a `content`, as in Arena-Hard's first release, and no texts as in MT-Bench."""
    turns = head.row.get("turns")
    return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and "content" in turns[0]


def read(path: Path) -> QuestionSet:
    """The prompts of a file, mostly conversations of one turn. Errors: `SourceError`."""
    return QuestionSet(set=printable(path.stem).strip() or "arena-hard", questions=PackedQuestions(_questions(path)))


def _questions(path: Path) -> Iterator[Question]:
    lines: dict[str, int] = {}
    for line, row in read_rows(path):
        try:
            question = _question(row)
        except (ValidationError, ValueError) as error:
            problem = one_line(error) if isinstance(error, ValidationError) else str(error)
            raise SourceError.at(path, problem, line=line) from error
        if question.id in lines:
            problem = f"question {quote(question.id)} is already on line {lines[question.id]}; keep one of the two rows"
            raise SourceError.at(path, problem, line=line)
        lines[question.id] = line
        yield question


def _question(row: Row) -> Question:
    prompts = _prompts(row)
    korean = any("가" <= char <= "힣" for prompt in prompts for char in prompt)
    turns = (Turn(prompt=p, expected_language=expected_language(p) if korean else "en") for p in prompts)
    return Question(id=first_filled(row, _IDS), category=first_filled(row, _TOPICS), turns=tuple(turns))


def _prompts(row: Row) -> list[str]:
    turns = row.get("turns")
    if turns is None:
        return [cell(row, "prompt")]
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise ValueError('turns: expected a list of {"content": ...}; with plain texts the file is MT-Bench\'s')
    return [cell(turn, "content") for turn in turns]


READER = Reader(
    "arena-hard",
    "Arena-Hard's prompts: uid or question_id, cluster or subcategory, prompt or turns with content",
    _detects,
    read,
    "one turn each; the first release writes turns, not prompt",
)
