"""A real Ollama 0.9.3: no `truncate`, no `shift`, no `logprobs`, a boolean `think`."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from providers.errors import ContextOverflowError, InvalidRequestError, ModelNotFoundError
from providers.ollama import OllamaProvider
from providers.types import ChatMessage, ChatRequest, SamplingParams
from questions.library import load_set
from tests.conftest import CliResult
from tests.providers.asking import TWO_TURNS, ask, describe, request
from tests.real.asking import (
    SCHEMA,
    SHORT,
    check_candidate,
    check_judge,
    check_short_answer,
    refused,
    structured,
    syllables,
    whole_run,
)
from tests.real.servers import RealServer

# Greedily, the tiny model repeats one syllable for ever after this.
CIRCLES = load_set("starter").questions[0].turns[0].prompt


@pytest.fixture
def spec(ollama: RealServer) -> str:
    return ollama.spec("ollama", path="")


def test_it_answers_in_one_turn_and_in_two(spec: str) -> None:
    check_short_answer(ask(spec, request(params=SHORT)))
    check_short_answer(ask(spec, ChatRequest(TWO_TURNS, SHORT)))


def test_it_says_who_it_is(spec: str) -> None:
    identity = describe(spec)
    assert identity.digest is not None
    assert len(identity.digest) == 64
    assert identity.details["family"] == "llama"


def test_a_missing_model_names_the_command_that_gets_it(ollama: RealServer, run_cli: Callable[..., CliResult]) -> None:
    missing = ollama.spec("ollama", "nope", path="")
    assert isinstance(refused(missing), ModelNotFoundError)
    done = run_cli("run", "-m", missing, "-j", "scripted:rules", "--limit", "1")
    assert done.code != 0
    assert "ollama pull nope" in done.err


def test_a_schema_is_enforced(spec: str) -> None:
    verdict = json.loads(ask(spec, structured()).text)
    assert set(verdict) == set(SCHEMA["properties"])
    assert verdict["score"] in range(11)


def test_the_count_of_a_prompt_does_not_shrink_when_it_is_cached(spec: str) -> None:
    long = request("하늘이 높다. " * 100, params=SHORT)
    first = ask(spec, long)
    assert ask(spec, long).usage.prompt_tokens == first.usage.prompt_tokens
    later = ChatRequest((*long.messages, ChatMessage("assistant", first.text), ChatMessage("user", "왜?")), SHORT)
    assert (ask(spec, later).usage.prompt_tokens or 0) > (first.usage.prompt_tokens or 0)


def test_a_prompt_that_was_cut_is_no_answer(spec: str) -> None:
    assert isinstance(refused(spec, request(syllables(4000), params=SHORT)), ContextOverflowError)


def test_a_conversation_whose_first_turn_was_dropped_is_no_answer(ollama: RealServer) -> None:
    """The server leaves out whole messages until the rest fits, and reports a count far below the window.

    Only what an earlier prompt taught about the tokenizer gives that away.
    """
    messages = (
        ChatMessage("user", syllables(2000)),
        ChatMessage("assistant", syllables(1000)),
        ChatMessage("user", "그럼 첫 질문의 답은?"),
    )
    with pytest.raises(ContextOverflowError, match="cut the prompt without saying so"):
        asyncio.run(
            _ask_with_window(ollama.url, 8192, request(syllables(1000), params=SHORT), ChatRequest(messages, SHORT))
        )


async def _ask_with_window(url: str, num_ctx: int, *asked: ChatRequest) -> None:
    provider = OllamaProvider("tiny", url, 1, {"num_ctx": num_ctx})
    try:
        for one in asked:
            await provider.complete(one)
    finally:
        await provider.aclose()


def test_a_window_beyond_the_models_own_is_refused_before_anything_is_asked(ollama: RealServer) -> None:
    """The server would silently take the model's 8192 instead of the 16384 that were asked for, and cut at that."""

    async def described() -> None:
        provider = OllamaProvider("tiny", ollama.url, 1, {"num_ctx": 16384})
        try:
            await provider.describe()
        finally:
            await provider.aclose()

    with pytest.raises(InvalidRequestError, match="trained for 8192"):
        asyncio.run(described())


def test_an_answer_that_pushed_its_question_out_of_the_window_is_no_answer(ollama: RealServer) -> None:
    """Prompt and answer together exceed the window: the server drops the prompt's start and writes on."""
    hot = SamplingParams(temperature=1.0, seed=1, max_output_tokens=500)
    with pytest.raises(ContextOverflowError):
        asyncio.run(_ask_with_window(ollama.url, 1024, request(syllables(300), params=hot)))


def test_an_answer_that_went_in_circles_is_kept(spec: str) -> None:
    """After 30 times the same token the server gives up: a 200 with `"done": false` and no counts, every time."""
    said = ask(spec, request(CIRCLES, params=SamplingParams(temperature=0.0, max_output_tokens=2048)))
    assert said.text
    assert said.finish_reason != "stop"


def test_thinking_that_a_model_cannot_do_is_refused(spec: str) -> None:
    error = refused(spec, request(params=SamplingParams(reasoning_effort="low", max_output_tokens=8)))
    assert isinstance(error, InvalidRequestError)
    ask(spec, request(params=SamplingParams(reasoning_effort="none", max_output_tokens=8)))


def test_what_0_9_3_ignores(ollama: RealServer) -> None:
    """Why the adapter must look at the reply: none of these is refused, and none has an effect."""
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": syllables(400)}],
        "stream": False,
        "truncate": False,
        "shift": False,
        "logprobs": True,
        "no_such_field": 1,
        "options": {"num_ctx": 1024, "num_predict": 4, "temperature": -5, "no_such_option": 1},
    }
    for _ in range(2):  # after a cut prompt its runner may die on the next one; the one after that is served
        answer: httpx.Response = ollama.raw("/api/chat", body)
        if answer.status_code == 200:
            break
    assert answer.json()["prompt_eval_count"] == 1024
    assert "logprobs" not in answer.json()


def test_a_whole_run_with_it_as_the_candidate(spec: str, run_cli: Callable[..., CliResult], tmp_path: Path) -> None:
    hot = {"temperature": 1.0, "seed": 3, "max_output_tokens": 512}
    check_candidate(whole_run(run_cli, tmp_path, spec, "scripted:rules", {}, hot))


def test_a_whole_run_with_it_as_the_judge(spec: str, run_cli: Callable[..., CliResult], tmp_path: Path) -> None:
    check_judge(whole_run(run_cli, tmp_path, "scripted:good", spec, {}), "truncated")
