"""Ollama's native API: what is sent, what is read, and what every fault becomes."""

import asyncio
import hashlib
import time
from collections.abc import Callable
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
    SpecError,
    UnsupportedParameterError,
)
from providers.ollama import OllamaProvider
from providers.types import ChatProvider, ChatRequest, ResponseSchema, SamplingParams, TokenLogprob, Usage
from tests.providers.asking import QUICK, SCHEMA, TWO_TURNS, ask, describe, ollama_spec, request, with_provider
from tests.servers.faults import FAULTS, MISSING, Fault, Reply, TokenUsage, http_error, rate_limited
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


def with_effort(effort: str) -> ChatRequest:
    """A request with this reasoning effort."""
    return request(params=SamplingParams(reasoning_effort=effort))


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


def test_schema_and_thinking_go_together_and_the_thinking_stays_apart(model_server: ModelServer) -> None:
    """Servers have broken this pair in many ways; whatever comes, the visible text is what is read as JSON."""
    model_server.behave("judge", Reply('```json\n{"score": 7}\n```', reasoning="조건을 살핀다."), thinking=True)
    params = SamplingParams(reasoning_effort="low")
    asked = request(params=params, response_schema=ResponseSchema("verdict", SCHEMA))
    said = ask(ollama_spec(model_server, "judge"), asked)
    body = sent_body(model_server)
    assert (body["format"], body["think"]) == (SCHEMA, "low")
    assert (said.text, said.reasoning) == ('```json\n{"score": 7}\n```', "조건을 살핀다.")


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
    error = refused(ollama_spec(model_server), with_effort("high"))
    assert isinstance(error, UnsupportedParameterError)
    assert error.param == "reasoning_effort"
    assert "does not support thinking" in str(error)


@pytest.mark.parametrize(
    "refusal",
    [
        'invalid think value: "high" (must be true or false)',
        "invalid think value; supported values: [false,true]",
        "json: cannot unmarshal string into Go struct field ChatRequest.think of type bool",
    ],
)
def test_a_model_that_knows_only_on_and_off_is_told_on(model_server: ModelServer, refusal: str) -> None:
    model_server.behave("candidate", ANSWER, thinking=True)
    fault = http_error(400, refusal)
    model_server.inject("candidate", then=fault, when=lambda body: isinstance(body.get("think"), str))

    async def thrice(provider: ChatProvider) -> list[Any]:
        asked = with_effort("high")
        first = await asyncio.gather(provider.complete(asked), provider.complete(asked))
        return [*first, await provider.complete(asked)]

    said = with_provider(ollama_spec(model_server), thrice)
    assert [(s.text, s.sent_params["think"], s.dropped_params) for s in said] == [
        (ANSWER, True, {"reasoning_effort": "high"})
    ] * 3
    assert [record.body["think"] for record in model_server.chats][-1] is True
    assert len(model_server.chats) == 5


@pytest.mark.parametrize(
    "refusal",
    [
        'invalid think value: "max" (must be "high", "medium", "low", true, or false)',
        'invalid think value; supported values: ["low","medium","high"]',
    ],
)
def test_a_level_the_model_does_not_know_is_an_error_that_names_those_it_does(
    model_server: ModelServer, refusal: str
) -> None:
    model_server.behave("candidate", ANSWER, thinking=True)
    model_server.inject("candidate", http_error(400, refusal))
    error = refused(ollama_spec(model_server), with_effort("max"))
    assert (type(error), error.param) == (UnsupportedParameterError, "reasoning_effort")
    assert all(level in str(error) for level in ("low", "medium", "high"))
    assert len(model_server.chats) == 1


@pytest.mark.parametrize(
    ("shown", "effort", "think"),
    [
        ({"thinking": {"values": [False, True]}}, "low", True),
        ({"thinking": {"values": [False, True]}}, "none", False),
        ({"thinking": {"values": ["low", "high"], "default": "low"}}, "high", "high"),
        ({"thinking": {"values": ["low", "high"], "default": "low"}}, "medium", None),
        ({"thinking": {"values": [True]}}, "none", None),
        ({"thinking": {"values": [False]}}, "high", None),
        ({"thinking": {"values": [False]}}, "none", False),
        ({"thinking": {"values": []}}, "high", "high"),
        ({"thinking": "yes"}, "high", "high"),
        ({"details": {"family": "gptoss"}}, "none", None),
        ({"details": {"family": "gptoss"}}, "medium", "medium"),
    ],
)
def test_what_the_server_shows_decides_what_is_sent(
    model_server: ModelServer, shown: dict[str, Any], effort: str, think: object
) -> None:
    model_server.behave("candidate", ANSWER, thinking=True)
    model_server.inject("/api/show", Fault("shown", patch={"ollama": shown}))

    async def described(provider: ChatProvider) -> Any:
        await provider.describe()
        return await provider.complete(with_effort(effort))

    if think is None:
        with pytest.raises(UnsupportedParameterError, match="does not take reasoning_effort"):
            with_provider(ollama_spec(model_server), described)
        assert not model_server.chats
    else:
        said = with_provider(ollama_spec(model_server), described)
        assert sent_body(model_server)["think"] == said.sent_params["think"] == think
        assert bool(said.dropped_params) is (think is True)


def test_thinking_that_was_switched_off_in_vain_is_recorded(model_server: ModelServer) -> None:
    model_server.behave("candidate", Reply(ANSWER, reasoning="그래도 생각한다."))
    said = ask(ollama_spec(model_server), with_effort("none"))
    assert said.sent_params["think"] is False
    assert said.dropped_params == {"reasoning_effort": "none"}
    assert "think" not in ask(ollama_spec(model_server)).sent_params


def test_extras_go_where_the_server_reads_them(model_server: ModelServer) -> None:
    extra = {"num_ctx": 4096, "keep_alive": "30m", "top_k": 1, "min_p": 0.05, "repeat_penalty": 1.1, "num_thread": 4}
    said = ask(ollama_spec(model_server), request(params=WARM), extra=extra)
    body = sent_body(model_server)
    assert body["keep_alive"] == said.sent_params["keep_alive"] == "30m"
    assert body["options"] == said.sent_params["options"]
    assert body["options"] == {key: extra[key] for key in extra if key != "keep_alive"} | {"temperature": 0.5}
    assert describe(ollama_spec(model_server), extra=extra).context_length == 4096


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"num_ctxt": 4096}, "does not read the extra parameter 'num_ctxt'; it reads: .*keep_alive.*num_ctx"),
        ({"mirostat": 1}, "does not read"),
        ({"truncate": True}, "does not read"),
        ({"temperature": 0.5}, "generation parameter 'temperature'"),
        ({"num_predict": 10}, "generation parameter 'max_output_tokens'"),
        *(({"num_ctx": value}, "'num_ctx' must be a whole number from 1") for value in (0, -1, 8192.0, "8192", True)),
        ({"min_p": 2}, "'min_p' must be a number from 0 to 1"),
        ({"min_p": float("nan")}, "'min_p' must be a number"),
        ({"top_k": 1.5}, "'top_k' must be a whole number"),
        ({"use_mmap": 1}, "'use_mmap' must be true or false"),
        *(({"keep_alive": value}, "'keep_alive' must be seconds") for value in ("5", "soon", None, True)),
    ],
)
def test_an_extra_the_server_would_ignore_or_refuse_is_refused(extra: dict[str, Any], complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        OllamaProvider("candidate", "http://127.0.0.1:1", 1, extra)


@pytest.mark.parametrize("keep_alive", ["30m", "1h30m", "-1s", "0", 0, -1, 2.5])
def test_a_model_may_be_kept_loaded_in_any_form_the_server_knows(keep_alive: object) -> None:
    OllamaProvider("candidate", "http://127.0.0.1:1", 1, {"keep_alive": keep_alive})


def test_logprobs_are_asked_for_and_read(model_server: ModelServer) -> None:
    model_server.behave("candidate", "네.")
    said = ask(ollama_spec(model_server), request(params=SamplingParams(logprobs=2)))
    body = sent_body(model_server)
    assert (body["logprobs"], body["top_logprobs"]) == (True, 2)
    top = (("다른", -2.5), ("다른", -3.5))
    assert said.logprobs == (TokenLogprob("네", -0.25, top), TokenLogprob(".", -0.25, top))
    assert not said.dropped_params
    plain = ask(ollama_spec(model_server), request(params=SamplingParams(logprobs=0)))
    assert plain.logprobs == (TokenLogprob("네", -0.25), TokenLogprob(".", -0.25))
    assert "top_logprobs" not in plain.sent_params
    assert ask(ollama_spec(model_server)).logprobs is None


@pytest.mark.parametrize("entries", [MISSING, None, [], "x", [1], [{"token": "네"}], [{"token": 1, "logprob": 0}]])
def test_logprobs_an_old_server_leaves_out_are_a_recorded_drop(model_server: ModelServer, entries: object) -> None:
    model_server.inject("candidate", Fault("no_logprobs", patch={"ollama": {"logprobs": entries}}))
    said = ask(ollama_spec(model_server), request(params=SamplingParams(logprobs=2)))
    assert (said.logprobs, said.dropped_params) == (None, {"logprobs": 2})


def test_cached_tokens_are_read_where_the_server_tells_them(model_server: ModelServer) -> None:
    model_server.behave("candidate", Reply(ANSWER, usage=TokenUsage(prompt=40, completion=5, cached=32)))
    assert ask(ollama_spec(model_server)).usage == Usage(40, 5, cached_tokens=32)


def test_an_over_long_prompt_is_an_error_and_never_cut(model_server: ModelServer) -> None:
    error = refused(ollama_spec(model_server), request("가" * 9000), policy=QUICK)
    assert isinstance(error, ContextOverflowError)
    assert len(model_server.chats) == 1
    assert not model_server.chats[0].truncated
    assert not model_server.delivered
    assert "num_ctx is 8192" in str(error)
    assert "for example to 16384" in str(error)


@pytest.mark.parametrize(
    "words",
    [
        "the prompt is longer than the context length currently available to the model; shorten the prompt",
        '{"error":{"code":400,"message":"request (8889 tokens) exceeds the available context size (8192 tokens)"}}',
        "input length (40000 tokens) exceeds the model's maximum context length (8192 tokens)",
    ],
)
def test_every_runner_s_words_for_an_over_long_prompt_are_known(model_server: ModelServer, words: str) -> None:
    model_server.inject("candidate", http_error(400, words))
    error = refused(ollama_spec(model_server), policy=QUICK)
    assert (type(error), error.param) == (ContextOverflowError, "num_ctx")
    assert "for example to 16384" in str(error)


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


def test_an_error_line_after_the_start_of_a_stream_is_told(model_server: ModelServer) -> None:
    lines = b'{"message": {"content": "\xea"}, "done": false}\n{"error": "the runner has stopped"}\n'
    model_server.inject("candidate", Fault("ndjson", raw=("application/x-ndjson", lines)))
    error = refused(ollama_spec(model_server))
    assert isinstance(error, MalformedResponseError)
    assert "the runner has stopped" in str(error)


def test_what_is_not_http_is_a_failed_connection(model_server: ModelServer) -> None:
    async def talk(spec_for: Callable[[int], str]) -> None:
        async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        async with server:
            provider = OllamaProvider("candidate", spec_for(server.sockets[0].getsockname()[1]), 1)
            with pytest.raises(ConnectionFailedError, match="ollama serve"):
                await provider.complete(request())
            await provider.aclose()

    asyncio.run(talk(lambda port: f"http://127.0.0.1:{port}"))


def test_calls_whose_deadline_ran_out_give_their_connections_back(model_server: ModelServer) -> None:
    """On 8 connections: the others wait for a place when their time is up."""
    model_server.behave("candidate", ANSWER, latency_s=0.3)

    async def give_up(provider: ChatProvider, after_s: float) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(after_s):
                await provider.complete(request())

    async def work(provider: ChatProvider) -> list[str]:
        for _ in range(3):
            await asyncio.gather(*(give_up(provider, 0.05) for _ in range(60)))
        async with asyncio.timeout(20):
            return [said.text for said in await asyncio.gather(*(provider.complete(request()) for _ in range(16)))]

    assert with_provider(ollama_spec(model_server), work) == [ANSWER] * 16


def test_many_calls_in_flight_cost_little(model_server: ModelServer) -> None:
    """The package's own pool spends ten times the processor time of this limit."""
    model_server.behave("candidate", ANSWER, latency_s=0.2)

    async def work() -> float:
        provider = OllamaProvider("candidate", model_server.url, 128)
        await asyncio.gather(*(provider.complete(request()) for _ in range(128)))
        started = time.thread_time()
        await asyncio.gather(*(provider.complete(request()) for _ in range(256)))
        spent = time.thread_time() - started
        await provider.aclose()
        return spent

    assert asyncio.run(work()) < 1.5
    assert model_server.peak_in_flight > 100


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
    assert (identity.quantization, identity.server_version) == ("Q4_K_M", "0.34.0")
    assert identity.template_hash == hashlib.sha256(b"{{ .System }}{{ .Prompt }}").hexdigest()
    assert identity.details == {
        "format": "gguf",
        "family": "test",
        "parameter_size": "7.8B",
        "quantization_level": "Q4_K_M",
        "parameters": "temperature 0.7",
        "capabilities": ["completion"],
        "trained_context_length": 32768,
    }
    assert not model_server.chats


@pytest.mark.parametrize("fault", ["server_error", "html", "model_not_found", "disconnect", "bad_json"])
def test_what_an_old_server_does_not_tell_stays_unknown(model_server: ModelServer, fault: str) -> None:
    model_server.inject("/api/show", fault)
    model_server.inject("/api/version", fault, fault)  # a GET on a used connection that breaks is made again
    identity = describe(ollama_spec(model_server))
    assert len(identity.digest or "") == 64
    assert (identity.context_length, identity.quantization) == (8192, "Q4_K_M")
    assert (identity.server_version, identity.template_hash) == (None, None)


@pytest.mark.parametrize(
    "shown",
    [
        {"template": None, "model_info": None, "capabilities": None, "details": None, "parameters": 3},
        {"model_info": {"general.architecture": ["test"]}, "capabilities": [1], "template": ""},
        {"model_info": {"general.architecture": "test", "test.context_length": "long"}},
    ],
)
def test_odd_answers_about_a_model_are_unknown(model_server: ModelServer, shown: dict[str, Any]) -> None:
    model_server.inject("/api/show", Fault("odd", patch={"ollama": shown}))
    model_server.inject("/api/version", Fault("odd", patch={"ollama": {"version": 1}}))
    identity = describe(ollama_spec(model_server))
    assert identity.server_version is None
    assert "trained_context_length" not in identity.details


def test_a_cloud_model_says_where_it_really_runs(model_server: ModelServer) -> None:
    cloud = {"remote_model": "gpt-oss:120b", "remote_host": "https://ollama.com:443"}
    model_server.inject("/api/show", Fault("cloud", patch={"ollama": cloud}))
    assert cloud.items() <= describe(ollama_spec(model_server)).details.items()
    model_server.inject("candidate", Fault("cloud", patch={"ollama": cloud}))
    assert ask(ollama_spec(model_server)).upstream == "https://ollama.com:443"


def test_a_window_beyond_what_the_model_was_trained_for_is_refused(model_server: ModelServer) -> None:
    model_server.behave("small", context=4096)
    spec = ollama_spec(model_server, "small")
    with pytest.raises(
        InvalidRequestError, match="num_ctx is 8192 tokens, but small was trained for 4096: set"
    ) as caught:
        describe(spec)
    assert caught.value.param == "num_ctx"
    assert describe(spec, extra={"num_ctx": 4096}).details["trained_context_length"] == 4096


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


def test_describe_an_address_with_a_path(model_server: ModelServer) -> None:
    with pytest.raises(MalformedResponseError, match="no path such as /v1"):
        describe(f"ollama:candidate@{model_server.url}/v1")


def pulled(server: ModelServer, model: str) -> list[tuple[str, int | None, int | None]]:
    """What a pull tells on its way."""
    told: list[tuple[str, int | None, int | None]] = []

    async def work(provider: ChatProvider) -> None:
        assert isinstance(provider, OllamaProvider)
        await provider.pull(lambda *line: told.append(line))
        await provider.describe()

    with_provider(ollama_spec(server, model), work)
    return told


def test_a_missing_model_can_be_pulled(model_server: ModelServer) -> None:
    model_server.withdraw("candidate")
    with pytest.raises(ModelNotFoundError, match="ollama pull candidate"):
        describe(ollama_spec(model_server))
    told = pulled(model_server, "candidate")
    assert told[0] == ("pulling manifest", None, None)
    assert ("pulling 8934d96d3f08", 1_200_000_000, 4_800_000_000) in told
    assert told[-1] == ("success", None, None)
    assert ask(ollama_spec(model_server)).text


def test_a_name_no_registry_knows_cannot_be_pulled(model_server: ModelServer) -> None:
    with pytest.raises(
        ModelNotFoundError, match=r"could not download 'exaone9'.*file does not exist.*is the name right"
    ):
        pulled(model_server, "exaone9")


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("truncated", ConnectionFailedError),
        ("reset", ConnectionFailedError),
        ("disconnect", ConnectionFailedError),
        ("html", MalformedResponseError),
        ("server_error", ServerError),
        ("unauthorized", AuthenticationError),
        ("model_not_found", ModelNotFoundError),
        (Fault("short", raw=("application/x-ndjson", b'{"status":"pulling manifest"}\n')), MalformedResponseError),
        (Fault("silent", raw=("application/x-ndjson", b"")), MalformedResponseError),
        (Fault("full", raw=("application/x-ndjson", b'{"error":"no space left on device"}\n')), ServerError),
    ],
)
def test_a_pull_that_does_not_end_well_is_an_error(
    model_server: ModelServer, fault: str | Fault, kind: type[ProviderError]
) -> None:
    model_server.inject("/api/pull", fault)
    with pytest.raises(kind) as caught:
        pulled(model_server, "candidate")
    assert type(caught.value) is kind
    assert str(caught.value).isprintable()
