"""Figures for people and for machines: aligned tables, bars, one JSON file."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Cell = str | float | int | None


def text_of(value: Cell, digits: int = 2) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else value


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under their heads: the first column to the left, figures to the right; notes are lines below."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()

    def say(self) -> None:
        """Print it."""
        cells = [list(self.heads), *[[text_of(value) for value in row] for row in self.rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.heads))]
        say(f"\n{self.title}")
        for row in cells:
            first, *others = zip(row, widths, strict=True)
            say("  " + "  ".join([f"{first[0]:{first[1]}}", *(f"{text:>{width}}" for text, width in others)]))
        for note in self.notes:
            say(f"  {note}")

    def markdown(self) -> str:
        rows = [[text_of(value) for value in row] for row in self.rows]
        lines = [list(self.heads), ["---", *["---:"] * (len(self.heads) - 1)], *rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        notes = "".join(f"- {note}\n" for note in self.notes)
        return f"**{self.title}**\n\n{text}\n" + (f"\n{notes}" if notes else "")


def bars(title: str, values: Sequence[tuple[str, float]], unit: str, width: int = 40) -> str:
    """One bar a value, all on one linear scale from zero."""
    most = max((value for _, value in values), default=0.0) or 1.0
    label_width = max((len(label) for label, _ in values), default=0)
    lines = [
        f"  {label:>{label_width}}  {'█' * max(1, round(width * value / most)):{width}}  {text_of(value)} {unit}"
        for label, value in values
    ]
    return "\n".join([title, *lines])


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
    }


def write_json(path: Path | None, figures: Any) -> None:
    """Figures with the machine, to a file if one is named."""
    if path is not None:
        content = {"machine": machine(), "figures": figures}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
