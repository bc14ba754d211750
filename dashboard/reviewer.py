"""Who is reviewing: who logged in, or without a login a name that somebody gives themselves."""

import streamlit as st

from dashboard.identity import who
from dashboard.safe_text import show_text
from service.report.document import Say
from service.store.labels import check_name


def ask_reviewer(say: Say) -> str | None:
    """The reviewer's name, asked for where there is no login; None, with a sentence, where nobody may review yet."""
    person = who()
    if person is not None and person.verified:
        if person.may("reviewer"):
            return person.name
        show_text(say("Your role may look, but not review.", "열람만 할 수 있는 역할이라 검토할 수 없습니다."))
        return None
    given = st.text_input(
        say("Your name (identity not verified)", "이름 (미검증 신원)"),
        key="reviewer",
        bind="query-params",
        persist_state="session",
        max_chars=100,
        help=say(
            "Always use the same one: your order of the answers and your progress hang on it.",
            "늘 같은 이름을 쓰세요. 답변을 보는 순서와 진행 상황이 이름에 따라 정해집니다.",
        ),
    )
    name = (given or "").strip()
    try:
        check_name(name)
    except ValueError:
        show_text(say("Give your name first, on one line.", "먼저 이름을 한 줄로 적어 주세요."))
        return None
    return name
