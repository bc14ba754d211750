"""The dashboard: the navigation, and the run and language that hold for every page."""

import streamlit as st

from dashboard import queries
from dashboard.frame import SECTIONS
from dashboard.identity import admit
from dashboard.pages import discover
from dashboard.safe_text import one_line, show_text
from service.errors import StoreError
from service.report.document import speaker


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
    chosen = st.navigation({section: pages for section, pages in grouped.items() if pages})
    try:
        names = queries.run_names(queries.open_store())
    except StoreError:
        names = []  # the page says what is wrong
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
