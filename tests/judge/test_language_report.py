"""A language report that a turn carries is the one its verdict holds; without one, the rule is asked."""

import asyncio

import pytest

from judge.checks.language import LanguageReport, check_turn_language
from judge.grading.llm import ModelJudge
from judge.grading.rules import RuleJudge
from judge.rubric import load_rubric
from judge.types import GradedTurn, Verdict
from providers.types import ChatCompletion, SamplingParams
from questions.types import Question, Turn

QUESTION = Question(id="q", category="이해", turns=(Turn(prompt="사과는 무슨 색인가?"), Turn(prompt="왜 그런가?")))
ANSWERS = ("사과는 빨간색입니다.", "Because of the pigments called anthocyanins in the skin of the fruit.")
CARRIED = LanguageReport("ko", True, 0.75, 0.25, 40)


def _by_model(turn: GradedTurn) -> Verdict:
    judge = ModelJudge("심판", "text", SamplingParams(), 1.0)
    task = judge.prepare(turn, load_rubric("turn-0-10"), 0)
    return task.read(ChatCompletion("평가: 옳다.\n점수: 8", requested_model="m"))


def _by_rules(turn: GradedTurn) -> Verdict:
    return asyncio.run(RuleJudge().grade(turn, 0))


@pytest.mark.parametrize("grade", [_by_model, _by_rules])
def test_a_carried_report_is_kept(grade) -> None:
    verdict = grade(GradedTurn(QUESTION, 2, ANSWERS, CARRIED))
    assert verdict.language == CARRIED
    assert verdict.score == verdict.judge_score


@pytest.mark.parametrize("grade", [_by_model, _by_rules])
def test_without_one_the_rule_is_asked(grade) -> None:
    verdict = grade(GradedTurn(QUESTION, 2, ANSWERS))
    assert verdict.language == check_turn_language(QUESTION, 2, ANSWERS[1])
    assert verdict.language.passed is False
    assert verdict.score == 0
