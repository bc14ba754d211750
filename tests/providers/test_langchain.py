"""Any LangChain vendor: what is really sent, what is read, what every fault becomes, and that nothing leaks."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

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
    SpecError,
    UnsupportedParameterError,
)
from providers.langchain import ChatModelProvider, LangChainProvider
from providers.langchain_errors import provider_error
from providers.langchain_reply import read_result
from providers.types import ChatCompletion, ChatProvider, ChatRequest, ResponseSchema, SamplingParams, Usage
from tests.conftest import CliResult, clean_environment
from tests.providers.asking import SCHEMA, TWO_TURNS, ask, describe, openai_spec, request, with_provider
from tests.servers.collector import Collector
from tests.servers.faults import FAULTS, MISSING, Fault, Reply, TokenUsage, http_error
from tests.servers.model_server import ModelServer

ANSWER = "공기가 맑고 건조해서 파란빛이 짙게 보이기 때문입니다."
KEY = "sk-unit-0123456789abcdef"
WARM = SamplingParams(temperature=0.5)
ERRORS: dict[str, type[ProviderError]] = {
    **{name: RateLimitError for name in FAULTS if name.startswith("rate_limit")},
    "quota": QuotaExhaustedError,
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
    "error_in_200": MalformedResponseError,
    "no_choices": MalformedResponseError,
    "null_choices": MalformedResponseError,
    "error_finish_reason": ServerError,
}
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


def spec(server: ModelServer, model: str = "openai:candidate") -> str:
    """The spec of a model behind the server, through LangChain."""
    return openai_spec(server, model, "langchain")


def sent_body(server: ModelServer) -> dict[str, Any]:
    """The body of the only chat request."""
    (record,) = server.chats
    return record.body


def refused(text: str, asked: ChatRequest | None = None) -> ProviderError:
    """The error that asking raises."""
    with pytest.raises(ProviderError) as caught:
        ask(text, asked)
    return caught.value


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "LANGSMITH_GATEWAY"):
        monkeypatch.delenv(name, raising=False)


# ── a completion ──


def test_a_completion_tells_everything_the_server_said(model_server: ModelServer) -> None:
    usage = TokenUsage(prompt=21, completion=34, cached=13, reasoning=5)
    model_server.behave("candidate", Reply(ANSWER, usage=usage), served_as="candidate-2026-01-15")
    params = SamplingParams(0.3, top_p=0.9, seed=7, max_output_tokens=256, stop=("끝",), reasoning_effort="low")
    said = ask(spec(model_server), request(params=params, tags={"question": "q1"}))
    assert (said.text, said.finish_reason) == (ANSWER, "stop")
    assert (said.requested_model, said.served_model) == ("candidate", "candidate-2026-01-15")
    assert said.usage == Usage(prompt_tokens=21, completion_tokens=34, cached_tokens=13, reasoning_tokens=5)
    assert said.request_id == f"req_{model_server.chats[0].number:08d}"
    assert said.fingerprint == "fp_test_0001"
    assert (said.reasoning, said.refusal, said.latency_s > 0) == (None, None, True)
    assert dict(said.sent_params) == {
        "temperature": 0.3,
        "top_p": 0.9,
        "seed": 7,
        "max_completion_tokens": 256,
        "stop": ["끝"],
        "reasoning_effort": "low",
    }
    body = sent_body(model_server)
    assert {key: body[key] for key in body if key not in ("model", "messages", "stream")} == said.sent_params
    assert body.get("stream", False) is False


def test_what_is_not_set_is_not_sent_and_zero_is_a_value(model_server: ModelServer) -> None:
    assert ask(spec(model_server)).sent_params == {}
    said = ask(spec(model_server), request(params=SamplingParams(temperature=0.0, seed=0)))
    assert said.sent_params == {"temperature": 0.0, "seed": 0}
    assert model_server.chats[1].body["temperature"] == 0.0


def test_two_turns_arrive_in_order_and_whole(model_server: ModelServer) -> None:
    said = ask(spec(model_server), ChatRequest(TWO_TURNS))
    assert "둘째 질문입니다." in said.text
    assert sent_body(model_server)["messages"] == [{"role": m.role, "content": m.content} for m in TWO_TURNS]


def test_logprobs_are_asked_for_and_read(model_server: ModelServer) -> None:
    logprobs = {"content": [{"token": "가", "logprob": -0.1, "top_logprobs": [{"token": "나", "logprob": -2.5}]}]}
    message = {"role": "assistant", "content": "가"}
    choices = [{"index": 0, "finish_reason": "stop", "message": message, "logprobs": logprobs}]
    model_server.inject("candidate", Fault("logprobs", patch={"openai": {"choices": choices}}))
    said = ask(spec(model_server), request(params=SamplingParams(logprobs=1)))
    assert said.sent_params == {"logprobs": True, "top_logprobs": 1}
    assert said.logprobs is not None
    assert (said.logprobs[0].token, said.logprobs[0].top) == ("가", (("나", -2.5),))


def test_an_extra_of_the_class_is_sent_and_recorded(model_server: ModelServer) -> None:
    async def run() -> ChatCompletion:
        provider = LangChainProvider("openai:candidate", model_server.openai_url, {"presence_penalty": 0.5})
        try:
            return await provider.complete(request())
        finally:
            await provider.aclose()

    assert asyncio.run(run()).sent_params == {"presence_penalty": 0.5}
    assert sent_body(model_server)["presence_penalty"] == 0.5


@pytest.mark.parametrize("name", ["max_retries", "api_key", "openai_api_key", "no_such_setting", "streaming"])
def test_an_extra_that_is_not_the_users_to_set_is_refused(model_server: ModelServer, name: str) -> None:
    with pytest.raises(SpecError, match=name):
        LangChainProvider("openai:candidate", model_server.openai_url, {name: 1})


def test_a_schema_is_never_asked_for(model_server: ModelServer) -> None:
    error = refused(spec(model_server), request(response_schema=ResponseSchema("verdict", SCHEMA)))
    assert (type(error), error.param) == (UnsupportedParameterError, "response_schema")
    assert not model_server.chats


@pytest.mark.parametrize(
    ("model", "params", "param"),
    [
        ("openai:gpt-5-mini", SamplingParams(temperature=0.0), "temperature"),
        ("openai:gpt-5-pro", SamplingParams(stop=("끝",)), "stop"),
    ],
)
def test_a_parameter_that_langchain_drops_is_an_error(
    model_server: ModelServer, model: str, params: SamplingParams, param: str
) -> None:
    model_server.behave(model.partition(":")[2], ANSWER)
    error = refused(spec(model_server, model), request(params=params))
    assert (type(error), error.param) == (UnsupportedParameterError, param)
    assert not model_server.requests


def test_a_parameter_that_langchain_lets_through_is_sent(model_server: ModelServer) -> None:
    model_server.behave("gpt-5-mini", ANSWER)
    params = SamplingParams(temperature=0.0, reasoning_effort="none")
    said = ask(spec(model_server, "openai:gpt-5-mini"), request(params=params))
    assert said.sent_params == {"temperature": 0.0, "reasoning_effort": "none"}


# ── faults ──


def test_the_tables_name_every_fault() -> None:
    assert sorted(ERRORS | dict.fromkeys(OUTCOMES, ProviderError)) == sorted(FAULTS)


@pytest.mark.parametrize("fault", ERRORS)
def test_a_fault_is_a_typed_error_of_one_request(model_server: ModelServer, fault: str) -> None:
    model_server.inject("candidate", fault, then=fault)
    waits = fault in ("hang", "dribble")
    error = refused(spec(model_server), request(params=WARM, deadline_s=1.0 if waits else 60))
    assert type(error) is ERRORS[fault], error
    assert str(error).isprintable()
    assert len(model_server.chats) == 1
    status = FAULTS[fault].status
    if status != 200:
        assert error.status == status
        assert str(error).startswith(f"HTTP {status}: ")


@pytest.mark.parametrize("fault", OUTCOMES)
def test_a_fault_is_an_outcome(model_server: ModelServer, fault: str) -> None:
    model_server.behave("candidate", ANSWER)
    model_server.inject("candidate", fault)
    said = ask(spec(model_server), request(params=WARM))
    assert (said.finish_reason, said.text) == OUTCOMES[fault]


def test_a_wait_that_the_server_asks_for_is_kept(model_server: ModelServer) -> None:
    model_server.inject("candidate", "rate_limit_float")
    assert refused(spec(model_server)).retry_after_s == pytest.approx(0.2)


def test_an_error_object_with_a_status_inside_200_has_that_statuss_type(model_server: ModelServer) -> None:
    error = {"message": "slow down", "code": 429}
    model_server.inject("candidate", Fault("gateway", patch={"openai": {"choices": MISSING, "error": error}}))
    assert isinstance(refused(spec(model_server)), RateLimitError)


def test_a_closed_port_is_a_connection_error() -> None:
    error = refused("langchain:openai:candidate@http://127.0.0.1:9/v1")
    assert isinstance(error, ConnectionFailedError)


def test_reasoning_stays_out_of_the_text(model_server: ModelServer) -> None:
    model_server.behave("candidate", f"<think>\n조건을 살핀다.\n</think>\n\n{ANSWER}")
    said = ask(spec(model_server))
    assert (said.text, said.reasoning) == (ANSWER, "조건을 살핀다.")


def test_a_refusal_is_kept(model_server: ModelServer) -> None:
    model_server.inject("candidate", "refusal")
    assert "도와드릴 수 없습니다" in (ask(spec(model_server)).refusal or "")


def test_characters_no_database_takes_are_replaced(model_server: ModelServer) -> None:
    model_server.behave("candidate", "가\x00나")
    assert ask(spec(model_server)).text == "가\ufffd나"


# ── nothing leaks ──


def test_a_key_the_server_echoes_never_shows(model_server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "AIzaNotAPatternedKey42"
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    model_server.inject("candidate", http_error(401, f"bad key {secret}"))
    error = refused(spec(model_server))
    assert secret not in str(error)
    assert "[key]" in str(error)


TRACED = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2")
ASK_LANGCHAIN = """
from langchain_openai import ChatOpenAI
from langchain_core.tracers.langchain import wait_for_all_tracers
ChatOpenAI(model="candidate", base_url={url!r}, api_key="k").invoke("질문")
wait_for_all_tracers()
"""
ASK_US = """
from langchain_core.tracers.langchain import wait_for_all_tracers
from tests.providers.asking import ask
ask("langchain:openai:candidate@" + {url!r})
wait_for_all_tracers()
"""


# A process each, because LangSmith reads its variables once.
@pytest.mark.parametrize(
    ("code", "more", "traced"),
    [(ASK_LANGCHAIN, (), True), (ASK_US, (), False), (ASK_US, ("LANGCHAIN_TRACING", "LANGCHAIN_DEBUG"), False)],
    ids=["control", "ours", "ours-v1"],
)
def test_no_trace_leaves_the_house(model_server: ModelServer, code: str, more: tuple[str, ...], traced: bool) -> None:
    with Collector() as collector:
        env = clean_environment(dict.fromkeys((*TRACED, *more), "true"))
        env |= dict.fromkeys(("LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT"), collector.url)
        env |= dict.fromkeys(("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY"), "lsv2_unit")
        subprocess.run(
            [sys.executable, "-c", code.format(url=model_server.openai_url)], env=env, check=True, timeout=90
        )
        assert len(model_server.chats) == 1
        assert bool(collector.requests) == traced


@pytest.mark.parametrize("value", ["true", "https://gateway.example"])
def test_the_langsmith_gateway_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("LANGSMITH_GATEWAY", value)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(SpecError, match="LANGSMITH_GATEWAY"):
        LangChainProvider("openai:gpt-6-luna")


def test_a_process_wide_cache_is_not_used(model_server: ModelServer) -> None:
    set_llm_cache(InMemoryCache())
    try:
        ask(spec(model_server))
        ask(spec(model_server))
    finally:
        set_llm_cache(None)
    assert len(model_server.chats) == 2


# ── what cannot be opened ──


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("anthropic:claude", "pip install langchain-anthropic"),
        ("nosuch:model", "langchain:VENDOR:MODEL"),
        ("nosuch:model", "anthropic"),
        ("gpt-6-luna", "names no vendor"),
        ("openai:", "names no vendor"),
        ("openai:gpt-6-luna", "export OPENAI_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_opened_says_what_to_do(model: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        with_provider(f"langchain:{model}", lambda provider: provider.describe())
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_describe_asks_nobody(model_server: ModelServer) -> None:
    identity = describe(spec(model_server, "openai:gpt-5-mini"))
    assert (identity.provider, identity.model) == ("langchain", "openai:gpt-5-mini")
    assert identity.base_url == model_server.openai_url
    assert identity.context_length == 272000
    assert identity.details["langchain-openai"].startswith("1.")
    assert not model_server.requests


def test_many_calls_are_in_flight_at_once(model_server: ModelServer) -> None:
    model_server.behave("candidate", ANSWER, latency_s=0.5)

    async def work(provider: ChatProvider) -> list[ChatCompletion]:
        return await asyncio.gather(*(provider.complete(request(str(number))) for number in range(96)))

    async def run() -> list[ChatCompletion]:
        provider = LangChainProvider("openai:candidate", model_server.openai_url, max_connections=128)
        try:
            return await work(provider)
        finally:
            await provider.aclose()

    assert len(asyncio.run(run())) == 96
    assert model_server.peak_in_flight > 64


# ── what other vendors' packages do ──


class _Canned(BaseChatModel):
    """A vendor's class that says, or raises, what it is told."""

    message: AIMessage = AIMessage("")
    raises: Exception | None = None

    @property
    def _llm_type(self) -> str:
        return "canned"

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kw: Any
    ) -> ChatResult:
        if self.raises is not None:
            raise self.raises
        return ChatResult(generations=[ChatGeneration(message=self.message)])


def canned(message: AIMessage) -> ChatCompletion:
    """How this message is read."""
    return asyncio.run(ChatModelProvider(_Canned(message=message)).complete(request()))


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ([{"type": "thinking", "thinking": "생각", "signature": "s"}, {"type": "text", "text": "답"}], "답", "생각"),
        ([{"type": "reasoning", "summary": [{"type": "summary_text", "text": "생각"}]}, "답"], "답", "생각"),
        ([{"type": "reasoning", "reasoning": "생각"}, {"type": "text", "text": "답"}], "답", "생각"),
        ([{"type": "reasoning_content", "reasoning_content": {"text": "생각"}}, {"text": "답"}], "답", "생각"),
        ([{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "답"}], "답", None),
        (["답", {"type": "text", "text": "변"}], "답변", None),
    ],
)
def test_content_blocks_are_sorted(content: list[Any], text: str, reasoning: str | None) -> None:
    said = canned(AIMessage(content=content))
    assert (said.text, said.reasoning) == (text, reasoning)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_reasoning_beside_the_content_is_kept(field: str) -> None:
    said = canned(AIMessage(content="답", additional_kwargs={field: "생각"}))
    assert (said.text, said.reasoning) == ("답", "생각")


@pytest.mark.parametrize(
    ("metadata", "finish"),
    [
        ({"stop_reason": "end_turn"}, "stop"),
        ({"stop_reason": "max_tokens"}, "length"),
        ({"stop_reason": "refusal"}, "content_filter"),
        ({"finish_reason": "STOP"}, "stop"),
        ({"finish_reason": "MAX_TOKENS"}, "length"),
        ({"finish_reason": "SAFETY"}, "content_filter"),
        ({"done_reason": "length"}, "length"),
        ({"stopReason": "guardrail_intervened"}, "content_filter"),
        ({"status": "completed"}, "stop"),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({}, "unknown"),
    ],
)
def test_vendors_words_for_an_end_are_understood(metadata: dict[str, Any], finish: str) -> None:
    assert canned(AIMessage(content="답", response_metadata=metadata)).finish_reason == finish


def test_usage_with_cache_writes() -> None:
    details = {"cache_read": 3, "cache_creation": 4}
    message = AIMessage(
        content="답",
        usage_metadata={"input_tokens": 10, "output_tokens": 2, "total_tokens": 12, "input_token_details": details},
    )
    assert canned(message).usage == Usage(10, 2, cached_tokens=3, cache_write_tokens=4)


def test_no_generation_is_malformed() -> None:
    with pytest.raises(MalformedResponseError):
        read_result(ChatResult(generations=[]), "m", {}, 0.0)


class _Response:
    def __init__(self, status_code: int) -> None:
        self.status_code, self.headers = status_code, {"retry-after": "2"}


def _with(error: Exception, **attributes: Any) -> Exception:
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def _named(name: str, *bases: type[Exception]) -> Exception:
    return type(name, bases or (Exception,), {})("words")


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: _with(Exception("x"), status_code=429), RateLimitError),
        (lambda: _with(Exception("x"), response=_Response(503)), ServerError),
        (lambda: _with(Exception("x"), code=403), PermissionDeniedError),
        (lambda: _with(Exception("x"), response={"ResponseMetadata": {"HTTPStatusCode": 404}}), ModelNotFoundError),
        (lambda: _named("ConnectError"), ConnectionFailedError),
        (lambda: _named("EndpointConnectionError"), ConnectionFailedError),
        (lambda: ConnectionResetError("reset"), ConnectionFailedError),
        (lambda: _named("ReadTimeout", TimeoutError), DeadlineExceededError),
        (lambda: IndexError("list index out of range"), MalformedResponseError),
        (lambda: KeyError("choices"), MalformedResponseError),
        (lambda: RuntimeError("anything"), MalformedResponseError),
    ],
)
def test_errors_of_any_sdk_are_typed(make: Callable[[], Exception], kind: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as caught:
        asyncio.run(ChatModelProvider(_Canned(raises=make())).complete(request()))
    assert type(caught.value) is kind


def test_langchains_own_errors_are_typed() -> None:
    from langchain_core import exceptions as theirs

    pairs = {
        "ModelAuthenticationError": AuthenticationError,
        "ModelPermissionDeniedError": PermissionDeniedError,
        "ModelInvalidRequestError": InvalidRequestError,
        "ModelNotFoundError": ModelNotFoundError,
        "ModelRateLimitError": RateLimitError,
        "ModelAPIError": ServerError,
        "ModelConnectionError": ConnectionFailedError,
        "ModelTimeoutError": DeadlineExceededError,
        "ContextOverflowError": ContextOverflowError,
    }
    assert {name: type(provider_error(getattr(theirs, name)("x"))) for name in pairs} == pairs


def test_somebody_elses_model_takes_no_parameters() -> None:
    with pytest.raises(UnsupportedParameterError) as caught:
        asyncio.run(ChatModelProvider(_Canned()).complete(request(params=SamplingParams(temperature=0.0))))
    assert caught.value.param == "temperature"


# ── a whole run ──


def test_a_whole_run(model_server: ModelServer, run_cli: Callable[..., CliResult]) -> None:
    judge = openai_spec(model_server, "judge")
    args = ("run", "-m", spec(model_server), "-j", judge, "--limit", "2", "--yes", "--format", "json")
    with Collector() as collector:
        env = dict.fromkeys(TRACED, "true") | {"LANGSMITH_ENDPOINT": collector.url, "LANGSMITH_API_KEY": "lsv2_unit"}
        done = run_cli(*args, env=env)
        assert done.code == 0, done
        assert '"langchain:openai:candidate"' in done.out
        assert {record.model for record in model_server.chats} == {"candidate", "judge"}
        assert not model_server.bought_twice()
        bought = len(model_server.chats)
        assert run_cli(*args, env=env).code == 0
        assert len(model_server.chats) == bought
        assert collector.requests == []


def test_a_run_that_cannot_be_set_up_is_one_line(run_cli: Callable[..., CliResult]) -> None:
    done = run_cli("run", "-m", "langchain:anthropic:claude", "-j", "scripted:rules", "--yes")
    assert done.code == 2, done
    assert "pip install langchain-anthropic" in done.err
    assert "Traceback" not in done.err


@pytest.fixture(scope="module", autouse=True)
def _loaded_langchain() -> None:
    """Load the package once, so that no test's short deadline is spent on imports."""
    with ModelServer() as server:
        ask(spec(server))
