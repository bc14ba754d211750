"""A blind sheet to fill in with a spreadsheet: one answer a row, an empty cell for each thing that is to be said."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from judge.rubric import LikertRubric, Rubric
from service.report.cells import csv_cell, safe_block
from service.review.queue import BlindItem
from service.review.value import fields

ITEM, STATUS, NOTE, REVIEWER, SECONDS = "item", "status", "note", "reviewer", "seconds"
SCORE = "score"
_BOM = "\ufeff"
_ROLES = {"system": "시스템", "user": "사용자", "assistant": "모델"}


def column_of(rubric: Rubric, field: str) -> str:
    """The sheet's column for a field of a rubric: `score`, `label:ID` or `point:ID`."""
    if isinstance(rubric, LikertRubric):
        return field
    return f"{'label' if rubric.kind == 'labels' else 'point'}:{field}"


def sheet_lines(items: Sequence[BlindItem], reviewer: str | None) -> Iterator[str]:
    """The lines of the sheet, its head first; the byte order mark has Excel read Korean."""
    wanted = dict.fromkeys(column_of(i.rubric, field) for i in items for field in fields(i.rubric))
    head = [ITEM, "category", "turn", "conversation", "answer", "reference", "rubric", "fill_in", *wanted]
    yield _BOM + csv_line([*head, STATUS, NOTE, REVIEWER])
    for item in items:
        yield csv_line(
            [
                item.code,
                item.category,
                item.turn,
                "\n\n".join(f"[{_ROLES[role]}] {text}" for role, text in item.conversation),
                item.answer,
                item.reference or "",
                item.rubric.title,
                "\n".join(f"{column_of(item.rubric, f)}: {what}" for f, what in fields(item.rubric).items()),
                *("" for _ in (*wanted, STATUS, NOTE)),
                reviewer or "",
            ]
        )


def csv_line(values: Iterable[object]) -> str:
    """A line of a CSV file that no spreadsheet takes for a formula."""
    out = io.StringIO()
    # A cell is quoted for a line break in it only if that ends lines.
    csv.writer(out, lineterminator="\n").writerow([_cell(v) for v in values])
    return out.getvalue().removesuffix("\n")


def _cell(value: object) -> object:
    """As `csv_cell`, but line breaks stay, and signs that a spreadsheet takes for `=` after cleaning count as one."""
    if not isinstance(value, str):
        return csv_cell(value)
    start = unicodedata.normalize("NFKC", value.lstrip(" \t\r\n'\"\ufeff")[:1])
    guarded = csv_cell(start) != start
    return f"'{safe_block(value)}" if guarded else safe_block(value)
