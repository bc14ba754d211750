"""The test server speaks the wire formats: seen with plain HTTP and with the vendors' own clients."""

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import ollama
import openai
import pytest

from tests.servers.faults import FAULTS, Fault, Reply, http_error, rate_limited, slow
from tests.servers.model_server import ModelServer
from tests.servers.request_log import read_log

ASKED = [{"role": "user", "content": "가을 하늘이 높아 보이는 까닭은?"}]
VERDICT = {
    "type": "object",
    "properties": {
        "rationale": {"type": "string"},
        "evidence": {"type": "array", "items": {"type": "string"}},
        "score": {"type": "integer", "minimum": 0, "maximum": 10},
    },
    "required": ["rationale", "evidence", "score"],
    "additionalProperties": False,
}
AS_SCHEMA = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": VERDICT}}


@pytest.fixture
def http(model_server: ModelServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=model_server.url, timeout=5, verify=False) as client:
        yield client


@pytest.fixture
def client(model_server: ModelServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=model_server.openai_url, api_key="k", max_retries=0, timeout=5) as made:
        yield made


def ask(http: httpx.Client, model: str = "candidate", **more: Any) -> httpx.Response:
    return http.post("/v1/chat/completions", json={"model": model, "messages": ASKED} | more)


def ask_ollama(http: httpx.Client, model: str = "candidate", **more: Any) -> httpx.Response:
    return http.post("/api/chat", json={"model": model, "messages": ASKED, "stream": False} | more)


def test_openai_client_reads_a_completion(client: openai.OpenAI, model_server: ModelServer) -> None:
    create: Any = client.chat.completions.create
    answers = [create(model="candidate", messages=ASKED) for _ in range(2)]
    first = answers[0]
    assert "가을 하늘이" in first.choices[0].message.content
    assert first.choices[0].message.content == answers[1].choices[0].message.content
    assert first.choices[0].finish_reason == "stop"
    assert first.usage.total_tokens == first.usage.prompt_tokens + first.usage.completion_tokens
    assert first._request_id.startswith("req_")
    assert [model.id for model in client.models.list()] == ["candidate", "judge"]
    assert client.models.retrieve("judge").max_model_len == 32_768  # type: ignore[attr-defined]
    assert model_server.delivered_prompts() == [ASKED[0]["content"]] * 2
    assert len(model_server.bought_twice()) == 1


def test_openai_stream_says_the_same(client: openai.OpenAI) -> None:
    create: Any = client.chat.completions.create
    whole = create(model="candidate", messages=ASKED)
    chunks = list(create(model="candidate", messages=ASKED, stream=True, stream_options={"include_usage": True}))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == whole.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_a_judge_follows_the_schema_or_the_text_form(http: httpx.Client) -> None:
    forms: dict[str, dict[str, Any]] = {
        "/v1/chat/completions": {"response_format": AS_SCHEMA},
        "/api/chat": {"format": VERDICT, "stream": False},
    }
    for path, body in forms.items():
        answer = http.post(path, json={"model": "judge", "messages": ASKED} | body).json()
        message = answer["choices"][0]["message"] if "choices" in answer else answer["message"]
        verdict = json.loads(message["content"])
        assert list(verdict) == VERDICT["required"]
        assert (type(verdict["score"]), verdict["evidence"]) == (int, [])
        assert 0 <= verdict["score"] <= 10
    text = ask(http, "judge").json()["choices"][0]["message"]["content"]
    assert text.startswith("평가: ")
    assert 0 <= int(text.rsplit("점수: ", 1)[1]) <= 10


def test_a_strict_schema_must_close_its_objects(http: httpx.Client) -> None:
    loose = {"type": "json_schema", "json_schema": {"name": "v", "strict": True, "schema": {"type": "object"}}}
    answer = ask(http, "judge", response_format=loose)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "response_format")


@pytest.mark.parametrize("stream", [False, True])
def test_ollama_client_reads_a_reply(model_server: ModelServer, stream: bool) -> None:
    client = ollama.Client(host=model_server.url)
    chat: Any = client.chat
    try:
        got = chat(model="candidate", messages=ASKED, stream=stream)
        parts: list[Any] = list(got) if stream else [got]
        assert "가을 하늘이" in "".join(part.message.content or "" for part in parts)
        assert (parts[-1].done, parts[-1].done_reason) == (True, "stop")
        assert parts[-1].eval_count > 0
        assert [model.model for model in client.list().models] == ["candidate:latest", "judge:latest"]
        shown = client.show("candidate")
        assert shown.modelinfo is not None
        assert shown.modelinfo["test.context_length"] == 32_768
        with pytest.raises(ollama.ResponseError, match="not found") as caught:
            client.chat(model="nobody", messages=ASKED)
        assert caught.value.status_code == 404
    finally:
        client.close()


def test_ollama_cuts_in_silence_unless_told_not_to(http: httpx.Client, model_server: ModelServer) -> None:
    long = [
        {"role": "system", "content": "한국어로 답하라."},
        {"role": "user", "content": "옛날이야기 " * 60},
        {"role": "user", "content": "그래서 결론은?"},
    ]
    cut = ask_ollama(http, messages=long, options={"num_ctx": 60})
    assert cut.status_code == 200
    assert cut.json()["prompt_eval_count"] <= 60
    assert model_server.delivered[0].truncated
    halved = ask_ollama(http, messages=long[1:2], options={"num_ctx": 60}).json()
    assert halved["prompt_eval_count"] == 60 - (60 - 4) // 2
    refused = ask_ollama(http, messages=long, options={"num_ctx": 60}, truncate=False)
    assert refused.status_code == 400
    assert "context length" in refused.json()["error"]
    model_server.behave("old", always_cuts=True)
    ignored = ask_ollama(http, "old", messages=long[1:2], options={"num_ctx": 60}, truncate=False).json()
    assert ignored["prompt_eval_count"] == halved["prompt_eval_count"]


def test_limits_cut_answers_and_reasoning_is_spent_first(http: httpx.Client, model_server: ModelServer) -> None:
    model_server.behave("thinker", "답입니다.", thinking=True)
    choice = ask(http, "thinker", max_completion_tokens=3).json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")
    whole = ask_ollama(http, "thinker").json()
    assert (whole["message"]["content"], bool(whole["message"]["thinking"])) == ("답입니다.", True)
    assert ask_ollama(http, think=True).status_code == 400
    model_server.behave("small", context=10)
    over = ask(http, "small")
    assert (over.status_code, over.json()["error"]["code"]) == (400, "context_length_exceeded")


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.delivery == "whole"])
def test_every_fault_is_answered_and_gone_afterwards(http: httpx.Client, model_server: ModelServer, name: str) -> None:
    fault = FAULTS[name]
    model_server.inject("candidate", fault, fault)
    hot: dict[str, Any] = {"temperature": 0}
    openai_answer, ollama_answer = ask(http, **hot), ask_ollama(http, options=hot)
    assert (openai_answer.status_code, ollama_answer.status_code) == (fault.status, fault.status)
    if fault.error is not None:
        assert openai_answer.json()["error"]["code"] == fault.error.code
        assert isinstance(ollama_answer.json()["error"], str)
    assert len(model_server.delivered) == (2 if fault.sold else 0)
    assert [record.fault for record in model_server.chats] == [name if name != "ok" else None] * 2
    assert ask(http, **hot).json()["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.delivery != "whole"])
def test_damaged_deliveries_are_not_counted_as_delivered(
    http: httpx.Client, model_server: ModelServer, name: str
) -> None:
    model_server.inject("*", name, name)
    for path in ("/v1/chat/completions", "/api/chat"):
        with pytest.raises((httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ReadError, TimeoutError)):
            _read_for_a_while(http, path)
    assert ask(http).status_code == 200
    assert len(model_server.delivered) == 1


def _read_for_a_while(http: httpx.Client, path: str) -> None:
    """Read as a client with a read timeout of 0.3 s and a deadline of 0.5 s does."""
    started = time.monotonic()
    with http.stream("POST", path, json={"model": "judge", "messages": ASKED}, timeout=0.3) as answer:
        for _ in answer.iter_raw():
            if time.monotonic() - started > 0.5:
                raise TimeoutError


def test_faults_come_in_sequence_with_conditions_and_an_end(http: httpx.Client, model_server: ModelServer) -> None:
    model_server.inject("candidate", "ok", rate_limited(retry_after="1.5"), slow(0.05), then=http_error(418, "차"))
    answers = [ask(http) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 429, 200, 418, 418]
    assert answers[1].headers["retry-after"] == "1.5"
    assert ask(http, "judge").status_code == 200
    model_server.clear_faults()
    heats: list[dict[str, Any]] = [{}, {"temperature": 0}, {}]
    model_server.inject("*", "unsupported_temperature", then="unsupported_temperature")
    assert [ask(http, **more).status_code for more in heats] == [200, 400, 200]
    model_server.inject("/v1/models", "forbidden")
    assert [http.get("/v1/models").status_code for _ in range(2)] == [403, 200]


def test_a_share_of_faults_does_not_depend_on_order(http: httpx.Client, model_server: ModelServer) -> None:
    def struck(order: list[int]) -> set[int]:
        model_server.clear_faults()
        model_server.inject_share("candidate", "server_error", 0.3, seed=7)
        return {number for number in order if ask(http, seed=number).status_code == 500}

    first = struck(list(range(100)))
    assert 15 <= len(first) <= 45
    assert struck(list(reversed(range(100)))) == first


def test_retry_after_as_a_date(http: httpx.Client, model_server: ModelServer) -> None:
    model_server.inject("candidate", "rate_limit_date", "rate_limit_ms")
    date, milliseconds = ask(http), ask(http)
    assert -1 <= parsedate_to_datetime(date.headers["retry-after"]).timestamp() - time.time() <= 2
    assert milliseconds.headers["retry-after-ms"] == "150"


def test_behaviours_may_be_async_and_return_whole_replies(http: httpx.Client, model_server: ModelServer) -> None:
    async def echo(body: dict[str, Any]) -> Reply:
        await asyncio.sleep(0)
        return Reply(body["messages"][-1]["content"], reasoning="생각", served_model="echo-2026-01-01")

    model_server.behave("echo", echo)
    answer = ask(http, "echo").json()
    assert answer["model"] == "echo-2026-01-01"
    assert answer["choices"][0]["message"]["reasoning"] == "생각"
    assert model_server.delivered[0].answer == ASKED[0]["content"]


def test_a_behaviour_that_raises_fails_the_test() -> None:
    def broken(body: dict[str, Any]) -> str:
        raise LookupError("broken behaviour")

    server = ModelServer()
    server.start()
    server.behave("candidate", broken)
    with httpx.Client(base_url=server.url) as http:
        assert ask(http).status_code == 500
    with pytest.raises(LookupError, match="broken behaviour"):
        server.stop()


def test_key_and_concurrency_are_enforced() -> None:
    with ModelServer(api_key="right", max_concurrency=2, latency_s=0.3) as server:
        with httpx.Client(base_url=server.url) as http:
            assert ask(http).json()["error"]["code"] is None
            wrong = http.get("/v1/models", headers={"Authorization": "Bearer wrong-secret"})
            assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_api_key")
            http.headers["Authorization"] = "Bearer right"
            with ThreadPoolExecutor(5) as pool:
                statuses = sorted(pool.map(lambda _: ask(http).status_code, range(5)))
        assert statuses == [200, 200, 429, 429, 429]
        assert server.peak_in_flight >= 3
        assert "right" not in repr(server.requests)
        assert [record.has_authorization for record in server.requests[:2]] == [False, True]


def test_it_stops_at_once_and_can_start_again_on_the_same_port() -> None:
    server = ModelServer()
    server.inject("*", then="hang")
    with server:
        waiting = threading.Thread(target=_give_up, args=(server.url,))
        waiting.start()
        server.wait_for_requests(1, timeout=5)
        stopped = time.monotonic()
    assert time.monotonic() - stopped < 1
    waiting.join()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/api/version")
    with server:
        assert httpx.get(f"{server.url}/api/version").json()["version"]


def _give_up(url: str) -> None:
    with httpx.Client(base_url=url, timeout=5) as http, pytest.raises(httpx.HTTPError):
        ask(http)


def test_a_client_that_left_was_delivered_nothing(http: httpx.Client, model_server: ModelServer) -> None:
    model_server.behave("candidate", latency_s=0.3)
    with pytest.raises(httpx.ReadTimeout):
        http.post("/v1/chat/completions", json={"model": "candidate", "messages": ASKED}, timeout=0.1)
    time.sleep(0.5)
    assert model_server.delivered == []
    assert model_server.requests[0].disconnected


def test_as_a_process_it_prints_specs_and_logs_what_was_delivered(tmp_path: Path) -> None:
    log = tmp_path / "delivered.jsonl"
    command = [sys.executable, "-m", "tests.servers.model_server", "--log", str(log)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            assert process.stdout.readline() == f"compatible:candidate@{url}/v1\n"
            with httpx.Client(base_url=url) as http:
                assert [ask(http, model).status_code for model in ("candidate", "nobody", "judge")] == [200, 404, 200]
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert [row["body"]["model"] for row in read_log(log)] == ["candidate", "judge"]


def test_an_unknown_fault_name_is_refused(model_server: ModelServer) -> None:
    with pytest.raises(ValueError, match="no fault is called 'sever_error'"):
        model_server.inject("judge", "sever_error")
    assert not Fault("mine", delivery="reset").sold
