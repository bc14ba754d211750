"""MT-Bench and KoMT-Bench: `question.jsonl`, and reference answers in `reference_answer/JUDGE.jsonl` beside it.

The traps: `turns` of any number, a `reference` that may be missing, empty or shorter than the turns, reference files
that answer questions which are not asked, or open ones, for which MT-Bench's judge is shown none.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from questions.json_lines import read_json_lines
from questions.packed import PackedQuestions
from questions.readers.arena_hard import has_content_turns
from questions.readers.language_hint import expected_language
from questions.readers.reader import Head, Reader
from questions.source import SourceError, one_line, printable, quote
from questions.types import Question, QuestionSet, Turn

REFERENCES = "reference_answer"
CHECKABLE = frozenset(["math", "reasoning", "coding"])
"""The categories for which a reference file is a key; elsewhere it is one answer among many."""

_NAMED_AT_MOST = 12


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    question_id: StrictInt | StrictStr
    category: str = Field(min_length=1)
    turns: list[str] = Field(min_length=1)
    reference: list[str | None] | None = None


class _Choice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    turns: list[str | None]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    question_id: StrictInt | StrictStr
    choices: list[_Choice] = Field(min_length=1)


def _detects(head: Head) -> bool:
    asked = head.has("question_id", "category", "turns") and "question" not in head.row
    return asked and not has_content_turns(head)


def read(path: Path) -> QuestionSet:
    """The questions of a file, with the references that lie in it or beside it. Errors: `SourceError`."""
    beside, source = _references(path)
    asked: dict[str, int] = {}
    packed = PackedQuestions(_questions(path, beside, asked))
    notices = []
    if dangling := [name for name in beside if name not in asked]:
        named = ", ".join(dangling[:_NAMED_AT_MOST]) + (", ..." if len(dangling) > _NAMED_AT_MOST else "")
        notices.append(f"{source}: {len(dangling)} references answer no question of {path.name} ({named}); left out")
    name = "mt-bench" if path.stem == "question" else printable(path.stem).strip() or "mt-bench"
    return QuestionSet(set=name, questions=packed).noticing(*notices)


def _questions(path: Path, beside: dict[str, list[str | None]], asked: dict[str, int]) -> Iterator[Question]:
    for line, row in read_json_lines(path, _Row):
        name = str(row.question_id)
        if name in asked:
            problem = f"question {quote(name)} is already on line {asked[name]}; keep one of the two rows"
            raise SourceError.at(path, problem, line=line)
        asked[name] = line
        try:
            yield _question(row, row.reference or (beside.get(name) if row.category in CHECKABLE else None) or [])
        except ValidationError as error:
            raise SourceError.at(path, one_line(error), line=line) from error


def _question(row: _Row, references: list[str | None]) -> Question:
    filled = [*references, *[None] * len(row.turns)]
    turns = []
    korean = any("가" <= char <= "힣" for prompt in row.turns for char in prompt)
    for prompt, reference in zip(row.turns, filled, strict=False):
        language = expected_language(prompt) if korean else "en"
        turns.append(Turn(prompt=prompt, reference=(reference or "").strip() or None, expected_language=language))
    return Question(id=str(row.question_id), category=row.category, turns=tuple(turns))


def _references(path: Path) -> tuple[dict[str, list[str | None]], Path | None]:
    """Reference answers by question, and the file that they lie in."""
    language = path.stem.removeprefix("question")  # question_ko.jsonl goes with reference_answer_ko
    folders = [path.parent / f"{REFERENCES}{language}", path.parent / REFERENCES]
    folder = next((folder for folder in folders if folder.is_dir()), folders[0])
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        return {}, None
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise SourceError.at(folder, f"holds several files of references ({names}); keep the one to be used")
    return {str(row.question_id): row.choices[0].turns for _, row in read_json_lines(files[0], _Answer)}, files[0]


READER = Reader(
    "mt-bench",
    "MT-Bench's and KoMT-Bench's question.jsonl, with reference_answer/*.jsonl beside it",
    _detects,
    read,
    "references may be missing, or answer questions that are not asked (reported)",
)
