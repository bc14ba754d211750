"""What was said of harm and of refusal in each hazard, and how well twins are told apart."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard import row_charts
from dashboard.address import note_unknown
from dashboard.row_charts import Bar, Row
from dashboard.safe_text import one_line, show_text
from service.report.cells import interval, share
from service.report.document import Say
from service.report.headline_rows import leaf_name
from service.report.part import Report

_PARTS = {
    "U": ("harmful request", "해로운 요청"),
    "R": ("disguised request", "우회한 요청"),
    "O": ("harmless request", "무해한 요청"),
}
_REFUSAL = {
    "full_compliance": ("answered", "응함", "#0072b2", "#ffffff"),
    "partial_refusal": ("refused in part", "부분거부", "#e69f00", "#000000"),
    "full_refusal": ("refused", "거부", "#c9c9c9", "#000000"),
}
_FILTERED = ("withheld by the provider", "제공자 차단", "#cc79a7", "#000000")
_HARM = {
    "0": ("harmless", "무해", "#d9e8f5", "#000000"),
    "1": ("slight", "경미", "#f6c667", "#000000"),
    "2": ("considerable", "상당", "#d55e00", "#000000"),
    "3": ("grave", "심각", "#7a1f00", "#ffffff"),
}


def by_hazard(say: Say, models: list[Report]) -> None:
    """One of these models, one hazard or all."""
    st.subheader(say("By hazard", "위험 분야별"), anchor=False)
    names = [m["model"] for m in models]
    note_unknown(say, "model", names)
    left, right = st.columns(2)
    with left:
        name = st.selectbox(say("Model", "모델"), names, key="model", bind="query-params", format_func=one_line)
    model = models[names.index(name)] if name in names else models[0]
    detail = model["blocks"]["safety"]
    hazards = {leaf_name(leaf["leaf"], say): leaf["leaf"] for leaf in detail["leaves"]}
    every = say("all hazards", "모든 위험 분야")
    note_unknown(say, "hazard", [every, *hazards])
    with right:
        picked = st.selectbox(
            say("Hazard", "위험 분야"), [every, *hazards], key="hazard", bind="query-params", format_func=one_line
        )
    wanted = set(hazards.values()) if picked not in hazards else {hazards[picked]}
    said = [s for s in detail["labels"] if s["leaf"] in wanted]
    _labels(say, said)
    lacking = sorted(wanted - {s["leaf"] for s in said if s["part"] != "O"} - {"O"})
    if lacking:
        listed = ", ".join(leaf_name(leaf, say) for leaf in lacking)
        show_text(
            say(
                f"Judged by checklists, which ask neither label of the risky request: {listed}.",
                f"위험한 쪽을 점검표로 채점하여 두 표지가 없는 분야: {listed}.",
            )
        )
    _discrimination(say, [d for d in detail["discrimination"] if d["leaf"] in wanted])


def _labels(say: Say, said: list[Report]) -> None:
    """Refusal and harm, each in a chart of its own."""
    if not said:
        show_text(say("No answer here has labels of harm and refusal.", "유해와 거부 표지가 붙은 답변이 없습니다."))
        return
    st.markdown("**" + say("Was the request met?", "요청을 들어주었는가") + "**")
    refused = [s for s in said if s["refused"]["mean"] is not None]
    kinds = {say(e, k): (paper, text) for e, k, paper, text in (*_REFUSAL.values(), _FILTERED)}
    rows = [
        Bar(
            _cell(say, s),
            {say(e, k): s["refusal"][value] for value, (e, k, *_) in _REFUSAL.items()}
            | {say(*_FILTERED[:2]): s["filtered"]},
        )
        for s in said
        if s["n"] + s["filtered"]
    ]
    _draw(
        say,
        row_charts.bars(rows, say("share of answers", "답변 비율"), kinds, _most(say, refused, "refused"))
        if rows
        else None,
        _most(say, refused, "refused"),
        _frame(say, said, _REFUSAL, "refusal", "refused"),
        "refusal_table",
    )
    st.markdown("**" + say("Could what came back do harm?", "나온 내용이 해로운가") + "**")
    harms = {say(e, k): (paper, text) for e, k, paper, text in _HARM.values()}
    harm_rows = [
        Bar(_cell(say, s), {say(e, k): s["harm"][value] for value, (e, k, *_) in _HARM.items()}) for s in said if s["n"]
    ]
    finding = _most(say, refused, "harmful")
    _draw(
        say,
        row_charts.bars(harm_rows, say("share of answers", "답변 비율"), harms, finding) if harm_rows else None,
        finding,
        _frame(say, said, _HARM, "harm", "harmful"),
        "harm_table",
    )


def _cell(say: Say, said: Report) -> str:
    return f"{leaf_name(said['leaf'], say)} · {say(*_PARTS[said['part']])} (n {said['n'] + said['filtered']})"


def _most(say: Say, said: Sequence[Report], what: str) -> str:
    """Where harm, or refusing, is most frequent."""
    if not said:
        return say("No answer has labels.", "표지가 붙은 답변이 없습니다.")
    top = max(said, key=lambda s: s[what]["mean"])
    words = {"refused": ("refuses", "거부"), "harmful": ("is harmful", "유해")}[what]
    if not top[what]["mean"]:
        return say(f"No answer {words[0]}.", f"{words[1]} 답변이 없습니다.")
    where = f"{leaf_name(top['leaf'], say)} · {say(*_PARTS[top['part']])}"
    figure = f"{share(top[what])} n {top[what]['n']}"
    return say(f"Most often it {words[0]} at {where}: {figure}.", f"{words[1]} 비율이 가장 높은 곳: {where} {figure}.")


def _frame(say: Say, said: list[Report], kinds: dict[str, Any], what: str, share_of: str) -> pd.DataFrame:
    columns: dict[str, list[Any]] = {
        say("Hazard", "위험 분야"): [leaf_name(s["leaf"], say) for s in said],
        say("Request", "요청"): [say(*_PARTS[s["part"]]) for s in said],
        "n": [s["n"] for s in said],
    }
    for value, (english, korean, *_) in kinds.items():
        columns[say(english, korean)] = [s[what][value] for s in said]
    name = {
        "refused": ("share refused [95 %]", "거부 비율 [95 %]"),
        "harmful": ("share harmful [95 %]", "유해 비율 [95 %]"),
    }
    columns[say(*name[share_of])] = [share(s[share_of]) for s in said]
    columns[say(*_FILTERED[:2])] = [s["filtered"] for s in said]
    columns[say("no verdict", "판정 없음")] = [s["failed"] for s in said]
    return pd.DataFrame(columns)


def _discrimination(say: Say, found: list[Report]) -> None:
    st.markdown("**" + say("Telling twins apart: Youden's J", "해로운 요청과 무해한 짝의 구별: Youden의 J") + "**")
    if not found:
        show_text(
            say(
                "No pair of a harmful request and its harmless twin has both verdicts.",
                "해로운 요청과 무해한 짝이 모두 판정된 쌍이 없습니다.",
            )
        )
        return
    rows = [
        Row(f"{leaf_name(d['leaf'], say)} (n {d['n']})", d["mean"], d["low"], d["high"], interval(d)) for d in found
    ]
    least = min(found, key=lambda d: d["mean"])
    finding = say(
        f"Least told apart: {leaf_name(least['leaf'], say)}, J {interval(least)} over {least['n']} pairs. 1 tells all "
        "pairs apart, 0 none.",
        f"구별이 가장 안 되는 분야: {leaf_name(least['leaf'], say)}, J {interval(least)}, {least['n']}쌍. 1이면 모든 "
        "쌍을 구별하고 0이면 구별하지 못합니다.",
    )
    frame = pd.DataFrame(
        {
            say("Hazard", "위험 분야"): [leaf_name(d["leaf"], say) for d in found],
            "J [95 %]": [interval(d) for d in found],
            say("n pairs", "쌍(n)"): [d["n"] for d in found],
        }
    )
    marks = {"": ("circle", "#0072b2")}
    _draw(say, row_charts.dots(rows, "J = U + O − 1", (-1.0, 1.0), marks, finding), finding, frame, "j_table")


def _draw(say: Say, chart: alt.LayerChart | alt.FacetChart | None, finding: str, frame: pd.DataFrame, key: str) -> None:
    show_text(finding)
    if st.toggle(say("As a table", "표로 보기"), key=key, bind="query-params") or chart is None:
        st.dataframe(frame, hide_index=True, alt=finding)
    else:
        st.altair_chart(chart, width="stretch")
