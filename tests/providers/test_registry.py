"""Model specs: how they are read, where their servers are, and that keys never show."""

import traceback

import pytest

from providers.dialects import DIALECTS
from providers.errors import AuthenticationError, ProviderError, SpecError
from providers.registry import PROVIDERS, ModelSpec, open_provider, parse_spec, resolve
from tests.providers.asking import ask, describe, openai_spec, with_provider
from tests.servers.faults import http_error
from tests.servers.model_server import ModelServer

SECRET = "hunter2-secret"
KEY = "sk-unit-0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("openai:gpt-6-luna", ModelSpec("openai", "gpt-6-luna")),
        ("  solar:solar-pro4  ", ModelSpec("solar", "solar-pro4")),
        ("ollama:exaone3.5:7.8b", ModelSpec("ollama", "exaone3.5:7.8b")),
        ("ollama:hf.co/org/model:Q4_K_M", ModelSpec("ollama", "hf.co/org/model:Q4_K_M")),
        ("ollama:m:7b@http://gpu:11434", ModelSpec("ollama", "m:7b", "http://gpu:11434")),
        ("vllm:org/model@http://host:8000/v1/", ModelSpec("vllm", "org/model", "http://host:8000/v1")),
        ("vllm:org/model@rev@https://host/v1", ModelSpec("vllm", "org/model@rev", "https://host/v1")),
        ("vllm:org/model@revision", ModelSpec("vllm", "org/model@revision")),
        ("compatible:m@http://[::1]:8000/v1", ModelSpec("compatible", "m", "http://[::1]:8000/v1")),
        ("replay:answers/모델@v2.jsonl", ModelSpec("replay", "answers/모델@v2.jsonl")),
        ("scripted:good", ModelSpec("scripted", "good")),
    ],
)
def test_good_specs(text: str, spec: ModelSpec) -> None:
    assert parse_spec(text) == spec
    assert parse_spec(str(spec)) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be PROVIDER:MODEL"),
        ("gpt-6-luna", "must be PROVIDER:MODEL"),
        ("openai:", "must be PROVIDER:MODEL"),
        ("openai:  ", "must be PROVIDER:MODEL"),
        (":model", "unknown provider ''"),
        ("azure:gpt", "unknown provider 'azure'"),
        ("OpenAI:gpt", "unknown provider 'OpenAI'"),
        ("openai:@http://host/v1", "names no model"),
        ("vllm:http://host:8000/v1", "names no model"),
        ("openai:gpt\n-6", "unprintable"),
        ("openai:gpt\x1b[31m", "unprintable"),
        ("openai:gpt\u202e", "unprintable"),
        ("vllm:m@host:8000", "@http://host:8000"),
        ("vllm:m@host.example:8000/v1", "must start with http"),
        ("vllm:m@localhost", "must start with http"),
        ("vllm:m@ftp://host/v1", "must be http://HOST"),
        ("vllm:m@http://", "must be http://HOST"),
        ("vllm:m@http:///v1", "must be http://HOST"),
        ("vllm:m@http://host:port/v1", "cannot be read"),
        ("vllm:m@http://host:99999/v1", "cannot be read"),
        ("vllm:m@http://[::1/v1", "cannot be read"),
        ("vllm:m@http://exa mple/v1", "cannot be read"),
        ("vllm:m@http://host/v1#part", "credentials or a query"),
    ],
)
def test_bad_specs(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(text)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        f"vllm:m@http://user:{SECRET}@host:8000/v1",
        f"vllm:m@http://{SECRET}@host:8000/v1",
        f"vllm:m@http://:{SECRET}@host",
        f"vllm:m@http://user:{SECRET}@host:port/v1",
        f"vllm:m@http://user:{SECRET}@ho\u2100st/v1",
        f"vllm:m@http://user:{SECRET}@[::1/v1",
        f"vllm:m@http://user:{SECRET}@",
        f"vllm:m@ftp://user:{SECRET}@host",
        f"vllm:m@user:{SECRET}@host:8000/v1",
        f"vllm:http://user:{SECRET}@host:8000/v1",
        f"vllm:@http://user:{SECRET}@host:8000/v1",
        f"vllm:m@http://host/v1?key={SECRET}",
        f"vllm:m@http://host:port/v1?key={SECRET}",
        f"vllm:m@host:8000/v1?key={SECRET}",
        f"azure:m@http://user:{SECRET}@host/v1",
        f"azure:m@http://host/v1?key={SECRET}",
        f"vllm:m@http://user:{SECRET}@host/v1\n",
        f"vllm:m\n@http://user:{SECRET}@host/v1",
    ],
)
def test_credentials_of_a_url_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_spec(text)
    assert SECRET not in "".join(traceback.format_exception_only(caught.value))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "environ", "url"),
    [
        ("openai:m", {}, "https://api.openai.com/v1"),
        ("openai:m", {"OPENAI_BASE_URL": ""}, "https://api.openai.com/v1"),
        ("openai:m", {"OPENAI_BASE_URL": "http://proxy:4000/v1/"}, "http://proxy:4000/v1"),
        ("openai:m@http://mine/v1", {"OPENAI_BASE_URL": "http://proxy:4000/v1"}, "http://mine/v1"),
        ("solar:m", {"OPENAI_BASE_URL": "http://proxy:4000/v1"}, "https://api.upstage.ai/v1"),
        ("vllm:m", {"OPENAI_BASE_URL": "http://proxy:4000/v1"}, "http://localhost:8000/v1"),
        ("compatible:m@http://mine/v1", {}, "http://mine/v1"),
        ("ollama:m@http://gpu:1", {"OLLAMA_HOST": "other:2"}, "http://gpu:1"),
    ],
)
def test_where_a_model_is(text: str, environ: dict[str, str], url: str) -> None:
    assert resolve(parse_spec(text), environ).base_url == url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://localhost:11434"),
        ("gpu", "http://gpu:11434"),
        ("gpu:9999", "http://gpu:9999"),
        (" gpu:9999 ", "http://gpu:9999"),
        ('"gpu:9999"', "http://gpu:9999"),
        (":9999", "http://localhost:9999"),
        ("0.0.0.0", "http://localhost:11434"),
        ("0.0.0.0:9999", "http://localhost:9999"),
        ("[::]:9999", "http://localhost:9999"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:9999", "http://[::1]:9999"),
        ("gpu:9999/", "http://gpu:9999"),
        ("gpu/ollama", "http://gpu:11434/ollama"),
        ("http://gpu:9999", "http://gpu:9999"),
        ("https://gpu.example/ollama/", "https://gpu.example/ollama"),
    ],
)
def test_ollama_host_in_every_form(host: str, url: str) -> None:
    assert resolve(parse_spec("ollama:m"), {"OLLAMA_HOST": host}).base_url == url


@pytest.mark.parametrize("host", ["gpu:port", "[::1", "::1", "a b", f"http://user:{SECRET}@gpu", "a:1:2"])
def test_a_bad_ollama_host_is_refused(host: str) -> None:
    with pytest.raises(SpecError) as caught:
        resolve(parse_spec("ollama:m"), {"OLLAMA_HOST": host})
    assert SECRET not in str(caught.value)


def test_credentials_in_the_environments_url_are_refused() -> None:
    with pytest.raises(SpecError, match="environment variables") as caught:
        resolve(parse_spec("openai:m"), {"OPENAI_BASE_URL": f"http://user:{SECRET}@proxy/v1"})
    assert SECRET not in str(caught.value)


def test_an_unknown_server_needs_its_address() -> None:
    with pytest.raises(SpecError, match="compatible:m@http://HOST:PORT/v1"):
        resolve(parse_spec("compatible:m"), {"OPENAI_BASE_URL": "http://proxy/v1"})


def test_recordings_and_demonstrations_have_no_address() -> None:
    for text in ("replay:file.jsonl", "scripted:good"):
        assert resolve(parse_spec(text), {"OPENAI_BASE_URL": "http://proxy/v1"}).base_url is None


def test_labels() -> None:
    assert parse_spec("ollama:m:7b@http://gpu:1").label == "ollama:m:7b"
    assert parse_spec("replay:a/b.jsonl").label == "a/b.jsonl"
    assert set(DIALECTS) < set(PROVIDERS)


@pytest.mark.parametrize(("provider", "variable"), [("openai", "OPENAI_API_KEY"), ("solar", "UPSTAGE_API_KEY")])
@pytest.mark.parametrize("environ", [{}, {"KOJUDGE_API_KEY": KEY}])
def test_a_missing_key_is_named(provider: str, variable: str, environ: dict[str, str]) -> None:
    spec = resolve(parse_spec(f"{provider}:m"), environ)
    for missing in (environ, environ | {variable: "  "}):
        with pytest.raises(SpecError, match=f"export {variable}=") as caught:
            open_provider(spec, missing, 1)
        assert str(caught.value).isprintable()


def test_a_server_of_ones_own_needs_no_key(model_server: ModelServer) -> None:
    assert ask(openai_spec(model_server, provider="openai")).finish_reason == "stop"


@pytest.mark.parametrize("key", ["sk-한글-0123456789", "sk-unit\n0123456789", "sk-unit\x000123456789"])
def test_an_unusable_key_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(SpecError, match="OPENAI_API_KEY") as caught:
        open_provider(resolve(parse_spec("openai:m"), {}), {"OPENAI_API_KEY": key}, 1)
    assert "0123456789" not in str(caught.value)


def test_an_unresolved_spec_is_refused() -> None:
    with pytest.raises(SpecError, match="not resolved"):
        open_provider(parse_spec("vllm:m"), {}, 1)


@pytest.mark.parametrize("key", [KEY, "plain-local-token-77"])
def test_the_key_never_shows(model_server: ModelServer, key: str) -> None:
    environ = {"KOJUDGE_API_KEY": f" {key}\n"}
    spec = openai_spec(model_server)

    async def shown(provider: object) -> str:
        return f"{provider!r} {provider} {parse_spec(spec)!r}"

    assert key not in with_provider(spec, shown, environ)
    echo = http_error(401, f"Incorrect API key provided: {key}. Send another.", type="auth", code="invalid_api_key")
    model_server.inject("candidate", echo)
    model_server.inject("/v1/models", echo)
    for call in (ask, describe):
        with pytest.raises(ProviderError) as caught:
            call(spec, environ=environ)
        assert isinstance(caught.value, AuthenticationError)
        printed = "".join(traceback.format_exception(caught.value))
        assert key not in printed
        assert "Incorrect API key provided" in str(caught.value)
    assert all(record.has_authorization for record in model_server.requests)
