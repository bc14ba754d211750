"""How an answer looks: its length, and what Markdown stands in it."""

import re
from typing import NamedTuple

_FENCED = re.compile(r"^(?P<mark>```+|~~~+).*?(?:^(?P=mark)|\Z)", re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_BOLD = re.compile(r"\*\*(?=\S)[^*\n]+?(?<=\S)\*\*|__(?=\S)[^_\n]+?(?<=\S)__")


class Style(NamedTuple):
    """`length` in characters; `headers`, `lists` (items) and `bold` (parts) outside code, for each 1000 of them."""

    length: int
    headers: float
    lists: float
    bold: float


def style_of(text: str) -> Style:
    """The looks of an answer; without a character there are none."""
    if not text:
        return Style(0, 0.0, 0.0, 0.0)
    prose = _FENCED.sub("", text)
    headers, items, bold = (len(found.findall(prose)) * 1000 / len(text) for found in (_HEADER, _ITEM, _BOLD))
    return Style(len(text), headers, items, bold)
