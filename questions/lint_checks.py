"""Checks that no answer can pass, that decide nothing, or that the turn's own reference fails."""

import math
import re
from collections.abc import Iterator
from itertools import combinations

from questions.source_error import quote
from questions.types import Check, ContainsCheck, FormatCheck, LengthCheck, NumberCheck, Turn

_NUMBER = re.compile(r"(?<![\d.,])[-+−]?\d{1,30}(?:,\d{3}){0,8}(?:\.\d{1,30})?")
_KOREAN_UNIT = re.compile(r"\d\s*[십백천만억조]")  # "1억 8천만" states 180000000


def check_faults(turn: Turn) -> Iterator[str]:
    """What is wrong with a turn's checks, one message each."""
    for check in turn.checks:
        yield from _faults(check)
    yield from _contradictions([c for c in turn.checks if isinstance(c, ContainsCheck)])
    lengths = [c for c in turn.checks if isinstance(c, LengthCheck)]
    for one, other in combinations(lengths, 2):
        if not _sound(one) or not _sound(other):
            continue
        if max(one.min_chars, other.min_chars) > min(_most(one), _most(other)):
            yield "two length checks exclude each other; keep one"


def reference_faults(turn: Turn) -> Iterator[str]:
    """Checks that the reference itself fails, where that is plain to see."""
    if not turn.reference:
        return
    text = _squeezed(turn.reference)
    for check in turn.checks:
        if isinstance(check, ContainsCheck):
            missing = [word for word in check.all_of if _squeezed(word) not in text]
            forbidden = [word for word in check.none_of if _squeezed(word) and _squeezed(word) in text]
            if missing:
                yield f"the reference lacks {quote(missing[0])}, which all_of wants; mend one of the two"
            if forbidden:
                yield f"the reference holds {quote(forbidden[0])}, which none_of forbids; mend one of the two"
            if check.any_of and not any(_squeezed(word) in text for word in check.any_of):
                yield "the reference holds none of any_of; add the reference's own wording"
        elif isinstance(check, NumberCheck) and not _KOREAN_UNIT.search(turn.reference):
            numbers = [float(n.replace(",", "").replace("−", "-")) for n in _NUMBER.findall(turn.reference)]
            if numbers and not any(abs(n - check.value) <= check.tolerance for n in numbers):
                yield f"the reference does not state the number {check.value:g}; mend one of the two"


def _faults(check: Check) -> Iterator[str]:
    if isinstance(check, ContainsCheck):
        if not (check.all_of or check.any_of or check.none_of):
            yield "a contains check without words decides nothing; give all_of, any_of or none_of"
        if not all(_squeezed(word) for word in (*check.all_of, *check.any_of, *check.none_of)):
            yield "a contains check holds an empty word, which every answer contains; delete it"
    elif isinstance(check, LengthCheck):
        if not _sound(check):
            yield f"min_chars {check.min_chars} is above max_chars {check.max_chars}: no answer can pass"
    elif isinstance(check, NumberCheck):
        if not (math.isfinite(check.value) and math.isfinite(check.tolerance) and check.tolerance >= 0):
            yield "a number check needs a finite value and a tolerance of at least 0"
    elif isinstance(check, FormatCheck) and check.items is not None and check.shape != "list":
        yield f"items counts the items of a list; delete it from shape: {check.shape}"


def _contradictions(checks: list[ContainsCheck]) -> Iterator[str]:
    """Every check of a turn must hold, so a word wanted by one and forbidden by another is a contradiction too."""
    forbidden = [_squeezed(word) for check in checks for word in check.none_of if _squeezed(word)]

    def hit(word: str) -> bool:
        return any(bad in _squeezed(word) for bad in forbidden)

    for word in dict.fromkeys(word for check in checks for word in check.all_of if hit(word)):
        yield f"all_of wants {quote(word)}, which none_of forbids: no answer can pass"
    for check in checks:
        blocked = [word for word in check.any_of if hit(word)]
        if blocked and len(blocked) == len(check.any_of):
            yield f"none_of forbids every word of any_of ({quote(blocked[0])}): no answer can pass"
        elif blocked:
            yield f"any_of offers {quote(blocked[0])}, which none_of forbids; delete it from one of them"


def _sound(check: LengthCheck) -> bool:
    return check.min_chars <= _most(check)


def _most(check: LengthCheck) -> float:
    return math.inf if check.max_chars is None else check.max_chars


def _squeezed(text: str) -> str:
    # Spaces are ignored by the check as well: Korean spacing varies between good answers.
    return re.sub(r"\s+", "", text)
