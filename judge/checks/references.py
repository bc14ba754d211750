"""Whether the reference of a turn passes the turn's own checks; where it does not, one of the two is wrong."""

from collections.abc import Iterator

from judge.checks.answer import run_check
from judge.checks.code import CodeRunner, check_code
from judge.checks.result import CheckResult
from questions.findings import Fault, Finding
from questions.types import Check, CodeCheck, LengthCheck, Question, QuestionSet, Turn


def reference_findings(questions: QuestionSet) -> list[Finding]:
    """A warning for each check that a reference fails. What is undecided says nothing."""
    return [
        _finding(questions, question, number, check, result)
        for question, number, turn in _referenced(questions)
        for check in turn.checks
        for result in [run_check(_without_floor(check), turn.reference or "")]
        if result.passed is False
    ]


async def program_findings(questions: QuestionSet, runner: CodeRunner) -> list[Finding]:
    """Likewise, for the checks that are decided by running the reference's program.

    Raises:
        SandboxError: a program could not be run.
    """
    return [
        _finding(questions, question, number, check, result)
        for question, number, turn in _referenced(questions)
        for check in turn.checks
        if isinstance(check, CodeCheck)
        for result in [await check_code(check, turn.reference or "", runner)]
        if result.passed is False
    ]


def _referenced(questions: QuestionSet) -> Iterator[tuple[Question, int, Turn]]:
    for question in questions.questions:
        for number, turn in enumerate(question.turns, 1):
            if (turn.reference or "").strip():
                yield question, number, turn


def _finding(questions: QuestionSet, question: Question, number: int, check: Check, result: CheckResult) -> Finding:
    problem = f"the reference fails the check {check.type}: {result.detail}; mend one of the two"
    return Finding.of(questions.set, question.id, Fault(number, "reference", "warning", problem))


def _without_floor(check: Check) -> Check:
    """A reference may be terser than an answer is asked to be."""
    return check.model_copy(update={"min_chars": 0}) if isinstance(check, LengthCheck) else check
