"""A judge beside the people who labelled the same answers, and people beside each other: the most one can ask for."""

import shlex

import pandas as pd
import streamlit as st

from dashboard import charts, queries_judge, row_charts
from dashboard.address import note_unknown
from dashboard.frame import View
from dashboard.queries_judge import Labelled
from dashboard.row_charts import Row
from dashboard.safe_text import one_line, show_command, show_text
from judge.rubric import LabelSet, LabelsRubric
from service.card.build import Card
from service.report.cells import share
from service.report.document import Say
from service.report.figure import Cell, Heatmap
from service.report.part import Report

_COEFFICIENTS = {
    "weighted_kappa": ("weighted κ", "가중 κ"),
    "alpha": ("Krippendorff's α", "Krippendorff α"),
    "ac1": ("Gwet's AC1", "Gwet AC1"),
    "spearman": ("Spearman's ρ", "Spearman ρ"),
}
_MARKS = {"judge": ("circle", "#0072b2"), "people": ("diamond", "#d55e00")}


def beside_people(view: View, card: Card) -> None:
    """Of one run that the judge graded and people labelled; says what to do where there is none."""
    say = view.say
    st.subheader(say("Beside people", "사람과 비교"), anchor=False)
    labelled = queries_judge.labelled(view.store)
    runs = [name for name in reversed(card["runs"]) if name in labelled]
    if not runs:
        run = shlex.quote(one_line(card["runs"][-1])) if card["runs"] else "RUN"
        show_text(
            say(
                "No run that this judge graded has labels of people yet. A blind sheet of a random sample is made by:",
                "이 심판이 채점한 실행에 사람의 라벨이 아직 없습니다. 무작위 표본의 블라인드 채점지는 이렇게 만듭니다:",
            )
        )
        show_command(
            f"kojudge labels sample {run} --n 200 --output sheet.csv\n"
            f"kojudge labels import {run} sheet.csv --reviewer NAME",
        )
        return
    note_unknown(say, "labels_of", runs)
    name = st.selectbox(
        say("Run with labels", "라벨이 있는 실행"), runs, key="labels_of", bind="query-params", format_func=one_line
    )
    with st.spinner(say("Comparing with people's labels …", "사람의 라벨과 견주고 있습니다 …")):
        found = queries_judge.people(view.store, name)
    mine = next((j for j in found.report["judges"] if j["judge"] == card["judge"]), None) if found else None
    if found is None or mine is None:
        show_text(say("There is nothing to compare in this run.", "이 실행에는 견줄 것이 없습니다."))
        return
    _counts(say, found.report)
    if not mine["agreement"]:
        show_text(
            say(
                "No label of the random stratum has a verdict of this judge beside it.",
                "무작위 표본의 라벨 중 이 심판의 판정이 있는 것이 없습니다.",
            )
        )
        return
    named = {_measure(say, found, a): a for a in mine["agreement"]}
    note_unknown(say, "measure", named)
    picked = st.selectbox(
        say("Compared on", "비교 대상"), list(named), key="measure", bind="query-params", format_func=one_line
    )
    agreement = named.get(picked) or mine["agreement"][0]
    same = (agreement["rubric"], agreement["measure"])
    ceiling = next((p for p in found.report["people"] if (p["rubric"], p["measure"]) == same), None)
    _coefficients(say, agreement, ceiling, found.report["fewest_labels"]["coefficients"])
    _confusion(say, found, agreement)
    _more(say, agreement, mine["alt_test"])


def _counts(say: Say, report: Report) -> None:
    made, left = report["labels"], sum(report["labels"]["left_out"].values())
    show_text(
        say(
            f"{made['random']} labels of {len(report['reviewers'])} people on {made['turns']} answers of the random "
            f"sample; {left} others are in no figure (targeted, not blind, skipped or unsure); {made['adjudicated']} "
            "decided between people.",
            f"무작위 표본의 답변 {made['turns']}개에 사람 {len(report['reviewers'])}명이 붙인 라벨 {made['random']}개로"
            f" 계산했습니다. 나머지 {left}개(표적 표본, 블라인드 아님, 건너뜀, 애매함)는 계산에 넣지 않았고, 사람끼리 "
            f"조정한 것은 {made['adjudicated']}개입니다.",
        )
    )


def _measure(say: Say, found: Labelled, agreement: Report) -> str:
    rubric = agreement["rubric"]
    if rubric is None:
        return say("score, all rubrics together", "점수, 모든 채점 기준")
    asked = _label(found, agreement)
    if asked is None:
        return f"{one_line(rubric)} · " + say("score", "점수")
    # Labels of one rubric may have one name.
    twice = [label.name for label in _labels(found, rubric)].count(asked.name) > 1
    return f"{one_line(rubric)} · {one_line(asked.name)}" + (f" ({asked.id})" if twice else "")


def _labels(found: Labelled, rubric: str | None) -> tuple[LabelSet, ...]:
    known = found.rubrics.get(rubric or "")
    return known.labels if isinstance(known, LabelsRubric) else ()


def _label(found: Labelled, agreement: Report) -> LabelSet | None:
    """The label that is compared; None for a score."""
    asked = _labels(found, agreement["rubric"])
    return next((label for label in asked if label.id == agreement["measure"]), None)


def _coefficients(say: Say, agreement: Report, ceiling: Report | None, fewest: int) -> None:
    own, theirs = agreement["coefficients"], ceiling["coefficients"] if ceiling else None
    if own is None:
        show_text(
            say(
                f"κ, α and AC1 are withheld: {agreement['n']} labels of the random sample, fewer than {fewest}. The "
                "counts are below.",
                f"κ, α, AC1은 내지 않습니다. 무작위 표본의 라벨이 {agreement['n']}개로 {fewest}개보다 적습니다. 아래에 "
                "개수만 보여 드립니다.",
            )
        )
        return
    judge, people = say("judge and people", "심판과 사람"), say("people among themselves", "사람끼리")
    rows, table = [], []
    for name, words in _COEFFICIENTS.items():
        told = [say(*words)]
        for kind, who, found in (("judge", judge, own), ("people", people, theirs)):
            e = found[name] if found else None
            told.append(_told(e))
            if e is not None and e["low"] is not None:
                rows.append(Row(f"{say(*words)} · {who}", e["value"], e["low"], e["high"], _told(e), kind))
        table.append(told)
    equal = [say("equal", "일치율"), *(_share(e["exact"] if e else None) for e in (agreement, ceiling))]
    frame = pd.DataFrame([*table, equal], columns=[say("Figure", "지표"), judge, people])
    kappa = frame.iloc[0]
    finding = say(
        f"Weighted κ: judge and people {kappa[judge]}, people among themselves {kappa[people]}.",
        f"가중 κ: 심판과 사람 {kappa[judge]}, 사람끼리 {kappa[people]}.",
    )
    show_text(finding)
    if theirs is None:
        show_text(
            say(
                "How far people agree among themselves is not known yet: too few answers have two labels.",
                "라벨이 둘 이상인 답변이 적어 사람끼리 얼마나 맞는지(상한)는 아직 알 수 없습니다.",
            )
        )
    if st.toggle(say("As a table", "표로 보기"), key="people_table", bind="query-params") or not rows:
        st.dataframe(frame, hide_index=True, alt=finding)
        return
    low = min(0.0, *(row.low for row in rows), 0.0)
    axis = say("agreement: ● judge and people, ◆ people among themselves", "일치도: ● 심판과 사람, ◆ 사람끼리(상한)")
    st.altair_chart(row_charts.dots(rows, axis, (low, 1.0), _MARKS, finding), width="stretch")


def _told(e: Report | None) -> str:
    if e is None or e["value"] is None or e["low"] is None:
        return "–"
    return f"{e['value']:z.3f} [{e['low']:z.3f}, {e['high']:z.3f}] n {e['n']}"


def _share(e: Report | None) -> str:
    return "–" if e is None or e["mean"] is None else f"{share(e)} n {e['n']}"


def _confusion(say: Say, found: Labelled, agreement: Report) -> None:
    st.markdown("**" + say("Who said what", "사람과 심판의 판정 비교표") + "**")
    confusion = agreement["confusion"]
    if confusion is None:
        show_text(
            say(
                "Too many different ratings for a table.",
                "서로 다른 값이 너무 많아 표로 보이지 않습니다.",
            )
        )
        return
    asked = _label(found, agreement)
    names = [one_line(asked.values[int(v)].name) if asked else f"{v:g}" for v in confusion["values"]]
    if asked and len(set(names)) < len(names):
        names = [f"{name} ({asked.values[int(v)].id})" for name, v in zip(names, confusion["values"], strict=True)]
    counts = confusion["counts"]
    same = sum(row[i] for i, row in enumerate(counts))
    finding = say(
        f"The same in {same} of {agreement['n']} ({_share(agreement['exact'])}). Rows: people; columns: judge.",
        f"{agreement['n']}개 중 {same}개가 같습니다({_share(agreement['exact'])}). 행은 사람, 열은 심판입니다.",
    )
    show_text(finding)
    corner = say("people ↓ judge →", "사람 ↓ 심판 →")
    if st.toggle(say("As a table", "표로 보기"), key="confusion_table", bind="query-params"):
        body = [[name, *row] for name, row in zip(names, counts, strict=True)]
        st.dataframe(pd.DataFrame(body, columns=[corner, *names]), hide_index=True, alt=finding)
        return
    most = max(map(max, counts))
    rows = [
        (name, [Cell(float(n), str(n)) if n else Cell(None, "·") for n in row])
        for name, row in zip(names, counts, strict=True)
    ]
    st.altair_chart(charts.draw(Heatmap(finding, corner, names, 0.0, float(most), rows)), width="stretch")


def _more(say: Say, agreement: Report, alt_test: Report | None) -> None:
    if agreement["no_verdict"]:
        n = agreement["no_verdict"]
        show_text(say(f"{n} labels have no verdict beside them.", f"라벨 {n}개에는 견줄 판정이 없습니다."))
    detected = agreement["detection"]
    if detected:
        event = one_line(detected["positive"])
        show_text(
            say(
                f"Of what people find ({event}) the judge finds {_share(detected['sensitivity'])} (sensitivity), and "
                f"leaves alone {_share(detected['specificity'])} of what they do (specificity).",
                f"사람이 찾은 것({event}) 중 심판도 찾은 비율(민감도) {_share(detected['sensitivity'])}, 사람이 "
                f"문제없다고 본 것 중 심판도 그렇게 본 비율(특이도) {_share(detected['specificity'])}.",
            )
        )
    if alt_test is not None:
        passed = say("passes", "통과") if alt_test["passed"] else say("does not pass", "통과하지 못함")
        show_text(
            say(
                f"Alternative annotator test, whether it may stand in for a person: {passed} (winning rate "
                f"{alt_test['winning_rate']:.2f}, {alt_test['annotators']} people, {alt_test['units']} answers).",
                f"대체 채점자 검정(사람 대신 세워도 되는가): {passed}. 승률 {alt_test['winning_rate']:.2f}, 사람 "
                f"{alt_test['annotators']}명, 답변 {alt_test['units']}개.",
            )
        )
