"""Text from outside as characters that do nothing: what is hidden becomes visible, and Markdown is read as itself."""

import re
import unicodedata

_MAX_MARKS = 4
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# C0 and C1 controls, bidi and zero-width characters, tags and interlinear marks.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
# Providers take their own key out of what they store; this is for keys that came another way.
_KEY = re.compile(r"\b(sk-|up_)[A-Za-z0-9_-]{16,}")
_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_ADDRESS = re.compile(r"(?i)(https?|ftp|www|mailto|xmpp|@)")
# Replaced by Streamlit when escapes are undone already: `:name:` by a picture, `->` and its like by one sign.
_REPLACED = re.compile(r"(:)(?=[\w+-]+:)|([<~>-])(?=[->=])")


def clean(text: str) -> str:
    """The text with everything visible: hidden characters as ⟦U+202E⟧, terminal codes as ⟦ESC⟧, no piled-up marks.

    What has the shape of an API key is not shown.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    text = _ANSI.sub(lambda m: "⟦ESC⟧" + _HIDDEN.sub(_visible, m[0][1:]), text)
    return _few_marks(_KEY.sub(r"\1⟦…⟧", _HIDDEN.sub(_visible, text)))


def escaped_line(line: str) -> str:
    """Markdown that reads as the text, which holds no line end: every mark escaped, and no address made a link."""
    broken = _REPLACED.sub(lambda m: m[0] + "\u2060", _ADDRESS.sub("\\1\u2060", line))
    return _MARKDOWN.sub(r"\\\1", broken)


def escaped(text: str) -> str:
    """The same for several lines: lines stay lines, leading spaces stay."""
    return "  \n".join(map(_indented, text.split("\n")))


def _indented(line: str) -> str:
    rest = line.lstrip(" \t")
    return "\u00a0" * len(line[: len(line) - len(rest)].expandtabs(4)) + escaped_line(rest)


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
