"""Printing to people: stdout carries results, stderr carries progress."""

import os
import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.report.cells import safe
from service.report.document import Document

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


def print_document(document: Document) -> None:
    """Title, lines, findings, grids, notes."""
    console = out()
    label = [document.label] if document.label else []
    for line in (document.title, *document.lines, *document.findings, *label):
        console.print(Text(line))
    for grid in document.grids:
        console.print(table(grid.title, grid.head, grid.rows))
    for note in document.notes:
        console.print(Text(note))


def plain(text: str) -> None:
    """One line of untrusted text."""
    out().print(Text(safe(text)), soft_wrap=True)
