"""One answer on which reviewers differ: what each of them said, and what somebody else decides."""

import json
from collections.abc import Mapping

import streamlit as st

from dashboard.blind_item import show_conversation, show_guideline
from dashboard.frame import View
from dashboard.reviewer import ask_reviewer
from dashboard.rubric_form import ask_value, is_filled, value_text
from dashboard.safe_text import show_text
from service.errors import StoreError
from service.review.between import Judged, decide, decision_key
from service.review.queue import blind_items
from service.store.reads import StoredRun, get_run


def adjudicate(view: View, run: StoredRun, judged: Judged) -> None:
    """The answer without its model, the labels, and the form of the one who decides."""
    say = view.say
    with view.store.read() as connection:
        item = next(blind_items(connection, run, [judged.item]))
    text, form = st.columns([3, 2], gap="large")
    with text:
        show_conversation(say, item)
    with form:
        for label, value in zip(judged.labels, judged.values, strict=True):
            note = f" – {label.note}" if label.note else ""
            show_text(f"{label.reviewer}: {value_text(say, judged.rubric, value)}{note}")
        if judged.decision is not None:
            decided = value_text(say, judged.rubric, json.loads(judged.decision.value))
            show_text(f"{say('Decided', '결정')}: {decided} ({judged.decision.decided_by})")
        _form(view, run, judged)
        with st.expander(say("Guideline", "판정 기준")):
            show_guideline(say, judged.rubric, item.turn)


def _form(view: View, run: StoredRun, judged: Judged) -> None:
    say = view.say
    name = ask_reviewer(say)
    if name is None:
        return
    if name in {label.reviewer for label in judged.labels}:
        show_text(
            say(
                "You labelled this answer yourself: a third person has to decide.",
                "이 답변을 직접 판정하셨습니다. 조정은 다른 사람이 해야 합니다.",
            )
        )
        return
    key = decision_key(run, judged, name)
    filled = ask_value(say, judged.rubric, key)
    note = st.text_input(say("Reason (optional)", "이유 (선택)"), key=f"note-{key}", max_chars=2000)
    st.button(
        say("Decide", "이 값으로 정하기"),
        key=f"decide-{key}",
        type="primary",
        disabled=not is_filled(judged.rubric, filled),
        on_click=_decide,
        args=(view, judged.item.code, name, filled, key, note),
    )


def _decide(view: View, code: str, name: str, filled: Mapping[str, object], key: str, note: str | None) -> None:
    try:
        with view.store.transaction() as connection:
            run = get_run(connection, view.run)
            new = decide(connection, run, code, name, filled, key, (note or "").strip() or None)
    except StoreError:
        said = ("It could not be stored just now. Try again.", "지금은 저장하지 못했습니다. 다시 눌러 주세요.")
    else:
        said = ("Decided.", "정했습니다.") if new else ("That had been decided already.", "이미 정한 답변입니다.")
    st.session_state["decision_notice"] = said
