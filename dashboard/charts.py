"""The figures of the reports, drawn with Altair: the same data and the same findings as on a printed page."""

import altair as alt
import pandas as pd

from dashboard.safe_text import one_line
from service.report.figure import Dots, Figure, Heatmap

_MARK = "#0072b2"
_DARK_FROM = 5 / 7
"""Of the range of a heatmap: from here on, text is white."""


def draw(figure: Figure) -> alt.LayerChart | alt.FacetChart:
    """A chart whose description is the figure's finding."""
    return _dots(figure) if isinstance(figure, Dots) else _heatmap(figure)


def _dots(figure: Dots) -> alt.LayerChart | alt.FacetChart:
    rows = [
        {
            "name": one_line(f"{row.name} ({row.groups})" if row.groups else row.name),
            "mean": row.mean,
            "low": row.low,
            "high": row.high,
            "text": row.text,
        }
        for row in figure.rows
    ]
    scale = alt.Scale(domain=[figure.low, figure.high])
    base = alt.Chart(pd.DataFrame(rows)).encode(y=alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)))
    tooltip = [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title="  ")]
    rule = base.mark_rule(strokeWidth=3, color=_MARK).encode(
        x=alt.X("low:Q", scale=scale, title=figure.axis), x2="high:Q", tooltip=tooltip
    )
    dot = base.mark_point(filled=True, size=90, opacity=1, color=_MARK).encode(x=alt.X("mean:Q"), tooltip=tooltip)
    return alt.layer(rule, dot).properties(description=figure.alt)


def _heatmap(figure: Heatmap) -> alt.LayerChart | alt.FacetChart:
    rows = [
        {
            "row": one_line(name),
            "column": one_line(column),
            "value": cell.value,
            "text": cell.text,
            "more": cell.more or cell.text,
        }
        for name, cells in figure.rows
        for column, cell in zip(figure.columns, cells, strict=True)
    ]
    base = alt.Chart(pd.DataFrame(rows)).encode(
        x=alt.X("column:N", sort=None, title=None, axis=alt.Axis(orient="top", labelAngle=0)),
        y=alt.Y("row:N", sort=None, title=None, axis=alt.Axis(labelLimit=320)),
        tooltip=[
            alt.Tooltip(f"{name}:N", title=" " * place) for place, name in enumerate(("row", "column", "more"), 1)
        ],
    )
    shade = alt.Scale(domain=[figure.low, figure.high], scheme="blues")
    cells = (
        base.transform_filter("isValid(datum.value)")
        .mark_rect()
        .encode(color=alt.Color("value:Q", scale=shade, legend=None))
    )
    dark = figure.low + _DARK_FROM * (figure.high - figure.low)
    text = base.mark_text().encode(
        text="text:N", color=alt.condition(f"datum.value >= {dark}", alt.value("#fff"), alt.value("#111"))
    )
    return alt.layer(cells, text).properties(description=figure.alt)
