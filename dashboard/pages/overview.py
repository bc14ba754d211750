"""Which model is how good, and how sure is that?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import charts
from dashboard.address import address
from dashboard.frame import Page, View, link, open_page
from dashboard.safe_text import label, one_line, show_text
from dashboard.shown import MOST_DRAWN, page_of, pick, table_height
from service.report import charts as figures
from service.report.cells import interval
from service.report.document import Document, Grid, Say
from service.report.figure import Dot, Dots
from service.report.part import Report
from service.report.render import report_document

PAGE = Page(
    "overview",
    "summary",
    1,
    ("Overview", "개요"),
    ("Which model is how good, and how sure is that?", "지금 어느 모델이 얼마나 믿을 만하게 좋은가?"),
)
_ROWS = 50
_OTHER_ROWS = 200
_NAMED = 5
_SORTED = {"mean": ("estimate", "추정값"), "low": ("lower bound", "하한")}
_BLOCKS = {
    "overall": ("Overall score", "전체 점수"),
    "capability": ("Capability", "역량"),
    "alignment": ("Alignment", "정렬"),
    "safety": ("Safety", "안전"),
}


def show(view: View) -> None:
    say, report = view.say, view.report
    document = report_document(report, view.language)
    for line in document.findings:
        show_text(line)
    asked = report["blocks"]["asked"] if report["blocks"] else ["overall"]
    how = pick(say, ("Sorted by", "정렬 기준"), _SORTED, "sort")
    block = asked[0]
    if len(asked) > 1:
        block = pick(
            say, ("Sorted in", "정렬할 점수"), {name: text for name, text in _BLOCKS.items() if name in asked}, "block"
        )
    models = sorted(report["models"], key=lambda m: _place(m[block], how))
    _draw(view, models, asked)
    for line in _failures(report, say):
        show_text(line)
    if foreign := sum(m["wrong_language"] for m in report["models"]):
        link(
            "explorer",
            say(
                f"Look at the {foreign:d} answers in the wrong language",
                f"요구한 언어로 쓰지 않은 답변 {foreign:d}건 보기",
            ),
            view=say("wrong language", "언어 위반"),
        )
    _table(view, document, models, asked)
    with st.expander(say("How to read these figures", "숫자를 읽는 법")):
        for note in document.notes:
            show_text(note)
    if st.toggle(say("All other tables of the report", "보고서의 다른 표 모두 보기"), key="all", bind="query-params"):
        _others(document, say)


def _place(e: Report, how: str) -> float:
    return float("inf") if e[how] is None else -float(e[how])


def _failures(report: Report, say: Say) -> list[str]:
    """A sentence a model on what its failures leave open."""
    failed = [m for m in report["models"] if m["failures"] and m["bounds"]]
    told = []
    for m in failed[:_NAMED]:
        n, b, name = sum(m["failures"].values()), m["bounds"], one_line(m["model"])
        told.append(
            say(
                f"{name}: {n} verdicts have no score; had all been worst or best, its mean would be "
                f"{b['worst']:.2f} or {b['best']:.2f}.",
                f"{name}: 점수가 없는 판정 {n}건. 모두 최저점이었다면 평균 {b['worst']:.2f}점, 모두 최고점이었다면 "
                f"{b['best']:.2f}점입니다.",
            )
        )
    if len(failed) > _NAMED:
        more = len(failed) - _NAMED
        told.append(say(f"{more} more models have failures; see the table.", f"그 밖에 {more}개 모델은 표를 보세요."))
    return told


# ── charts ──


def _draw(view: View, models: Sequence[Report], asked: Sequence[str]) -> None:
    say, report = view.say, view.report
    here = models[:MOST_DRAWN]
    if len(here) < len(models):
        show_text(say(f"The first {MOST_DRAWN} are drawn.", f"처음 {MOST_DRAWN}개만 그렸습니다."))
    drawn = [figure for block in asked if (figure := _figure(report, here, block, say))]
    if not drawn:
        show_text(say("No model has a score yet.", "아직 점수가 있는 모델이 없습니다."))
    else:
        for column, figure in zip(st.columns(len(drawn)), drawn, strict=True):
            with column:
                st.altair_chart(charts.draw(figure), width="stretch")
        show_text(" ".join(figure.alt for figure in drawn))
    for block in asked:
        for line in _withheld(report, block, say):
            show_text(line)


def _figure(report: Report, models: Sequence[Report], block: str, say: Say) -> Dots | None:
    """None where no model has this score."""
    found = [m for m in models if m[block] and m[block]["mean"] is not None]
    if not found:
        return None
    if block == "overall":
        whole = figures.overall(report, say)
        assert whole is not None
        return replace(whole, rows=_in_order(whole.rows, report["models"], models))
    name = say(*_BLOCKS[block])
    scale = report["scale"] if block == "capability" else {"min": 0.0, "max": 100.0}
    best = max(found, key=lambda m: m[block]["mean"])
    told = f"{one_line(best['model'])} {interval(best[block])} (n {best[block]['n']})"
    alt = say(f"{name}, highest: {told}.", f"{name}이 가장 높은 모델: {told}.")
    rows = [
        Dot(m["model"], e["mean"], e["low"], e["high"], f"{interval(e)} n {e['n']}")
        for m in models
        for e in [m[block] or {"mean": None, "low": None, "high": None, "n": 0}]
    ]
    of = f"{scale['min']:g}–{scale['max']:g}"
    return Dots(alt, say(f"{name} ({of}), 95 % interval", f"{name}({of}), 95 % 구간"), scale["min"], scale["max"], rows)


def _in_order(rows: Sequence[Dot], held: Sequence[Report], wanted: Sequence[Report]) -> list[Dot]:
    by_model = {m["model"]: row for m, row in zip(held, rows, strict=True)}
    return [by_model[m["model"]] for m in wanted]


def _withheld(report: Report, block: str, say: Say) -> list[str]:
    """Why a headline is not there, once a reason."""
    if block not in ("alignment", "safety"):
        return []
    reasons: dict[tuple[str, ...], list[str]] = {}
    for m in report["models"]:
        if m[block] is not None and m[block]["mean"] is None:
            reasons.setdefault(tuple(m["blocks"][block]["missing"]), []).append(one_line(m["model"]))
    name, complete = say(*_BLOCKS[block]), report["blocks"]["complete"]
    told = []
    for missing, who in reasons.items():
        listed = ", ".join(who[:_NAMED]) + (say(" and others", " 등") if who[_NAMED:] else "")
        leaves = ", ".join(missing[:_NAMED]) + (" …" if missing[_NAMED:] else "")
        least, share = complete["conversations"], f"{complete['share']:.0%}"
        told.append(
            say(
                f"{name} is withheld for {listed}: {len(missing)} leaves ({leaves}) lack {least} judged conversations "
                f"or {share} of those planned.",
                f"{name} 점수를 내지 않은 모델: {listed}. 세부항목 {len(missing)}개({leaves})에서 판정된 대화가 "
                f"{least}개 또는 계획의 {share}에 못 미칩니다.",
            )
        )
    return told


# ── tables ──


def _table(view: View, document: Document, models: Sequence[Report], asked: Sequence[str]) -> None:
    say = view.say
    main = next(grid for grid in document.grids if grid.title is None)
    rows = {m["model"]: row for m, row in zip(view.report["models"], main.rows, strict=True)}
    here = page_of(models, _ROWS, "page", say)
    frame = pd.DataFrame([rows[m["model"]] for m in here], columns=main.head)
    model = say("Model", "모델")
    for place, (name, cells) in enumerate(_headlines(here, asked, say).items(), frame.columns.get_loc(model) + 1):
        frame.insert(place, name, cells)
    links: dict[str, list[str]] = {
        say("Compare", "비교"): [address(view, "compare", base=one_line(m["model"])) for m in here],
        say("Conversations", "대화"): [address(view, "explorer", models=one_line(m["model"])) for m in here],
    }
    if any(m["wrong_language"] for m in here):
        foreign = say("wrong language", "언어 위반")
        links[say("In the wrong language", "언어 위반 대화")] = [
            address(view, "explorer", view=foreign, models=one_line(m["model"])) if m["wrong_language"] else ""
            for m in here
        ]
    opened = st.column_config.LinkColumn(display_text=say("open", "열기"), width="small")
    frame = frame.assign(**links)
    last = [say(f"Turn {turn}", f"{turn}턴") for turn in here[0]["turns"]] + [say("Cost", "비용")]
    st.dataframe(
        frame[[c for c in frame.columns if c not in last] + [c for c in frame.columns if c in last]],
        hide_index=True,
        width="stretch",
        height=table_height(len(here)),
        column_config=dict.fromkeys(links, opened),
        alt=say(f"{len(here)} models with their figures", f"모델 {len(here)}개의 점수"),
    )


def _headlines(models: Sequence[Report], asked: Sequence[str], say: Say) -> dict[str, list[str]]:
    """Safety never without its rates."""
    columns: dict[str, list[str]] = {}
    for block in asked:
        if block == "overall":
            continue
        digits = 2 if block == "capability" else 1
        columns[say(*_BLOCKS[block])] = [_score(m[block], digits, say) for m in models]
    if "safety" in asked:
        for rate, name in {
            "U": ("Not unsafe (U)", "비유해(U)"),
            "R": ("Robust (R)", "강건(R)"),
            "O": ("Not over-refusing (O)", "비과잉거부(O)"),
        }.items():
            parts = [(m["blocks"]["safety"] or {"parts": {}})["parts"].get(rate) for m in models]
            columns[say(*name)] = [_score(e, 2, say) for e in parts]
    return columns


def _score(e: Report | None, digits: int, say: Say) -> str:
    if e is None:
        return "–"
    return say("withheld", "보류") if e["mean"] is None else f"{interval(e, digits)} n {e['n']}"


def _others(document: Document, say: Say) -> None:
    for grid in document.grids:
        if grid.title is not None:
            st.subheader(label(grid.title), anchor=False)
            _grid(grid, say)


def _grid(grid: Grid, say: Say) -> None:
    cells: list[list[Any]] = grid.rows[:_OTHER_ROWS]
    if grid.figure is not None and len(cells) <= MOST_DRAWN:
        show_text(grid.figure.alt)
        st.altair_chart(charts.draw(grid.figure), width="stretch")
    st.dataframe(pd.DataFrame(cells, columns=grid.head), hide_index=True, width="stretch", alt=grid.title)
    if len(cells) < len(grid.rows):
        show_text(say(f"The first {len(cells)} of {len(grid.rows)}.", f"{len(grid.rows)}행 중 처음 {len(cells)}행."))


if __name__ == "__main__":
    open_page(PAGE, show)
