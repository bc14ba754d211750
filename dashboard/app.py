"""The dashboard: the navigation, and the run and language that hold for every page."""

import streamlit as st
from streamlit.errors import StreamlitAPIException

from dashboard import queries
from dashboard.frame import SECTIONS
from dashboard.identity import admit
from dashboard.pages import discover
from dashboard.safe_text import one_line, show_text
from service.errors import StoreError
from service.report.document import Say, speaker


def main() -> None:
    """Draw what is around a page, and the page."""
    st.set_page_config(page_title="kojudge", layout="wide")

    with st.sidebar:
        language = st.segmented_control(
            "언어 · Language",
            ["ko", "en"],
            default="ko",
            required=True,
            key="lang",
            bind="query-params",
            persist_state="session",
            label_visibility="collapsed",
        )
    say = speaker("en" if language == "en" else "ko")
    if not admit(say):
        return
    grouped: dict[str, list[st.Page]] = {say(*title): [] for title in SECTIONS.values()}
    for page, file in discover():
        grouped[say(*SECTIONS[page.section])].append(
            st.Page(file, title=say(*page.title), url_path=page.name, default=page.name == "overview")
        )
    chosen = st.navigation({section: pages for section, pages in grouped.items() if pages}, expanded=True)
    blind = any(page.blind for page, _ in discover() if page.name == chosen.url_path)
    try:
        numbers = queries.run_numbers(queries.open_store())
    except StoreError:
        numbers = {}  # the page says what is wrong
    names = list(numbers)
    if names and blind:
        _choose_by_number(numbers, say)
        chosen.run()
        return
    asked = st.query_params.get("run")
    if names:
        with st.sidebar:
            st.selectbox(
                say("Run", "실행"), names, key="run", bind="query-params", persist_state="session", format_func=one_line
            )
    if names and asked is not None and asked not in names:
        show_text(
            say(
                f"There is no run {asked}; this is {names[0]}.",
                f"{asked}(이)라는 실행이 없어 {names[0]}을(를) 보여 드립니다.",
            )
        )
    chosen.run()


def _choose_by_number(numbers: dict[str, int], say: Say) -> None:
    """The choice of a run on a page that must not name it, neither on itself nor in its address."""
    names = {number: name for name, number in numbers.items()}
    asked = st.query_params.get("run")
    try:
        st.query_params.pop("run", None)
    except StreamlitAPIException:
        asked = None  # it is left over from another page, whose choice stands in the session
    known = next((name for name in (asked, st.session_state.get("run")) if name in numbers), None)
    if known is not None:
        st.session_state["queue"] = numbers[known]

    def follow() -> None:
        st.session_state["run"] = names[st.session_state["queue"]]

    with st.sidebar:
        number = st.selectbox(
            say("Number of the run", "실행 번호"),
            list(names),
            key="queue",
            bind="query-params",
            on_change=follow,
            format_func=lambda number: f"{number:d}",
            help=say("Its name could sway a reviewer.", "이름을 알면 판정이 흔들릴 수 있어 번호만 보여 드립니다."),
        )
    st.session_state["run"] = names[number]
