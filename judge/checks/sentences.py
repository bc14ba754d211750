"""Korean text as sentences and lines, by rule.

A sentence ends at `.`, `!`, `?` or `…`, with the closing quotes after it, or with its line. Numbers (3.5), dates
(2026. 1. 5.), quotations inside a sentence and brackets hold no end of one.
"""

import re
import unicodedata
from dataclasses import dataclass

_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
_RULE = re.compile(r"\s*(?:[-*_=]\s*){3,}$")
_HEADING = re.compile(r"\s*#{1,6}\s")
_MARKER = re.compile(r"^\s*(?:[-*+•·‣▪◦○●■□▶]\s+|\(?\d{1,3}[.)]\s+|[①-⑳]\s*|[가나다라마바사아자차카타파하]\.\s+)")
_QUOTE_LINE = re.compile(r"^\s*>\s?")
_MARKUP = re.compile(r"\*+|`+|__+|~~")
_SAYS_SOMETHING = re.compile(r"[A-Za-z0-9가-힣\u4e00-\u9fff]")

_OPEN = "“‘「『《(（["
_CLOSE = "”’」』》)）]"
_MARK = re.compile(r"[.!?…。！？~]+")
_CLOSERS = re.compile(rf"[\"'{re.escape(_CLOSE)}]*")
_QUOTED_ON = re.compile(
    r"\s*(?:이?라(?:고|며|면서|는|던|니)|하(?:고|며|면서|는|던|니)|고|며|는|란|란다|처럼|같은)(?![가-힣]{3})"
)
_FINAL = re.compile(r"[다요까죠네지어아해야군나자라게걸데]$")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|St|vs|No|cf|Prof|e\.g|i\.e)$")
_NUMBER_AT_END = re.compile(r"\d\s?$")
_DATE_GOES_ON = re.compile(r"\s*\d|\s*[월화수목금토일](?:요일|\))")
_WINDOW = 16
"""Characters before and after a mark that tell whether a sentence ends there."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` without markup and list marker; `closed` when a mark ends it, `listed` when it stands in a list item."""

    text: str
    closed: bool
    listed: bool


def lines_of(answer: str) -> list[str]:
    """The lines that say something, code included; the markers of code blocks and horizontal rules are none."""
    lines = unicodedata.normalize("NFC", answer).splitlines()
    return [line.strip() for line in lines if line.strip() and not _FENCE.match(line) and not _RULE.match(line)]


def plain_line(line: str) -> str:
    """A line without quotation and list markers and without emphasis."""
    return _MARKUP.sub("", _MARKER.sub("", _QUOTE_LINE.sub("", line, count=1), count=1)).strip()


def sentences(answer: str) -> list[Sentence]:
    """The sentences outside of code and headings; a line that leads in with a colon is none."""
    found = []
    in_code = False
    for raw in unicodedata.normalize("NFC", answer).splitlines():
        if _FENCE.match(raw):
            in_code = not in_code
        elif not in_code and not _HEADING.match(raw) and not _RULE.match(raw):
            listed = _MARKER.match(_QUOTE_LINE.sub("", raw, count=1)) is not None
            found += [Sentence(text, closed, listed) for text, closed in _split(plain_line(raw))]
    return found


def _split(line: str) -> list[tuple[str, bool]]:
    if line.endswith((":", "：")):
        return []
    parts: list[tuple[str, bool]] = []
    start = 0
    inside = _depths(line)
    for mark in _MARK.finditer(line):
        end = _CLOSERS.match(line, mark.end())
        assert end is not None
        stop = end.end() if inside[mark.end() - 1] else mark.end()
        # The quotation that ends here may be the whole sentence, or go on: “…?”라고 물었다.
        if not _ends(line, mark, stop) or (stop < len(line) and inside[stop - 1] and not _closed_at(line, stop)):
            continue
        parts.append((line[start:stop].strip(), True))
        start = stop
    parts.append((line[start:].strip(), False))
    return [(text, closed) for text, closed in parts if _SAYS_SOMETHING.search(text)]


def _depths(line: str) -> list[bool]:
    """For each character, whether it stands inside quotation marks or brackets that are closed on this line."""
    inside = [False] * len(line)
    opened: list[tuple[str, int]] = []
    straight: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    for at, char in enumerate(line):
        if char in _OPEN:
            opened.append((_CLOSE[_OPEN.index(char)], at))
        elif opened and char == opened[-1][0]:
            spans.append((opened.pop()[1], at))
        elif char == '"':
            if char in straight:
                spans.append((straight.pop(char), at))
            else:
                straight[char] = at
    for first, last in spans:
        if not (first == 0 and last == len(line) - 1):  # a line that is one quotation is read like any other
            inside[first : last + 1] = [True] * (last + 1 - first)
    return inside


def _closed_at(line: str, stop: int) -> bool:
    return line[stop - 1] in _CLOSE + "\"'"


def _ends(line: str, mark: re.Match[str], stop: int) -> bool:
    # Windows, not the whole line: a line of thousands of marks must not cost thousands of copies.
    before, after = line[max(0, mark.start() - _WINDOW) : mark.start()], line[stop : stop + _WINDOW]
    text = mark.group()
    if after and not after[0].isspace():
        # "했다.그리고": a forgotten space.
        return stop == mark.end() and text == "." and _FINAL.search(before) is not None and "가" <= after[0] <= "힣"
    if stop > mark.end() and _QUOTED_ON.match(after):
        return False
    if text == ".":
        if _NUMBER_AT_END.search(before) and _DATE_GOES_ON.match(after):
            return False
        return not _ABBREVIATION.search(before)
    if set(text) <= set(".…~"):
        return stop == len(line) or _FINAL.search(before) is not None
    return True
