"""Figures for people and for machines: aligned tables, bars, one JSON file."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Cell = str | float | int | None


def text_of(value: Cell, digits: int = 2) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.{digits}f}"
    return f"{value:,}" if isinstance(value, int) else value


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows under their heads: the first column to the left, figures to the right."""
    cells = [list(heads), *[[text_of(value) for value in row] for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    say(f"\n{title}")
    for row in cells:
        first, *others = zip(row, widths, strict=True)
        say("  " + "  ".join([f"{first[0]:{first[1]}}", *(f"{text:>{width}}" for text, width in others)]))


def bars(title: str, values: Sequence[tuple[str, float]], unit: str, width: int = 40) -> None:
    """Print one bar a value, all on one linear scale from zero."""
    most = max((value for _, value in values), default=0.0) or 1.0
    label_width = max((len(label) for label, _ in values), default=0)
    say(f"\n{title}")
    for label, value in values:
        say(f"  {label:>{label_width}}  {'█' * max(1, round(width * value / most)):{width}}  {text_of(value)} {unit}")


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
