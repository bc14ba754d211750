"""The only door for text from outside (models, judges, files, reviewers, addresses) to a page.

Streamlit reads almost everything as Markdown, and Markdown loads pictures and makes links. So a page hands text of
others to `show_text`, `show_marked` or `show_formatted`, gives labels through `label`, cells and options of a selectbox
through `one_line`, and nothing else. Hidden characters become visible, and lengths are bounded.
"""

import re
from collections.abc import Sequence

import streamlit as st

from dashboard.escaping import clean, escaped, escaped_line
from dashboard.formatted import formatted

MAX_CHARS = 20_000
_LONGEST_MARK = 300  # characters; a directive with more than 999 of Markdown is none


def one_line(text: str, limit: int = 200) -> str:
    """A name or message on one line: for cells, options of a selectbox, chart titles."""
    shown = " ".join(clean(text[: 4 * limit]).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def label(text: str, limit: int = 200) -> str:
    """The same for labels, which Streamlit reads as Markdown: every mark escaped, and no address made a link."""
    return escaped_line(one_line(text, limit))


def show_text(text: str) -> None:
    """A block of text as it is: no Markdown, no HTML, no links."""
    st.text(_bounded(text), wrap=True)


def show_command(command: str) -> None:
    """A line for a terminal, or a few, to be copied as they are: a block of code reads no Markdown."""
    st.code(_bounded(command), language=None, wrap_lines=True)


def show_marked(text: str, quotes: Sequence[str]) -> None:
    """The same with passages that literally occur in it marked; what does not occur marks nothing."""
    shown = _bounded(text)
    spans = _spans(shown, [clean(quote) for quote in quotes if quote.strip()])
    if not spans:
        show_text(text)
        return
    parts, end = [], 0
    for start, stop in spans:
        parts += [escaped(shown[end:start]), _marked(shown[start:stop])]
        end = stop
    st.markdown("".join([*parts, escaped(shown[end:])]))


def show_formatted(text: str, *, maths: bool = False) -> None:
    """The text as its Markdown means it: without pictures, links, HTML, directives, and formulas only with `maths`."""
    st.markdown(formatted(_bounded(text), maths=maths))


def _bounded(text: str) -> str:
    shown = clean(text[: MAX_CHARS + 1])
    return shown if len(shown) <= MAX_CHARS else shown[:MAX_CHARS] + " …"


def _spans(text: str, quotes: Sequence[str]) -> list[tuple[int, int]]:
    """Where the quotes stand, in order, none overlapping another."""
    found = sorted((m.start(), m.end()) for quote in quotes for m in re.finditer(re.escape(quote), text))
    spans: list[tuple[int, int]] = []
    for start, stop in found:
        if not spans or start >= spans[-1][1]:
            spans.append((start, stop))
    return spans


def _marked(text: str) -> str:
    # A directive ends with its line.
    lines = [line.strip() for line in text.split("\n")]
    pieces = [[line[at : at + _LONGEST_MARK] for at in range(0, len(line), _LONGEST_MARK)] for line in lines]
    return "  \n".join("".join(f":yellow-background[{escaped_line(piece)}]" for piece in line) for line in pieces)
