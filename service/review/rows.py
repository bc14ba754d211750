"""A row of a file of labels, checked: which turn it is about, who says what of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, get_args

from sqlalchemy.engine import Connection, Row

from judge.rubric import Rubric
from questions.readers.rows import Row as FileRow
from questions.readers.rows import cell
from questions.source import quote
from service.review.candidates import rubrics_by_question
from service.review.sheet import ITEM, NOTE, REVIEWER, SECONDS, STATUS, column_of
from service.review.value import check_value, fields, value_of
from service.store import labels
from service.store.labels import Stratum, Unit, unit
from service.store.reads import StoredRun, question_position

RowStatus = Literal["given", "skipped", "unsure", "adjudicated"]
_NO = {"0", "false", "no", "n"}


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What a row says. `key` is "" where it has none."""

    turn: Unit
    rubric: str
    who: str
    stratum: Stratum
    inclusion_prob: float | None
    status: RowStatus
    value: dict[str, Any] | None
    blind: bool
    key: str
    seconds: float | None
    note: str | None
    created_at: str | None


class RowReader:
    """Reads the rows of a file against a run."""

    def __init__(self, connection: Connection, run: StoredRun, reviewer: str | None) -> None:
        self._connection, self._run, self._reviewer = connection, run, reviewer
        self._rubrics = rubrics_by_question(connection, run)
        self._by_unit = {unit(item): item for item in labels.items_of(connection, run.id)}
        self._by_code = {item.code: item for item in self._by_unit.values()}

    @cached_property
    def _models(self) -> dict[str, int]:
        return {m.label: i for i, m in enumerate(self._run.plan.models)}

    def read(self, row: FileRow) -> LabelRow | None:
        """The row, or None where nothing is filled in.

        Raises:
            ValueError: one line on what is wrong with it.
        """
        turn = self._turn(row)
        rubric, item = self._rubrics[turn[1]], self._by_unit.get(turn)
        filled = {field: cell(row, column_of(rubric, field)) for field in fields(rubric)}
        status = _status(row)
        if status is None and not any(filled.values()) and not row.get("value"):
            return None
        who = cell(row, REVIEWER) or self._reviewer
        if not who:
            raise ValueError("nobody is named as the reviewer; fill the column reviewer, or give --reviewer NAME")
        stratum, probability = _stratum(row, item)
        return LabelRow(
            turn,
            rubric.id,
            who,
            stratum,
            probability,
            status or "given",
            _value(rubric, row, filled) if status in (None, "given", "adjudicated") else None,
            cell(row, "blind").casefold() not in _NO,
            cell(row, "key"),
            _number(row, SECONDS),
            cell(row, NOTE) or None,
            _time(row),
        )

    def _turn(self, row: FileRow) -> Unit:
        """Which turn a row is about."""
        code, model, question = (cell(row, column) for column in (ITEM, "model", "question"))
        if code in self._by_code:
            return unit(self._by_code[code])
        run = quote(self._run.name)
        if not (model and question):
            if code:
                raise ValueError(f"run {run} has no item {quote(code)}; is this the sheet of another run?")
            raise ValueError("a row needs the column item of a sheet, or the columns model, question and turn")
        if model not in self._models:
            raise ValueError(f"run {run} has no model {quote(model)}")
        position = question_position(self._connection, self._run.id, question)
        if position is None:
            raise ValueError(f"run {run} has no question {quote(question)}")
        sample, number = _number(row, "sample"), _number(row, "turn")
        turn = (self._models[model], position, int(sample or 0), int(number or 1))
        if not labels.is_judged(self._connection, self._run.id, turn):
            raise ValueError(f"run {run} has no judged answer of {quote(model)} to {quote(question)}, turn {turn[3]}")
        return turn


def _status(row: FileRow) -> RowStatus | None:
    said = cell(row, STATUS).casefold()
    found: RowStatus | None = next((s for s in get_args(RowStatus) if s == said), None)
    if said and found is None:
        raise ValueError(f"the status is {quote(said)}; leave it empty, or write skipped or unsure")
    return found


def _value(rubric: Rubric, row: FileRow, filled: Mapping[str, str]) -> dict[str, Any]:
    whole = row.get("value")
    if not whole:
        return value_of(rubric, filled)
    try:
        return check_value(rubric, json.loads(whole) if isinstance(whole, str) else whole)
    except json.JSONDecodeError as error:
        raise ValueError(f"the column value holds no JSON: {error.msg}") from error


def _stratum(row: FileRow, item: Row[Any] | None) -> tuple[Stratum, float | None]:
    """As it was drawn here; else as the file says, and what says nothing was chosen by somebody."""
    if item is not None:
        return item.stratum, item.inclusion_prob
    return ("random" if cell(row, "stratum") == "random" else "targeted"), _number(row, "inclusion_prob")


def _number(row: FileRow, column: str) -> float | None:
    text = cell(row, column)
    try:
        value = float(text) if text else None
    except ValueError:
        value = float("nan")
    if value is not None and not 0 <= value < 1e9:
        raise ValueError(f"{column} is {quote(text)}, which cannot stand there")
    return value


def _time(row: FileRow) -> str | None:
    text = cell(row, "created_at")
    try:
        return datetime.fromisoformat(text).isoformat() if text else None
    except ValueError as error:
        raise ValueError(f"created_at is {quote(text)}; write a time like 2026-11-25T09:30:00+09:00") from error
