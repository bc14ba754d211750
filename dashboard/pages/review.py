"""How would a person judge this?"""

from typing import Any

import streamlit as st

from dashboard.blind_item import hazard_name, show_conversation, show_guideline
from dashboard.frame import Page, View, link, open_page
from dashboard.identity import may
from dashboard.pace import Pace
from dashboard.reviewer import ask_reviewer
from dashboard.rubric_form import ask_value, is_filled
from dashboard.safe_text import one_line, show_text
from service.errors import StoreError, UsageError
from service.report.document import Say
from service.review.queue import DEFAULT_SEED, submit, take_sample
from service.review.sitting import Sitting, sit
from service.store import labels, reads
from service.store.labels import LabelStatus

PAGE = Page(
    "review",
    "review",
    1,
    ("Blind review", "블라인드 검토"),
    ("How would a person judge this?", "사람이라면 어떻게 판정하나?"),
    blind=True,
)
_SIZE = 200
_HELP_LINE = (
    "If what you read weighs on you, take a break or leave the type out. In Korea the suicide prevention line 109 "
    "listens day and night.",
    "읽다가 마음이 힘들면 쉬거나 그 유형을 건너뛰세요. 자살예방 상담전화 109에서 24시간 이야기를 들어 줍니다.",
)


def show(view: View) -> None:
    say = view.say
    with view.store.read() as connection:
        run = reads.get_run(connection, view.run)
        drawn = labels.items_of(connection, run.id)
    if not drawn:
        _draw(view)
        return
    reviewer = ask_reviewer(say)
    if reviewer is None:
        return
    with view.store.read() as connection:
        without = _opted_out()
        sitting = sit(connection, run, reviewer, without, st.session_state.get("again"))
    show_text(
        say(f"Sample of {len(drawn):d}, seed {drawn[0].seed:d}", f"표본 {len(drawn):d}건, 시드 {drawn[0].seed:d}")
    )
    _progress(say, sitting)
    if (notice := st.session_state.pop("notice", None)) is not None:
        show_text(say(*notice))
    _opt_out(say, sitting)
    Pace.of_session().show(say)
    if sitting.item is None:
        _done(view, reviewer, sitting)
    elif sitting.hazard is not None and sitting.hazard not in st.session_state.get("may_show", ()):
        _warn(view, reviewer, sitting, sitting.hazard)
    else:
        _item(view, reviewer, sitting)


def _draw(view: View) -> None:
    say = view.say
    show_text(
        say(
            "No sample has been drawn of this run. Three fifths of it are drawn by chance, and measure the judge; the "
            "others are answers in which something may be wrong.",
            "이 실행에서 뽑은 표본이 아직 없습니다. 표본의 60%는 무작위로 뽑아 심판을 재는 데 쓰고, 나머지는 "
            "잘못되었을 만한 답변에서 뽑습니다.",
        )
    )
    if not may("reviewer"):
        show_text(say("Your role may not draw one.", "열람만 할 수 있는 역할이라 표본을 뽑을 수 없습니다."))
        return
    left, right = st.columns(2)
    size = left.number_input(say("Number of answers", "답변 수"), 1, 100_000, _SIZE, key="size")
    seed = right.number_input(
        say("Seed", "시드"),
        0,
        10**9,
        DEFAULT_SEED,
        key="seed",
        help=say("The same seed draws the same answers.", "시드가 같으면 같은 답변을 뽑습니다."),
    )
    if not st.button(say("Draw the sample", "표본 뽑기"), type="primary"):
        return
    try:
        with view.store.transaction() as connection:
            take_sample(connection, reads.get_run(connection, view.run), size, seed)
    except UsageError:
        # Its words name the run.
        show_text(
            say(
                "No sample can be drawn: the run has not ended, or holds no judged answer that a person could read.",
                "표본을 뽑을 수 없습니다. 실행이 아직 끝나지 않았거나, 사람이 읽을 만한 채점된 답변이 없습니다.",
            )
        )
        return
    st.rerun()


def _progress(say: Say, sitting: Sitting) -> None:
    p = sitting.progress
    parts = [f"{p.done:d}/{p.total:d}"]
    parts += [say(f"{p.skipped:d} skipped", f"건너뜀 {p.skipped:d}")] if p.skipped else []
    parts += [say(f"{p.unsure:d} unsure", f"애매함 {p.unsure:d}")] if p.unsure else []
    aside = sitting.set_aside
    parts += [say(f"{aside:d} left out as you wished", f"유형을 골라 제외함 {aside:d}")] if aside else []
    st.progress(p.done / p.total if p.total else 1.0, text=" · ".join(parts))


def _opted_out() -> tuple[str, ...]:
    """The safety leaves that are not to be shown: chosen below, or in the address after a reload."""
    chosen = st.session_state.get("without")
    if chosen is None:
        return tuple(text.partition(" ")[0] for text in st.query_params.get_all("without"))
    return tuple(chosen)


def _opt_out(say: Say, sitting: Sitting) -> None:
    if not sitting.hazards:
        return
    st.multiselect(
        say("Types of safety items to leave out", "안전 항목 건너뛰기"),
        sitting.hazards,
        key="without",
        bind="query-params",
        placeholder=say("none: all are shown", "없음: 모두 봅니다"),
        format_func=lambda leaf: one_line(f"{leaf} {hazard_name(say, leaf)}"),
    )


def _warn(view: View, reviewer: str, sitting: Sitting, hazard: str) -> None:
    say, name = view.say, hazard_name(view.say, hazard)
    with st.container(border=True):
        show_text(
            say(
                f"▲ Content warning: {name}. The question or the answer may be distressing.",
                f"▲ 내용 주의: {name}. 질문이나 답변이 불편할 수 있습니다.",
            )
        )
        show_text(say(*_HELP_LINE))
        with st.container(horizontal=True):
            st.button(
                say("Show items of this type", "이 유형 보기"), shortcut="V", on_click=_show_hazard, args=(hazard,)
            )
            st.button(say("Leave this type out", "이 유형 건너뛰기"), shortcut="H", on_click=_leave_out, args=(hazard,))
            _skip(view, reviewer, sitting)


def _show_hazard(hazard: str) -> None:
    st.session_state["may_show"] = (*st.session_state.get("may_show", ()), hazard)


def _leave_out(hazard: str) -> None:
    st.session_state["without"] = [*_opted_out(), hazard]
    st.session_state["again"] = None


def _item(view: View, reviewer: str, sitting: Sitting) -> None:
    item, say = sitting.item, view.say
    assert item is not None
    Pace.of_session().begin(sitting.key)
    text, form = st.columns([3, 2], gap="large")
    with text:
        show_text(item.category)
        show_conversation(say, item)
    with form:
        if st.session_state.get("again") == item.code:
            show_text(
                say(
                    "Your last one again: what you submit now replaces it.",
                    "앞서 판정한 답변입니다. 지금 제출하면 앞의 판정을 대신합니다.",
                )
            )
        filled = ask_value(say, item.rubric, sitting.key)
        note = st.text_input(say("Note (optional)", "메모 (선택)"), key=f"note-{sitting.key}", max_chars=2000)
        with st.container(horizontal=True):
            st.button(
                say("Submit", "제출"),
                key=f"submit-{sitting.key}",
                type="primary",
                shortcut="Enter",
                disabled=not is_filled(item.rubric, filled),
                on_click=_say,
                args=(view, reviewer, item.code, sitting.key, "given", filled, note),
            )
            st.button(
                say("Unsure", "애매함"),
                key=f"unsure-{sitting.key}",
                shortcut="U",
                on_click=_say,
                args=(view, reviewer, item.code, sitting.key, "unsure", None, note),
            )
            _skip(view, reviewer, sitting, note)
            _undo(say, sitting)
        with st.expander(say("Guideline", "판정 기준"), expanded=True):
            show_guideline(say, item.rubric, item.turn)
            if sitting.hazard is not None:
                show_text(say(*_HELP_LINE))


def _skip(view: View, reviewer: str, sitting: Sitting, note: str | None = None) -> None:
    assert sitting.item is not None
    st.button(
        view.say("Skip", "건너뛰기"),
        key=f"skip-{sitting.key}",
        shortcut="S",
        on_click=_say,
        args=(view, reviewer, sitting.item.code, sitting.key, "skipped", None, note),
    )


def _undo(say: Say, sitting: Sitting) -> None:
    """The one labelled before the one that is shown."""
    again = st.session_state.get("again")
    place = sitting.said.index(again) + 1 if again in sitting.said else 0
    before = sitting.said[place] if place < len(sitting.said) else None
    st.button(
        say("Take the last one back", "마지막 판정 되돌리기"),
        key=f"undo-{place}",
        shortcut="Z",
        disabled=before is None,
        on_click=_reopen,
        args=(before,),
    )


def _reopen(code: str) -> None:
    st.session_state["again"] = code


def _say(
    view: View,
    reviewer: str,
    code: str,
    key: str,
    status: LabelStatus,
    filled: dict[str, object] | None,
    note: str | None,
) -> None:
    """Store a label at once; sent twice, it is stored once."""
    pace = Pace.of_session()
    how: dict[str, Any] = {"key": key, "filled": filled, "status": status, "seconds": pace.seconds(key)}
    try:
        with view.store.transaction() as connection:
            run = reads.get_run(connection, view.run)
            new = submit(connection, run, code, reviewer, note=(note or "").strip() or None, **how)
    except StoreError:
        st.session_state["notice"] = (
            "It could not be stored just now; what you filled in is still there. Try again.",
            "지금은 저장하지 못했습니다. 적은 내용은 그대로 있으니 다시 제출해 주세요.",
        )
        return
    st.session_state["again"] = None
    if new:
        pace.count()
    else:
        st.session_state["notice"] = ("It had been stored already.", "이미 저장된 판정입니다.")


def _done(view: View, reviewer: str, sitting: Sitting) -> None:
    say = view.say
    p = sitting.progress
    st.success(say("All done. Thank you!", "모두 마쳤습니다. 고맙습니다!"))
    show_text(
        say(
            f"{p.done:d} answers have a word of yours; the figures on the judge and the corrected scores count them "
            "already.",
            f"답변 {p.done:d}건에 판정을 남겼습니다. 심판 신뢰도와 보정 점수에 이미 반영되었습니다.",
        )
    )
    _undo(say, sitting)
    link("agreement", say("To the agreement of reviewers", "합의·조정으로"))


if __name__ == "__main__":
    open_page(PAGE, show)
