"""Charts of differences, turns and cells; things are told apart by shapes, dashes and words, never by colour alone."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from service.report.figure import SHADES, shade

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#767676"
_MANY = [BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", GREY]
"""Told apart with any colour blindness, and seen on white and on black."""
_ROW, _MORE, _CELL = 36, 12, 48
_AROUND, _LEVEL, _TURNED = 120, 40, 130
"""Pixels; what axis, title and legend take of the height."""
_NAME = 13
_SHORT, _MOST_LEVEL = 4, 8
"""Longer or more names of columns are turned."""


def rows_axis(names: Sequence[str], above: float, field: str = "name", *, banded: bool = False) -> alt.Y:
    """Rows in this order, none left out, names `above` their middle (pixels): at the side long ones leave no room.

    `banded`: marks fill half of the row.
    """
    scale = alt.Scale(domain=list(names))
    if banded:
        scale = alt.Scale(domain=list(names), paddingInner=0.5, paddingOuter=0.25)
    axis = alt.Axis(
        labelAlign="left",
        labelPadding=-2,
        labelOffset=-above,
        labelLimit=320,
        labelOverlap=False,
        ticks=False,
        domain=False,
        grid=False,
    )
    return alt.Y(f"{field}:N", scale=scale, sort=list(names), title=None, axis=axis)


def marked(
    frame: pd.DataFrame, names: Sequence[str], kinds: Sequence[tuple[str, str, str]], title: str, *, zero: bool
) -> alt.LayerChart | alt.FacetChart:
    """Dots with intervals, a row a name: `frame` has name, mean, low, high, kind and text.

    `kinds` are (kind, shape, colour); several kinds of one name stand beneath each other.
    """
    kinds = [kind for kind in kinds if kind[0] in set(frame["kind"])]
    domain = [kind for kind, _, _ in kinds]
    several = frame.duplicated("name").any()
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=domain, range=[c for _, _, c in kinds]),
        legend=alt.Legend(orient="bottom", title=None, labelLimit=300, columns=1),
    )
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=domain, range=[s for _, s, _ in kinds]))
    tooltip = [alt.Tooltip(f"{n}:N", title=" " * place) for place, n in enumerate(("name", "kind", "text"), 1)]
    most = int(frame.groupby("name").size().max())
    base = alt.Chart(frame).encode(y=_rows(names, most), tooltip=tooltip)
    if several:
        base = base.encode(yOffset=alt.YOffset("kind:N", sort=domain, scale=alt.Scale(domain=domain)))
    x = alt.Scale(zero=zero, nice=True)
    rule = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=x, title=title), x2="high:Q", color=colour)
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(x="mean:Q", color=colour, shape=shape)
    layers: list[Any] = [rule, dot]
    if zero:
        line = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(strokeDash=[4, 3], color=GREY).encode(x="at:Q")
        layers.insert(0, line)
    return alt.layer(*layers).properties(height=_height(len(names), most, len(domain)))


def _rows(names: Sequence[str], kinds: int) -> alt.Y:
    """Rows of so many marks beneath each other."""
    if kinds == 1:
        return rows_axis(names, _NAME)
    return rows_axis(names, _above(kinds), banded=True)


def _above(kinds: int) -> float:
    """How far a name stands above the middle of so many marks beneath each other, which have half of the row."""
    return (_ROW + _MORE * (kinds - 1)) / 4 * (kinds - 1) / kinds + _NAME


def _height(rows: int, kinds: int, legend: int) -> int:
    return rows * (_ROW + _MORE * (kinds - 1)) + _AROUND + 24 * legend


def turns(
    frame: pd.DataFrame, names: Sequence[str], scale: tuple[float, float], title: str
) -> alt.LayerChart | alt.FacetChart:
    """From turn to turn, a row a model: `frame` has name, turn, mean, low, high and text; the shape tells the turn."""
    order = sorted(frame["turn"].unique(), key=lambda t: int("".join(filter(str.isdigit, t))))
    x = alt.Scale(domain=list(scale))
    base = alt.Chart(frame).encode(y=_rows(names, len(order)))
    offset = alt.YOffset("turn:N", sort=order, scale=alt.Scale(domain=order))
    path = base.mark_line(color=GREY, strokeWidth=1.5).encode(
        x=alt.X("mean:Q", scale=x), yOffset=offset, detail="name:N", order="turn:N"
    )
    shape = alt.Shape(
        "turn:N",
        scale=alt.Scale(domain=order, range=["circle", "triangle-right", "square", "diamond", "cross"][: len(order)]),
        legend=alt.Legend(orient="bottom", title=None),
    )
    colour = alt.Color("turn:N", scale=alt.Scale(domain=order, range=[BLUE, ORANGE, "#009E73", "#CC79A7", GREY]))
    tooltip = [alt.Tooltip(f"{n}:N", title=" " * place) for place, n in enumerate(("name", "turn", "text"), 1)]
    spread = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=x, title=title), x2="high:Q", yOffset=offset, color=colour, tooltip=tooltip
    )
    dot = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=alt.X("mean:Q", scale=x), yOffset=offset, color=colour, shape=shape, tooltip=tooltip
    )
    return alt.layer(path, spread, dot).properties(height=_height(len(names), len(order), 1))


def cells(
    frame: pd.DataFrame, rows: Sequence[str], columns: Sequence[str], ends: tuple[float, float], description: str
) -> alt.LayerChart | alt.FacetChart:
    """A heatmap whose cells can be chosen (the selection `cell` has row and column): `frame` has row, column, value,
    text and more."""
    frame = frame.assign(ink=[_ink(v, ends) for v in frame["value"]])
    several = len(columns) > _MOST_LEVEL or max(map(len, columns)) > _SHORT
    head = alt.Axis(orient="top", labelAngle=-40 if several else 0, labelOverlap=False, labelLimit=150)
    tooltip = [alt.Tooltip(f"{n}:N", title=" " * place) for place, n in enumerate(("row", "column", "more"), 1)]
    base = alt.Chart(frame).encode(
        x=alt.X("column:N", scale=alt.Scale(domain=list(columns)), sort=list(columns), title=None, axis=head),
        y=rows_axis(rows, _CELL / 4 + _NAME / 2, "row", banded=True),
        tooltip=tooltip,
    )
    shades = alt.Scale(type="quantize", domain=list(ends), range=[paper for paper, _ in SHADES])
    chosen = alt.selection_point(name="cell", fields=["row", "column"], on="click", empty=False)
    shade_of = alt.Color("value:Q", scale=shades, legend=None)
    rect = base.transform_filter("isValid(datum.value)").mark_rect().encode(color=shade_of)
    text = base.mark_text(fontSize=12, fontWeight="bold").encode(text="text:N", color=alt.Color("ink:N", scale=None))
    # On top, for every cell: what is clicked may have no shade.
    top = base.mark_rect(fill="#00000000", stroke=GREY, strokeOpacity=0.4, cursor="pointer").add_params(chosen)
    chart = alt.layer(rect, text, top).properties(
        description=description, height=len(rows) * _CELL + (_TURNED if several else _LEVEL)
    )
    independent: alt.LayerChart | alt.FacetChart = chart.resolve_scale(color="independent")
    return independent


def _ink(value: float | None, ends: tuple[float, float]) -> str:
    if value is None or value != value:
        return GREY
    return SHADES[shade(value, *ends)][1] if ends[1] > ends[0] else SHADES[0][1]


def survival(frame: pd.DataFrame, axes: tuple[str, str]) -> alt.LayerChart | alt.FacetChart:
    """Steps from turn to turn, a dash and a shape a model: `frame` has name, turn, mean, low, high and text."""
    names = list(dict.fromkeys(frame["name"]))
    domain = alt.Scale(domain=names)
    legend = alt.Legend(orient="bottom", title=None, columns=1, labelLimit=320)
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=_MANY), legend=legend)
    tooltip = [alt.Tooltip(f"{n}:N", title=" " * place) for place, n in enumerate(("name", "turn", "text"), 1)]
    x = alt.X("turn:O", title=axes[0], axis=alt.Axis(labelAngle=0))
    base = alt.Chart(frame).encode(x=x, tooltip=tooltip, xOffset=alt.XOffset("name:N", scale=domain))
    y = alt.Y("mean:Q", title=axes[1], scale=alt.Scale(domain=[0, 1]))
    line = (
        alt.Chart(frame)
        .mark_line(interpolate="step-after")
        .encode(x=x, y=y, color=colour, strokeDash=alt.StrokeDash("name:N", scale=domain))
    )
    spread = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=axes[1]), y2="high:Q", color=colour)
    dot = base.mark_point(filled=True, size=90, opacity=1).encode(
        y=y, color=colour, shape=alt.Shape("name:N", scale=domain)
    )
    return alt.layer(line, spread, dot).properties(height=300 + 24 * len(names))
