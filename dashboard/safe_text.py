"""The only door for text from outside (models, judges, files, reviewers, addresses) to a page.

Streamlit reads almost everything as Markdown, and Markdown loads pictures and makes links. So a page hands text of
others to `show_text`, `show_block` or `show_formatted`, gives labels and options through `label` and `one_line`, and
nothing else. Control, bidi and zero-width characters become visible, and lengths are bounded.
"""

import re
import unicodedata
from collections.abc import Sequence

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
    return _MARKDOWN.sub(r"\\\1", _unlinked(one_line(text, limit)))


def show_text(text: str) -> None:
    """A block of text as it is: no Markdown, no HTML, no links."""
    shown = clean(text[: MAX_CHARS + 1])
    st.text(shown if len(shown) <= MAX_CHARS else shown[:MAX_CHARS] + " …", wrap=True)


def show_marked(text: str, quotes: Sequence[str]) -> None:
    """The same with passages that literally occur in it marked; what does not occur marks nothing."""
    shown = clean(text[: MAX_CHARS + 1])[:MAX_CHARS]
    spans = _spans(shown, [clean(quote) for quote in quotes if quote.strip()])
    if not spans:
        show_text(text)
        return
    parts, end = [], 0
    for start, stop in spans:
        parts += [_escaped(shown[end:start]), _marked(shown[start:stop])]
        end = stop
    st.markdown("".join([*parts, _escaped(shown[end:])]))


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
    return "\n\n".join(f":yellow-background[{_escaped(line)}]" for line in text.split("\n") if line.strip())


def _escaped(text: str) -> str:
    """Markdown that reads as the text: lines stay lines, leading spaces stay, and no address becomes a link."""
    lines = [_MARKDOWN.sub(r"\\\1", _unlinked(line)) for line in text.split("\n")]
    return "  \n".join("\u00a0" * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in lines)


def _unlinked(text: str) -> str:
    """Addresses are found after escapes are undone, so they are broken by a character that is not seen."""
    return re.sub(r"(?i)(https?|ftp|www|mailto|xmpp|@)", "\\1\u200b", text)
