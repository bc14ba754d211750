"""OpenAI-compatible servers: what is sent, what is read, and what every fault becomes."""

import gzip
import hashlib
import json
from dataclasses import replace
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
    QuotaExhaustedError,
    RateLimitError,
    ServerError,
    SuspectedQuotaError,
    UnsupportedParameterError,
)
from providers.types import ChatRequest, ResponseSchema, SamplingParams, Usage
from tests.providers.asking import SCHEMA, TWO_TURNS, ask, describe, openai_spec, request, with_provider
from tests.servers.faults import FAULTS, MISSING, ErrorBody, Fault, Reply, TokenUsage, http_error
from tests.servers.model_server import ModelServer

ANSWER = "공기가 맑고 건조해서 파란빛이 짙게 보이기 때문입니다."
WARM = SamplingParams(temperature=0.5)
ERRORS: dict[str, type[ProviderError]] = {
    **{name: RateLimitError for name in FAULTS if name.startswith("rate_limit")},
    "quota": SuspectedQuotaError,
    "unauthorized": AuthenticationError,
    "forbidden": PermissionDeniedError,
    "model_not_found": ModelNotFoundError,
    "unsupported_temperature": UnsupportedParameterError,
    "context_length": ContextOverflowError,
    "content_policy": InvalidRequestError,
    "conflict": ServerError,
    "request_timeout": ServerError,
    "unprocessable": InvalidRequestError,
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
    "error_in_200": ServerError,
    "no_choices": MalformedResponseError,
    "null_choices": MalformedResponseError,
    "error_finish_reason": ServerError,
}
# Fault -> (finish_reason, visible text).
OUTCOMES: dict[str, tuple[str, str]] = {
    "ok": ("stop", ANSWER),
    "unfinished": ("unknown", ANSWER),
    "load": ("unknown", ""),
    "null_content": ("stop", ""),
    "empty_content": ("stop", ""),
    "length": ("length", ANSWER),
    "reasoning_ate_it": ("length", ""),
    "odd_finish_reason": ("unknown", ANSWER),
    "no_usage": ("stop", ANSWER),
    "refusal": ("stop", ""),
    "content_filter": ("content_filter", ""),
    "think_inline": ("stop", ANSWER),
    "think_unclosed": ("length", ""),
    "reasoning": ("stop", ANSWER),
    "reasoning_content": ("stop", ANSWER),
    "fenced": ("stop", f"```json\n{ANSWER}\n```"),
    "prose_around": ("stop", f"다음은 평가 결과입니다.\n\n{ANSWER}\n\n이상입니다."),
    "unparsable": ("stop", "이 답변은 대체로 훌륭합니다."),
    "whitespace_loop": ("length", '{"rationale":' + " \n" * 500),
    "other_model": ("stop", ANSWER),
}


def sent_body(server: ModelServer) -> dict[str, Any]:
    """The body of the only chat request."""
    (record,) = server.chats
    return record.body


def refused(spec: str, asked: ChatRequest | None = None, **options: Any) -> ProviderError:
    """The error that asking raises."""
    with pytest.raises(ProviderError) as caught:
        ask(spec, asked, **options)
    return caught.value


def test_a_completion_tells_everything_the_server_said(model_server: ModelServer) -> None:
    usage = TokenUsage(prompt=21, completion=34, cached=13, reasoning=5)
    model_server.behave("candidate", Reply(ANSWER, usage=usage), served_as="candidate-2026-01-15")
    params = SamplingParams(0.3, top_p=0.9, seed=7, max_output_tokens=256, stop=("끝",), reasoning_effort="low")
    said = ask(openai_spec(model_server), request(params=params, tags={"question": "q1"}))
    assert (said.text, said.finish_reason) == (ANSWER, "stop")
    assert (said.requested_model, said.served_model) == ("candidate", "candidate-2026-01-15")
    assert said.usage == Usage(prompt_tokens=21, completion_tokens=34, cached_tokens=13, reasoning_tokens=5)
    assert said.request_id == f"req_{model_server.chats[0].number:08d}"
    assert said.fingerprint == "fp_test_0001"
    assert (said.reasoning, said.refusal) == (None, None)
    assert said.latency_s > 0
    assert dict(said.sent_params) == {
        "temperature": 0.3,
        "top_p": 0.9,
        "seed": 7,
        "max_tokens": 256,
        "stop": ["끝"],
        "reasoning_effort": "low",
    }
    assert said.dropped_params == {}
    body = sent_body(model_server)
    assert {key: value for key, value in body.items() if key not in ("model", "messages")} == said.sent_params
    assert body["model"] == "candidate"


def test_what_is_not_set_is_not_sent(model_server: ModelServer) -> None:
    said = ask(openai_spec(model_server), request())
    assert said.sent_params == {}
    assert set(sent_body(model_server)) == {"model", "messages"}


def test_zero_is_a_value_and_is_sent(model_server: ModelServer) -> None:
    said = ask(openai_spec(model_server), request(params=SamplingParams(temperature=0.0, seed=0)))
    assert said.sent_params == {"temperature": 0.0, "seed": 0}
    assert sent_body(model_server)["temperature"] == 0.0


def test_two_turns_arrive_in_order_and_whole(model_server: ModelServer) -> None:
    said = ask(openai_spec(model_server), ChatRequest(TWO_TURNS))
    assert "둘째 질문입니다." in said.text
    assert sent_body(model_server)["messages"] == [{"role": m.role, "content": m.content} for m in TWO_TURNS]


def test_output_limit_goes_by_the_dialects_own_name(model_server: ModelServer) -> None:
    asked = request(params=SamplingParams(max_output_tokens=64))
    said = ask(openai_spec(model_server, provider="openai"), asked)
    assert said.sent_params == {"max_completion_tokens": 64}
    assert "max_tokens" not in sent_body(model_server)


@pytest.mark.parametrize("provider", ["openai", "solar", "vllm"])
def test_a_schema_is_sent_strictly_where_the_dialect_enforces_it(model_server: ModelServer, provider: str) -> None:
    spec = openai_spec(model_server, "judge", provider)
    said = ask(spec, request(response_schema=ResponseSchema("verdict", SCHEMA)))
    assert sent_body(model_server)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "verdict", "schema": SCHEMA, "strict": True},
    }
    assert said.sent_params["response_format"]["json_schema"]["schema"] == SCHEMA
    assert said.text.startswith("{")


def test_the_key_reaches_the_server(model_server: ModelServer) -> None:
    model_server.api_key = "unit-key-1234"
    said = ask(openai_spec(model_server), environ={"KOJUDGE_API_KEY": "unit-key-1234"})
    assert said.finish_reason == "stop"


def test_the_tables_name_every_fault() -> None:
    assert sorted(ERRORS | dict.fromkeys(OUTCOMES, ProviderError)) == sorted(FAULTS)
    assert not set(ERRORS) & set(OUTCOMES)


@pytest.mark.parametrize("fault", ERRORS)
def test_a_fault_is_a_typed_error(model_server: ModelServer, fault: str) -> None:
    model_server.inject("candidate", fault)
    waits = fault in ("hang", "dribble")
    error = refused(openai_spec(model_server), request(params=WARM, deadline_s=0.4 if waits else 60))
    assert type(error) is ERRORS[fault]
    assert str(error).isprintable()
    status = FAULTS[fault].status
    if status != 200:
        assert error.status == status
        assert str(error).startswith(f"HTTP {status}: ")
    if FAULTS[fault].error is not None or FAULTS[fault].patch:
        assert (error.request_id or "").startswith("req_")


@pytest.mark.parametrize("fault", OUTCOMES)
def test_a_fault_is_an_outcome(model_server: ModelServer, fault: str) -> None:
    model_server.behave("candidate", ANSWER)
    model_server.inject("candidate", fault)
    said = ask(openai_spec(model_server), request(params=WARM))
    assert (said.finish_reason, said.text) == OUTCOMES[fault]


def test_logprobs_are_asked_for_and_read(model_server: ModelServer) -> None:
    model_server.behave("candidate", "서울")
    said = ask(openai_spec(model_server), request(params=SamplingParams(logprobs=2)))
    assert {k: v for k, v in said.sent_params.items() if "logprobs" in k} == {"logprobs": True, "top_logprobs": 2}
    assert said.logprobs is not None
    assert "".join(token.token for token in said.logprobs) == "서울"
    assert [len(token.top) for token in said.logprobs] == [2, 2]
    assert all(token.logprob < 0 for token in said.logprobs)


@pytest.mark.parametrize(
    "part",
    [{"content": None}, {"content": [{"token": "가"}]}, {"content": [None, 3]}, [], {"content": [{"logprob": "x"}]}],
)
def test_odd_logprobs_are_none(model_server: ModelServer, part: object) -> None:
    choice = {"message": {"content": "가"}, "finish_reason": "stop", "logprobs": part}
    model_server.inject("candidate", Fault("odd", patch={"openai": {"choices": [choice]}}))
    assert ask(openai_spec(model_server), request(params=SamplingParams(logprobs=1))).logprobs is None


def test_a_piece_of_a_syllable_is_told_by_its_bytes(model_server: ModelServer) -> None:
    tokens = [{"token": "", "logprob": -1.0, "bytes": [0xEA, 0xB0]}, {"token": "", "logprob": -1.0, "bytes": None}]
    choice = {"message": {"content": "가"}, "finish_reason": "stop", "logprobs": {"content": tokens}}
    model_server.inject("candidate", Fault("bytes", patch={"openai": {"choices": [choice]}}))
    said = ask(openai_spec(model_server), request(params=SamplingParams(logprobs=1)))
    assert [token.token for token in said.logprobs or ()] == ["\ufffd", ""]


@pytest.mark.parametrize("provider", ["openai", "compatible", "solar"])
def test_what_belongs_to_openai_goes_to_openai_only(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: planted-secret")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-planted")
    sent: dict[str, str] = {}

    async def headers(opened: object) -> None:
        sent.update(opened._headers)  # type: ignore[attr-defined]

    with_provider(openai_spec(model_server, provider=provider), headers)
    assert ("planted" in str(sent)) == (provider == "openai"), sent
    assert not any(name.lower().startswith("x-stainless") for name in sent), sent


@pytest.mark.parametrize(
    "error",
    [
        {"message": "x requires moderation and your input was flagged", "code": 403, "metadata": {"reasons": ["가"]}},
        {"message": "Blocked by the content policy of this deployment", "code": "forbidden"},
    ],
)
def test_a_prompt_that_was_moderated_stops_no_run(model_server: ModelServer, error: dict[str, object]) -> None:
    raw = ("application/json", json.dumps({"error": error}).encode())
    model_server.inject("candidate", Fault("moderated", status=403, raw=raw))
    found = refused(openai_spec(model_server))
    assert type(found) is InvalidRequestError, found
    assert not found.stops_run


def test_error_codes_are_kept(model_server: ModelServer) -> None:
    model_server.inject("candidate", "context_length")
    assert refused(openai_spec(model_server)).code == "context_length_exceeded"


@pytest.mark.parametrize("provider", ["openai", "solar", "vllm"])
def test_a_vendors_word_on_quota_is_believed(model_server: ModelServer, provider: str) -> None:
    model_server.inject("candidate", "quota")
    assert type(refused(openai_spec(model_server, provider=provider))) is QuotaExhaustedError


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "no credit", "code": "insufficient_quota"}, QuotaExhaustedError),
        ({"message": "no credit", "code": 402}, QuotaExhaustedError),
        ({"message": "slow down", "type": "rate_limit_exceeded"}, RateLimitError),
        ({"message": "no such model", "code": "model_not_found"}, ModelNotFoundError),
        ({"message": "the prompt exceeds the context window"}, ContextOverflowError),
        ({"message": "?", "code": True}, MalformedResponseError),
        ("just words", MalformedResponseError),
    ],
)
def test_an_error_inside_200_is_typed_by_its_code(
    model_server: ModelServer, error: object, kind: type[ProviderError]
) -> None:
    model_server.inject("candidate", Fault("gateway", patch={"openai": {"choices": MISSING, "error": error}}))
    found = refused(openai_spec(model_server, provider="openrouter"))
    assert type(found) is kind, found


@pytest.mark.parametrize(
    ("status", "message", "param", "kind"),
    [
        (400, "Unsupported parameter: 'seed' is not supported with this model.", None, UnsupportedParameterError),
        (400, "`reasoning_effort` is not supported by this model", None, UnsupportedParameterError),
        (422, "Unrecognized request argument supplied", "top_p", UnsupportedParameterError),
        (400, "temperature must be non-negative, got -1.0.", None, InvalidRequestError),
        (400, "Invalid value for 'content': expected a string", None, InvalidRequestError),
    ],
)
def test_a_refused_parameter_is_named(
    model_server: ModelServer, status: int, message: str, param: str | None, kind: type[ProviderError]
) -> None:
    fault = http_error(status, message)
    model_server.inject("candidate", replace(fault, error=replace(fault.error or ErrorBody(""), param=param)))
    error = refused(openai_spec(model_server))
    assert type(error) is kind, error
    if kind is UnsupportedParameterError:
        assert error.param in ("seed", "reasoning_effort", "top_p")


def test_a_context_overflow_is_known_by_its_words_alone(model_server: ModelServer) -> None:
    model_server.inject("candidate", http_error(400, "This model's maximum context length is 8 tokens.", type=None))
    assert isinstance(refused(openai_spec(model_server)), ContextOverflowError)


def test_an_over_long_prompt_is_refused_by_the_server(model_server: ModelServer) -> None:
    model_server.behave("candidate", context=50)
    assert isinstance(refused(openai_spec(model_server), request("가" * 100)), ContextOverflowError)


def test_an_error_object_with_a_status_inside_200_has_that_statuss_type(model_server: ModelServer) -> None:
    error = {"message": "slow down", "code": 429}
    model_server.inject("candidate", Fault("gateway", patch={"openai": {"choices": MISSING, "error": error}}))
    assert isinstance(refused(openai_spec(model_server)), RateLimitError)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_fields_stay_out_of_the_text(model_server: ModelServer, field: str) -> None:
    model_server.behave("candidate", Reply(ANSWER, reasoning="조건을 살핀다.", reasoning_field=field))
    said = ask(openai_spec(model_server))
    assert (said.text, said.reasoning) == (ANSWER, "조건을 살핀다.")


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        (f"<think>\n조건을 살핀다.\n</think>\n\n{ANSWER}", ANSWER, "조건을 살핀다."),
        (f"조건을 살핀다.\n</think>\n{ANSWER}", ANSWER, "조건을 살핀다."),
        (f"\n <think></think>\n\n{ANSWER}", ANSWER, None),
        ("<think>\n조건을 살핀다. 그러니까", "", "조건을 살핀다. 그러니까"),
        (f"<think>가</think>\n<think>나</think>{ANSWER}", ANSWER, "가\n\n나"),
        (f"<thought>\n조건을 살핀다.\n</thought>\n{ANSWER}", ANSWER, "조건을 살핀다."),
        (f"{ANSWER} 태그 <think>는 그대로 둔다.", f"{ANSWER} 태그 <think>는 그대로 둔다.", None),
    ],
    ids=["closed", "opened-by-template", "empty", "unclosed", "two-blocks", "another-tag", "quoted"],
)
def test_inline_thinking_stays_out_of_the_text(
    model_server: ModelServer, content: str, text: str, reasoning: str | None
) -> None:
    model_server.behave("candidate", content)
    said = ask(openai_spec(model_server))
    assert (said.text, said.reasoning) == (text, reasoning)


def test_an_empty_reasoning_field_does_not_hide_inline_thinking(model_server: ModelServer) -> None:
    model_server.behave("candidate", Reply(f"<think>조건을 살핀다.</think>{ANSWER}", reasoning=""))
    said = ask(openai_spec(model_server))
    assert (said.text, said.reasoning) == (ANSWER, "조건을 살핀다.")


def test_missing_usage_is_unknown_and_not_zero(model_server: ModelServer) -> None:
    model_server.inject("candidate", "no_usage")
    assert ask(openai_spec(model_server)).usage == Usage()


@pytest.mark.parametrize("usage", [None, [], "12", {"prompt_tokens": "3", "completion_tokens": -1}, {"x": 1}])
def test_odd_usage_is_unknown(model_server: ModelServer, usage: object) -> None:
    model_server.inject("candidate", Fault("odd_usage", patch={"openai": {"usage": usage}}))
    assert ask(openai_spec(model_server)).usage == Usage()


@pytest.mark.parametrize(
    "choices",
    [{}, ["text"], [None], [{}], [{"message": None, "finish_reason": "stop"}]],
    ids=["object", "text", "null", "empty", "no-message"],
)
def test_odd_choices_are_malformed(model_server: ModelServer, choices: object) -> None:
    model_server.inject("candidate", Fault("odd_choices", patch={"openai": {"choices": choices}}))
    assert isinstance(refused(openai_spec(model_server)), MalformedResponseError)


@pytest.mark.parametrize("raw", [b"[]", b'"text"', b"null", b"\xff\xfe", b"[" * 100_000])
def test_odd_bodies_are_malformed(model_server: ModelServer, raw: bytes) -> None:
    model_server.inject("candidate", Fault("odd_body", raw=("application/json", raw)))
    assert isinstance(refused(openai_spec(model_server)), MalformedResponseError)


def test_content_in_parts_is_joined(model_server: ModelServer) -> None:
    parts = [{"type": "text", "text": "앞"}, {"type": "text", "text": "뒤"}]
    choice = {"message": {"role": "assistant", "content": parts}, "finish_reason": "stop"}
    model_server.inject("candidate", Fault("parts", patch={"openai": {"choices": [choice]}}))
    assert ask(openai_spec(model_server)).text == "앞뒤"


def test_text_no_database_takes_is_mended(model_server: ModelServer) -> None:
    raw = b'{"choices":[{"message":{"content":"\\ud55c\\u0000\\ud800\\ud83d\\ude00"},"finish_reason":"stop"}]}'
    model_server.inject("candidate", Fault("surrogate", raw=("application/json", raw)))
    said = ask(openai_spec(model_server))
    assert said.text == "한\ufffd\ufffd\U0001f600"
    assert said.text.encode()


def test_the_refusals_words_are_kept(model_server: ModelServer) -> None:
    model_server.inject("candidate", "refusal")
    assert ask(openai_spec(model_server)).refusal == "죄송하지만 그 요청은 도와드릴 수 없습니다."


def test_an_error_is_one_printable_line_whatever_the_server_says(model_server: ModelServer) -> None:
    model_server.inject("candidate", http_error(400, "나쁜\n요청\x1b[31m\u202e" + "말" * 1000))
    text = str(refused(openai_spec(model_server)))
    assert text.isprintable()
    assert len(text) < 400


def test_connection_refused(model_server: ModelServer) -> None:
    spec = openai_spec(model_server)
    model_server.stop()
    error = refused(spec)
    assert isinstance(error, ConnectionFailedError)
    assert model_server.openai_url in str(error)


def test_describe_tells_what_the_list_says(model_server: ModelServer) -> None:
    identity = describe(openai_spec(model_server, provider="vllm"))
    assert (identity.provider, identity.model) == ("vllm", "candidate")
    assert identity.base_url == model_server.openai_url
    assert identity.context_length == 32_768
    assert identity.details == {"root": "/models/candidate", "owned_by": "vllm"}
    assert not model_server.chats


def test_a_server_that_answers_as_whatever_is_loaded_is_asked_what_that_is(model_server: ModelServer) -> None:
    assert describe(openai_spec(model_server, provider="text-generation-webui")).model == "candidate"
    model_server.loaded_model = "another"
    with pytest.raises(ModelNotFoundError, match="does not serve 'candidate'; it serves: another"):
        describe(openai_spec(model_server, provider="text-generation-webui"))


def test_describe_reads_the_dialects_further_pages(model_server: ModelServer) -> None:
    assert describe(openai_spec(model_server, provider="vllm")).server_version == "0.33.0"
    identity = describe(openai_spec(model_server, provider="llamacpp"))
    assert (identity.server_version, identity.context_length) == ("b9001", 8192)
    assert identity.template_hash == hashlib.sha256(b"{{ messages }}").hexdigest()


def test_a_schema_goes_in_the_shape_that_llamacpp_enforces(model_server: ModelServer) -> None:
    spec = openai_spec(model_server, "judge", "llamacpp")
    ask(spec, request(response_schema=ResponseSchema("verdict", SCHEMA)))
    assert sent_body(model_server)["response_format"] == {"type": "json_object", "schema": SCHEMA}


def test_describe_an_unreachable_server(model_server: ModelServer) -> None:
    spec = openai_spec(model_server)
    model_server.stop()
    with pytest.raises(ConnectionFailedError, match="is the server running"):
        describe(spec)


def test_describe_with_a_wrong_key(model_server: ModelServer) -> None:
    model_server.api_key = "unit-key-1234"
    with pytest.raises(AuthenticationError):
        describe(openai_spec(model_server), {"KOJUDGE_API_KEY": "another-key"})
    with pytest.raises(AuthenticationError):
        describe(openai_spec(model_server))
    assert describe(openai_spec(model_server), {"KOJUDGE_API_KEY": "unit-key-1234"}).model == "candidate"


def test_describe_a_model_that_vllm_does_not_serve(model_server: ModelServer) -> None:
    with pytest.raises(ModelNotFoundError, match="does not serve 'absent'; it serves: candidate, judge"):
        describe(openai_spec(model_server, "absent", "vllm"))


def test_an_unknown_servers_list_may_be_incomplete(model_server: ModelServer) -> None:
    assert describe(openai_spec(model_server, "absent")).context_length is None


@pytest.mark.parametrize(
    "fault",
    [
        http_error(404, "Not Found"),
        http_error(405, "Method Not Allowed"),
        FAULTS["html"],
        Fault("odd_list", patch={"openai": {"data": None}}),
    ],
    ids=["404", "405", "html", "odd"],
)
@pytest.mark.parametrize("provider", ["vllm", "compatible"])
def test_describe_tolerates_an_absent_list(model_server: ModelServer, provider: str, fault: Fault) -> None:
    model_server.inject("/v1/models", fault)
    identity = describe(openai_spec(model_server, provider=provider))
    assert (identity.model, identity.context_length) == ("candidate", None)


@pytest.mark.parametrize("status", [200, 400])
def test_a_compressed_reply_is_read(model_server: ModelServer, status: int) -> None:
    said = {"choices": [{"message": {"content": ANSWER}, "finish_reason": "stop"}]}
    body = said if status == 200 else {"error": {"message": "잘못된 요청입니다."}}
    packed = gzip.compress(json.dumps(body).encode())
    model_server.inject(
        "candidate",
        Fault("packed", status=status, raw=("application/json", packed), headers={"Content-Encoding": "gzip"}),
    )
    if status == 200:
        assert ask(openai_spec(model_server)).text == ANSWER
    else:
        with pytest.raises(InvalidRequestError, match="잘못된 요청입니다"):
            ask(openai_spec(model_server))


def test_a_reply_that_is_not_the_compressed_text_it_says_is_an_error(model_server: ModelServer) -> None:
    model_server.inject(
        "candidate", Fault("odd", raw=("application/json", b"{}"), headers={"Content-Encoding": "gzip"})
    )
    with pytest.raises(ConnectionFailedError):
        ask(openai_spec(model_server))


def test_a_redirect_is_not_followed(model_server: ModelServer) -> None:
    elsewhere = {"Location": f"{model_server.openai_url}/chat/completions"}
    model_server.inject("candidate", Fault("moved", status=307, raw=("text/plain", b"moved"), headers=elsewhere))
    with pytest.raises(ProviderError, match="HTTP 307"):
        ask(openai_spec(model_server))
    assert len(model_server.chats) == 1
