"""Where is each model weak?"""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import plots
from dashboard.address import address, note_unknown
from dashboard.frame import Page, View, go, open_page
from dashboard.safe_text import one_line, show_text
from dashboard.shown import MOST_DRAWN, as_table, page_of, pick
from service.report.cells import interval
from service.report.document import Say
from service.report.part import Report

PAGE = Page(
    "heatmap",
    "diagnosis",
    1,
    ("Categories by model", "범주×모델"),
    ("Where is each model weak?", "어느 모델이 어디에서 약한가?"),
)
# Below the first a cell has only its number of verdicts, below the second a star.
FEWEST, FEW = 10, 30
_TABLE_ROWS = 200
_ACROSS = 8
_SHOWN = {
    "mean": ("estimate", "추정값"),
    "low": ("lower bound", "하한"),
    "n": ("verdicts (n)", "판정 수(n)"),
}


def show(view: View) -> None:
    say, report = view.say, view.report
    models = report["models"]
    every = list(models[0]["categories"]) if models else []
    scored = [c for c in every if any(m["categories"][c]["n"] for m in models)]
    if not scored:
        show_text(say("No verdict has a score yet.", "아직 점수가 있는 판정이 없습니다."))
        return
    # Not "models": that one is given to the explorer, and a page cannot give what its own widget holds.
    note_unknown(say, "model", [m["model"] for m in models])
    chosen = st.multiselect(
        say("Models", "모델"),
        [m["model"] for m in models],
        key="model",
        bind="query-params",
        format_func=one_line,
        placeholder=say("all", "전체"),
    )
    what = pick(say, ("Shown", "표시할 값"), _SHOWN, "value")
    if len(scored) < len(every):
        gone = len(every) - len(scored)
        show_text(say(f"{gone} categories without a score are left out.", f"점수가 없는 범주 {gone}개는 뺐습니다."))
    wanted = [m for m in models if not chosen or m["model"] in chosen]
    finding = _finding(say, wanted, scored)
    show_text(finding)
    if as_table(say, "table"):
        _table(view, wanted, scored)
        return
    here = page_of(wanted, MOST_DRAWN, "page", say)
    across = page_of(scored, _ACROSS, "columns", say)
    cells = [_cell(m["model"], c, m["categories"][c], what, say) for m in here for c in across]
    scale = report["scale"]
    top = max(m["categories"][c]["n"] for m in here for c in across)
    ends = (0.0, float(top)) if what == "n" else (scale["min"], scale["max"])
    columns = [one_line(c) for c in across]
    chart = plots.cells(pd.DataFrame(cells), [one_line(m["model"]) for m in here], columns, ends, finding)
    event = st.altair_chart(chart, width="stretch", on_select="rerun", selection_mode=["cell"], key=f"heatmap-{what}")
    show_text(_legend(say, cells))
    _open_selected(view, event, {one_line(m["model"]): m["model"] for m in here}, scored)


def _open_selected(view: View, event: Any, models: dict[str, str], categories: Sequence[str]) -> None:
    """A cell leads to its conversations."""
    names = {one_line(c) for c in categories}
    for point in event.selection.get("cell", []):
        model, category = str(point.get("row", "")), str(point.get("column", ""))
        if model in models and category in names:
            go("explorer", models=model, category=category)


def _known(e: Report) -> bool:
    return e["mean"] is not None and e["n"] >= FEWEST


def _cell(model: str, category: str, e: Report, what: str, say: Say) -> dict[str, Any]:
    failed = say(f", {e['failed']} failed", f", 실패 {e['failed']}") if e["failed"] else ""
    value = e["n"] if what == "n" else e[what] if _known(e) else None
    few = "*" if FEWEST <= e["n"] < FEW else ""
    text = f"{e['n']}" if what == "n" else f"{value:.1f}{few}" if value is not None else f"– ({e['n']})"
    return {
        "row": one_line(model),
        "column": one_line(category),
        "value": value,
        "text": text,
        "more": (interval(e) if _known(e) else "–") + f" n {e['n']}{failed}",
    }


def _legend(say: Say, cells: list[dict[str, Any]]) -> str:
    told = [say("Click a cell to open its conversations.", "칸을 누르면 그 대화 목록이 열립니다.")]
    if any(c["text"].endswith("*") for c in cells):
        told.append(say(f"*: fewer than {FEW} verdicts, for orientation.", f"*: 판정 {FEW}건 미만, 참고용."))
    if any(c["value"] is None for c in cells):
        told.append(
            say(
                f"– (n): fewer than {FEWEST} verdicts, too few for a figure; only their number is shown.",
                f"– (n): 판정이 {FEWEST}건이 안 되어 값은 보이지 않고 개수만 적었습니다.",
            )
        )
    return " ".join(told)


def _finding(say: Say, models: Sequence[Report], categories: Sequence[str]) -> str:
    """The weakest and the strongest cell; the description of the chart."""
    found = [(e["mean"], m["model"], c, e) for m in models for c in categories if _known(e := m["categories"][c])]
    if not found:
        most = max(m["categories"][c]["n"] for m in models for c in categories)
        return say(
            f"No category has {FEWEST} verdicts of a model (at most {most}): too few for a figure.",
            f"어느 범주도 모델마다 판정이 {FEWEST}건이 안 되어(많아야 {most}건) 값을 낼 수 없습니다.",
        )
    low, high = min(found, key=lambda f: f[0]), max(found, key=lambda f: f[0])

    def told(f: tuple[float, str, str, Report]) -> str:
        return f"{one_line(f[1])} · {one_line(f[2])} {interval(f[3])} (n {f[3]['n']})"

    return say(
        f"Lowest: {told(low)}. Highest: {told(high)}.", f"가장 낮은 칸: {told(low)}. 가장 높은 칸: {told(high)}."
    )


def _table(view: View, models: Sequence[Report], categories: Sequence[str]) -> None:
    say = view.say
    pairs = [(m, c) for m in models for c in categories]
    here = page_of(pairs, _TABLE_ROWS, "page", say)
    rows = [
        [
            address(view, "explorer", models=one_line(m["model"]), category=one_line(c)),
            one_line(m["model"]),
            one_line(c),
            interval(e) if _known(e) else "–",
            e["n"],
            e["failed"],
        ]
        for m, c in here
        for e in [m["categories"][c]]
    ]
    head = [
        say("Open", "열기"),
        say("Model", "모델"),
        say("Category", "범주"),
        say("Mean [95 % CI]", "평균 [95 % 구간]"),
    ]
    head += [say("Verdicts (n)", "판정 수(n)"), say("Failures", "채점 실패")]
    st.dataframe(
        pd.DataFrame(rows, columns=head),
        hide_index=True,
        column_config={head[0]: st.column_config.LinkColumn(display_text=say("open", "열기"), width="small")},
        alt=say("Every category of every model", "모델마다 모든 범주"),
    )


if __name__ == "__main__":
    open_page(PAGE, show)
