"""LogicKor's files: `questions.jsonl`, and the rows of `generated/` and `evaluated/`, one JSON object a line.

The traps: a byte order mark or none; ids in any order; item 3 carries three `questions`, of which the
third is a variant of the second and was never asked; `references` is as long as there are turns.
"""

from array import array
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from questions.json_lines import read_json_lines
from questions.packed import PackedQuestions
from questions.readers.language_hint import expected_language
from questions.readers.reader import Head, Reader
from questions.source import SourceError, one_line, printable
from questions.types import Question, QuestionSet, Turn

TURNS = 2


class LogicKorVerdict(BaseModel):
    """What LogicKor's evaluator stored for a turn."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    judge_message: str
    judge_score: Annotated[float, Field(strict=True, allow_inf_nan=False)]


class LogicKorRow(BaseModel):
    """A row of any of the three kinds of file; `outputs` may be shorter than the turns, or hold nulls."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: StrictInt
    category: str = Field(min_length=1)
    questions: list[str] = Field(min_length=1)
    references: list[str | None]
    outputs: list[str | None] | None = None
    query_single: LogicKorVerdict | None = None
    query_multi: LogicKorVerdict | None = None

    @model_validator(mode="after")
    def _lists_fit(self) -> "LogicKorRow":
        turns = len(self.prompts)
        if not all(prompt.strip() for prompt in self.prompts):
            raise ValueError("one of the questions is blank")
        if len(self.references) < turns:
            # Filling up would be a guess: the reference that is there may belong to the other turn.
            have = len(self.references)
            raise ValueError(f"references has {have} of {turns} entries; write null where there is none")
        if self.outputs is not None and len(self.outputs) > len(self.questions):
            raise ValueError("more outputs than questions")
        return self

    @property
    def prompts(self) -> list[str]:
        """The questions that LogicKor asks: the first two."""
        return self.questions[:TURNS]

    def question(self) -> Question:
        """The row as a question of our own, each turn with the language it expects."""
        turns = tuple(
            Turn(prompt=p, reference=(r or "").strip() or None, expected_language=expected_language(p))
            for p, r in zip(self.prompts, self.references, strict=False)
        )
        return Question(id=str(self.id), category=self.category, turns=turns)


def _detects(head: Head) -> bool:
    return head.has("questions")


def read(path: Path) -> QuestionSet:
    """The questions of a file, in id order; two turns each. Errors: `SourceError`."""
    ids: list[int] = []
    lines = array("Q")

    def questions() -> Iterator[Question]:
        for line, row in read_rows(path):
            ids.append(row.id)
            lines.append(line)
            try:
                yield row.question()
            except ValidationError as error:
                raise SourceError.at(path, one_line(error), line=line) from error

    packed = PackedQuestions(questions())
    # Result files are in order of completion; one order gives one digest for one set of questions.
    order = sorted(range(len(ids)), key=ids.__getitem__)
    for one, next_one in pairwise(order):
        if ids[one] == ids[next_one]:
            problem = f"id {ids[one]} is already on line {lines[one]}; keep one of the two rows"
            raise SourceError.at(path, problem, line=lines[next_one])
    name = "logickor" if path.stem == "questions" else printable(path.stem).strip() or "logickor"
    return QuestionSet(set=name, questions=packed.chosen(order))


def read_rows(path: Path) -> Iterator[tuple[int, LogicKorRow]]:
    """(line number, row) of each line, in file order.

    Raises:
        SourceError: `FILE:LINE: what is wrong`, e.g. a last line that was cut, or no row at all.
    """
    yield from read_json_lines(path, LogicKorRow)


READER = Reader(
    "logickor",
    "LogicKor's questions.jsonl, and its generated and evaluated rows",
    _detects,
    read,
    "rows in any order; of item 3's three questions the third was never asked",
)
