"""A report as a document: a title, lines, findings, grids and notes that every format shows alike.

Text is written in both languages where it stands: `say("Overall", "전체")` gives the one that is read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from service.report.figure import Figure

Language = Literal["en", "ko"]
Say = Callable[[str, str], str]
"""(English, Korean) -> the one of the reader's language."""


def speaker(language: Language) -> Say:
    """How a document in this language says things."""
    if language == "ko":
        return lambda _, korean: korean
    return lambda english, _: english


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; `rows` are cells of plain text, made safe already. `title` is None for the one a report opens with.

    A `figure` shows the same numbers, where a page can.
    """

    title: str | None
    head: list[str]
    rows: list[list[str]]
    figure: Figure | None = None

    @classmethod
    def of_columns(cls, title: str | None, columns: dict[str, list[str]], figure: Figure | None = None) -> "Grid":
        """From {head: cells}, all of one length."""
        return cls(title, list(columns), [list(row) for row in zip(*columns.values(), strict=True)], figure)


@dataclass(frozen=True, slots=True)
class Document:
    """`lines` say what the figures are about, `findings` what they show, `notes` what to know before quoting them.

    `label` says who made the content. `details` are documents of their own that a page folds in and a terminal leaves
    out.
    """

    language: Language
    title: str
    lines: list[str]
    findings: list[str] = field(default_factory=list)
    grids: list[Grid] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    label: str | None = None
    details: list["Document"] = field(default_factory=list)
