"""Figures as HTML with inline SVG.

Marks stand at percentages and text is the page's own: the browser chooses the font, breaks long names and fits the
width. A chart library would have to measure Korean text when the file is written, with another machine's fonts.
"""

import html

from service.report.figure import Cell, Dot, Dots, Figure, Heatmap, shade

_MOST_UPRIGHT = 8
_SHORT = 4
"""Heads of more columns are turned to fit, unless no name is longer than this."""


def figure_html(figure: Figure) -> str:
    """A `<figure>` whose caption is its finding."""
    body = _dots(figure) if isinstance(figure, Dots) else _heatmap(figure)
    return f"<figure><figcaption>{html.escape(figure.alt)}</figcaption>{body}</figure>"


def _dots(figure: Dots) -> str:
    lanes = sorted({letter for row in figure.rows for letter in row.groups})
    ticks = _ticks(figure.low, figure.high)
    grid = "".join(f'<line class="grid" x1="{x}" x2="{x}" y1="0" y2="100%"/>' for x in (_at(t, figure) for t in ticks))
    rows = "".join(_dot_row(row, figure, grid, lanes) for row in figure.rows)
    # HTML may place text at the ends of a line inside it; a number centred there would be cut.
    places = {ticks[0]: "start", ticks[-1]: "end"}
    numbers = "".join(
        f'<text x="{_at(t, figure)}" y="12" text-anchor="{places.get(t, "middle")}">{t:g}</text>' for t in ticks
    )
    axis = (
        '<div class="axis"><span class="name"></span><span class="tied"></span>'
        f'<div><svg>{numbers}</svg>{html.escape(figure.axis)}</div><span class="value"></span></div>'
    )
    return f'<div class="dots" role="img" aria-label="{html.escape(figure.alt)}">{rows}{axis}</div>'


def _dot_row(row: Dot, figure: Dots, grid: str, lanes: list[str]) -> str:
    marks = ""
    if row.mean is not None and row.low is not None and row.high is not None:
        low, high, mean = (_at(x, figure) for x in (row.low, row.high, row.mean))
        marks = f'<line class="interval" x1="{low}" x2="{high}" y1="50%" y2="50%"/><circle cx="{mean}" cy="50%" r="5"/>'
    tied = "".join(f'<i class="on">{lane}</i>' if lane in row.groups else "<i></i>" for lane in lanes)
    return (
        f'<div><span class="name">{html.escape(row.name)}</span><span class="tied">{tied}</span>'
        f'<div class="track"><svg>{grid}{marks}</svg></div>'
        f'<span class="value">{html.escape(row.text)}</span></div>'
    )


def _ticks(low: float, high: float) -> list[float]:
    return [low + (high - low) * k / 5 for k in range(6)]


def _at(value: float, figure: Dots) -> str:
    # A margin of 2 % keeps a dot at an end of the scale whole.
    return f"{2 + 96 * (value - figure.low) / (figure.high - figure.low):.2f}%"


def _heatmap(figure: Heatmap) -> str:
    head = "".join(f'<th scope="col"><span>{html.escape(name)}</span></th>' for name in figure.columns)
    body = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>{"".join(_cell(cell, figure) for cell in cells)}</tr>'
        for name, cells in figure.rows
    )
    kind = "heat turned" if len(figure.columns) > _MOST_UPRIGHT and max(map(len, figure.columns)) > _SHORT else "heat"
    return (
        f'<div class="wide" tabindex="0"><table class="{kind}" aria-label="{html.escape(figure.alt)}"><thead><tr>'
        f'<th scope="col">{html.escape(figure.corner)}</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _cell(cell: Cell, figure: Heatmap) -> str:
    title = f' title="{html.escape(cell.more)}"' if cell.more else ""
    if cell.value is None:
        return f"<td{title}>{html.escape(cell.text)}</td>"
    place = shade(cell.value, figure.low, figure.high)
    return f'<td class="s{place}"{title}>{html.escape(cell.text)}</td>'
