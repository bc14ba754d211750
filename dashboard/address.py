"""What an address asks for that is not there."""

from collections.abc import Collection

import streamlit as st

from dashboard.safe_text import one_line, show_text
from service.report.document import Say


def note_unknown(say: Say, key: str, known: Collection[str]) -> None:
    """A sentence where the address asks for something else than what is `known`; before the widget of that key, which
    drops it."""
    names = {one_line(name) for name in known}
    unknown = [one_line(value) for value in st.query_params.get_all(key) if one_line(value) not in names]
    if unknown:
        listed = ", ".join(unknown[:3])
        show_text(
            say(
                f"The address asks for {listed}, which is not here; the page goes on without it.",
                f"주소에 있는 {listed} 값은 여기에 없어 빼고 보여 드립니다.",
            )
        )
