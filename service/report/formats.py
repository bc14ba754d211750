"""A document as Markdown; whatever a model, a file or a user named stays text."""

import html
import re

from service.report.document import Document

# What would begin a heading, a list or a quotation at the start of a line.
_START = re.compile(r"^(?:[#+-]|\d+(?=[.)]))")


def as_markdown(document: Document) -> str:
    parts = [f"# {_cell(document.title)}", ""]
    parts += [f"*{_cell(document.label)}*", ""] if document.label else []
    parts += [*(f"{_line(line)}  " for line in document.lines), ""] if document.lines else []
    parts += [f"- {_line(line)}" for line in document.findings]
    parts += [""] * bool(document.findings)
    for grid in document.grids:
        if grid.title is not None:
            parts += [f"## {_cell(grid.title)}", ""]
        parts += ["| " + " | ".join(map(_cell, grid.head)) + " |", "|" + "---|" * len(grid.head)]
        parts += ["| " + " | ".join(map(_cell, row)) + " |" for row in grid.rows]
        parts.append("")
    parts += [f"- {_line(note)}" for note in document.notes]
    return "\n".join(parts).rstrip() + "\n"


def _cell(text: str) -> str:
    # Untrusted names must stay text: no table breaks, links, images, addresses or HTML.
    return re.sub(r"[|\[\]`*_~!\\]|:(?=//)", r"\\\g<0>", html.escape(text, quote=False))


def _line(text: str) -> str:
    escaped = _cell(text)
    return _START.sub(lambda m: f"{m[0]}\\" if m[0].isdigit() else f"\\{m[0]}", escaped)
