"""AlpacaEval's `annotations.json`, as a run of comparisons that were each asked in one order.

AlpacaEval shows the two answers in an order drawn at random, once, and does not keep it: how much the order decided
cannot be told, and a win is what one look said. A preference lies between 1 (the baseline) and 2 (the model); what the
judge's probabilities say beyond the winner is kept with the comparison, and counts in AlpacaEval's own win rate only.
"""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from judge.pairwise import Comparison, Winner
from questions.readers.language_hint import expected_language
from questions.readers.rows import read_rows, row_error
from questions.source import SourceError, one_line
from questions.types import Question, Turn
from service.interchange.importing import (
    API_ERROR,
    Found,
    checked_files,
    counted,
    digest_of,
    name_of,
    published_rubric,
    store_found,
)
from service.interchange.layout import one_judge
from service.store import Store


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")
    instruction: str = Field(min_length=1)
    output_1: str | None
    generator_1: str = Field(min_length=1)
    output_2: str | None
    generator_2: str = Field(min_length=1)
    dataset: str | None = None
    annotator: str = "unrecorded"
    preference: float | None
    preference_raw_completion: Any = None
    raw_completion: Any = None

    def said(self) -> str | None:
        """The judge's words, where they are a text."""
        said = self.preference_raw_completion or self.raw_completion
        said = said.get("text") if isinstance(said, dict) else said
        return said if isinstance(said, str) else None


def import_alpaca_eval(store: Store, path: Path, name: str | None) -> tuple[str, bool]:
    """Import one annotations file, or all in a folder, as one run; (its name, whether it was new).

    Raises:
        SourceError, UsageError: one line; nothing is written.
    """
    files = checked_files(_annotation_files(path))
    rows = _rows(files)
    ids = _question_ids(rows)
    questions: dict[str, Question] = {}
    for key, (_, row) in zip(ids, rows, strict=True):
        questions.setdefault(key, _question(key, row))
    position = {key: number for number, key in enumerate(questions)}
    found = Found(
        tool="alpaca-eval",
        set_name="alpaca-eval",
        judge=one_judge(files, (row.annotator for _, row in rows)),
        rubric=published_rubric("alpaca-eval", "AlpacaEval's own prompt", (0.0, 1.0), []),
        questions=tuple(questions.values()),
        models=list(dict.fromkeys(name_of(row.generator_2) for _, row in rows)),
        digest=digest_of(files),
        orders=1,
    )
    found.notices.append(
        "each comparison was asked in one order, drawn at random and not recorded; what the order decides is unknown"
    )
    _take(rows, [position[key] for key in ids], found)
    return store_found(store, found, name)


def _annotation_files(path: Path) -> list[Path]:
    if not path.exists():
        raise SourceError.at(path, "no such file or folder")
    files = [path] if path.is_file() else sorted(path.rglob("annotations.json"))
    if not files:
        raise SourceError.at(path, "holds no annotations.json; name a file, or AlpacaEval's results folder")
    return files


def _rows(files: list[Path]) -> list[tuple[Path, _Row]]:
    found = []
    for file, number, data in counted(files, read_rows):
        try:
            row = _Row.model_validate(data)
        except ValidationError as error:
            raise row_error(file, number, one_line(error)) from error
        if row.generator_1 == row.generator_2:
            raise row_error(file, number, "generator_1 and generator_2 are the same")
        found.append((file, row))
    return found


def _question_ids(rows: list[tuple[Path, _Row]]) -> list[str]:
    """An id for each row: of its instruction, and of how often that has stood before for the same two models."""
    seen: Counter[tuple[str, str, str]] = Counter()
    ids = []
    for _, row in rows:
        digest = hashlib.sha256(row.instruction.encode()).hexdigest()[:12]
        key = (digest, row.generator_1, row.generator_2)
        seen[key] += 1
        ids.append(digest if seen[key] == 1 else f"{digest}-{seen[key]}")
    return ids


def _question(key: str, row: _Row) -> Question:
    korean = any("가" <= char <= "힣" for char in row.instruction)
    language = expected_language(row.instruction) if korean else "en"
    turn = Turn(prompt=row.instruction, expected_language=language)
    return Question(id=key, category=(row.dataset or "").strip() or "alpaca-eval", turns=(turn,))


def _take(rows: list[tuple[Path, _Row]], positions: list[int], found: Found) -> None:
    from judge.scoring.published import Preference, alpaca_eval

    everything = {(number, 1) for number in positions}
    published = []
    for number, (_, row) in zip(positions, rows, strict=True):
        a, b = found.model(name_of(row.generator_2)), found.model(name_of(row.generator_1))
        for model, text in ((a, row.output_2), (b, row.output_1)):
            failed = text is None or text.strip() == API_ERROR
            found.answers[model, number, 1] = None if failed else text
        pair = found.pair(a, b)
        pair.asked = everything
        unanswered = any(found.answers[m, number, 1] is None for m in (a, b))
        pair.found[(number, 1), False] = _comparison(row, unanswered=unanswered)
        published.append(Preference(name_of(row.generator_2), number, row.preference))
    found.figures += alpaca_eval(published)


def _comparison(row: _Row, *, unanswered: bool) -> Comparison:
    from judge.scoring.published import preferred

    if unanswered:
        return Comparison("skipped", rationale=row.said(), error="AlpacaEval compared an answer that is not there")
    worth = preferred(row.preference)
    if worth is None:
        error = "AlpacaEval could not read a preference"
        if row.preference not in (None, -1):
            error = f"the preference {row.preference:g} is not between 1 and 2"
        return Comparison("unparsed", rationale=row.said(), error=error)
    winner: Winner = "a" if worth > 0.5 else "b" if worth < 0.5 else "tie"
    kept = {"preference": row.preference}
    return Comparison("ok", winner=winner, judge_winner=winner, rationale=row.said(), criteria=kept)
