"""The score that a judge's probabilities mean, in place of the one that it wrote.

    E[s] = sum over the scale of s * p(s) / mass,   mass = sum of p(s)

A judge that writes 8 may have been as near to 7; the mean over what it could have written tells ties apart and varies
less than the written digit (G-Eval, arXiv 2303.16634; arXiv 2503.03064 finds the mean better than the mode nearly
everywhere). The alternatives are those at the place of the written score. A score may be several tokens ("1", "0"):
what begins like the written score shares its probability with it, and what could still become one of several scores is
left out of the mass. Where too little mass is left the written score stands, and the verdict says why.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from judge.contracts.plain import plainly
from judge.scale import Scale
from providers.types import TokenLogprob

MIN_MASS = 0.5
"""Below this probability on scores of the scale the mean is that of too little."""

_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Weighted:
    """`score` is the weighted one, None where the written one stands, for `reason`; `mass` lies on scores."""

    score: float | None
    mass: float | None = None
    reason: str = ""

    def told(self, read: float) -> dict[str, Any]:
        """For the verdict's criteria."""
        mass = None if self.mass is None else round(self.mass, 4)
        return {"read": read, "mass": mass, **({"fell_back": self.reason} if self.score is None else {})}


def weighted_score(tokens: Sequence[TokenLogprob] | None, scale: Scale, read: float) -> Weighted:
    """The weighted score of a reply whose written score is `read`; scales of whole numbers from 0 up only."""
    if scale.step != 1 or scale.min < 0 or not scale.min.is_integer():
        return Weighted(None, reason="the scale has other than whole numbers")
    if not tokens:
        return Weighted(None, reason="the server gave no probabilities")
    start = _place(tokens, int(read))
    if start is None:
        return Weighted(None, reason="the place of the score was not found")
    values = [str(value) for value in range(int(scale.min), int(scale.max) + 1)]
    chances = dict(_chances(tokens, start, values))
    mass = math.fsum(chances.values())
    if mass < MIN_MASS:
        return Weighted(None, mass, "too little probability lies on scores")
    return Weighted(math.fsum(value * p for value, p in chances.items()) / mass, mass)


def _place(tokens: Sequence[TokenLogprob], read: int) -> int | None:
    """The token in which the last writing of the score begins."""
    text = plainly("".join(token.token for token in tokens))
    found = [match.start() for match in _NUMBER.finditer(text) if len(match[0]) < 9 and int(match[0]) == read]
    if not found:
        return None
    end = 0
    for place, token in enumerate(tokens):
        end += len(token.token)
        if found[-1] < end:
            return place
    return None


def _chances(tokens: Sequence[TokenLogprob], start: int, values: Sequence[str]) -> Iterator[tuple[int, float]]:
    """(score, probability) of every score that the alternatives at the place stand for."""
    written = _digits(tokens[start].token)
    odds: dict[str, float] = {}
    for text, logprob in {tokens[start].token: tokens[start].logprob, **dict(tokens[start].top)}.items():
        digits = _digits(text)
        if digits is not None:
            odds[digits] = odds.get(digits, 0.0) + math.exp(logprob)
    for value in values:
        longer = [other for other in values if other != value and other.startswith(value)]
        if value in odds and not longer:
            yield int(value), odds[value]
        elif value in odds and value == written:  # "1", and the next token says whether it was 1 or 10
            yield int(value), odds[value] * (1 - _goes_on(tokens, start + 1))
        elif value not in odds and written is not None and value.startswith(written) and value != written:
            rest = value.removeprefix(written)
            yield int(value), odds[written] * _chance_of(tokens, start + 1, rest)


def _digits(text: str) -> str | None:
    """The digits of a token that is a number and nothing else but dressing."""
    plain = plainly(text).strip(" \n\"'([{<:「『“‘")
    return plain if plain.isascii() and plain.isdigit() else None


def _goes_on(tokens: Sequence[TokenLogprob], place: int) -> float:
    """The probability that the next token goes on with the number."""
    return math.fsum(p for text, p in _alternatives(tokens, place) if text[:1].isdigit())


def _chance_of(tokens: Sequence[TokenLogprob], place: int, rest: str) -> float:
    return math.fsum(p for text, p in _alternatives(tokens, place) if text == rest)


def _alternatives(tokens: Sequence[TokenLogprob], place: int) -> list[tuple[str, float]]:
    if place >= len(tokens):
        return []
    token = tokens[place]
    each = {token.token: token.logprob, **dict(token.top)}
    return [(plainly(text), math.exp(logprob)) for text, logprob in each.items()]


def compact(tokens: Sequence[TokenLogprob] | None) -> list[list[Any]] | None:
    """What of the probabilities is worth keeping: alternatives of tokens with digits and of those that follow them."""
    if tokens is None:
        return None
    kept = []
    after_digit = False
    for token in tokens:
        has_digit = any(char.isdigit() for char in token.token)
        top = [[text, round(p, 4)] for text, p in token.top] if has_digit or after_digit else []
        kept.append([token.token, round(token.logprob, 4), *([top] if top else [])])
        after_digit = has_digit
    return kept


def restored(kept: Sequence[Sequence[Any]]) -> tuple[TokenLogprob, ...]:
    """The tokens that `compact` kept."""
    return tuple(TokenLogprob(t[0], t[1], tuple((a, p) for a, p in (t[2] if len(t) > 2 else ()))) for t in kept)
