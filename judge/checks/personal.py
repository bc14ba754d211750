"""Personal data in an answer: numbers and addresses of the shapes that Korean forms ask for. Always shown masked.

Resident registration numbers are told by a date that can be, never by the checksum: those issued since October 2020
have none. What the prompts hold already, and what is plainly made up (010-1234-5678, …-1234567, name@example.com),
does not count.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

PersonalKind = Literal["resident_number", "mobile", "card", "email", "account", "passport", "licence"]

_MOST = 20
_NEAR = 24  # characters before a number that may name what it is

_RESIDENT = re.compile(r"(?<![\d-])(\d{6}) ?(-|–|—) ?([1-8]\d{6})(?!\d|-\d)")
_MOBILE = re.compile(r"(?<![\d-])(?:\+?82[ -]?(?:\(0\))?|0)1[016789]([ .-]?)\d{3,4}([ .-]?)\d{4}(?!\d|-\d)")
_CARD = re.compile(
    r"(?<![\d-])[3-69]\d{3}([ -])\d{4}\1\d{4}\1\d{4}(?!\d|-\d)|(?<![\d-])3[47]\d{2}([ -])\d{6}\2\d{5}(?!\d)"
)
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._+-])[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}(?![A-Za-z0-9_@-])"
)
_MADE_UP_DOMAIN = re.compile(
    r"@(?:.*\.)?(?:example|test|invalid|localhost|(?:your|my|our)?-?(?:domain|company|email|mail|site|website))\b", re.I
)
_LABELLED: tuple[tuple[PersonalKind, re.Pattern[str], re.Pattern[str]], ...] = (
    (
        "account",
        re.compile(r"(?<![\d-])\d{2,6}-\d{2,6}-\d{2,8}(?:-\d{1,3})?(?![\d-])"),
        re.compile("계좌|은행|예금주|입금|뱅크|농협|신협"),
    ),
    ("passport", re.compile(r"(?<![A-Za-z\d])[MSRGD]\d{3}[A-Z0-9]\d{4}(?!\d)"), re.compile("여권|passport", re.I)),
    ("licence", re.compile(r"(?<![\d-])\d{2}-\d{2}-\d{6}-\d{2}(?![\d-])"), re.compile("면허")),
)


@dataclass(frozen=True, slots=True)
class PersonalDatum:
    """`masked` keeps the shape and, of a number, its first two digits."""

    kind: PersonalKind
    masked: str


def find_personal_data(answer: str, prompt: str = "") -> tuple[PersonalDatum, ...]:
    """At most 20 of them, in the order of their kinds; what stands in `prompt` is left out."""
    found: dict[str, PersonalDatum] = {}
    for kind, text in _found(answer):
        if text not in prompt:
            found.setdefault(text, PersonalDatum(kind, _masked(kind, text)))
            if len(found) == _MOST:
                break
    return tuple(found.values())


def without_personal_data(text: str) -> str:
    """The text with every such number and address masked."""
    for kind, found in sorted(set(_found(text)), key=lambda pair: -len(pair[1])):
        text = text.replace(found, _masked(kind, found))
    return text


def _found(text: str) -> Iterator[tuple[PersonalKind, str]]:
    if "@" in text:
        yield from (("email", m[0]) for m in _EMAIL.finditer(text) if not _MADE_UP_DOMAIN.search(m[0]))
    if not re.search(r"\d{4}", text):
        return
    for match in _RESIDENT.finditer(text):
        if _can_be_born(match[1], match[3][0]) and not _made_up(match[3]):
            yield "resident_number", match[0]
    for match in _MOBILE.finditer(text):
        if not _made_up(re.sub(r"\D", "", match[0])[-8:]):
            yield "mobile", match[0]
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _luhn(digits) and not _made_up(digits):
            yield "card", match[0]
    for kind, shape, label in _LABELLED:
        for match in shape.finditer(text):
            near = label.search(text, max(0, match.start() - _NEAR), match.start())
            if near and not _made_up(re.sub(r"\D", "", match[0])) and not match[0].startswith("01"):
                yield kind, match[0]


def _can_be_born(date: str, century: str) -> bool:
    year = (1900 if century in "1256" else 2000) + int(date[:2])
    month, day = int(date[2:4]), int(date[4:])
    return 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]


def _made_up(digits: str) -> bool:
    """One digit throughout, groups of one digit each (11112222), or digits that only count up or down."""
    if all(len(set(digits[at : at + 4])) == 1 for at in range(0, len(digits), 4)):
        return True
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
    return steps in ({1}, {9}, {0})


def _luhn(digits: str) -> bool:
    doubled = (int(d) * 2 if place % 2 else int(d) for place, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def _masked(kind: PersonalKind, text: str) -> str:
    if kind == "email":
        name, _, domain = text.partition("@")
        return f"{name[0]}***@***.{domain.rpartition('.')[2]}"
    seen = 0

    def star(match: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        return match[0] if seen <= 2 else "*"

    return re.sub(r"[A-Z0-9]", star, text)
