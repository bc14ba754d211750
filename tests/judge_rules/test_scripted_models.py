"""The demo models: what they know, what they refuse, and that their quality differs as it should."""

import asyncio
from importlib.resources import files
from statistics import mean

import pytest
import yaml

from judge.checks.answer import run_check
from providers.errors import InvalidRequestError, SpecError
from providers.scripted import SCRIPTED_MODELS, ScriptedProvider
from providers.types import ChatMessage, ChatRequest, Usage
from tests.judge_rules.support import ask, starter, verdicts


def scores(model: str, question: str | None = None) -> list[float]:
    return [
        verdict.score
        for (asked, _), verdict in verdicts(model).items()
        if verdict.score is not None and question in (None, asked)
    ]


def test_an_answer_for_every_turn_of_the_shipped_set() -> None:
    for model in SCRIPTED_MODELS:
        for question in starter().questions:
            first, second = ask(model, question.id, 1), ask(model, question.id, 2)
            assert first.text.strip()
            assert second.text.strip()
            assert first.text != second.text
            assert first.requested_model == model
            assert first.finish_reason == "stop"
            assert first.usage == Usage()
            assert first.latency_s == 0.0


def test_the_answers_are_marked_as_scripted() -> None:
    folder = files("providers") / "scripted_models"
    assert {entry.name for entry in folder.iterdir()} == {f"{model}.yaml" for model in SCRIPTED_MODELS}
    for model in SCRIPTED_MODELS:
        script = yaml.safe_load((folder / f"{model}.yaml").read_text(encoding="utf-8"))
        assert script["model"] == model
        assert "대본" in script["note"]
        assert list(script["answers"]) == [question.id for question in starter().questions]


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"question": "reasoning-1"},
        {"question": "reasoning-1", "turn": "3"},
        {"question": "reasoning-1", "turn": "0"},
        {"question": "reasoning-1", "turn": "첫째"},
        {"question": "reasoning-1", "turn": "9" * 5000},
        {"question": "my-own", "turn": "1"},
    ],
)
def test_an_unknown_question_says_which_set_is_known(tags: dict[str, str]) -> None:
    request = ChatRequest(messages=(ChatMessage("user", "안녕"),), tags=tags)
    with pytest.raises(InvalidRequestError, match=r"only know the set 'starter'.*-m ollama:MODEL"):
        asyncio.run(ScriptedProvider("good").complete(request))


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(SpecError, match=r"'best'.*scripted:good, scripted:drifting, scripted:weak"):
        ScriptedProvider("best")


def test_it_describes_itself_and_closes() -> None:
    async def use() -> None:
        provider = ScriptedProvider("weak")
        identity = await provider.describe()
        assert (identity.provider, identity.model, identity.base_url) == ("scripted", "weak", None)
        assert provider.capabilities.schema_mode == "text"
        await provider.aclose()

    asyncio.run(use())


def test_good_passes_nearly_all_checks_but_not_all() -> None:
    results = [
        run_check(check, ask("good", question.id, number).text).passed
        for question in starter().questions
        for number, turn in enumerate(question.turns, 1)
        for check in turn.checks
    ]
    assert 1 <= results.count(False) <= 5


def test_the_models_are_clearly_apart() -> None:
    good, drifting, weak = (mean(scores(model)) for model in ("good", "drifting", "weak"))
    assert 8.5 < good < 10
    assert 4 < drifting < 6.5
    assert 1 < weak < 3.5


@pytest.mark.parametrize("question", [question.id for question in starter().questions])
def test_good_beats_weak_on_every_question(question: str) -> None:
    assert mean(scores("good", question)) > mean(scores("weak", question)) + 1


def test_only_the_drifting_model_drifts() -> None:
    wrong = {
        model: [
            turn for turn, verdict in verdicts(model).items() if verdict.language and verdict.language.passed is False
        ]
        for model in SCRIPTED_MODELS
    }
    assert wrong["good"] == []
    assert 9 <= len(wrong["drifting"]) <= 13
    # The weak model ignores the two turns that ask for English.
    assert wrong["weak"] == [("writing-1", 2), ("grammar-2", 2)]
