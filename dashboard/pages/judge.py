"""May this judge be believed?"""

import math
import shlex
from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from dashboard import queries_judge, row_charts
from dashboard.address import note_unknown
from dashboard.frame import Page, View, open_page
from dashboard.judge_people import beside_people
from dashboard.row_charts import Row
from dashboard.safe_text import label, one_line, show_command, show_text
from service.card.build import Card
from service.card.document import card_document, figure_text, line_name
from service.card.words import VERDICTS
from service.report.document import Say

PAGE = Page(
    "judge",
    "trust",
    1,
    ("Judge card", "심판 신뢰도"),
    ("May this judge be believed?", "이 심판을 믿어도 되는가?"),
    needs_run=False,
)
_MARKS = {"good": "●", "watch": "▲", "bad": "✕", "not_enough_data": "–"}
_CROSS = "M-1,-.7L-.7,-1L0,-.3L.7,-1L1,-.7L.3,0L1,.7L.7,1L0,.3L-.7,1L-1,.7L-.3,0Z"
_SHAPES = {
    "good": ("circle", "#0072b2"),
    "watch": ("triangle-up", "#e69f00"),
    "bad": (_CROSS, "#d55e00"),
    "not_enough_data": ("square", "#8a8a8a"),
}


def show(view: View) -> None:
    say = view.say
    names = queries_judge.judges(view.store)
    if not names:
        show_text(
            say("No judge has graded anything yet. Try one:", "아직 채점한 심판이 없습니다. 심판을 시험해 보세요.")
        )
        st.code("kojudge judge probe -j PROVIDER:JUDGE", language=None, wrap_lines=True)
        return
    note_unknown(say, "judge", names)
    name = st.selectbox(say("Judge", "심판"), names, key="judge", bind="query-params", format_func=one_line)
    card = queries_judge.card(view.store, name)
    if card is None:
        show_text(say("This judge has graded nothing yet.", "이 심판은 아직 채점한 것이 없습니다."))
        return
    _summary(view, card)
    _lines(view, card)
    _zones(say, card)
    _scores(say, card)
    beside_people(view, card)


def _summary(view: View, card: Card) -> None:
    say, document = view.say, card_document(card, view.language)
    counted = " · ".join(f"{_MARKS[v]} {say(*VERDICTS[v])} {n}" for v, n in card["verdicts"].items())
    show_text(counted)
    for line in document.lines[:2]:
        show_text(line)
    if card["relatives"]:
        kin = ", ".join(label(f"{r['model']} ({r['run']})") for r in card["relatives"])
        st.warning(
            say(
                f"This judge graded models of its own family: {kin}. Judges tend to like answers of their own kind; "
                "see the lines on its own answers, or have another judge grade them.",
                f"이 심판이 자기와 같은 계열의 모델을 채점했습니다: {kin}. 심판은 자기 계열의 답변을 후하게 보는 "
                "경향이 있습니다. ‘제 식구를 편드는가’를 확인하거나 다른 심판에게 맡기세요.",
            )
        )
    probe = card["probe"]
    tried = probe is not None and probe["missing"] == 0
    # The last one says in a sentence what stands below as a command.
    for line in document.findings if tried else document.findings[:-1]:
        show_text(line)
    if not tried:
        _how_to_probe(say, card["spec"])


def _how_to_probe(say: Say, spec: str) -> None:
    rules = spec == "scripted:rules"
    show_text(
        say(
            "The built-in rules are no model and cannot be probed; probe a judge that is one:",
            "내장 규칙은 모델이 아니라서 시험할 수 없습니다. 모델인 심판을 시험하세요:",
        )
        if rules
        else say(
            "Figures are missing: the probe of this judge was not made, or not finished. This makes it:",
            "빠진 지표가 있습니다. 이 심판을 아직 시험하지 않았거나 시험이 끝나지 않았습니다. 이 명령으로 채웁니다:",
        )
    )
    judge = "PROVIDER:JUDGE" if rules else shlex.quote(one_line(spec))
    show_command(f"kojudge judge probe -j {judge}")


def _lines(view: View, card: Card) -> None:
    say, document = view.say, card_document(card, view.language)
    marked = {say(*VERDICTS[v]): f"{mark} {say(*VERDICTS[v])}" for v, mark in _MARKS.items()}
    for grid in document.grids:
        st.markdown(f"**{label(grid.title or '')}**")
        # The verdict beside the name: at the end it would lie outside of a narrow screen.
        head = [grid.head[0], grid.head[-1], *grid.head[1:-1]]
        told = [marked.get(row[-1], say("not judged", "판정하지 않음")) for row in grid.rows]
        rows = [[row[0], verdict, *row[1:-1]] for row, verdict in zip(grid.rows, told, strict=True)]
        st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=grid.title)
    with st.expander(say("How to read this", "읽는 법")):
        for note in document.notes:
            show_text(note)


# ── the figures against what is good ──


def _zones(say: Say, card: Card) -> None:
    lines = [
        line
        for section in card["sections"]
        for line in section["lines"]
        if line["verdict"] is not None and (line["judged"] or line)["low"] is not None
    ]
    if not lines:
        return
    st.subheader(say("Figures beside the good range", "지표와 양호 범위"), anchor=False)
    show_text(
        say(
            "Dark band: good; light band: fair. ● good ▲ watch ✕ bad – not enough data.",
            "진한 띠는 양호 범위, 옅은 띠는 허용 범위입니다. ● 양호 ▲ 주의 ✕ 나쁨 – 자료 부족.",
        )
    )
    shares = [line for line in lines if line["unit"] in ("share", "correlation")]
    points = [line for line in lines if line["unit"] == "points"]
    for group, axis in ((shares, say("share", "비율")), (points, say("points of 10", "10점 만점의 점수"))):
        if group:
            chart = row_charts.dots(
                [_row(say, line) for line in group], axis, _domain(group), _SHAPES, _finding(say, group)
            )
            st.altair_chart(chart, width="stretch")


def _domain(lines: list[dict[str, Any]]) -> tuple[float, float]:
    """Shares from 0, or as far below as a difference of shares goes, to 1; points as far to both sides."""
    lowest = min(_judged(line)["low"] for line in lines)
    if lines[0]["unit"] != "points":
        return min(0.0, math.floor(10 * lowest) / 10), 1.0
    widest = max(1.0, -lowest, *(_judged(line)["high"] for line in lines))
    return -widest, widest


def _judged(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is held against the zone."""
    found: Mapping[str, Any] = line["judged"] or line
    return found


def _row(say: Say, line: dict[str, Any]) -> Row:
    e = _judged(line)
    name = one_line(line_name(line, say)) + (say(" (beyond chance)", " (우연을 넘는 몫)") if line["judged"] else "")
    told = figure_text({**line, **e}) if line["judged"] else figure_text(line)
    text = f"{_MARKS[line['verdict']]} {told} n {e['n']}"
    good, fair = ((float(z[0]), float(z[1])) for z in (line["good"], line["fair"]))
    return Row(name, e["mean"], e["low"], e["high"], text, line["verdict"], good, fair)


def _finding(say: Say, lines: list[dict[str, Any]]) -> str:
    accused = [line_name(line, say) for line in lines if line["verdict"] in ("bad", "watch")]
    good = sum(line["verdict"] == "good" for line in lines)
    if not accused:
        return say(
            f"{good} of {len(lines)} figures are good, none speaks against the judge.",
            f"지표 {len(lines)}개 중 {good}개가 양호하고 심판에게 불리한 지표는 없습니다.",
        )
    listed = ", ".join(accused)
    return say(
        f"{good} of {len(lines)} figures are good; outside of the good range: {listed}.",
        f"지표 {len(lines)}개 중 {good}개가 양호합니다. 양호 범위를 벗어난 지표: {listed}.",
    )


# ── how its scores lie ──


def _scores(say: Say, card: Card) -> None:
    scores = card["scores"]
    total = sum(c["n"] for c in scores["counts"])
    if not total:
        return
    st.subheader(say("How its scores lie", "점수 분포"), anchor=False)
    ends = {line["id"]: line for s in card["sections"] if s["id"] == "ends" for line in s["lines"]}
    top, bottom = (f"{figure_text(ends[end])} (n {total})" for end in ("ceiling", "floor"))
    finding = say(f"At the top: {top}; at the bottom: {bottom}.", f"만점의 비율 {top}, 최저점의 비율 {bottom}.")
    if scores["ceiling"]:
        st.warning(
            say(
                "Ceiling: more than half of its scores are at the top; it cannot tell good answers from better ones.",
                "천장효과: 점수의 절반 넘게 만점이라 좋은 답변과 더 좋은 답변을 가리지 못합니다.",
            )
        )
    if scores["floor"]:
        st.warning(
            say(
                "Floor: more than half of its scores are at the bottom.",
                "바닥효과: 점수의 절반 넘게 최저점입니다.",
            )
        )
    show_text(finding)
    frame = pd.DataFrame(
        {
            "score": [str(c["score"]) for c in scores["counts"]],
            "n": [c["n"] for c in scores["counts"]],
            "told": [f"{c['n']}" if c["n"] else "" for c in scores["counts"]],
        }
    )
    head = {
        "score": say("Points of 10, rounded down", "10점 만점의 점수(소수점 아래 버림)"),
        "n": say("Verdicts (n)", "판정(n)"),
    }
    if st.toggle(say("As a table", "표로 보기"), key="scores_table", bind="query-params"):
        st.dataframe(frame[["score", "n"]].rename(columns=head), hide_index=True, alt=finding)
        return
    order = list(frame["score"])
    base = alt.Chart(frame).encode(
        x=alt.X("score:N", sort=order, title=head["score"], axis=alt.Axis(labelAngle=0)),
        y=alt.Y("n:Q", title=head["n"]),
    )
    text = base.mark_text(dy=-8, color=row_charts.ink()).encode(text="told:N")
    chart = alt.layer(base.mark_bar(color="#0072b2"), text).properties(description=finding, height=260)
    st.altair_chart(chart, width="stretch")


if __name__ == "__main__":
    open_page(PAGE, show)
