"""A real vLLM 0.32.0 on the CPU."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.errors import AuthenticationError, ContextOverflowError, InvalidRequestError, ModelNotFoundError
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
from tests.real.servers import MODEL, RealServer


@pytest.fixture
def spec(vllm: RealServer) -> str:
    return vllm.spec("vllm")


def test_it_answers_in_one_turn_and_in_two(vllm: RealServer, spec: str) -> None:
    said = ask(spec, request(params=SHORT), environ=vllm.environ)
    check_short_answer(said)
    assert (said.fingerprint or "").startswith("vllm-")
    check_short_answer(ask(spec, ChatRequest(TWO_TURNS, SHORT), environ=vllm.environ))


def test_it_says_who_it_is(vllm: RealServer, spec: str) -> None:
    identity = describe(spec, vllm.environ)
    assert identity.context_length == 8192
    assert str(identity.details["root"]).endswith("/model/hf")
    assert vllm.raw("/version").json() == {"version": "0.32.0"}


def test_a_model_that_it_does_not_serve(vllm: RealServer, run_cli: Callable[..., CliResult]) -> None:
    missing = vllm.spec("vllm", "nope")
    error = refused(missing, environ=vllm.environ)
    assert isinstance(error, ModelNotFoundError)
    assert error.status == 404
    with pytest.raises(ModelNotFoundError, match=f"it serves: {MODEL}"):
        describe(missing, vllm.environ)
    done = run_cli("run", "-m", missing, "-j", "scripted:rules", "--limit", "1", env=vllm.environ)
    assert done.code != 0
    assert "nope" in done.err


def test_a_wrong_key(spec: str, run_cli: Callable[..., CliResult]) -> None:
    wrong = {"VLLM_API_KEY": "not-the-key-of-this-server"}
    assert isinstance(refused(spec, environ=wrong), AuthenticationError)
    assert isinstance(refused(spec), AuthenticationError)
    with pytest.raises(AuthenticationError):
        describe(spec, wrong)
    done = run_cli("run", "-m", spec, "-j", "scripted:rules", "--limit", "1", env=wrong)
    assert done.code != 0
    assert wrong["VLLM_API_KEY"] not in done.out + done.err


def test_a_schema_is_enforced(vllm: RealServer, spec: str) -> None:
    verdict = json.loads(ask(spec, structured(), environ=vllm.environ).text)
    assert set(verdict) == set(SCHEMA["properties"])
    assert verdict["score"] in range(11)


def test_a_prompt_beyond_the_window_is_refused(vllm: RealServer, spec: str) -> None:
    error = refused(spec, request(syllables(4000), params=SHORT), vllm.environ)
    assert isinstance(error, ContextOverflowError)
    assert error.status == 400


def test_an_answer_that_would_pass_the_window_ends_there(vllm: RealServer, spec: str) -> None:
    said = ask(
        spec,
        request(syllables(2700), params=SamplingParams(temperature=0.0, max_output_tokens=2000)),
        environ=vllm.environ,
    )
    assert said.finish_reason == "length"
    assert (said.usage.prompt_tokens or 0) + (said.usage.completion_tokens or 0) == 8192


@pytest.mark.parametrize(
    "params",
    [SamplingParams(temperature=-5.0), SamplingParams(reasoning_effort="silly"), SamplingParams(top_p=7.0)],
    ids=["temperature", "reasoning_effort", "top_p"],
)
def test_a_parameter_out_of_range_is_refused_and_not_tried_again(
    vllm: RealServer, spec: str, params: SamplingParams
) -> None:
    error = refused(spec, request(params=params), vllm.environ)
    assert isinstance(error, InvalidRequestError)
    assert not error.retryable


def test_reasoning_effort_reaches_the_chat_template(vllm: RealServer, spec: str) -> None:
    """The tiny model's template says more where thinking is on, so the prompt grows."""

    def prompt_tokens(effort: str) -> int:
        said = ask(spec, request(params=SamplingParams(reasoning_effort=effort, max_output_tokens=2)), environ=keys)
        return said.usage.prompt_tokens or 0

    keys = vllm.environ
    assert prompt_tokens("low") > prompt_tokens("none")


def test_a_whole_run_with_it_as_the_candidate(
    vllm: RealServer, spec: str, run_cli: Callable[..., CliResult], tmp_path: Path
) -> None:
    check_candidate(whole_run(run_cli, tmp_path, spec, "scripted:rules", vllm.environ))


def test_a_whole_run_with_it_as_the_judge(
    vllm: RealServer, spec: str, run_cli: Callable[..., CliResult], tmp_path: Path
) -> None:
    check_judge(whole_run(run_cli, tmp_path, "scripted:good", spec, vllm.environ), "truncated")
