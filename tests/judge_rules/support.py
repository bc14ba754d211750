"""The shipped set, and what the demo models and the rule judge make of it, through the public faces."""

import asyncio
from functools import cache
from pathlib import Path

import yaml

import questions
from judge.grading.rules import RuleJudge
from judge.types import GradedTurn, Verdict
from providers.scripted import ScriptedProvider
from providers.types import ChatCompletion, ChatMessage, ChatRequest
from questions.types import Check, Question, QuestionSet, Turn


@cache
def starter() -> QuestionSet:
    path = Path(questions.__file__).parent / "sets" / "starter.yaml"
    return QuestionSet.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def ask(model: str, question: str, turn: int) -> ChatCompletion:
    request = ChatRequest(messages=(ChatMessage("user", "질문"),), tags={"question": question, "turn": str(turn)})
    return asyncio.run(ScriptedProvider(model).complete(request))


def grade(question: Question, answers: tuple[str, ...], repeat: int = 0) -> Verdict:
    return asyncio.run(RuleJudge().grade(GradedTurn(question, len(answers), answers), repeat))


def one_turn(
    answer: str,
    *checks: Check,
    prompt: str = "이 물음에 우리말로 답해 줘.",
    reference: str | None = None,
    language: str = "ko",
) -> Verdict:
    """The verdict on the only turn of a question made for it."""
    turn = Turn.model_validate(
        {"prompt": prompt, "reference": reference, "expected_language": language, "checks": checks}
    )
    return grade(Question(id="q", category="c", turns=(turn,)), (answer,))


@cache
def verdicts(model: str) -> dict[tuple[str, int], Verdict]:
    """Every verdict of the rule judge on one demo model, by question id and turn."""
    found = {}
    for question in starter().questions:
        answers = tuple(ask(model, question.id, turn).text for turn in range(1, len(question.turns) + 1))
        for turn in range(1, len(answers) + 1):
            found[question.id, turn] = grade(question, answers[:turn])
    return found
