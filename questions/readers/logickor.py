"""LogicKor's files: `questions.jsonl`, and the rows of `generated/` and `evaluated/`, one JSON object a line.

The traps: a byte order mark or none; ids in any order; item 3 carries three `questions`, of which the
third is a variant of the second and was never asked; `references` is as long as there are turns.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from questions.readers.language_hint import expected_language
from questions.source import SourceError, one_line, printable, read_text
from questions.types import Question, QuestionSet, Turn

TURNS = 2
_LICENCE = "CC-BY-SA-4.0 (as published with the questions)"


class LogicKorVerdict(BaseModel):
    """What LogicKor's evaluator stored for a turn."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    judge_message: str
    judge_score: float = Field(allow_inf_nan=False)


class LogicKorRow(BaseModel):
    """A row of any of the three kinds of file."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    id: int
    category: str = Field(min_length=1)
    questions: list[str] = Field(min_length=1)
    references: list[str | None] = []
    outputs: list[str | None] | None = None
    query_single: LogicKorVerdict | None = None
    query_multi: LogicKorVerdict | None = None

    @model_validator(mode="after")
    def _outputs_fit(self) -> "LogicKorRow":
        if self.outputs is not None and len(self.outputs) > len(self.questions):
            raise ValueError("more outputs than questions")
        return self

    def question(self) -> Question:
        prompts = self.questions[:TURNS]
        references = [*self.references[: len(prompts)], *[None] * (len(prompts) - len(self.references))]
        turns = tuple(
            Turn(prompt=p, reference=(r or "").strip() or None, expected_language=expected_language(p))
            for p, r in zip(prompts, references, strict=True)
        )
        return Question(id=str(self.id), category=self.category, turns=turns)


def detects(path: Path, head: str) -> bool:
    """Whether the first line looks like LogicKor's."""
    return path.suffix == ".jsonl" and '"questions"' in head and '"category"' in head


def read(path: Path) -> QuestionSet:
    """The questions of a file, in id order; two turns each."""
    questions: dict[int, Question] = {}
    for number, row in read_rows(path):
        if row.id in questions:
            raise SourceError(f"{printable(path, 200)}:{number}: id {row.id} is there twice")
        try:
            questions[row.id] = row.question()
        except ValidationError as error:
            raise SourceError(f"{printable(path, 200)}:{number}: {one_line(error)}") from error
    if not questions:
        raise SourceError(f"{printable(path, 200)} holds no question")
    name = "logickor" if path.stem == "questions" else path.stem
    ordered = tuple(questions[i] for i in sorted(questions))
    return QuestionSet(set=name, licence=_LICENCE, questions=ordered)


def read_rows(path: Path) -> Iterator[tuple[int, LogicKorRow]]:
    """(line number, row) of each line.

    Raises:
        SourceError: `FILE:LINE: what is wrong`, e.g. a last line that was cut.
    """
    name = printable(path, 200)
    # Only "\n" ends a row: model outputs may hold U+2028 or U+0085 inside a JSON string.
    lines = read_text(path).split("\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        data = _json_line(line, f"{name}:{number}", last=not any(rest.strip() for rest in lines[number : number + 3]))
        try:
            row = LogicKorRow.model_validate(data)
        except ValidationError as error:
            raise SourceError(f"{name}:{number}: {one_line(error)}") from error
        yield number, row


def _json_line(line: str, where: str, *, last: bool) -> Any:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        hint = "the file was cut in the middle of a line; get a whole copy" if last else "not valid JSON"
        raise SourceError(f"{where}: {hint}") from error
    if not isinstance(data, dict):
        raise SourceError(f"{where}: expected a JSON object a line")
    return data
