"""Any table of questions: one conversation a row, its columns known by their names or by what the user says of them.

A column is taken for what it is called, in Korean or English (`질문`, `prompt`, ...); `prompt2`, `질문2` and so on are
later turns, with `reference2` beside them. A prompt cell that is a list (jsonl, parquet) is a whole conversation.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from questions.packed import PackedQuestions
from questions.readers.language_hint import expected_language
from questions.readers.reader import Head, Reader
from questions.readers.rows import Row, cell, is_cp949, is_table, read_rows, row_error, row_place
from questions.source import SourceError, did_you_mean, one_line, printable, quote
from questions.types import ExpectedLanguage, Question, QuestionSet, Turn

_NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "question", "instruction", "turn", "질문", "문제", "프롬프트", "지시문", "지시", "발화"),
    "reference": ("reference", "answer", "정답", "모범답안", "참고답안", "기준답안", "답안", "답"),
    "category": ("category", "subject", "분야", "범주", "유형", "과목", "카테고리"),
    "id": ("id", "번호", "아이디", "문항번호", "no"),
    "system": ("system", "시스템"),
    "language": ("language", "언어"),
}
_OPTIONS = re.compile(r"[a-e]|choices|options|보기[ _]?\d?|선택지[ _]?\d?|(option|choice|ending)[ _#]?\d")
"""Names of columns that hold what is to be chosen from."""

_PER_TURN = ("prompt", "reference", "language")
_PART = re.compile(r"(?P<part>[a-z]+)(?P<turn>[1-9]\d?)?")
_NAME = re.compile(r"(?P<name>.*?)[_ ]?(?P<turn>[1-9]\d?)?")
_NO_ID = re.compile(r"[\s#\x00-\x1f\x7f-\x9f]+")

Places = Mapping[tuple[str, int], str]
"""(part, turn from 1) to the column that holds it; a part of the whole conversation has turn 1."""


def _detects(head: Head) -> bool:
    return is_table(head.path) and ("prompt", 1) in _recognised(head.row)


def read(path: Path, columns: Mapping[str, str] | None = None) -> QuestionSet:
    """The questions of a table.

    `columns` maps parts (`prompt`, `prompt2`, `reference`, `category`, `id`, `system`, `language`) to column names and
    goes before what is recognised.

    Raises:
        SourceError: no table; a part or a column that there is not; a row without a prompt; options to choose from,
            which would not be asked, unless `columns` says what the prompt is.
    """
    head = next(read_rows(path))[1]
    places = {**_recognised(head), **_given(path, head, columns or {})}
    if ("prompt", 1) not in places:
        known = ", ".join(printable(name) for name in head)
        raise SourceError.at(
            path, f"no column is known to hold the prompt; say which with --map prompt=COLUMN ({known})"
        )
    if not columns:
        _refuse_options(path, head)
    packed = PackedQuestions(_questions(path, places))
    return QuestionSet(set=printable(path.stem).strip() or "table", questions=packed).noticing(
        *_notices(path, head, places)
    )


def _refuse_options(path: Path, head: Row) -> None:
    options = [name for name in head if _OPTIONS.fullmatch(str(name).strip().casefold())]
    if len(options) > 1 or any(isinstance(head[name], list) or len(str(name)) > 1 for name in options):
        problem = f"looks like multiple choice ({', '.join(map(printable, options))}) in no layout that is recognised"
        todo = "name one as READER:FILE (`kojudge questions formats`), or ask without the options: --map prompt=COLUMN"
        raise SourceError.at(path, f"{problem}; {todo}")


def _recognised(head: Row) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for column in head:
        match = _NAME.fullmatch(str(column).strip().casefold())
        assert match is not None  # every part of it is optional
        for part, names in _NAMES.items():
            # `turn1` is what is said first, but `turn` mostly the number of a turn.
            if match["name"] in names and (match["name"] != "turn" or match["turn"]):
                found.setdefault((part, int(match["turn"] or 1)), column)
    return found


def _given(path: Path, head: Row, columns: Mapping[str, str]) -> dict[tuple[str, int], str]:
    found = {}
    for part, column in columns.items():
        match = _PART.fullmatch(part)
        if match is None or match["part"] not in _NAMES or (match["turn"] and match["part"] not in _PER_TURN):
            raise SourceError(
                f"--map: there is no part {quote(part)}; known: {', '.join(_NAMES)}, prompt2, reference2, ..."
            )
        if column not in head:
            near = did_you_mean(column, map(str, head))
            hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(printable(name) for name in head)}"
            raise SourceError.at(path, f"has no column {quote(column)}; {hint}")
        found[match["part"], int(match["turn"] or 1)] = column
    return found


def _notices(path: Path, head: Row, places: Places) -> Iterator[str]:
    if path.suffix.lower() in (".csv", ".tsv") and is_cp949(path):
        yield f"{path}: read as CP949, the encoding of Excel in Korea; save it as UTF-8 to be sure of every character"
    unused = [printable(name) for name in head if name not in places.values()]
    if unused:
        yield f"{path}: columns not used: {', '.join(unused)}"


def _questions(path: Path, places: Places) -> Iterator[Question]:
    lines: dict[str, int] = {}
    for line, row in read_rows(path):
        try:
            question = _question(row, places, f"row-{line}", printable(path.stem).strip() or "table")
        except (ValidationError, ValueError) as error:
            problem = one_line(error) if isinstance(error, ValidationError) else str(error)
            raise row_error(path, line, problem) from error
        if question.id in lines:
            problem = (
                f"question {quote(question.id)} is already on {row_place(path, lines[question.id])}; make its id unique"
            )
            raise row_error(path, line, problem)
        lines[question.id] = line
        yield question


def _question(row: Row, places: Places, default_id: str, default_category: str) -> Question:
    def whole(part: str) -> str:
        return cell(row, places[part, 1]) if (part, 1) in places else ""

    return Question(
        id=_NO_ID.sub("-", whole("id")) or default_id,
        category=whole("category") or default_category,
        system=whole("system") or None,
        turns=tuple(_turns(row, places)),
    )


def _turns(row: Row, places: Places) -> Iterator[Turn]:
    prompts = row.get(places["prompt", 1])
    if isinstance(prompts, list):
        references = row.get(places["reference", 1]) if ("reference", 1) in places else None
        filled = [*(references if isinstance(references, list) else [references]), *[None] * len(prompts)]
        for prompt, reference in zip(prompts, filled, strict=False):
            yield _turn(prompt, reference, "")
        return
    for number in sorted(turn for part, turn in places if part == "prompt"):
        parts = {part: cell(row, places[part, number]) if (part, number) in places else "" for part in _PER_TURN}
        if parts["prompt"] and not isinstance(row[places["prompt", number]], str):
            raise ValueError(
                f"the cell of {quote(places['prompt', number])} is no text; name the column of the prompts"
            )
        if parts["prompt"]:
            yield _turn(parts["prompt"], parts["reference"], parts["language"])
        elif number == 1:
            raise ValueError(f"the cell of {quote(places['prompt', 1])} is empty; write the question or delete the row")


def _turn(prompt: Any, reference: Any, language: str) -> Turn:
    if not isinstance(prompt, str):
        raise ValueError("a prompt of the list is no text")
    if language and language not in get_args(ExpectedLanguage):
        raise ValueError(f"the language is {quote(language)}; expected {', '.join(get_args(ExpectedLanguage))}")
    return Turn(
        prompt=_lines(prompt),
        reference=_lines(str(reference)).strip() or None if reference is not None else None,
        expected_language=language or expected_language(prompt),
    )


def _lines(text: str) -> str:
    # A cell of several lines is the same question whatever system the file was saved on.
    return text.replace("\r\n", "\n")


READER = Reader(
    "table",
    "any table (.csv, .tsv, .jsonl, .json, .parquet) with a column 질문 or prompt; also 정답, 분야, id, 질문2",
    _detects,
    read,
    "columns of other names are given with --map prompt=COLUMN; prompt2, 질문2 are later turns",
)
