"""The figures of the reports, drawn with Altair: the same data and the same findings as on a printed page."""

import altair as alt
import pandas as pd

from dashboard.safe_text import one_line
from service.report.figure import SHADES, Dots, Figure, Heatmap, shade

_MARK = "#0072b2"
_SHORT = 4
"""Names of columns that are longer are turned."""
_ROW = 24
"""Pixels."""


def draw(figure: Figure) -> alt.LayerChart | alt.FacetChart:
    """A chart whose description is the figure's finding."""
    return _dots(figure) if isinstance(figure, Dots) else _heatmap(figure)


def _dots(figure: Dots) -> alt.LayerChart | alt.FacetChart:
    names = [one_line(f"{row.name} ({row.groups})" if row.groups else row.name) for row in figure.rows]
    rows = [
        {
            "name": name,
            "mean": row.mean,
            "low": row.low,
            "high": row.high,
            "text": row.text,
        }
        for name, row in zip(names, figure.rows, strict=True)
    ]
    scale = alt.Scale(domain=[figure.low, figure.high])
    base = alt.Chart(pd.DataFrame(rows)).encode(y=_names(names, "name"))
    tooltip = [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title="  ")]
    rule = base.mark_rule(strokeWidth=3, color=_MARK).encode(
        x=alt.X("low:Q", scale=scale, title=figure.axis), x2="high:Q", tooltip=tooltip
    )
    dot = base.mark_point(filled=True, size=90, opacity=1, color=_MARK).encode(x=alt.X("mean:Q"), tooltip=tooltip)
    return alt.layer(rule, dot).properties(description=figure.alt, height=alt.Step(_ROW))


def _heatmap(figure: Heatmap) -> alt.LayerChart | alt.FacetChart:
    rows = [
        {
            "row": one_line(name),
            "column": one_line(column),
            "value": cell.value,
            "text": cell.text,
            "ink": "#888" if cell.value is None else SHADES[shade(cell.value, figure.low, figure.high)][1],
            "more": cell.more or cell.text,
        }
        for name, cells in figure.rows
        for column, cell in zip(figure.columns, cells, strict=True)
    ]
    columns = [one_line(column) for column in figure.columns]
    angle = 0 if max(map(len, columns)) <= _SHORT else -35
    head = alt.Axis(orient="top", labelAngle=angle, labelOverlap=False, labelLimit=160)
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("column:N", scale=alt.Scale(domain=columns), sort=columns, title=None, axis=head),
        y=_names([one_line(name) for name, _ in figure.rows], "row"),
        tooltip=[
            alt.Tooltip(f"{name}:N", title=" " * place) for place, name in enumerate(("row", "column", "more"), 1)
        ],
    )
    shades = alt.Scale(type="quantize", domain=[figure.low, figure.high], range=[paper for paper, _ in SHADES])
    cells = (
        base.transform_filter("isValid(datum.value)")
        .mark_rect()
        .encode(color=alt.Color("value:Q", scale=shades, legend=None))
    )
    text = base.mark_text().encode(text="text:N", color=alt.Color("ink:N", scale=None))
    chart = alt.layer(cells, text).properties(description=figure.alt, height=alt.Step(_ROW))
    # Together they would have one scale, and the ink of the text would hide the shades.
    independent: alt.LayerChart | alt.FacetChart = chart.resolve_scale(color="independent")
    return independent


def _names(names: list[str], field: str) -> alt.Y:
    """Rows in this order, none left out: layers that hold some of them only would mix it."""
    axis = alt.Axis(labelLimit=320, labelOverlap=False, labelFlush=False)
    return alt.Y(f"{field}:N", scale=alt.Scale(domain=names), sort=names, title=None, axis=axis)
