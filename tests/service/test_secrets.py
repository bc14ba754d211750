"""Keys stay in the environment, prompts and answers in the database: whatever goes wrong, whatever is to be logged."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CliResult, clean_environment
from tests.servers.faults import ErrorBody, Fault, Reply
from tests.servers.model_server import ModelServer
from tests.service.support import specs, write_jsonl

KEYS = [
    "sk-proj-planted0123456789abcdefABCDEF",
    "just-some-words-as-a-key",
    "Zm9v+YmFy/cGxhbnRlZA==",
    "up_planted_0123456789",
]
PROMPT = "표식질문팔공일"
ANSWER = "표식답변구삼이"
LOUD = {
    "OPENAI_LOG": "debug",
    "HTTPX_LOG_LEVEL": "debug",
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_API_KEY": "lsv2_planted_not_a_key",
    "LANGSMITH_ENDPOINT": "http://127.0.0.1:9",
    "PYTHONWARNINGS": "default",
    "PYTHONASYNCIODEBUG": "1",
}
FORMATS = ("table", "json", "markdown", "html", "csv")
Run = Callable[..., CliResult]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    row = {
        "id": 1,
        "category": "글쓰기",
        "questions": [f"{PROMPT} 첫째?", f"{PROMPT} 둘째?"],
        "references": [None, None],
    }
    return write_jsonl(tmp_path / "questions.jsonl", [row])


@pytest.fixture(params=KEYS, ids=["sk", "words", "base64", "up"])
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(key: str) -> Iterator[ModelServer]:
    """Wants the key, and says the marker in every answer."""
    with ModelServer(api_key=key) as running:
        running.behave("candidate", f"{ANSWER}라고 답합니다. 손님 수를 셉니다.")
        yield running


def forms(key: str) -> list[bytes]:
    """The key as it is, and as other languages' JSON writers spell it."""
    spelt = {key, key.replace("/", "\\/"), key.replace("+", "\\u002b"), key.replace("+", "\\u002B")}
    return [form.encode() for form in spelt]


def leaks(folder: Path, key: str) -> list[str]:
    """Files below the folder that hold the key."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return [str(p) for p in files if any(form in p.read_bytes() for form in forms(key))]


def assert_secret(key: str, *results: CliResult) -> None:
    for result in results:
        shown = (result.out + result.err).encode()
        assert not any(form in shown for form in forms(key)), result


def assert_quiet(result: CliResult) -> None:
    """Neither prompt nor answer is on the terminal."""
    for marker in (PROMPT, ANSWER):
        assert marker not in result.out, result
        assert marker not in result.err, result


def echoes(key: str) -> list[Fault]:
    """Replies that repeat the key wherever a server can."""
    said = f"Incorrect API key provided: {key}. Find yours in the console."
    named = {"model": f"model-of-{key}", "system_fingerprint": f"fp-{key}", "id": f"id-{key}", "provider": key}
    page = f"<html><body>Bearer {key} was refused</body></html>".encode()
    escaped = json.dumps({"error": {"message": said, "code": key}}).replace("/", "\\/").replace("+", "\\u002B")
    return [
        Fault("names", headers={"x-request-id": f"req-{key}", "x-echo": key}, patch={"openai": named}),
        Fault("said", reply={"content": f"Authorization: Bearer {key} 입니다. {ANSWER}"}),
        Fault("error_500", status=500, headers={"x-request-id": key}, error=ErrorBody(said, code=key, type=key)),
        Fault("error_400", status=400, error=ErrorBody(said, param=key)),
        Fault("error_in_200", error=ErrorBody(said, code=key)),
        Fault("page_200", raw=("text/html", page)),
        Fault("page_500", status=502, raw=("text/html", page)),
        Fault("escaped", status=400, raw=("application/json", escaped.encode())),
        Fault("detail", status=422, raw=("application/json", json.dumps({"detail": [{"input": key}]}).encode())),
    ]


def test_a_good_run_leaves_no_trace_of_the_key(
    run_process: Run, tmp_path: Path, server: ModelServer, questions: Path, key: str
) -> None:
    env = {"KOJUDGE_API_KEY": key}
    result = run_process("run", *specs(server), "-q", questions, "--name", "r", "--format", "json", env=env)
    assert result.code == 0, result
    assert_quiet(result)
    others = [run_process("report", "r", "--format", kind, env=env) for kind in FORMATS[:1]]
    others += [run_process("export", kind, "r", tmp_path / kind, env=env) for kind in ("jsonl", "csv")]
    for one in others:
        assert one.code == 0, one
    assert_secret(key, result, *others)
    assert leaks(tmp_path, key) == []


def test_a_server_that_repeats_the_key_everywhere(
    run_process: Run, tmp_path: Path, server: ModelServer, questions: Path, key: str
) -> None:
    env = {"KOJUDGE_API_KEY": key, "KOJUDGE_RETRY_ATTEMPTS": "1", "KOJUDGE_RETRY_WAIT_S": "0.01"}
    listed = {
        "data": [{"id": name, "root": key, "owned_by": key, "shutdown_date": key} for name in ("candidate", "judge")]
    }
    server.inject("/v1/models", then=Fault("listed", patch={"openai": listed}))
    server.inject("candidate", *echoes(key)[:2])
    server.inject("judge", *echoes(key)[:1], *echoes(key)[2:])
    words = ["run", *specs(server), "-q", questions, "--name", "r", "--judge-repeats", "8", "--concurrency", "1"]
    result = run_process(*words, "--format", "json", "--debug", env=env)
    assert len(server.chats) >= 2 + 9, result
    assert result.code in (0, 1), result
    reports = [run_process("report", "r", "--format", kind, env=env) for kind in ("table", "html")]
    shown = run_process("show", "r", "1", env=env)
    exports = [run_process("export", kind, "r", tmp_path / kind, env=env) for kind in ("jsonl", "csv")]
    assert_secret(key, result, *reports, shown, *exports)
    assert leaks(tmp_path, key) == []
    assert "[key]" in shown.out, "the answer says that something was taken out"


def test_what_stops_a_run_does_not_repeat_the_key(
    run_process: Run, tmp_path: Path, server: ModelServer, questions: Path, key: str
) -> None:
    refusal = Fault(
        "refused", status=401, error=ErrorBody(f"Incorrect API key provided: {key}", code="invalid_api_key")
    )
    server.inject("candidate", then=refusal)
    words = ["run", *specs(server), "-q", questions, "--name", "r"]
    quiet = run_process(*words, env={"KOJUDGE_API_KEY": key})
    assert quiet.code == 2, quiet
    loud = run_process(*words, "--debug", env={"KOJUDGE_API_KEY": key, **LOUD})
    assert "Traceback" in loud.err, loud
    wrong = run_process(*words, "--debug", env={"KOJUDGE_API_KEY": key + "x", **LOUD})
    assert_secret(key, quiet, loud, wrong)
    assert_quiet(quiet)
    assert leaks(tmp_path, key) == []


def test_providers_check_does_not_repeat_the_key(run_process: Run, server: ModelServer, key: str) -> None:
    server.inject("candidate", *echoes(key))
    spec = f"compatible:candidate@{server.openai_url}"
    result = run_process(
        "providers", "check", spec, "--format", "json", "--debug", env={"KOJUDGE_API_KEY": key, **LOUD}
    )
    assert server.chats, result
    assert_secret(key, result)


# Logging that somebody switched on by the environment.


@pytest.mark.parametrize("provider", ["compatible", "ollama", "langchain:openai"])
def test_no_environment_makes_kojudge_print_keys_or_prompts(
    run_process: Run, tmp_path: Path, model_server: ModelServer, questions: Path, provider: str
) -> None:
    model_server.behave("candidate", f"{ANSWER}라고 답합니다.")
    address = model_server.url if provider == "ollama" else model_server.openai_url
    words = ["-m", f"{provider}:candidate@{address}", "-j", f"compatible:judge@{model_server.openai_url}"]
    env = {"KOJUDGE_API_KEY": KEYS[0], "OLLAMA_API_KEY": KEYS[0], "OPENAI_API_KEY": KEYS[0], **LOUD}
    result = run_process("run", *words, "-q", questions, env=env)
    assert result.code == 0, result
    assert_secret(KEYS[0], result)
    assert_quiet(result)
    assert "HTTP Request" not in result.err, "no library writes beside kojudge's own lines"
    assert "DEBUG" not in result.err, result


def test_an_error_does_not_repeat_the_prompt(run_process: Run, model_server: ModelServer, questions: Path) -> None:
    """FastAPI repeats what was sent under `input`."""

    def body(message: dict[str, Any]) -> bytes:
        said = {"type": "missing", "loc": ["body", "messages", 0, "name"], "msg": "Field required", "input": message}
        return json.dumps({"detail": [said]}, ensure_ascii=False).encode()

    sent = {"role": "user", "content": f"{PROMPT} 첫째?"}
    model_server.inject("candidate", then=Fault("fastapi", status=422, raw=("application/json", body(sent))))
    result = run_process("run", *specs(model_server), "-q", questions, "--name", "r")
    assert result.code == 1, result
    shown = run_process("report", "r")
    for one in (result, shown):
        assert "Field required" in one.out, one
        assert "body.messages.0.name" in " ".join(one.out.split()), one
        assert_quiet(one)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("plain", raw=("text/plain; charset=utf-8", f"{ANSWER}".encode())),
        Fault("cut", raw=("application/json", f'{{"choices":[{{"message":{{"content":"{ANSWER}"'.encode())),
        Fault("odd", status=400, raw=("application/json", json.dumps({"input": f"{PROMPT} 첫째?"}).encode())),
        Fault("echo", status=400, error=ErrorBody(f"cannot read the message '{PROMPT} 첫째?'")),
    ],
    ids=lambda fault: fault.name,
)
def test_a_damaged_reply_is_not_repeated(
    run_process: Run, model_server: ModelServer, questions: Path, fault: Fault
) -> None:
    model_server.inject("candidate", then=fault)
    env = {"KOJUDGE_RETRY_WAIT_S": "0.01"}
    result = run_process("run", *specs(model_server), "-q", questions, env=env)
    assert result.code == 1, result
    assert_quiet(result)


def test_a_placeholder_for_a_key_is_no_secret(run_process: Run, tmp_path: Path, questions: Path) -> None:
    """Servers that want some key are given words such as EMPTY; an answer that says it stays as it is."""
    with ModelServer(api_key="EMPTY") as server:
        server.behave("candidate", Reply("EMPTY 집합은 원소가 없는 집합입니다."))
        env = {"KOJUDGE_API_KEY": "EMPTY"}
        assert run_process("run", *specs(server), "-q", questions, "--name", "r", env=env).code == 0
        shown = run_process("show", "r", "1", "--format", "json")
        assert "EMPTY 집합은" in shown.out, shown


def test_the_key_is_in_no_child_process_line(tmp_path: Path, questions: Path) -> None:
    """The key is read from the environment: no command line of the process holds it."""
    with ModelServer(api_key=KEYS[0], latency_s=0.5) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "run", *specs(server), "-q", str(questions)],
            cwd=tmp_path,
            env=clean_environment({"KOJUDGE_API_KEY": KEYS[0]}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server.wait_for_requests(1, 60)
        line = Path(f"/proc/{process.pid}/cmdline")
        if line.exists():
            assert KEYS[0].encode() not in line.read_bytes()
        assert process.wait(60) == 0
