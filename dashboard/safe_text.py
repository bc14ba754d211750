"""The only door for text from outside (models, judges, files, reviewers, addresses) to a page.

Streamlit reads almost everything as Markdown, and Markdown loads pictures and makes links. So a page hands text of
others to `show_text`, `show_block` or `show_formatted`, gives labels and options through `label` and `one_line`, and
nothing else. Control, bidi and zero-width characters become visible, and lengths are bounded.
"""

import re
import unicodedata

import streamlit as st

MAX_CHARS = 20_000
_MAX_MARKS = 4
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# C0 and C1 controls, bidi and zero-width characters, tags and interlinear marks.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")


def clean(text: str) -> str:
    """The text with everything visible: hidden characters as ⟦U+202E⟧, terminal codes as ⟦ESC⟧, no piled-up marks."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    text = _ANSI.sub(lambda m: "⟦ESC⟧" + _HIDDEN.sub(_visible, m[0][1:]), text)
    return _few_marks(_HIDDEN.sub(_visible, text))


def _visible(hidden: re.Match[str]) -> str:
    return f"⟦U+{ord(hidden[0]):04X}⟧"


def _few_marks(text: str) -> str:
    """At most a few combining marks on a letter, and the rest told: stacks of hundreds cover the lines around."""
    if text.isascii() or not any(map(unicodedata.combining, text)):
        return text
    shown: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks == _MAX_MARKS + 1:
            shown.append("⟦…⟧")
        if marks <= _MAX_MARKS:
            shown.append(character)
    return "".join(shown)


def one_line(text: str, limit: int = 200) -> str:
    """A name or message on one line: for cells, options of a selectbox, chart titles."""
    shown = " ".join(clean(text[: 4 * limit]).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def label(text: str, limit: int = 200) -> str:
    """The same for labels, which Streamlit reads as Markdown: every mark escaped, and no address made a link."""
    return _MARKDOWN.sub(r"\\\1", one_line(text, limit)).replace("\\:\\/\\/", "\\:\u200b\\/\u200b\\/")


def show_text(text: str) -> None:
    """A block of text as it is: no Markdown, no HTML, no links."""
    shown = clean(text[: MAX_CHARS + 1])
    st.text(shown if len(shown) <= MAX_CHARS else shown[:MAX_CHARS] + " …", wrap=True)
