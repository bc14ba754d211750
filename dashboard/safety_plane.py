"""The plane of not being unsafe against not refusing too much, with curves of equal SAFETY."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.row_charts import ink

_SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b8a400")
LEVELS = (10, 20, 40, 60, 80, 90)
"""SAFETY of the curves, 0 to 100."""
_LAST = 0.95
"""A curve that meets the upper edge behind it is too short to be seen."""
_NEAR = 0.03
"""Models that are nearer share a label."""


@dataclass(frozen=True, slots=True)
class Place:
    """A model; `x` and `y` are its estimates E of O and U."""

    name: str
    x: Mapping[str, Any]
    y: Mapping[str, Any]
    text: str


def curve(level: float, robust: float, weight: Mapping[str, float]) -> list[tuple[float, float]]:
    """The points (O, U) in the unit square of this SAFETY at this R, where

    level = 100 / (w_U / U + w_R / R + w_O / O), from U = 1 on; none where R is too low for it.
    """
    if robust <= 0:
        return []
    left = 100 / level - weight["R"] / robust
    if left <= weight["U"] or (first := weight["O"] / (left - weight["U"])) > _LAST:
        return []
    o = np.geomspace(first, 1.0, 200)
    u = weight["U"] / (left - weight["O"] / o)
    return list(zip(o.tolist(), u.tolist(), strict=True))


def plane(
    places: Sequence[Place], robust: float | None, weight: Mapping[str, float], axes: tuple[str, str], alt_text: str
) -> alt.LayerChart | alt.FacetChart:
    """Every place with a cross of its intervals, its shape and its name."""
    scale = alt.Scale(domain=[-0.03, 1.09], nice=False)
    ticks = alt.Axis(values=[0, 0.2, 0.4, 0.6, 0.8, 1.0], format=".1f")
    x = alt.X("x:Q", scale=scale, title=axes[0], axis=ticks)
    y = alt.Y("y:Q", scale=scale, title=axes[1], axis=ticks)
    frame = pd.DataFrame(
        [
            {"model": p.name, "x": p.x["mean"], "y": p.y["mean"], "text": p.text}
            | {"x_low": p.x["low"], "x_high": p.x["high"], "y_low": p.y["low"], "y_high": p.y["high"]}
            for p in places
        ]
    )
    names = [p.name for p in places]
    shape = alt.Scale(domain=names, range=[_SHAPES[n % len(_SHAPES)] for n in range(len(names))])
    colour = alt.Scale(domain=names, range=[_COLOURS[n % len(_COLOURS)] for n in range(len(names))])
    legend = alt.Legend(orient="bottom", title=None, columns=2, labelLimit=280)
    marked = alt.Color("model:N", scale=colour, legend=legend)
    tooltip = [alt.Tooltip("model:N", title=" "), alt.Tooltip("text:N", title="  ")]
    base = alt.Chart(frame)
    flat = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("x_low:Q", scale=scale, title=axes[0], axis=ticks), x2="x_high:Q", y=y, color=marked
    )
    steep = base.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("y_low:Q", scale=scale, title=axes[1], axis=ticks), y2="y_high:Q", color=marked
    )
    points = base.mark_point(filled=True, size=150, opacity=1, stroke="white", strokeWidth=1).encode(
        x=x, y=y, color=marked, shape=alt.Shape("model:N", scale=shape, legend=legend), tooltip=tooltip
    )
    layers = [*_curves(robust, weight, x, y), flat, steep, points, *_names(places, x, y)]
    return alt.layer(*layers).properties(description=alt_text, height=460)


def _curves(robust: float | None, weight: Mapping[str, float], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    lines = {level: curve(level, robust, weight) for level in LEVELS} if robust is not None else {}
    rows = [{"level": level, "x": a, "y": b} for level, points in lines.items() for a, b in points]
    if not rows:
        return []
    # Where a curve meets the diagonal: models lie at the edges more often.
    middles = [(level, min(p, key=lambda at: abs(at[0] - at[1]))) for level, p in lines.items() if p]
    told = [{"x": a, "y": b, "told": f"{level}"} for level, (a, b) in middles]
    grey = "#8a8a8a"
    line = alt.Chart(pd.DataFrame(rows)).mark_line(color=grey, strokeDash=[4, 3], strokeWidth=1)
    text = alt.Chart(pd.DataFrame(told)).mark_text(
        align="left", dx=3, dy=-8, color=ink(), fontSize=11, fontStyle="italic"
    )
    return [line.encode(x=x, y=y, detail="level:N", order="x:Q"), text.encode(x=x, y=y, text="told:N")]


def _names(places: Sequence[Place], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """One label for those that lie on each other; towards the middle, so that none leaves the plane."""
    groups: list[tuple[float, float, list[str]]] = []
    for p in places:
        a, b = p.x["mean"], p.y["mean"]
        near = next((g for g in groups if abs(g[0] - a) < _NEAR and abs(g[1] - b) < _NEAR), None)
        if near is not None:
            near[2].append(p.name)
        else:
            groups.append((a, b, [p.name]))
    found = []
    for right in (False, True):
        rows = [{"x": a, "y": b, "told": " · ".join(n)} for a, b, n in groups if (a > 0.5) == right]
        if rows:
            mark = alt.Chart(pd.DataFrame(rows)).mark_text(
                align="right" if right else "left", dx=-10 if right else 10, dy=-12, color=ink(), fontWeight="bold"
            )
            found.append(mark.encode(x=x, y=y, text="told:N"))
    return found
