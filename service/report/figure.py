"""Figures as plain data, so that a page without scripts and a dashboard draw the same ones.

`alt` is a sentence that states the finding; names and texts are made safe already. No figure says anything by colour
alone: every mark has its number beside it or in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

SHADES = (
    ("#f2f7fc", "#111"),
    ("#d6e6f4", "#111"),
    ("#abd0e6", "#111"),
    ("#7fb8da", "#111"),
    ("#4a90c4", "#000"),
    ("#1f67a8", "#fff"),
    ("#08306b", "#fff"),
)
"""Of a heatmap, from low to high: one hue, which no colour blindness confuses, and text that can be read on it."""


def shade(value: float, low: float, high: float) -> int:
    """The place among SHADES of a value between `low` and `high`."""
    return min(int((value - low) / (high - low) * len(SHADES)), len(SHADES) - 1)


@dataclass(frozen=True, slots=True)
class Dot:
    """One row: a mean with its interval, None where nothing could be scored; `text` is what stands beside it.

    `groups` are the letters of the groups of rows that cannot be told apart.
    """

    name: str
    mean: float | None
    low: float | None
    high: float | None
    text: str
    groups: str = ""


@dataclass(frozen=True, slots=True)
class Dots:
    """Dots with intervals on one axis from `low` to `high`, the best first."""

    alt: str
    axis: str
    low: float
    high: float
    rows: Sequence[Dot]


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` decides the shade, None has none; `text` stands in the cell, `more` is told on asking."""

    value: float | None
    text: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Cells in rows under `columns`; a value of `low` is the lightest, of `high` the darkest."""

    alt: str
    corner: str
    columns: Sequence[str]
    low: float
    high: float
    rows: Sequence[tuple[str, Sequence[Cell]]]


Figure = Dots | Heatmap
