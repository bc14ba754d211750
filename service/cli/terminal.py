"""Printing to people: stdout carries results, stderr carries progress."""

import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.report.cells import safe
from service.report.render import category_rows, columns, footnotes, headline, rows


def out() -> Console:
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    return Console(stderr=True, highlight=False)


def table(title: str | None, head: list[str], body: list[list[str]]) -> Table:
    """Cells are plain text: nothing that a model wrote is read as markup."""
    grid = Table(title=Text(title) if title else None, title_justify="left", header_style="bold")
    for name in head:
        grid.add_column(Text(name), overflow="fold")
    for row in body:
        grid.add_row(*(Text(cell) for cell in row))
    return grid


def print_report_table(report: dict[str, Any]) -> None:
    """Headline, scores, categories, notes."""
    console = out()
    for line in headline(report):
        console.print(Text(line))
    wide = console.is_terminal
    grids = [
        table(None, columns(report), rows(report)),
        table("By category, mean [95 % CI]", *category_rows(report)),
    ]
    for grid in grids:
        # A pipe has no width: give every cell its room instead of folding at 80 columns.
        console.print(grid, width=None if wide else 10_000, crop=False, no_wrap=not wide)
    for note in footnotes(report):
        console.print(Text(note))


def plain(text: str) -> None:
    """One line of untrusted text."""
    out().print(Text(safe(text)))
