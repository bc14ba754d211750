"""Do people agree, and what has to be settled?"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.adjudication import adjudicate
from dashboard.frame import Page, View, link, open_page
from dashboard.queries_people import agreement
from dashboard.rubric_form import value_text
from dashboard.safe_text import one_line, show_text
from judge.rubric import LabelsRubric, Rubric
from service.report.document import Say
from service.report.figure import Dot, Dots
from service.review.between import Judged, Pair, judged_items, pairs
from service.review.files import exported
from service.review.gold import as_csv, as_jsonl, gold_labels
from service.store import reads
from service.store.reads import StoredRun

PAGE = Page(
    "agreement",
    "review",
    2,
    ("Agreement and adjudication", "합의·조정"),
    ("Do people agree, and what has to be settled?", "사람끼리는 맞는가, 무엇을 조정하나?"),
)
_ROWS = 20
_COEFFICIENTS = {
    "alpha": ("Krippendorff α", "크리펜도르프 α"),
    "weighted_kappa": ("Weighted κ", "가중 κ"),
    "ac1": ("Gwet AC1", "Gwet AC1"),
}
_SOME: dict[str, tuple[str, str]] = {
    "open": ("differ, not decided", "엇갈림, 미결정"),
    "decided": ("decided", "결정됨"),
    "several": ("all with several labels", "여럿이 판정한 것 모두"),
}
_FILES = (
    ("gold", "csv", ("Gold labels (CSV)", "확정 판정 (CSV)")),
    ("gold", "jsonl", ("Gold labels (JSONL)", "확정 판정 (JSONL)")),
    ("labels", "csv", ("All labels (CSV)", "전체 판정 (CSV)")),
    ("labels", "jsonl", ("All labels (JSONL)", "전체 판정 (JSONL)")),
)


def show(view: View) -> None:
    say = view.say
    report = agreement(view.store, view.run)
    if report is None:
        show_text(
            say(
                "Nobody has labelled an answer of this run yet. The page of blind review hands them out.",
                "이 실행의 답변을 판정한 사람이 아직 없습니다. 블라인드 검토 화면에서 시작할 수 있습니다.",
            )
        )
        link("review", say("To the blind review", "블라인드 검토로"), run=view.run)
        return
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        judged = judged_items(connection, run)
        tables = list(pairs(connection, run))
    _reviewers(say, report)
    _figures(say, run, report)
    _confusion(say, run, tables)
    _disagreements(view, run, judged)
    _exports(view)


def _reviewers(say: Say, report: Mapping[str, Any]) -> None:
    counts, left = report["labels"], report["labels"]["left_out"]
    people, random, turns = len(report["reviewers"]), counts["random"], counts["turns"]
    show_text(
        say(
            f"{random} labels of {turns} answers drawn at random, by {people} reviewers. Not in the figures: "
            f"{left['targeted']} of answers chosen on suspicion, {left['not_blind']} not blind, {left['skipped']} "
            f"skipped, {left['unsure']} unsure. Decided: {counts['adjudicated']}.",
            f"검토자 {people}명이 무작위로 뽑힌 답변 {turns}건에 남긴 판정 {random}건입니다. 수치에서 뺀 것: "
            f"의심스러워 고른 답변 {left['targeted']}건, 블라인드가 아닌 판정 {left['not_blind']}건, 건너뜀 "
            f"{left['skipped']}건, 애매함 {left['unsure']}건. 조정으로 정한 답변 {counts['adjudicated']}건.",
        )
    )
    head = [say("Reviewer", "검토자"), say("Labels", "판정"), say("Skipped", "건너뜀"), say("Unsure", "애매함")]
    rows = [[one_line(r["reviewer"]), r["given"], r["skipped"], r["unsure"]] for r in report["reviewers"]]
    st.dataframe(pd.DataFrame(rows, columns=head), hide_index=True, alt=say("Labels by reviewer", "검토자별 판정 수"))


def _figures(say: Say, run: StoredRun, report: Mapping[str, Any]) -> None:
    st.subheader(say("Agreement of people", "사람끼리의 합의"), anchor=False)
    rows, few = report["people"], report["fewest_labels"]["coefficients"]
    if not rows:
        show_text(
            say(
                "No answer drawn at random has labels of two people: how far people agree is not known. A second "
                "reviewer gets the shared answers of the sample by themselves; give them another name.",
                "두 사람이 함께 판정한 무작위 답변이 없어 사람끼리 얼마나 맞는지 알 수 없습니다. 다른 검토자가 자기 "
                "이름으로 블라인드 검토를 시작하면 공통 답변이 저절로 배정됩니다.",
            )
        )
        return
    if any(row["coefficients"] is None for row in rows):
        show_text(
            say(
                f"Coefficients are given from {few} answers with several labels on; until then only the share of "
                "equal labels.",
                f"합의 계수는 여럿이 판정한 답변이 {few}건 이상일 때 보여 드립니다. 그 전에는 일치율만 냅니다.",
            )
        )
    with_alpha = [row for row in rows if row["coefficients"] is not None]
    as_table = not with_alpha or st.toggle(say("As a table", "표로 보기"), key="agreement_table", bind="query-params")
    if as_table:
        st.dataframe(
            pd.DataFrame([_cells(say, run, row) for row in rows]),
            hide_index=True,
            alt=say("Agreement of people by rubric", "채점 기준별 사람 사이의 합의"),
        )
    else:
        figure = _alphas(say, run, with_alpha)
        show_text(figure.alt)
        st.altair_chart(charts.draw(figure), width="stretch")
    _meaning(say)


def _meaning(say: Say) -> None:
    show_text(
        say(
            "α compares with chance: 1 is full agreement, 0 what chance gives; from 0.8 reliable, from 0.67 for "
            "tentative conclusions. No judge can be asked for more than people reach among themselves. The table "
            "has two more: weighted κ, on pairs of people, and AC1, which holds where nearly all labels are of one "
            "kind. In brackets: 95 % intervals over questions.",
            "α는 우연과 견준 합의입니다. 1이면 완전히 같고 0이면 우연과 같으며, 0.8부터 믿을 만하고 0.67부터는 잠정 "
            "결론에 쓸 수 있습니다. 심판에게 사람끼리의 합의보다 더 많은 것을 바랄 수는 없습니다. 표에는 두 사람씩 "
            "견준 가중 κ와, 한쪽 값이 대부분일 때도 흔들리지 않는 AC1이 함께 있습니다. 대괄호 안은 문항 단위로 낸 95% "
            "신뢰구간입니다.",
        )
    )


def _cells(say: Say, run: StoredRun, row: Mapping[str, Any]) -> dict[str, str]:
    found = row["coefficients"]
    return {
        say("Rubric · measure", "채점 기준 · 항목"): _named(say, run, row["rubric"], row["measure"]),
        say("Answers (n)", "답변 수(n)"): f"{row['n']}",
        say("Questions", "문항 수"): f"{row['questions']}",
        **{say(*text): _interval(found and found[name], "value") for name, text in _COEFFICIENTS.items()},
        say("Equal", "일치율"): _interval(row["exact"], "mean"),
    }


def _interval(figure: Mapping[str, Any] | None, key: str) -> str:
    if figure is None or figure[key] is None:
        return "–"
    ends = "" if figure["low"] is None else f" [{figure['low']:.2f}, {figure['high']:.2f}]"
    return f"{figure[key]:.2f}{ends}"


def _alphas(say: Say, run: StoredRun, rows: Sequence[Mapping[str, Any]]) -> Dots:
    dots = []
    for row in rows:
        alpha = row["coefficients"]["alpha"]
        name = f"{_named(say, run, row['rubric'], row['measure'])} (n={row['n']})"
        dots.append(Dot(name, alpha["value"], alpha["low"], alpha["high"], _interval(alpha, "value")))
    finding = "; ".join(f"{dot.name} {dot.text}" for dot in dots)
    low = min([0.0, *(dot.low for dot in dots if dot.low is not None)])
    return Dots(
        say(f"Krippendorff's alpha [95 %]: {finding}.", f"크리펜도르프 알파 [95%]: {finding}."),
        say("Krippendorff's α", "크리펜도르프 α"),
        low,
        1.0,
        dots,
    )


def _named(say: Say, run: StoredRun, rubric_id: str | None, measure: str) -> str:
    """`Title · measure`, in words."""
    rubric = run.plan.rubrics.get(rubric_id or "")
    if rubric is None:
        return say("All rubrics · share of the scale", "전체 · 척도 대비 비율")
    return one_line(f"{rubric.title} · {_measure(say, rubric, measure)}")


def _measure(say: Say, rubric: Rubric, measure: str) -> str:
    names = {part.id: part.name for part in rubric.labels} if isinstance(rubric, LabelsRubric) else {}
    return names.get(measure, say("score", "점수") if measure == "score" else measure)


def _confusion(say: Say, run: StoredRun, tables: Sequence[Pair]) -> None:
    if not tables:
        return
    st.subheader(say("Who said what", "누가 무엇이라 했나"), anchor=False)
    chosen = st.selectbox(
        say("Reviewers and measure", "검토자와 항목"),
        range(len(tables)),
        key="pair",
        format_func=lambda n: one_line(
            f"{tables[n].first} – {tables[n].second} · {_named(say, run, tables[n].rubric, tables[n].measure)}"
        ),
    )
    pair = tables[chosen]
    if pair.table is None:
        show_text(say("Too many different scores for a table.", "점수의 종류가 너무 많아 표로 보일 수 없습니다."))
        return
    rubric = run.plan.rubrics[pair.rubric or ""]
    names = [_value_name(rubric, pair.measure, value) for value in pair.table.values]
    first = f"{one_line(pair.first, 40)} ↓ {one_line(pair.second, 40)} →"
    body = [[name, *counts] for name, counts in zip(names, pair.table.counts, strict=True)]
    same = sum(row[n] for n, row in enumerate(pair.table.counts))
    alt = say(f"The same on {same:d} of {pair.n:d} answers", f"답변 {pair.n:d}건 가운데 {same:d}건에서 같음")
    show_text(alt)
    st.dataframe(pd.DataFrame(body, columns=[first, *names]), hide_index=True, alt=alt)


def _value_name(rubric: Rubric, measure: str, value: float) -> str:
    part = next((p for p in rubric.labels if p.id == measure), None) if isinstance(rubric, LabelsRubric) else None
    return f"{value:g}" if part is None else one_line(part.values[int(value)].name)


def _disagreements(view: View, run: StoredRun, judged: Sequence[Judged]) -> None:
    say = view.say
    st.subheader(say("Answers on which reviewers differ", "판정이 엇갈린 답변"), anchor=False)
    several = [j for j in judged if len(j.labels) > 1]
    kinds = {
        "open": [j for j in several if j.is_disputed and j.decision is None],
        "decided": [j for j in judged if j.decision is not None],
        "several": several,
    }
    words = {say(*text): kind for kind, text in _SOME.items()}
    view_of = st.segmented_control(
        say("Which", "보기"), list(words), default=next(iter(words)), required=True, key="which", bind="query-params"
    )
    if (notice := st.session_state.pop("decision_notice", None)) is not None:
        show_text(say(*notice))
    wanted = kinds[words[view_of]]
    if not wanted:
        show_text(say("There is none.", "해당하는 답변이 없습니다."))
        return
    pages = -(-len(wanted) // _ROWS)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    here = wanted[(page - 1) * _ROWS : page * _ROWS]
    rows = [_row(say, j) for j in here]
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        alt=say(f"{len(here):d} of {len(wanted):d} answers", f"답변 {len(wanted):d}건 중 {len(here):d}건"),
    )
    code = st.selectbox(
        say("Look at an answer, and decide", "답변을 보고 정하기"),
        [j.item.code for j in here],
        index=None,
        key="item",
        bind="query-params",
        placeholder=say("choose its code", "답변 번호를 고르세요"),
        format_func=one_line,
    )
    found = next((j for j in here if j.item.code == code), None)
    if found is not None:
        adjudicate(view, run, found)


def _row(say: Say, judged: Judged) -> dict[str, str]:
    said = zip(judged.labels, judged.values, strict=True)
    decision = judged.decision
    return {
        say("Answer", "답변"): judged.item.code,
        say("Rubric", "채점 기준"): one_line(judged.rubric.title),
        say("Labels", "판정"): one_line(
            " / ".join(f"{row.reviewer}: {value_text(say, judged.rubric, value)}" for row, value in said)
        ),
        say("Apart (share of the scale)", "차이(척도 대비)"): f"{judged.spread:.0%}",
        say("Decided by", "정한 사람"): "–" if decision is None else one_line(decision.decided_by),
    }


def _exports(view: View) -> None:
    say = view.say
    st.subheader(say("Take the labels with you", "판정 내려받기"), anchor=False)
    show_text(
        say(
            "Gold labels: one value for each answer, what was decided or what all reviewers say; where they differ "
            "and nobody has decided, there is none. All labels: every word of everybody, superseded ones too.",
            "확정 판정: 답변마다 조정으로 정한 값이나 모두가 같게 매긴 값 하나이며, 엇갈린 채 정하지 않은 답변은 "
            "빠집니다. 전체 판정: 바뀌기 전 것까지 모두의 판정입니다.",
        )
    )

    with st.container(horizontal=True):
        for kind, ending, text in _FILES:
            write = as_csv if ending == "csv" else as_jsonl
            st.download_button(
                say(*text),
                partial(_file, view, kind, write),
                file_name=f"{kind}.{ending}",
                mime="text/csv" if ending == "csv" else "application/jsonl",
                key=f"{kind}-{ending}",
                on_click="ignore",
            )


def _file(view: View, kind: str, write: Callable[[Sequence[dict[str, Any]]], str]) -> bytes:
    """Made when it is asked for."""
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        return write(list(gold_labels(connection, run) if kind == "gold" else exported(connection, run))).encode()


if __name__ == "__main__":
    open_page(PAGE, show)
