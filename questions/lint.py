"""Faults in a question set that its types cannot see."""

import re
from collections import Counter
from collections.abc import Iterator

from questions.contact_data import contact_data
from questions.findings import Fault, Finding, Severity
from questions.lint_checks import check_faults, secret_faults
from questions.lint_publishing import publishing_faults
from questions.lint_taxonomy import leaf_faults, twin_faults
from questions.near_duplicates import near_duplicates
from questions.readers.language_hint import expected_language
from questions.source_error import quote
from questions.types import Question, QuestionSet, Turn

MAX_PROMPT_CHARS = 8000
NEAR_DUPLICATE = 0.8
_TRAILING_SPACE = re.compile(r"[ \t\u3000\xa0]+$", re.MULTILINE)

__all__ = ["Finding", "lint"]


def lint(questions: QuestionSet) -> list[Finding]:
    """Every fault found: errors first, each kind in the order of the set."""
    found: list[tuple[int, Fault]] = [
        *_ids(questions),
        *_categories(questions),
        *_pairs(questions),
        *_duplicates(questions),
    ]
    by_id = {question.id: question for question in questions.questions}
    for index, question in enumerate(questions.questions):
        found += [(index, fault) for fault in (*_question_faults(question), *twin_faults(question, by_id))]
    found.sort(key=lambda item: (item[1].severity, item[0], item[1].turn or 0))
    ids = [question.id for question in questions.questions]
    return [Finding.of(questions.set, ids[index], fault) for index, fault in found]


def _ids(questions: QuestionSet) -> Iterator[tuple[int, Fault]]:
    seen: set[str] = set()
    for index, question in enumerate(questions.questions):
        if question.id in seen:
            yield index, Fault(None, "duplicate-id", "error", "the id stands twice; make each unique")
        seen.add(question.id)


def _categories(questions: QuestionSet) -> Iterator[tuple[int, Fault]]:
    times = Counter(question.category for question in questions.questions)
    for index, question in enumerate(questions.questions):
        if times[question.category] == 1:
            problem = f"the only question of {quote(question.category)}: it has no interval; add another"
            yield index, Fault(None, "lone-category", "warning", problem)


def _pairs(questions: QuestionSet) -> Iterator[tuple[int, Fault]]:
    ids = {question.id for question in questions.questions}
    for index, question in enumerate(questions.questions):
        if question.pair_id is None:
            continue
        if question.pair_id == question.id:
            yield index, Fault(None, "pair", "error", "pair_id names the question itself; name the other one")
        elif question.pair_id not in ids:
            problem = f"pair_id {quote(question.pair_id)} names no question of this set; correct it"
            yield index, Fault(None, "pair", "error", problem)


def _duplicates(questions: QuestionSet) -> Iterator[tuple[int, Fault]]:
    turns = [
        (index, number, question, turn)
        for index, question in enumerate(questions.questions)
        for number, turn in enumerate(question.turns, 1)
    ]
    for a, b, similarity in near_duplicates([turn.prompt for *_, turn in turns], NEAR_DUPLICATE):
        (_, number_a, question_a, turn_a), (index_b, number_b, question_b, turn_b) = turns[a], turns[b]
        # The halves of a pair are meant to be alike, and another system prompt makes another question.
        if _paired(question_a, question_b) or question_a.system != question_b.system:
            continue
        same = turn_a.prompt == turn_b.prompt
        # "위 답변을 요약해 줘" may follow many a first turn: the same words then ask for something else.
        first = number_a == number_b == 1
        rule, words = ("duplicate", "the same prompt as") if same else ("near-duplicate", "nearly the prompt of")
        severity: Severity = "error" if same and first else "warning"
        message = f"{words} {question_a.id} turn {number_a} (similarity {similarity:.2f}); write another"
        yield index_b, Fault(number_b, rule, severity, message)


def _paired(one: Question, other: Question) -> bool:
    return one is not other and (one.pair_id == other.id or other.pair_id == one.id)


def _question_faults(question: Question) -> Iterator[Fault]:
    yield from leaf_faults(question)
    yield from publishing_faults(question)
    for number, problem in secret_faults(question):
        yield Fault(number, "check", "error", problem)
    for text in (question.system, question.rationale):
        yield from _contacts(text, None)
    asked_before = question.system is not None and expected_language(question.system) != "ko"
    for number, turn in enumerate(question.turns, 1):
        yield from _text_faults(turn, number)
        yield from _language_faults(turn, number, asked_before=asked_before)
        asked_before = asked_before or expected_language(turn.prompt) != "ko"
        for text in (turn.prompt, turn.reference):
            yield from _contacts(text, number)
        for message in check_faults(turn):
            yield Fault(number, "check", "error", message)


def _text_faults(turn: Turn, number: int) -> Iterator[Fault]:
    prompt = turn.prompt
    if not any(c.isalnum() and c not in "\u3164\u115f\u1160" for c in prompt):
        yield Fault(number, "empty", "error", "the prompt says nothing; write the question")
    if len(prompt) > MAX_PROMPT_CHARS:
        problem = f"the prompt has {len(prompt):,} characters; shorten it to {MAX_PROMPT_CHARS:,}"
        yield Fault(number, "length", "error", problem)
    if turn.reference is not None and not turn.reference.strip():
        yield Fault(number, "reference", "error", "the reference is empty; write it or delete the key")
    for name, text in (("prompt", prompt), ("reference", turn.reference or "")):
        hidden = next((c for c in text if not c.isprintable() and c not in "\n\t\u3000\xa0"), None)
        if hidden is not None:
            problem = f"the {name} holds the invisible character U+{ord(hidden):04X}; delete it"
            yield Fault(number, "characters", "error", problem)
        if _TRAILING_SPACE.search(text):
            yield Fault(number, "spaces", "warning", f"a line of the {name} ends in spaces; delete them")


def _language_faults(turn: Turn, number: int, *, asked_before: bool) -> Iterator[Fault]:
    asked = expected_language(turn.prompt)
    if asked == "en" and turn.expected_language == "ko":
        problem = "the prompt asks for English, but a Korean answer is expected; set expected_language: en"
        yield Fault(number, "language", "warning", problem)
    # An earlier turn or the system prompt may have asked for the whole conversation.
    if asked == "ko" and turn.expected_language == "en" and not asked_before:
        problem = "English is expected, but the prompt does not ask for it; say so, or drop expected_language"
        yield Fault(number, "language", "warning", problem)


def _contacts(text: str | None, turn: int | None) -> Iterator[Fault]:
    for what, remedy in contact_data(text or ""):
        yield Fault(turn, "contact-data", "error", f"{what} must not be published; {remedy}")
