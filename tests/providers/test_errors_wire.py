"""Pitfalls of the wire protocols that no other file covers, by their number in the list of known pitfalls."""

import asyncio
import json
import subprocess
import sys
import textwrap
import time

import httpx2
import pytest

from judge.grading.llm import GradingTask, ModelJudge
from judge.rubric import load_rubric
from judge.types import GradedTurn
from providers.dialects import DIALECTS
from providers.endpoint import Endpoint
from providers.errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    QuotaExhaustedError,
    SuspectedQuotaError,
    UnsupportedParameterError,
)
from providers.http_errors import error_fields
from providers.limits import ConcurrencyLimiter
from providers.openai_compatible import OpenAICompatibleProvider
from providers.redaction import without_conversation, without_key
from providers.registry import open_provider, parse_spec
from providers.types import ChatMessage, ChatProvider, ChatRequest, ResponseSchema, SamplingParams
from questions.types import Question
from tests.conftest import clean_environment
from tests.providers.asking import QUICK, SCHEMA, ask, ollama_spec, openai_spec, request, with_provider
from tests.servers.faults import Fault, Reply
from tests.servers.model_server import ModelServer

FACES = {"openai": openai_spec, "ollama": ollama_spec}


@pytest.fixture(params=["openai", "ollama"])
def spec(request: pytest.FixtureRequest, model_server: ModelServer) -> str:
    """The candidate behind either face of the server."""
    return FACES[request.param](model_server)


# 1 · the SDK's client is httpx2, and retries of the SDK are off (2).


def test_01_02_the_client_is_httpx2_and_never_retries_by_itself() -> None:
    provider = open_provider(parse_spec("vllm:m@http://127.0.0.1:9/v1"), {}, 4)
    assert isinstance(provider, OpenAICompatibleProvider)
    assert isinstance(provider._http, httpx2.AsyncClient)
    assert provider.client.max_retries == 0
    asyncio.run(provider.aclose())


def test_02_attempts_are_those_of_one_policy(spec: str, model_server: ModelServer) -> None:
    model_server.inject("candidate", then="server_error")
    with pytest.raises(Exception, match="error"):
        ask(spec, policy=QUICK)
    assert len(model_server.chats) == QUICK.max_attempts


# 3, 30 · quota.


def test_03_30_a_vendors_quota_is_final_and_a_gateways_is_doubted(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="quota")
    for provider, error, attempts in (("openai", QuotaExhaustedError, 1), ("compatible", SuspectedQuotaError, 3)):
        model_server.forget()
        with pytest.raises(error):
            ask(openai_spec(model_server, provider=provider), policy=QUICK)
        assert len(model_server.chats) == attempts, provider


# 5, 31 · a dribbling reply resets every read time-out; only the deadline ends it, and it is not asked again.


@pytest.mark.parametrize("fault", ["dribble", "hang"])
def test_05_31_a_deadline_ends_what_never_ends_and_is_not_retried(
    spec: str, model_server: ModelServer, fault: str
) -> None:
    model_server.inject("candidate", then=fault)
    with pytest.raises(DeadlineExceededError):
        ask(spec, request(deadline_s=1.0), policy=QUICK)
    assert len(model_server.chats) == 1
    deadline = time.monotonic() + 30
    while not model_server.chats[0].disconnected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert model_server.chats[0].disconnected, "the connection was given up, so the server may stop writing"


# 11 · the reply is read raw: a completion that the SDK's own parser would raise on keeps its usage.


def test_11_a_cut_or_invalid_structured_reply_keeps_its_usage(model_server: ModelServer) -> None:
    asked = request(response_schema=ResponseSchema("verdict", SCHEMA))
    for said in (Reply('{"rationale": "잘', finish_reason="length"), Reply("평가가 아닙니다.")):
        model_server.behave("judge", said)
        answer = ask(openai_spec(model_server, "judge", "vllm"), asked)
        assert answer.text == said.content
        assert answer.usage.completion_tokens


# 12 · three kinds of "no".


def test_12_refusal_filter_and_policy_are_told_apart(model_server: ModelServer) -> None:
    model_server.inject("candidate", "refusal", "content_filter", "content_policy")
    spec = openai_spec(model_server)
    refused, filtered = ask(spec), ask(spec)
    assert refused.refusal
    assert (refused.text, refused.finish_reason) == ("", "stop")
    assert (filtered.refusal, filtered.finish_reason) == (None, "content_filter")
    with pytest.raises(Exception, match="safety"):
        ask(spec)


# 15 · temperature.


def test_15_a_temperature_that_is_refused_is_an_error_and_never_dropped_by_itself(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="unsupported_temperature")
    with pytest.raises(UnsupportedParameterError):
        ask(openai_spec(model_server), request(params=SamplingParams(temperature=0.0)), policy=QUICK)
    assert len(model_server.chats) == 1


# 19 · a field that vLLM drops without a word is refused here; `strict` goes only where it is read.


def test_19_schemas_go_as_response_format_only(model_server: ModelServer) -> None:
    ask(openai_spec(model_server, provider="vllm"), request(response_schema=ResponseSchema("verdict", SCHEMA)))
    (record,) = model_server.chats
    assert record.body["response_format"]["type"] == "json_schema"
    assert not [name for name in record.body if name.startswith("guided")]
    extras = DIALECTS["vllm"].extras
    assert extras is not None
    assert not [name for name in extras if name.startswith("guided")]


# 20 · a judge that writes white space until its limit is "truncated", not "unparsed".


def test_20_a_loop_of_white_space_is_a_truncated_verdict(model_server: ModelServer) -> None:
    model_server.inject("judge", then="whitespace_loop")
    question = Question.model_validate({"id": "q", "category": "c", "turns": [{"prompt": "가을은?"}]})
    grader = ModelJudge("judge", "json_schema", SamplingParams(max_output_tokens=2000), 30)
    task: GradingTask = grader.prepare(GradedTurn(question, 1, ("하늘이 높습니다.",)), load_rubric("turn-0-10"), 0)
    verdict = task.read(ask(openai_spec(model_server, "judge", "vllm"), task.request))
    assert (verdict.status, verdict.score) == ("truncated", None)
    assert verdict.completion is not None
    assert verdict.completion.usage.completion_tokens, "what was paid is known"


# 22 · calls that are cancelled give their connections back.


def test_22_cancelled_calls_leak_no_connections(spec: str, model_server: ModelServer) -> None:
    model_server.inject("candidate", *["hang"] * 24)

    async def work(provider: ChatProvider) -> str:
        # The pool has 8 places; a leak of one place per call would leave none after 24.
        for _ in range(3):
            calls = [asyncio.create_task(provider.complete(request(f"질문 {n}"))) for n in range(8)]
            await asyncio.sleep(0.2)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        async with asyncio.timeout(30):
            while True:
                answer = await provider.complete(request("살아 있나요?"))
                if answer.finish_reason == "stop":
                    return answer.text

    model_server.inject("candidate", then="ok")
    assert with_provider(spec, work)


# 23 · a client belongs to its loop; a new loop gets a new provider, as often as needed.


def test_23_one_loop_after_another(spec: str, model_server: ModelServer) -> None:
    for number in range(3):
        assert ask(spec, request(f"질문 {number}")).finish_reason == "stop"
    assert len(model_server.delivered) == 3


# 24 · aiohttp's transport calls "refused" and "closed" a time-out.


@pytest.mark.parametrize("how", ["refused", "disconnect", "reset", "truncated"])
@pytest.mark.parametrize("face", sorted(FACES))
def test_24_a_lost_connection_is_no_time_out(model_server: ModelServer, how: str, face: str) -> None:
    spec = FACES[face](model_server)
    if how == "refused":
        model_server.stop()
    else:
        model_server.inject("candidate", then=how)
    with pytest.raises(ConnectionFailedError) as caught:
        ask(spec)
    said = str(caught.value).lower()
    assert "timeout" not in said, said
    assert "timed out" not in said, said


# 25 · a server that answers as whatever is loaded.


def test_25_who_really_answered_is_kept(model_server: ModelServer) -> None:
    answer = ask(openai_spec(model_server))
    assert answer.served_model == "candidate"
    model_server.behave("candidate", "네.", served_as="whatever-is-loaded")
    assert ask(openai_spec(model_server)).served_model == "whatever-is-loaded"


# 28 · a changed load option reloads the model: one provider sends the same options all its life.


def test_28_every_call_sends_the_same_load_options(model_server: ModelServer) -> None:
    async def work(provider: ChatProvider) -> None:
        for number, cap in enumerate((10, 500, None)):
            params = SamplingParams(max_output_tokens=cap, seed=number)
            await provider.complete(request("질문" * (1 + 200 * number), params=params))

    with_provider(ollama_spec(model_server), work, extra={"num_ctx": 4096})
    assert [record.body["options"]["num_ctx"] for record in model_server.chats] == [4096] * 3
    assert {record.body["shift"] for record in model_server.chats} == {False}


# 32 · null content in the history is refused by Ollama's /v1 and by Clova.


@pytest.mark.parametrize("provider", [name for name, dialect in DIALECTS.items()])
def test_32_no_message_is_null(model_server: ModelServer, provider: str) -> None:
    messages = (ChatMessage("user", "첫 질문"), ChatMessage("assistant", ""), ChatMessage("user", "둘째 질문"))
    environ = {DIALECTS[provider].key_variable: "some-key-0123456789"}
    ask(openai_spec(model_server, provider=provider), ChatRequest(messages), environ=environ)
    (record,) = model_server.chats
    assert all(isinstance(message["content"], str) for message in record.messages), record.messages


# 33 · nothing is downloaded at run time: a call needs its own server and no other address.


def test_33_a_call_opens_no_connection_but_to_its_server(model_server: ModelServer) -> None:
    code = """
        import json, socket, sys
        asked = []
        real = socket.getaddrinfo
        def noted(host, *more, **named):
            asked.append(str(host))
            return real(host, *more, **named)
        socket.getaddrinfo = noted
        from tests.providers.asking import ask
        for spec in sys.argv[1:]:
            ask(spec)
        heavy = [m for m in ("tiktoken", "transformers", "huggingface_hub", "torch") if m in sys.modules]
        print(json.dumps([sorted(set(asked)), heavy]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), openai_spec(model_server), ollama_spec(model_server)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    hosts, heavy = json.loads(done.stdout)
    assert set(hosts) <= {"127.0.0.1", "localhost"}, hosts
    assert heavy == []


# 35 · what is never repeated.


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("HTTP 400: cannot read '가을 하늘이 높아 보이는 까닭은?'", "HTTP 400: cannot read '[…]'"),
        ("HTTP 400: 가을 하늘이 높아 보이…", "HTTP 400: […]…"),
        ("HTTP 400: the model is not there", "HTTP 400: the model is not there"),
        ("가을 하늘", "가을 하늘"),
        ("", ""),
        ("it said: Please explain the colour of the autumn sky now", "it said: […] now"),
        ("Please explain", "Please explain"),
    ],
)
def test_35_an_error_without_the_conversation(words: str, kept: str) -> None:
    messages = [
        ChatMessage("system", "Please explain the colour of the autumn sky"),
        ChatMessage("user", "가을 하늘이 높아 보이는 까닭은?"),
    ]
    assert without_conversation(words, messages) == kept


def test_35_an_error_that_repeats_the_prompt_reaches_nobody(model_server: ModelServer) -> None:
    echo = json.dumps({"error": {"message": "읽을 수 없습니다: 비밀스러운 질문입니다"}}, ensure_ascii=False)
    model_server.inject("candidate", then=Fault("echo", status=400, raw=("application/json", echo.encode())))

    async def work(provider: ChatProvider) -> str:
        with pytest.raises(Exception, match="읽을 수 없습니다") as caught:
            await Endpoint(provider, ConcurrencyLimiter(1), QUICK).complete(request("비밀스러운 질문입니다"))
        return str(caught.value)

    assert "비밀스러운" not in with_provider(openai_spec(model_server), work)


@pytest.mark.parametrize("key", [None, "", "EMPTY", "lm-studio"])
def test_35_a_placeholder_is_no_key(key: str | None) -> None:
    assert without_key("EMPTY lm-studio", key) == "EMPTY lm-studio"


def test_35_fastapis_faults_without_their_input() -> None:
    fault = {"loc": ["body", "messages", 0], "msg": "Field required", "input": {"content": "비밀"}}
    assert error_fields({"detail": [fault, {"msg": "alone"}]})[0] == "body.messages.0: Field required; alone"
    assert error_fields({"detail": "Not Found"})[0] == "Not Found"
