"""Charts of many rows that fit a telephone: the name of a row stands above its mark, not beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd
import streamlit as st

_STEP = 46
"""Pixels of a row: its name, and under it the mark."""
_LEAST_TOLD = 0.12
"""A piece of a bar that is narrower has its number in the tooltip and the table alone."""
Zone = tuple[float, float]


def ink() -> str:
    """The colour of text on the page's background."""
    return "#e8e8e8" if st.context.theme.type == "dark" else "#222222"


@dataclass(frozen=True, slots=True)
class Row:
    """A value with its interval, and the zones that it is held against; `mark` names its shape."""

    name: str
    mean: float
    low: float
    high: float
    text: str
    mark: str = ""
    good: Zone | None = None
    fair: Zone | None = None


def dots(
    rows: Sequence[Row], axis: str, domain: Zone, marks: Mapping[str, tuple[str, str]], alt_text: str
) -> alt.LayerChart | alt.FacetChart:
    """Dots with intervals on one axis; `marks` are the (shape, colour) of each kind of mark. Zones are shaded bands."""
    names = [row.name for row in rows]
    low, high = domain
    scale = alt.Scale(domain=[low, high], nice=False)
    frame = pd.DataFrame(
        [
            {
                "row": row.name,
                "title": f"{row.name}   {row.text}",
                "mean": row.mean,
                "low": max(row.low, low),
                "high": min(row.high, high),
                "mark": row.mark,
                "text": row.text,
                **_ends("good", row.good, domain),
                **_ends("fair", row.fair, domain),
            }
            for row in rows
        ]
    )
    base = alt.Chart(frame).encode(y=_places(names))
    tooltip = [alt.Tooltip("row:N", title=" "), alt.Tooltip("text:N", title="  ")]
    x = alt.X("low:Q", scale=scale, title=axis)
    layers = [
        base.mark_bar(height=14, yOffset=8, color="#009e73", opacity=shade).encode(
            x=alt.X(f"{zone}_low:Q", scale=scale, title=axis), x2=f"{zone}_high:Q"
        )
        for zone, shade in (("fair", 0.22), ("good", 0.4))
        if frame[f"{zone}_low"].notna().any()
    ]
    layers.append(base.mark_rule(strokeWidth=3, yOffset=8, color="#0072b2").encode(x=x, x2="high:Q", tooltip=tooltip))
    shapes, colours = zip(*marks.values(), strict=True)
    layers.append(
        base.mark_point(filled=True, size=110, opacity=1, yOffset=8, stroke="white", strokeWidth=0.7).encode(
            x=alt.X("mean:Q"),
            shape=alt.Shape("mark:N", scale=alt.Scale(domain=list(marks), range=list(shapes)), legend=None),
            color=alt.Color("mark:N", scale=alt.Scale(domain=list(marks), range=list(colours)), legend=None),
            tooltip=tooltip,
        )
    )
    return alt.layer(*layers, _titles(base)).properties(description=alt_text, height=alt.Step(_STEP))


def _ends(name: str, zone: Zone | None, domain: Zone) -> dict[str, float | None]:
    if zone is None:
        return {f"{name}_low": None, f"{name}_high": None}
    return {f"{name}_low": max(zone[0], domain[0]), f"{name}_high": min(zone[1], domain[1])}


@dataclass(frozen=True, slots=True)
class Bar:
    """What a whole is divided into: counts by kind, in the order of the kinds."""

    name: str
    counts: Mapping[str, int]


def bars(
    rows: Sequence[Bar], axis: str, colours: Mapping[str, tuple[str, str]], alt_text: str
) -> alt.LayerChart | alt.FacetChart:
    """Bars that all sum to one; `colours` are the (paper, ink) of each kind, whose name stands in its piece."""
    pieces = []
    for row in rows:
        whole, start = sum(row.counts.values()), 0
        for kind in colours:
            count = row.counts.get(kind, 0)
            if not count:
                continue
            piece = {"row": row.name, "title": row.name, "kind": kind, "count": count, "ink": colours[kind][1]}
            told = f"{kind} {count}" if count / whole >= 2 * _LEAST_TOLD else str(count)
            at = {"start": start / whole, "end": (start + count) / whole, "middle": (start + count / 2) / whole}
            pieces.append(piece | at | {"told": told if count / whole >= _LEAST_TOLD else ""})
            start += count
    base = alt.Chart(pd.DataFrame(pieces)).encode(y=_places([row.name for row in rows]))
    kinds = alt.Scale(domain=list(colours), range=[paper for paper, _ in colours.values()])
    tooltip = [alt.Tooltip(f"{name}:N", title=" " * n) for n, name in enumerate(("row", "kind", "count"), 1)]
    scale = alt.Scale(domain=[0, 1])
    legend = alt.Legend(orient="top", title=None, columns=4, labelLimit=300, symbolStrokeWidth=0)
    piece_layer = base.mark_bar(height=18, yOffset=9, stroke="white", strokeWidth=1).encode(
        x=alt.X("start:Q", scale=scale, title=axis, axis=alt.Axis(format="%")),
        x2="end:Q",
        color=alt.Color("kind:N", scale=kinds, legend=legend),
        tooltip=tooltip,
    )
    text = base.mark_text(dy=9, fontSize=11).encode(
        x=alt.X("middle:Q"), text="told:N", color=alt.Color("ink:N", scale=None)
    )
    chart = alt.layer(piece_layer, text, _titles(base)).properties(description=alt_text, height=alt.Step(_STEP))
    independent: alt.LayerChart | alt.FacetChart = chart.resolve_scale(color="independent")
    return independent


def _titles(base: alt.Chart) -> alt.Chart:
    once = base.transform_aggregate(title="min(title)", groupby=["row"])
    titles: alt.Chart = once.mark_text(align="left", dy=-11, fontSize=13, color=ink()).encode(
        x=alt.value(0), text="title:N"
    )
    return titles


def _places(names: Sequence[str]) -> alt.Y:
    return alt.Y("row:N", scale=alt.Scale(domain=list(names)), sort=list(names), axis=None)
