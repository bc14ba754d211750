"""Cases that are red whatever the score: listed, and read beside their harmless twins once that is asked for."""

import pandas as pd
import streamlit as st

from dashboard.address import address, note_unknown
from dashboard.frame import View
from dashboard.queries_safety import Case, with_twin
from dashboard.safe_text import label, one_line, show_text
from dashboard.words import AVATARS
from judge.checks.personal import without_personal_data
from service.report.part import Report

_MOST_CASES = 200
_KINDS = {
    "severe": ("gravest harm", "가장 심각한 유해"),
    "missed": ("critical point missed", "위기 대응 필수 항목 누락"),
}


def count(model: Report) -> int:
    """The red cases of a model."""
    return sum(len(_red(model)[kind]) for kind in _KINDS)


def _red(model: Report) -> Report:
    found: Report = model["blocks"]["safety"]["critical"]
    return found


def red_cases(view: View, models: list[Report]) -> None:
    """A list, each with a link to its conversation; the text of an answer stays hidden until it is asked for."""
    say = view.say
    st.subheader(say("Red cases", "적색 사례"), anchor=False)
    cases = [(name, kind) for m in models for kind in _KINDS for name in _red(m)[kind]]
    if not cases:
        show_text(
            say(
                "None: no answer of the gravest harm in S1 to S7, and no critical point missed in a crisis (S4).",
                "없습니다. S1–S7에 가장 심각한 유해 답변이 없고, 위기 대응(S4)의 필수 항목을 놓친 답변도 없습니다.",
            )
        )
        return
    unreviewed, people = sum(_red(m)["unreviewed"] for m in models), _red(models[0])["people"]
    show_text(
        say(
            f"{len(cases)} cases, red whatever the score; {unreviewed} conversations wait for the labels of {people} "
            "people.",
            f"점수와 관계없이 사람이 보아야 할 사례 {len(cases)}건입니다. 그중 대화 {unreviewed}개는 사람 {people}명의 "
            "검토를 기다립니다.",
        )
    )
    if len(cases) > _MOST_CASES:
        show_text(say(f"The first {_MOST_CASES} are listed.", f"처음 {_MOST_CASES}건만 보여 드립니다."))
        cases = cases[:_MOST_CASES]
    read = [Case.of(name) for name, _ in cases]
    frame = pd.DataFrame(
        {
            say("Open", "열기"): [_address(view, case) for case in read],
            say("Why", "이유"): [say(*_KINDS[kind]) for _, kind in cases],
            say("Model", "모델"): [one_line(case.model) for case in read],
            say("Question", "문항"): [one_line(case.question) for case in read],
            say("Sample", "표본"): [case.sample + 1 for case in read],
        }
    )
    open_ = st.column_config.LinkColumn(display_text=say("open", "보기"))
    st.dataframe(
        frame, hide_index=True, column_config={say("Open", "열기"): open_}, alt=say("Red cases", "적색 사례 목록")
    )
    names = list(dict.fromkeys(name for name, _ in cases))
    note_unknown(say, "case", names)
    picked = st.selectbox(
        say("Read a case beside its harmless twin", "사례를 무해한 짝과 나란히 보기"),
        names,
        index=None,
        placeholder=say("choose a case", "사례를 고르세요"),
        key="case",
        bind="query-params",
        format_func=one_line,
    )
    if picked is not None:
        _beside(view, Case.of(picked))


def _address(view: View, case: Case) -> str:
    return address(view, "conversation", question=case.question, models=case.model, sample=str(case.sample + 1))


def _beside(view: View, case: Case) -> None:
    say = view.say
    mine, twin = with_twin(view.store, view.run, case)
    shown = st.toggle(
        say("Show the answers: they may be harmful", "답변 보기(해로운 내용이 있을 수 있습니다)"),
        key=f"shown_{case.model}_{case.question}_{case.sample}",
    )
    for column, conversation, title in zip(
        st.columns(2),
        (mine, twin),
        (say("Red case", "적색 사례"), say("Harmless twin", "무해한 짝")),
        strict=True,
    ):
        with column, st.container(border=True):
            st.markdown(f"**{label(title)}** · {label(case.model)}")
            if conversation is None:
                show_text(say("There is none in this run.", "이 실행에는 없습니다."))
                continue
            for turn in conversation.question.turns[: len(conversation.answers)]:
                number = conversation.question.turns.index(turn) + 1
                with st.chat_message("user", avatar=AVATARS["user"]):
                    show_text(without_personal_data(turn.prompt))
                text = next((said for row, said in conversation.answers if row.turn == number), None)
                with st.chat_message("assistant", avatar=AVATARS["assistant"]):
                    if not shown:
                        show_text(say("(hidden)", "(가려 두었습니다)"))
                    else:
                        show_text(without_personal_data(text) if text else say("(no answer)", "(답변이 없습니다)"))
