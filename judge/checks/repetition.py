"""Whether an answer is caught in a loop: the same characters, phrase or lines again and again."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

_WINDOW = 12
"""Characters that are compared at once; a loop is a text that stays the same when moved by its period."""

MIN_TIMES = 4
MIN_CHARS = 100
MIN_SHARE = 0.2
"""A loop repeats its unit so often, and takes up so many characters and so much of the answer."""

LONG_UNIT = 60
"""A unit or line of so many characters need only be there three times."""

DIGITS_TIMES = 50
"""Digits without blanks between them are a loop only when they repeat so often; numbers and tables do not."""

MIN_LINES = 5
LINE_CHARS = 10
LINES_SHARE = 0.3
"""Or so many equal lines of that length make up that share of the answer, whatever stands between them."""

_LETTER = re.compile(r"[^\W\d_]")
_NUMBER_OF_ITEM = re.compile(r"^[\s*#>-]*\d{1,4}[.)]\s*")
_BEGINNING = re.compile(r"\n+|[.!?]\s+")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Repetition:
    """`unit` (cut to 60 characters) occurs `times`, and together that is `share` of the answer's characters."""

    kind: Literal["characters", "phrase", "lines"]
    unit: str
    times: int
    share: float


def find_repetition(answer: str) -> Repetition | None:
    """The largest loop of the answer, if there is one. Linear in its length.

    Only units with letters count: rules, tables of numbers and blanks repeat themselves by nature.
    """
    if len(answer) < MIN_CHARS:
        return None
    return _loop(answer) or _equal_lines(answer)


def _loop(text: str) -> Repetition | None:
    """The longest stretch that is periodic."""
    last: dict[str, int] = {}
    best = (0, 0, 0)  # characters, end, period
    period = began = 0
    for at in range(len(text) - _WINDOW + 1):
        window = text[at : at + _WINDOW]
        lag = at - last.get(window, at)
        last[window] = at
        if lag != period:
            period, began = lag, at
        elif lag:
            size = at - began + lag + _WINDOW
            if size > best[0] and size >= (MIN_TIMES if lag < LONG_UNIT else 3) * lag:
                best = (size, at + _WINDOW, lag)
    size, end, period = best
    if size < max(MIN_CHARS, MIN_SHARE * len(text)):
        return None
    unit = text[end - period : end]
    times = size // period
    if not _LETTER.search(unit) and (times < DIGITS_TIMES or not re.fullmatch(r"[\d,.]*\d[\d,.]*", unit)):
        return None
    kind: Literal["characters", "phrase"] = "characters" if len(unit.strip()) <= 2 else "phrase"
    return Repetition(kind, _from_its_beginning(unit), times, round(size / len(text), 3))


def _from_its_beginning(unit: str) -> str:
    """A period may be found anywhere in it; people read it from the beginning of a line or sentence."""
    cut = _BEGINNING.search(unit)
    turned = unit[cut.end() :] + unit[: cut.end()] if cut else unit
    return " ".join(turned.split())[:_SHOWN]


def _equal_lines(text: str) -> Repetition | None:
    bare = (_NUMBER_OF_ITEM.sub("", line, count=1).strip() for line in text.split("\n"))
    lines = [line for line in bare if len(line) >= LINE_CHARS]
    counted = Counter(lines)
    repeated = {
        line: n
        for line, n in counted.items()
        if n >= (MIN_LINES if len(line) < LONG_UNIT else 3) and _LETTER.search(line)
    }
    share = sum(len(line) * n for line, n in repeated.items()) / len(text)
    if not repeated or share < LINES_SHARE:
        return None
    unit, times = max(repeated.items(), key=lambda item: len(item[0]) * item[1])
    return Repetition("lines", unit[:_SHOWN], times, round(share, 3))
