"""A document as Markdown and as HTML; whatever a model, a file or a user named stays text in both."""

import html

from service.report.document import Document, Grid

_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans KR',sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "th,td{border-bottom:1px solid #8886;padding:.35rem .7rem;text-align:left;white-space:nowrap}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_markdown(document: Document) -> str:
    parts = [f"# {_cell(document.title)}", "", *(f"{_cell(line)}  " for line in document.lines), ""]
    parts += [f"- {_cell(line)}" for line in document.findings]
    parts += [""] * bool(document.findings)
    for grid in document.grids:
        if grid.title is not None:
            parts += [f"## {_cell(grid.title)}", ""]
        parts += ["| " + " | ".join(map(_cell, grid.head)) + " |", "|" + "---|" * len(grid.head)]
        parts += ["| " + " | ".join(map(_cell, row)) + " |" for row in grid.rows]
        parts.append("")
    parts += [f"- {_cell(note)}" for note in document.notes]
    return "\n".join(parts).rstrip() + "\n"


def _cell(text: str) -> str:
    # Untrusted names must stay text: no table breaks, links, images or HTML.
    escaped = html.escape(text, quote=False)
    return "".join(f"\\{c}" if c in "|[]`*_~\\!" else c for c in escaped)


def as_html(document: Document) -> str:
    """One page that asks for nothing: no script, no font, no picture from elsewhere."""
    title = html.escape(document.title)
    return (
        f'<!doctype html><html lang="{document.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>"
        + "".join(f"<p>{html.escape(line)}</p>" for line in document.lines)
        + _list(document.findings)
        + "".join(map(_table, document.grids))
        + _list(document.notes)
        + "</body></html>\n"
    )


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _table(grid: Grid) -> str:
    title = f"<h2>{html.escape(grid.title)}</h2>" if grid.title is not None else ""
    head = "".join(f"<th>{html.escape(c)}</th>" for c in grid.head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in grid.rows)
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
