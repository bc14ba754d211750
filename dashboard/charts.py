"""Charts: a dot with its interval, never a bare bar."""

from typing import Any

import altair as alt
import pandas as pd

from dashboard.safe_text import one_line


def intervals(report: dict[str, Any]) -> alt.LayerChart | alt.FacetChart:
    """Overall score of every model with its 95 % interval, best first."""
    rows = [
        {"모델": one_line(m["model"]), "점수": e["mean"], "하한": e["low"], "상한": e["high"], "n": e["n"]}
        for m in report["models"]
        for e in [m["overall"]]
        if e["mean"] is not None
    ]
    scale = alt.Scale(domain=[report["scale"]["min"], report["scale"]["max"]])
    base = alt.Chart(pd.DataFrame(rows)).encode(y=alt.Y("모델:N", sort=None, title=None))
    rule = base.mark_rule(strokeWidth=2).encode(x=alt.X("하한:Q", scale=scale, title="점수 (95 % 구간)"), x2="상한:Q")
    dot = base.mark_point(filled=True, size=90).encode(
        x=alt.X("점수:Q", scale=scale), tooltip=["모델", "점수", "하한", "상한", "n"]
    )
    return alt.layer(rule, dot)
