"""What the check of an endpoint finds out, over HTTP: every kind of server, and one line for each question."""

import asyncio
import itertools
from collections.abc import Mapping

import pytest

from judge.checks.language import check_language
from providers.check import ESSENTIAL, MAX_CALLS, NONSENSE, OPTIONAL, CheckResult, KeyInUse, check
from providers.errors import ConnectionFailedError, DeadlineExceededError, ProviderError, ServerError
from providers.types import Capabilities, ChatCompletion, ChatProvider, ChatRequest, ModelIdentity, TokenLogprob
from tests.providers.asking import ollama_spec, openai_spec, with_provider
from tests.servers.faults import FAULTS, Body, Fault, Reply, http_error
from tests.servers.model_server import ModelServer

NO_KEY = KeyInUse("KOJUDGE_API_KEY", is_set=False)
KEY = {"KOJUDGE_API_KEY": "sk-a-key-of-the-tests"}


def is_korean(answer: str, prompt: str) -> bool | None:
    return check_language(answer, "ko", prompt).passed


async def collected(provider: ChatProvider, key: KeyInUse = NO_KEY, deadline_s: float = 10.0) -> list[CheckResult]:
    return [result async for result in check(provider, is_korean, key, deadline_s)]


def checked(spec: str, environ: Mapping[str, str] | None = None, deadline_s: float = 10.0) -> dict[str, CheckResult]:
    """The results by name, which must be whole and in order."""
    key = KeyInUse("KOJUDGE_API_KEY", is_set="KOJUDGE_API_KEY" in (environ or {}))
    results = with_provider(spec, lambda provider: collected(provider, key, deadline_s), environ)
    assert [r.name for r in results if r.name != "shutdown"] == [*ESSENTIAL, *OPTIONAL]
    return {r.name: r for r in results}


def outcomes(found: Mapping[str, CheckResult], *names: str) -> list[str]:
    return [found[name].outcome for name in names or [*ESSENTIAL, *OPTIONAL]]


def asks_schema(body: Body) -> bool:
    return "response_format" in body


def asks_seed(body: Body) -> bool:
    return "seed" in body


def test_a_good_server(model_server: ModelServer) -> None:
    model_server.api_key = KEY["KOJUDGE_API_KEY"]
    model_server.behave("candidate", thinking=True)
    found = checked(openai_spec(model_server), KEY)
    assert set(outcomes(found, *found)) == {"ok"}, found
    assert "KOJUDGE_API_KEY" in found["key"].finding
    assert "32,768" in found["context"].finding
    assert sum(r.path.endswith("/chat/completions") for r in model_server.requests) == MAX_CALLS


def test_a_good_ollama_server(model_server: ModelServer) -> None:
    model_server.behave("candidate", thinking=True)
    found = checked(ollama_spec(model_server))
    assert set(outcomes(found, *found)) == {"ok"}, found
    assert "none is asked for" in found["key"].finding


def test_calls_are_small_and_the_schema_goes_out_whatever_the_dialect_says(model_server: ModelServer) -> None:
    checked(openai_spec(model_server))
    bodies = [r.body for r in model_server.requests if r.messages]
    assert all(body["max_tokens"] <= 512 for body in bodies)
    assert [body["response_format"]["type"] for body in bodies if asks_schema(body)] == ["json_schema"]
    assert [body["temperature"] for body in bodies if asks_seed(body)] == [1, 1]
    assert not any(NONSENSE in r.prompt for r in model_server.requests)


@pytest.mark.parametrize(
    ("fault", "outcome", "words"),
    [
        ("unparsable", "no", "대체로 훌륭합니다"),
        ("fenced", "no", "ignored"),
        ("prose_around", "no", "ignored"),
        (http_error(400, "response_format is not supported"), "no", "response_format is not supported"),
        ("unprocessable", "no", "422"),
        ("server_error", "unknown", "500"),
        ("whitespace_loop", "unknown", "cut"),
        ("reasoning_ate_it", "unknown", "all tokens went to reasoning"),
        ("refusal", "unknown", "refused"),
        ("html", "unknown", "not JSON"),
    ],
)
def test_schemas(model_server: ModelServer, fault: str | Fault, outcome: str, words: str) -> None:
    model_server.inject("candidate", then=fault, when=asks_schema)
    found = checked(openai_spec(model_server))
    assert found["schema"].outcome == outcome, found["schema"]
    assert words in found["schema"].finding
    assert set(outcomes(found, *ESSENTIAL, "temperature", "seed")) == {"ok"}


def test_a_server_that_ignores_schemas(model_server: ModelServer) -> None:
    model_server.behave("candidate", "서울입니다.")
    found = checked(openai_spec(model_server))
    assert (found["schema"].outcome, found["korean"].outcome) == ("no", "ok")


@pytest.mark.parametrize(("environ", "advice"), [(KEY, "check KOJUDGE_API_KEY"), ({}, "set KOJUDGE_API_KEY")])
def test_a_wrong_or_missing_key(model_server: ModelServer, environ: Mapping[str, str], advice: str) -> None:
    model_server.api_key = "another"
    found = checked(openai_spec(model_server), environ)
    assert outcomes(found) == ["ok", "no", *["unknown"] * 9]
    assert advice in found["key"].finding


def test_a_key_that_only_the_chat_refuses(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="unauthorized")
    found = checked(openai_spec(model_server), KEY)
    assert outcomes(found) == ["ok", "no", *["unknown"] * 9]
    assert sum(bool(r.messages) for r in model_server.requests) == 1


@pytest.mark.parametrize("provider", ["vllm", "compatible"])
def test_an_unknown_model(model_server: ModelServer, provider: str) -> None:
    found = checked(openai_spec(model_server, "nobody", provider))
    assert outcomes(found) == ["ok", "unknown", "no", *["unknown"] * 8]
    assert "nobody" in found["model"].finding


@pytest.mark.parametrize("spec", ["compatible:m@http://127.0.0.1:9/v1", "ollama:m@http://127.0.0.1:9"])
def test_nobody_there(spec: str) -> None:
    found = checked(spec)
    assert outcomes(found) == ["no", *["unknown"] * 10]
    assert "127.0.0.1:9" in found["reachable"].finding


def test_a_web_page_instead_of_an_api(model_server: ModelServer) -> None:
    model_server.inject("/v1/models", then="html")
    model_server.inject("candidate", then="html")
    found = checked(openai_spec(model_server))
    assert outcomes(found) == ["no", *["unknown"] * 10]
    assert "address" in found["reachable"].finding


def test_a_web_page_instead_of_answers(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="html")
    found = checked(openai_spec(model_server))
    assert outcomes(found, *ESSENTIAL) == ["ok", "unknown", "ok", "no"]
    assert set(outcomes(found, "schema", "temperature", "seed", "logprobs", "usage", "reasoning")) == {"unknown"}


def test_a_temperature_that_is_refused(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="unsupported_temperature")
    found = checked(openai_spec(model_server))
    assert found["temperature"].outcome == "no"
    assert "Only the default (1) value is supported" in found["temperature"].finding
    assert set(outcomes(found, *ESSENTIAL, "schema", "seed")) == {"ok"}


def test_a_refusal_proves_nothing_where_everything_is_refused(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="content_policy")
    found = checked(openai_spec(model_server))
    assert found["korean"].outcome == "no"
    assert set(outcomes(found, "schema", "temperature", "seed", "logprobs")) == {"unknown"}


@pytest.mark.parametrize("path", ["/v1/models", "*"])
def test_a_server_that_hangs(model_server: ModelServer, path: str) -> None:
    model_server.inject(path, then="hang")
    found = checked(openai_spec(model_server), deadline_s=1)
    failed = found["reachable" if path != "*" else "korean"]
    assert (failed.outcome, "within 1 s" in failed.finding) == ("no", True)
    assert all(r.seconds < 5 for r in found.values())
    assert sum(bool(r.messages) for r in model_server.requests) <= MAX_CALLS


def test_one_failed_call_stops_no_other(model_server: ModelServer) -> None:
    model_server.inject("candidate", "server_error")
    found = checked(openai_spec(model_server))
    assert outcomes(found, *ESSENTIAL) == ["ok", "unknown", "ok", "no"]
    assert set(outcomes(found, "schema", "temperature", "seed", "context")) == {"ok"}


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        ("The capital of the Republic of Korea is the city of Seoul.", "no", "another language"),
        ("Seoul", "unknown", "too short"),
        (Reply("", finish_reason="length", reasoning="생각 " * 50), "unknown", "all tokens went to reasoning"),
        (Reply(""), "no", "empty"),
        (Reply(None, refusal="도와드릴 수 없습니다."), "no", "도와드릴"),
        (Reply("", finish_reason="content_filter"), "no", "filtered"),
        ("서울\u202e입니다.\x1b[31m\n정말로요.", "ok", "“서울입니다.[31m 정말로요.”"),
        ("서울입니다. " * 40, "ok", "…"),
    ],
)
def test_the_korean_sentence(model_server: ModelServer, answer: str | Reply, outcome: str, words: str) -> None:
    model_server.behave("candidate", answer)
    found = checked(openai_spec(model_server))["korean"]
    assert (found.outcome, words in found.finding) == (outcome, True), found
    assert len(found.finding) < 120


def test_a_seed_that_changes_nothing(model_server: ModelServer) -> None:
    numbers = itertools.count()
    model_server.behave("candidate", lambda body: f"{next(numbers)}번째 답변입니다.")
    assert checked(openai_spec(model_server))["seed"].outcome == "no"


def test_a_seed_that_is_refused(model_server: ModelServer) -> None:
    model_server.inject("candidate", then=http_error(400, "seed is not supported"), when=asks_seed)
    found = checked(openai_spec(model_server))["seed"]
    assert (found.outcome, "seed is not supported" in found.finding) == ("no", True)


def test_what_the_server_tells_of_itself(model_server: ModelServer) -> None:
    model_server.behave("candidate", served_as="candidate-2026-01-01")
    model_server.inject("candidate", then=FAULTS["no_usage"])
    listed = [{"id": "candidate", "owned_by": "us", "shutdown_date": "2026-12-11"}]
    model_server.inject("/v1/models", then=Fault("leaving", patch={"openai": {"data": listed}}))
    found = checked(openai_spec(model_server))
    assert (found["model"].outcome, "candidate-2026-01-01" in found["model"].finding) == ("ok", True)
    assert outcomes(found, "context", "usage", "reasoning") == ["unknown", "no", "unknown"]
    assert (found["shutdown"].outcome, "2026-12-11" in found["shutdown"].finding) == ("no", True)


class Quiet:
    """A provider of another kind: it ignores a seed, sends no temperature, and knows its model without asking."""

    name = "quiet"
    capabilities = Capabilities()

    def __init__(self, error: ProviderError | None = None) -> None:
        self.error = error

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        if self.error is not None:
            raise self.error
        asked = {"seed": request.params.seed, "logprobs": request.params.logprobs}
        sent = {"options": {name: value for name, value in asked.items() if value is not None}}
        dropped = {"seed": request.params.seed} if request.params.seed is not None else {}
        tokens = (TokenLogprob("서울", -0.1, (("서울", -0.1), ("부산", -2.5))),) if request.params.logprobs else None
        return ChatCompletion("서울입니다.", "quiet", "stop", sent_params=sent, dropped_params=dropped, logprobs=tokens)

    async def describe(self) -> ModelIdentity:
        return ModelIdentity("langchain", "quiet", details={"package": "1.0"})

    async def aclose(self) -> None:
        """Nothing is open."""


def test_what_is_not_sent_or_ignored_stays_unknown() -> None:
    found = {r.name: r for r in asyncio.run(collected(Quiet()))}
    assert set(outcomes(found, *ESSENTIAL)) == {"ok"}
    assert set(outcomes(found, "schema", "temperature", "seed")) == {"unknown"}
    assert "not sent" in found["temperature"].finding
    assert "ignored" in found["seed"].finding
    assert found["logprobs"].outcome == "ok"
    assert "2 alternatives" in found["logprobs"].finding


def test_a_description_that_asked_nobody_proves_nothing() -> None:
    refused = collected(Quiet(ConnectionFailedError("connection refused")))
    assert outcomes({r.name: r for r in asyncio.run(refused)}) == ["no", *["unknown"] * 10]
    for error, reached in ((ServerError("HTTP 500"), "ok"), (DeadlineExceededError("too long"), "unknown")):
        found = {r.name: r for r in asyncio.run(collected(Quiet(error)))}
        assert outcomes(found, *ESSENTIAL) == [reached, "unknown", "unknown", "no"]
