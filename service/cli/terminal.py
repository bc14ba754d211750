"""Printing to people: stdout carries results, stderr carries progress."""

import os
import sys
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.report.cells import safe
from service.report.render import category_rows, footnotes, headline, more_tables, score_table

_PIPE_WIDTH = 200


def out() -> Console:
    """Results. A pipe has no width of its own: give tables room instead of folding them at 80 columns."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)


def err() -> Console:
    """Progress and hints."""
    return _Progress(stderr=True, highlight=False, soft_wrap=True)


class _Progress(Console):
    """A terminal or pipe that went away ends no run: what nobody reads is written nowhere."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stderr.fileno())
        os.close(nowhere)


def table(title: str | None, head: list[str], body: list[list[str]]) -> Table:
    """Cells are plain text: nothing that a model wrote is read as markup."""
    grid = Table(title=Text(title) if title else None, title_justify="left", header_style="bold", box=SIMPLE_HEAD)
    for name in head:
        grid.add_column(Text(name), overflow="fold")
    for row in body:
        grid.add_row(*(Text(cell) for cell in row))
    return grid


def print_report_table(report: dict[str, Any]) -> None:
    """Headline, scores, categories, multiple choice, pairs, notes."""
    console = out()
    for line in headline(report):
        console.print(Text(line))
    console.print(table(None, *score_table(report)))
    console.print(table("By category, mean [95 % CI]", *category_rows(report)))
    for title, rows in more_tables(report):
        console.print(table(title, *rows))
    for note in footnotes(report):
        console.print(Text(note))


def plain(text: str) -> None:
    """One line of untrusted text."""
    out().print(Text(safe(text)), soft_wrap=True)
