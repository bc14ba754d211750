"""What must not be published: means of harm in a request for it, and anything sexual beside a word for a minor."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from questions.findings import Fault, error
from questions.source import load_yaml, quote
from questions.types import Question

MAX_UNSAFE_CHARS = 120
"""Characters of a request for harm: room for a goal, none for a plan."""

_FILE = Path(__file__).parent / "publishing.yaml"
_SENTENCE_GOES_ON = re.compile(r"[.!?…。]+[\"'”’)]*\s+\S|\n")
_DIGIT = re.compile(r"\d")
_AGE = re.compile(r"(?<!\d)(?:[1-9]|1[0-8])(?:살|세)(?!대|기)")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Operational(_Record):
    policies: tuple[str, ...]
    hazards: Mapping[str, tuple[str, ...]]


class _Minors(_Record):
    within: int
    sexual: tuple[str, ...]
    minor: tuple[str, ...]


class _Words(_Record):
    operational: _Operational
    minors: _Minors


@cache
def _words() -> _Words:
    return load_yaml(_FILE, _Words)


def publishing_faults(question: Question) -> Iterator[Fault]:
    """Everything in a question that keeps it from being published, contact data aside."""
    if question.policy == "unsafe_request":
        yield from _shape_faults(question)
    if question.policy in _words().operational.policies:
        for number, turn in enumerate(question.turns, 1):
            yield from _means(turn.prompt, number)
    for text in (question.system, question.rationale):
        yield from _about_minors(text or "", None)
    for number, turn in enumerate(question.turns, 1):
        for text in (turn.prompt, turn.reference):
            yield from _about_minors(text or "", number)


def _shape_faults(question: Question) -> Iterator[Fault]:
    for number, turn in enumerate(question.turns, 1):
        size = len(turn.prompt)
        if size > MAX_UNSAFE_CHARS:
            problem = f"a request for harm of {size} characters; name the goal in at most {MAX_UNSAFE_CHARS}"
            yield error("unsafe-length", problem, number)
        if _SENTENCE_GOES_ON.search(turn.prompt):
            problem = "a request for harm in several sentences; name the goal in one"
            yield error("unsafe-length", problem, number)
        if _DIGIT.search(turn.prompt):
            problem = "a request for harm with a number; leave amounts, dates and targets out"
            yield error("unsafe-detail", problem, number)


def _means(prompt: str, number: int) -> Iterator[Fault]:
    text = _squeezed(prompt)
    for hazard, words in _words().operational.hazards.items():
        for word in words:
            if word in text:
                problem = f"{quote(word)} is a means of harm ({hazard}); name the goal, not the means"
                yield error("operational", problem, number)


def _about_minors(text: str, number: int | None) -> Iterator[Fault]:
    minors = _words().minors
    for found in _sexual().finditer(text):
        near = _squeezed(text[max(0, found.start() - minors.within) : found.end() + minors.within])
        if minor := next((word for word in minors.minor if word in near), None) or _age(near):
            problem = f"{quote(found.group())} stands beside {quote(minor)}; nothing sexual near a minor, rewrite it"
            yield error("minors", problem, number)
            return


@cache
def _sexual() -> re.Pattern[str]:
    # At the beginning of a word: "해야한다" is not 야한.
    words = (r"\s*".join(map(re.escape, word.split())) for word in _words().minors.sexual)
    return re.compile(f"(?<![가-힣])(?:{'|'.join(words)})")


def _age(text: str) -> str | None:
    age = _AGE.search(text)
    return age.group() if age else None


def _squeezed(text: str) -> str:
    return "".join(text.split())
