"""Ollama's native API: what is sent, what is read, and what every fault becomes."""

from typing import Any

import pytest

from providers.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ContextOverflowError,
    DeadlineExceededError,
    InvalidRequestError,
    MalformedResponseError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    ServerError,
)
from providers.types import ChatRequest, ResponseSchema, SamplingParams, Usage
from tests.providers.asking import QUICK, SCHEMA, TWO_TURNS, ask, describe, ollama_spec, request
from tests.servers.faults import FAULTS, Fault, Reply, TokenUsage, rate_limited
from tests.servers.model_server import ModelServer

ANSWER = "공기가 맑고 건조해서 파란빛이 짙게 보이기 때문입니다."
WARM = SamplingParams(temperature=0.5)
ERRORS: dict[str, type[ProviderError]] = {
    **{name: RateLimitError for name in FAULTS if name.startswith("rate_limit")},
    "unauthorized": AuthenticationError,
    "forbidden": PermissionDeniedError,
    "model_not_found": ModelNotFoundError,
    "context_length": ContextOverflowError,
    "unprocessable": InvalidRequestError,
    "conflict": ServerError,
    "request_timeout": ServerError,
    "server_error": ServerError,
    "bad_gateway": ServerError,
    "busy": ServerError,
    "hang": DeadlineExceededError,
    "dribble": DeadlineExceededError,
    "disconnect": ConnectionFailedError,
    "reset": ConnectionFailedError,
    "truncated": ConnectionFailedError,
    "html": MalformedResponseError,
    "bad_json": MalformedResponseError,
    "empty_body": MalformedResponseError,
    "error_in_200": MalformedResponseError,
    "no_choices": MalformedResponseError,
    "null_choices": MalformedResponseError,
    "unfinished": MalformedResponseError,
    "load": MalformedResponseError,
}
OUTCOMES: dict[str, tuple[str, str]] = {
    "ok": ("stop", ANSWER),
    "null_content": ("stop", ""),
    "empty_content": ("stop", ""),
    "length": ("length", ANSWER),
    "reasoning_ate_it": ("length", ""),
    "odd_finish_reason": ("unknown", ANSWER),
    "no_usage": ("stop", ANSWER),
    "think_inline": ("stop", ANSWER),
    "think_unclosed": ("length", ""),
    "reasoning": ("stop", ANSWER),
}


def sent_body(server: ModelServer) -> dict[str, Any]:
    """The body of the only chat request."""
    (record,) = server.chats
    assert record.path == "/api/chat"
    return record.body


def refused(spec: str, asked: ChatRequest | None = None, **options: Any) -> ProviderError:
    """The error that asking raises."""
    with pytest.raises(ProviderError) as caught:
        ask(spec, asked, **options)
    return caught.value


def test_a_completion_tells_everything_the_server_said(model_server: ModelServer) -> None:
    usage = TokenUsage(prompt=21, completion=34)
    model_server.behave("candidate", Reply(ANSWER, usage=usage), served_as="candidate:7b")
    params = SamplingParams(0.3, top_p=0.9, seed=7, max_output_tokens=256, stop=("끝",))
    said = ask(ollama_spec(model_server), request(params=params))
    assert (said.text, said.finish_reason, said.reasoning) == (ANSWER, "stop", None)
    assert (said.requested_model, said.served_model) == ("candidate", "candidate:7b")
    assert said.usage == Usage(prompt_tokens=21, completion_tokens=34)
    assert said.latency_s > 0
    options = {"num_ctx": 8192, "temperature": 0.3, "top_p": 0.9, "seed": 7, "num_predict": 256, "stop": ["끝"]}
    assert said.sent_params == {"options": options, "truncate": False, "shift": False}
    body = sent_body(model_server)
    assert body.pop("stream") is False
    assert {key: value for key, value in body.items() if key not in ("model", "messages")} == said.sent_params


def test_the_window_is_set_and_nothing_may_be_cut(model_server: ModelServer) -> None:
    ask(ollama_spec(model_server))
    body = sent_body(model_server)
    assert body["options"] == {"num_ctx": 8192}
    assert body["truncate"] is False
    assert body["shift"] is False


def test_two_turns_arrive_in_order_and_whole(model_server: ModelServer) -> None:
    said = ask(ollama_spec(model_server), ChatRequest(TWO_TURNS))
    assert "둘째 질문입니다." in said.text
    assert sent_body(model_server)["messages"] == [{"role": m.role, "content": m.content} for m in TWO_TURNS]


def test_a_schema_goes_as_format(model_server: ModelServer) -> None:
    said = ask(ollama_spec(model_server, "judge"), request(response_schema=ResponseSchema("verdict", SCHEMA)))
    assert sent_body(model_server)["format"] == SCHEMA
    assert said.sent_params["format"] == SCHEMA
    assert said.text.startswith("{")


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("high", "high")])
def test_reasoning_effort_goes_as_think(model_server: ModelServer, effort: str, think: object) -> None:
    model_server.behave("candidate", ANSWER, thinking=True)
    said = ask(ollama_spec(model_server), request(params=SamplingParams(reasoning_effort=effort)))
    assert sent_body(model_server)["think"] == think
    assert said.text == ANSWER
    assert bool(said.reasoning) is (think is not False)


def test_thinking_asked_of_a_model_that_cannot_is_an_error(model_server: ModelServer) -> None:
    error = refused(ollama_spec(model_server), request(params=SamplingParams(reasoning_effort="high")))
    assert isinstance(error, InvalidRequestError)
    assert "does not support thinking" in str(error)


def test_an_over_long_prompt_is_an_error_and_never_cut(model_server: ModelServer) -> None:
    error = refused(ollama_spec(model_server), request("가" * 9000), policy=QUICK)
    assert isinstance(error, ContextOverflowError)
    assert len(model_server.chats) == 1
    assert not model_server.chats[0].truncated
    assert not model_server.delivered


def test_a_prompt_that_fills_the_window_was_cut_by_an_older_server(model_server: ModelServer) -> None:
    model_server.behave("candidate", Reply(ANSWER, usage=TokenUsage(prompt=8192, completion=3)))
    assert isinstance(refused(ollama_spec(model_server)), ContextOverflowError)


def test_a_missing_model_comes_with_the_command_that_gets_it(model_server: ModelServer) -> None:
    error = refused(ollama_spec(model_server, "exaone3.5:7.8b"), policy=QUICK)
    assert isinstance(error, ModelNotFoundError)
    assert str(error).endswith("ollama pull exaone3.5:7.8b")
    assert len(model_server.chats) == 1


def test_a_busy_server_is_asked_again(model_server: ModelServer) -> None:
    model_server.behave("candidate", ANSWER)
    model_server.inject("candidate", "busy", "busy")
    assert ask(ollama_spec(model_server), policy=QUICK).text == ANSWER
    assert [record.status for record in model_server.chats] == [503, 503, 200]


@pytest.mark.parametrize("fault", ERRORS)
def test_a_fault_is_a_typed_error(model_server: ModelServer, fault: str) -> None:
    model_server.inject("candidate", fault)
    waits = fault in ("hang", "dribble")
    error = refused(ollama_spec(model_server), request(params=WARM, deadline_s=0.4 if waits else 60))
    assert type(error) is ERRORS[fault]
    assert str(error).isprintable()
    if FAULTS[fault].status != 200:
        assert error.status == FAULTS[fault].status


@pytest.mark.parametrize("fault", OUTCOMES)
def test_a_fault_is_an_outcome(model_server: ModelServer, fault: str) -> None:
    model_server.behave("candidate", ANSWER)
    model_server.inject("candidate", fault)
    said = ask(ollama_spec(model_server))
    assert (said.finish_reason, said.text) == OUTCOMES[fault]
    assert bool(said.reasoning) is ("reasoning" in fault or "think" in fault)
    assert (said.usage == Usage()) is (fault == "no_usage")


def test_the_wait_a_server_asks_for_is_known(model_server: ModelServer) -> None:
    model_server.inject("candidate", rate_limited(retry_after=7))
    assert refused(ollama_spec(model_server)).retry_after_s == 7


@pytest.mark.parametrize("raw", [b"[]", b'"busy"', b'{"error": null}', b'{"error": {"message": "busy"}}'])
def test_odd_error_bodies_are_typed(model_server: ModelServer, raw: bytes) -> None:
    model_server.inject("candidate", Fault("odd_error", status=500, raw=("application/json", raw)))
    assert isinstance(refused(ollama_spec(model_server)), ServerError)


def test_text_no_database_takes_is_mended(model_server: ModelServer) -> None:
    message = b'{"content": "\\ud55c\\u0000\\ud800"}'
    raw = b'{"message": ' + message + b', "done": true, "done_reason": "stop"}'
    model_server.inject("candidate", Fault("surrogate", raw=("application/json", raw)))
    assert ask(ollama_spec(model_server)).text == "한\ufffd\ufffd"


def test_connection_refused(model_server: ModelServer) -> None:
    spec = ollama_spec(model_server)
    model_server.stop()
    error = refused(spec)
    assert isinstance(error, ConnectionFailedError)
    assert "ollama serve" in str(error)


@pytest.mark.parametrize("name", ["candidate", "candidate:latest"])
def test_describe_names_the_digest(model_server: ModelServer, name: str) -> None:
    identity = describe(ollama_spec(model_server, name))
    assert (identity.provider, identity.model, identity.base_url) == ("ollama", name, model_server.url)
    assert len(identity.digest or "") == 64
    assert identity.context_length == 8192
    assert identity.details["quantization_level"] == "Q4_K_M"
    assert not model_server.chats


def test_describe_a_missing_model(model_server: ModelServer) -> None:
    with pytest.raises(ModelNotFoundError, match=r"ollama pull hf\.co/org/model:q4$"):
        describe(ollama_spec(model_server, "hf.co/org/model:q4"))
    model_server.behave("candidate:7b")
    with pytest.raises(ModelNotFoundError, match="ollama pull candidate:32b"):
        describe(ollama_spec(model_server, "candidate:32b"))


def test_describe_an_unreachable_server(model_server: ModelServer) -> None:
    spec = ollama_spec(model_server)
    model_server.stop()
    with pytest.raises(ConnectionFailedError, match="ollama serve"):
        describe(spec)


def test_describe_something_that_is_not_ollama(model_server: ModelServer) -> None:
    model_server.inject("/api/tags", "html")
    with pytest.raises(MalformedResponseError, match="not JSON"):
        describe(ollama_spec(model_server))
