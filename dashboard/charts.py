"""The figures of the reports, drawn with Altair: the same data and the same findings as on a printed page."""

import altair as alt
import pandas as pd

from dashboard import plots
from dashboard.safe_text import one_line
from service.report.figure import Dots, Figure, Heatmap

_MARK = "#0072b2"
_ROW, _NAME, _AXIS = 36, 13, 76
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
    base = alt.Chart(pd.DataFrame(rows)).encode(y=plots.rows_axis(names, _NAME))
    tooltip = [alt.Tooltip("name:N", title=" "), alt.Tooltip("text:N", title="  ")]
    rule = base.mark_rule(strokeWidth=3, color=_MARK).encode(
        x=alt.X("low:Q", scale=scale, title=figure.axis), x2="high:Q", tooltip=tooltip
    )
    dot = base.mark_point(filled=True, size=90, opacity=1, color=_MARK).encode(x=alt.X("mean:Q"), tooltip=tooltip)
    return alt.layer(rule, dot).properties(description=figure.alt, height=len(names) * _ROW + _AXIS)


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
    names, columns = [one_line(name) for name, _ in figure.rows], [one_line(column) for column in figure.columns]
    return plots.cells(pd.DataFrame(rows), names, columns, (figure.low, figure.high), description=figure.alt)
