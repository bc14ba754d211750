"""Whether the reference of a turn passes the turn's own checks; where it does not, one of the two is wrong."""

from collections.abc import Iterator

from judge.checks.answer import run_check
from questions.findings import Fault, Finding
from questions.types import Check, LengthCheck, QuestionSet, Turn


def reference_findings(questions: QuestionSet) -> list[Finding]:
    """A warning for each check that a reference fails. What is undecided says nothing."""
    return [
        Finding.of(questions.set, question.id, Fault(number, "reference", "warning", problem))
        for question in questions.questions
        for number, turn in enumerate(question.turns, 1)
        for problem in _problems(turn)
    ]


def _problems(turn: Turn) -> Iterator[str]:
    if not (turn.reference or "").strip():
        return
    for check in turn.checks:
        result = run_check(_without_floor(check), turn.reference or "")
        if result.passed is False:
            yield f"the reference fails the check {check.type}: {result.detail}; mend one of the two"


def _without_floor(check: Check) -> Check:
    """A reference may be terser than an answer is asked to be."""
    return check.model_copy(update={"min_chars": 0}) if isinstance(check, LengthCheck) else check
