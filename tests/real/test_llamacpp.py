"""A real llama-cpp-python server: it serves whatever is loaded, and answers wrong bodies with 500."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.errors import AuthenticationError, ContextOverflowError
from providers.types import ChatRequest, SamplingParams
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

PROVIDERS = ["llamacpp", "compatible"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_it_answers_in_one_turn_and_in_two(llamacpp: RealServer, provider: str) -> None:
    spec = llamacpp.spec(provider)
    said = ask(spec, request(params=SHORT), environ=llamacpp.environ)
    check_short_answer(said)
    assert said.request_id
    check_short_answer(ask(spec, ChatRequest(TWO_TURNS, SHORT), environ=llamacpp.environ))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_it_does_not_tell_stays_unknown(llamacpp: RealServer, provider: str) -> None:
    """It has no /props, which llama.cpp's own server has."""
    assert llamacpp.raw("/props").status_code == 404
    identity = describe(llamacpp.spec(provider), llamacpp.environ)
    assert identity.context_length is None
    assert identity.server_version is None


def test_it_answers_to_any_name_and_repeats_that_name(llamacpp: RealServer) -> None:
    """So the name in its reply proves nothing; only its list of models does."""
    said = ask(llamacpp.spec("llamacpp", "nope"), request(params=SHORT), environ=llamacpp.environ)
    assert said.served_model == "nope"
    assert [m["id"] for m in llamacpp.raw("/v1/models").json()["data"]] == ["tiny"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_wrong_key(llamacpp: RealServer, provider: str) -> None:
    spec = llamacpp.spec(provider)
    assert isinstance(refused(spec), AuthenticationError)
    with pytest.raises(AuthenticationError):
        describe(spec)


def test_a_prompt_beyond_the_window_is_refused(llamacpp: RealServer) -> None:
    asked = request(syllables(4000), params=SHORT)
    assert isinstance(refused(llamacpp.spec("llamacpp"), asked, llamacpp.environ), ContextOverflowError)


def test_an_answer_that_would_pass_the_window_ends_there(llamacpp: RealServer) -> None:
    asked = request(syllables(2700), params=SamplingParams(temperature=0.0, max_output_tokens=2000))
    said = ask(llamacpp.spec("llamacpp"), asked, environ=llamacpp.environ)
    assert said.finish_reason == "length"
    assert (said.usage.prompt_tokens or 0) + (said.usage.completion_tokens or 0) == 8192


def test_a_schema_is_enforced(llamacpp: RealServer) -> None:
    verdict = json.loads(ask(llamacpp.spec("llamacpp"), structured(), environ=llamacpp.environ).text)
    assert set(verdict) == set(SCHEMA["properties"])


def test_a_schema_in_a_shape_that_it_cannot_take_is_not_tried_again(llamacpp: RealServer) -> None:
    key = next(iter(llamacpp.environ.values()), "")
    error = refused(llamacpp.spec("vllm"), structured(), {**llamacpp.environ, "VLLM_API_KEY": key})
    assert not error.retryable


def test_a_whole_run_with_it_as_the_candidate(
    llamacpp: RealServer, run_cli: Callable[..., CliResult], tmp_path: Path
) -> None:
    check_candidate(whole_run(run_cli, tmp_path, llamacpp.spec("llamacpp"), "scripted:rules", llamacpp.environ))


def test_a_whole_run_with_it_as_the_judge(
    llamacpp: RealServer, run_cli: Callable[..., CliResult], tmp_path: Path
) -> None:
    """As `compatible`, which asks for text: noise holds no score, and says so."""
    run = whole_run(run_cli, tmp_path, "scripted:good", llamacpp.spec("compatible"), llamacpp.environ)
    check_judge(run, "truncated", "unparsed")
