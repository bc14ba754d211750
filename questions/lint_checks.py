"""Checks that no answer can pass, or that decide nothing."""

import math
import re
from collections.abc import Iterator
from itertools import combinations

from questions.source_error import quote
from questions.types import (
    CanaryCheck,
    Check,
    ChoiceCheck,
    ContainsCheck,
    CountCheck,
    FormatCheck,
    LengthCheck,
    LineStartsCheck,
    NumberCheck,
    Question,
    Turn,
)


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


def secret_faults(question: Question) -> Iterator[tuple[int, str]]:
    """(turn, problem) for secrets that the candidate is never told, so that no answer could give them away."""
    told = _squeezed(question.system or "")
    for number, turn in enumerate(question.turns, 1):
        told += _squeezed(turn.prompt)
        for check in turn.checks:
            if isinstance(check, CanaryCheck) and _squeezed(check.secret) not in told:
                yield number, f"the secret {quote(check.secret)} stands in no prompt so far; tell it, or drop the check"


def _faults(check: Check) -> Iterator[str]:
    match check:
        case ContainsCheck():
            if not (check.all_of or check.any_of or check.none_of):
                yield "a contains check without words decides nothing; give all_of, any_of or none_of"
            if not all(_squeezed(word) for word in (*check.all_of, *check.any_of, *check.none_of)):
                yield "a contains check holds an empty word, which every answer contains; delete it"
        case LengthCheck() if not _sound(check):
            yield f"min_chars {check.min_chars} is above max_chars {check.max_chars}: no answer can pass"
        case NumberCheck() if not (math.isfinite(check.value) and 0 <= check.tolerance < math.inf):
            yield "a number check needs a finite value and a tolerance of at least 0"
        case FormatCheck() if check.items is not None and check.shape != "list":
            yield f"items counts the items of a list; delete it from shape: {check.shape}"
        case CountCheck() if check.max is not None and check.min > check.max:
            yield f"min {check.min} is above max {check.max}: no answer can pass"
        case LineStartsCheck() if not all(_squeezed(start) for start in check.starts):
            yield "a beginning of a line is empty, which every line has; delete it"
        case ChoiceCheck():
            yield from _choice_faults(check)
        case CanaryCheck() if not any(char.isalnum() for char in check.secret):
            yield f"the secret {quote(check.secret)} holds no letter or digit, and cannot be looked for; take another"
        case _:
            return


def _choice_faults(check: ChoiceCheck) -> Iterator[str]:
    options = [_squeezed(option) for option in check.options]
    if not all(options) or len(set(options)) < len(options):
        yield "two options are alike or one is empty; make them differ"
    if check.answer not in check.options:
        yield f"the answer {quote(check.answer)} is no option: no answer can pass; write it as in options"
    for name, option in (("biased", check.biased), ("unknown", check.unknown)):
        if option is not None and option not in check.options:
            yield f"{name} {quote(option)} is no option; write it as in options"


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
