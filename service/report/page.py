"""A document as one HTML page that asks for nothing: no script, no font, no picture from elsewhere."""

import html
import re
from functools import cache
from pathlib import Path
from unicodedata import east_asian_width

from service.report.document import Document, Grid, Say, speaker
from service.report.figure import SHADES
from service.report.figure_html import figure_html

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_INTERVAL = re.compile(r"(\[[-\d.,% ]+\])")
"""Of numbers only; a line never breaks inside one."""
_LONG = 44
"""A wider cell (in columns of a terminal) may break into lines."""

_MANY = 40
"""Rows from which a table is folded in below its figure."""


@cache
def _style() -> str:
    shades = "".join(f".s{place}{{background:{b};color:{c}}}" for place, (b, c) in enumerate(SHADES))
    return Path(__file__).with_name("page.css").read_text("utf-8") + shades


def as_html(document: Document) -> str:
    """The page. Whatever a model, a file or a user named stays text."""
    return (
        f'<!doctype html>\n<html lang="{document.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(document.title)}</title><style>{_style()}</style></head><body><main>"
        f"<h1>{html.escape(document.title)}</h1>{_body(document)}</main></body></html>\n"
    )


def _body(document: Document, level: int = 2) -> str:
    say = speaker(document.language)
    label = f'<p class="label">{html.escape(document.label)}</p>' if document.label else ""
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in document.lines)
    lines = f'<div class="lines">{lines}</div>' if lines else ""
    findings = _list(document.findings, "findings")
    grids = "".join(_grid(grid, level, say) for grid in document.grids)
    notes = _list(document.notes, "notes")
    if notes:
        notes = f"<h{level}>{say('Notes', '참고')}</h{level}>{notes}"
    details = "".join(
        f"<details><summary>{html.escape(d.title)}</summary>{_body(d, level + 1)}</details>" for d in document.details
    )
    return f"{label}{lines}{findings}{grids}{notes}{details}"


def _list(lines: list[str], kind: str) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f'<ul class="{kind}">{items}</ul>' if items else ""


def _grid(grid: Grid, level: int, say: Say) -> str:
    title = f"<h{level}>{html.escape(grid.title)}</h{level}>" if grid.title is not None else ""
    figure = figure_html(grid.figure) if grid.figure is not None else ""
    head = "".join(f'<th scope="col">{html.escape(c)}</th>' for c in grid.head)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in grid.rows)
    table = f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    if figure and len(grid.rows) > _MANY:
        table = f"<details><summary>{say('As a table', '표로 보기')} ({len(grid.rows)})</summary>{table}</details>"
    return f"{title}{figure}{table}"


def _cell(text: str) -> str:
    kind = ' class="long"' if sum(1 + (east_asian_width(c) in "WF") for c in text) > _LONG else ""
    shown = _INTERVAL.sub(r"<span>\1</span>", html.escape(text))
    return f"<td{kind}>{shown}</td>"
