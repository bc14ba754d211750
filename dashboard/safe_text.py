"""The only door for text from outside (models, files, reviewers) to a page.

A page never hands such text to Markdown or HTML. It becomes plain text here: control, bidi and zero-width
characters are shown as escapes, and length is bounded.
"""

import streamlit as st

from service.report.cells import safe, safe_block

_MAX_CHARS = 20_000


def one_line(text: str, limit: int = 200) -> str:
    """A name or message for a cell or a widget."""
    shown = safe(text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def show_text(text: str) -> None:
    """A block of untrusted text, as it is: no Markdown, no HTML, no links."""
    shown = safe_block(text)
    st.text(shown if len(shown) <= _MAX_CHARS else shown[:_MAX_CHARS] + " …")
