"""The programs of the shipped references do what their tests ask, and the tests see what a later turn changes."""

import asyncio

import pytest

from judge.checks.code import check_code
from judge.checks.references import program_findings
from judge.sandbox.runner import Sandbox
from questions.library import load_set
from questions.types import CodeCheck, Question, QuestionSet, Turn
from tests.sandbox.running import run

LOGIC = load_set("logic")
CODING = [question for question in LOGIC.questions if question.leaf == "C4"]


@pytest.fixture(autouse=True)
def _sandbox_works():
    run("")


def code_check(turn: Turn) -> CodeCheck | None:
    return next((check for check in turn.checks if isinstance(check, CodeCheck)), None)


@pytest.mark.parametrize("question", CODING, ids=lambda q: q.id)
def test_references_pass_their_tests(question: Question):
    one = QuestionSet.model_validate(LOGIC.model_dump() | {"questions": (question,)})
    assert [str(f) for f in asyncio.run(program_findings(one, Sandbox()))] == []


@pytest.mark.parametrize("question", CODING, ids=lambda q: q.id)
def test_every_program_has_tests_enough_and_shows_the_first_of_them(question: Question):
    found = [(turn, check) for turn in question.turns if (check := code_check(turn))]
    assert found
    for turn, check in found:
        assert len(check.tests) >= 5
        lines = "\n".join(line.rstrip() for line in turn.prompt.splitlines())
        assert check.tests[0].stdin.strip() in lines
        assert check.tests[0].stdout.strip() in lines


@pytest.mark.parametrize("question", CODING, ids=lambda q: q.id)
def test_the_program_of_one_turn_does_not_do_for_the_next(question: Question):
    sandbox = Sandbox()
    for before, turn in zip(question.turns, question.turns[1:], strict=False):
        check = code_check(turn)
        if check is not None and code_check(before) is not None:
            assert not asyncio.run(check_code(check, before.reference or "", sandbox)).passed
