"""The addresses of pages: made, and read where they ask for what is not there."""

from collections.abc import Collection
from urllib.parse import urlencode

import streamlit as st

from dashboard.frame import View
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


def address(view: View, page: str, /, **parameters: str | None) -> str:
    """The address of another page about the same run in the same language."""
    own = {"run": one_line(view.run), "lang": view.language}
    return f"/{page}?" + urlencode(own | {name: value for name, value in parameters.items() if value is not None})
