"""Faults in a question set that its types cannot see."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from questions.readers.language_hint import expected_language
from questions.types import ContainsCheck, LengthCheck, Question, QuestionSet

MAX_PROMPT_CHARS = 8000
NEAR_DUPLICATE = 0.8
_CONTACT = {
    "a URL": re.compile(r"https?://|www\.[a-z0-9-]+\.", re.I),
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}", re.I),
    "a resident registration number": re.compile(r"(?<!\d)\d{6}-[1-8]\d{6}(?!\d)"),
    "a phone number": re.compile(r"(?<!\d)0(?:2|1[016-9]|[3-6]\d|70)[-. ]\d{3,4}[-. ]\d{4}(?!\d)"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`turn` is 1-based, None for the whole question. The message says how to mend it."""

    question: str
    turn: int | None
    rule: str
    severity: Literal["error", "warning"]
    message: str


def lint(questions: QuestionSet) -> list[Finding]:
    """Every fault found, errors first."""
    findings = [*_set_rules(questions), *(f for q in questions.questions for f in _question_rules(q))]
    return sorted(findings, key=lambda f: (f.severity, f.question, f.turn or 0))


def _set_rules(questions: QuestionSet) -> Iterator[Finding]:
    ids = Counter(q.id for q in questions.questions)
    for question_id, times in ids.items():
        if times > 1:
            yield Finding(question_id, None, "duplicate-id", "error", f"the id stands {times} times; make each unique")
    for category, times in Counter(q.category for q in questions.questions).items():
        if times == 1:
            lone = next(q.id for q in questions.questions if q.category == category)
            yield Finding(
                lone,
                None,
                "lone-category",
                "warning",
                f"{category} has one question: no interval; add another",
            )
    for question in questions.questions:
        if question.pair_id is not None and question.pair_id not in ids:
            yield Finding(
                question.id,
                None,
                "pair",
                "error",
                f"pair_id {question.pair_id} names no question of this set",
            )
    prompts = [(q.id, t, _grams(turn.prompt)) for q in questions.questions for t, turn in enumerate(q.turns, 1)]
    for (a, turn_a, grams_a), (b, turn_b, grams_b) in combinations(prompts, 2):
        shared = len(grams_a & grams_b)
        if shared and shared / len(grams_a | grams_b) >= NEAR_DUPLICATE:
            yield Finding(
                b,
                turn_b,
                "near-duplicate",
                "error",
                f"nearly the same prompt as {a} turn {turn_a}; write another",
            )


def _grams(text: str) -> frozenset[str]:
    squeezed = re.sub(r"\s+", " ", text)
    return frozenset(squeezed[i : i + 5] for i in range(max(1, len(squeezed) - 4)))


def _question_rules(question: Question) -> Iterator[Finding]:
    for number, turn in enumerate(question.turns, 1):
        if len(turn.prompt) > MAX_PROMPT_CHARS:
            yield Finding(
                question.id,
                number,
                "length",
                "error",
                f"the prompt has over {MAX_PROMPT_CHARS} characters; shorten it",
            )
        if any(not c.isprintable() and c not in "\n\t" for c in turn.prompt):
            yield Finding(
                question.id, number, "characters", "error", "the prompt holds control characters; remove them"
            )
        asked = expected_language(turn.prompt)
        if turn.expected_language != "any" and asked == "en" != turn.expected_language:
            yield Finding(
                question.id,
                number,
                "language",
                "warning",
                "the prompt asks for English; set expected_language: en",
            )
        for text in (turn.prompt, turn.reference or ""):
            for what, pattern in _CONTACT.items():
                if pattern.search(text):
                    yield Finding(
                        question.id,
                        number,
                        "contact-data",
                        "error",
                        f"{what} must not be published; remove it",
                    )
        for check in turn.checks:
            yield from _check_rules(question.id, number, check)


def _check_rules(question: str, turn: int, check: object) -> Iterator[Finding]:
    if isinstance(check, LengthCheck) and check.max_chars is not None and check.min_chars > check.max_chars:
        yield Finding(question, turn, "check", "error", "min_chars is above max_chars: no answer can pass")
    if isinstance(check, ContainsCheck):
        if not (check.all_of or check.any_of or check.none_of):
            yield Finding(question, turn, "check", "error", "a contains check without words decides nothing")
        if clash := set(check.none_of) & {*check.all_of, *check.any_of}:
            yield Finding(question, turn, "check", "error", f"{sorted(clash)[0]!r} is both wanted and forbidden")
