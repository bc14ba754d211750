"""`kojudge providers list|check` as a user runs them."""

import json

import pytest

from providers.check import ESSENTIAL, OPTIONAL
from providers.registry import PROVIDERS
from tests.servers.faults import Fault

KEY = "sk-0123456789abcdef"
SETUP = {"KOJUDGE_API_KEY": KEY}


def spec(server, model="candidate", provider="compatible") -> str:
    return f"{provider}:{model}@{server.openai_url}"


def lines(result) -> dict[str, tuple[str, str]]:
    """name -> (outcome, the rest of its line)."""
    rows = [line.split(maxsplit=2) for line in result.out.splitlines()]
    return {row[1]: (row[0], row[2]) for row in rows}


def test_list_names_every_provider_and_how_to_reach_it(run_cli):
    result = run_cli("providers", "list")
    assert result.code == 0
    for provider in PROVIDERS:
        assert provider in result.out
    for words in ("UPSTAGE_API_KEY", "https://api.upstage.ai/v1", "solar:solar-pro4", "vllm serve", "ollama serve"):
        assert words in result.out
    assert "providers check" in result.err


def test_list_tells_whether_a_key_is_set_and_never_the_key(run_cli):
    result = run_cli("providers", "list", "--format", "json", env={"UPSTAGE_API_KEY": KEY, "OPENAI_API_KEY": " "})
    listed = {p["provider"]: p for p in json.loads(result.out)["providers"]}
    assert set(listed) == set(PROVIDERS)
    assert (listed["solar"]["key_set"], listed["openai"]["key_set"], listed["scripted"]["key_set"]) == (
        True,
        False,
        None,
    )
    assert KEY not in result.out + result.err
    assert KEY not in run_cli("providers", "list", env={"UPSTAGE_API_KEY": KEY}).out


def test_list_tells_where_an_address_comes_from(run_cli):
    environ = {"OLLAMA_HOST": "gpu1", "OPENAI_BASE_URL": "http://gateway/v1"}
    result = run_cli("providers", "list", "--format", "json", env=environ)
    listed = {p["provider"]: p for p in json.loads(result.out)["providers"]}
    assert (listed["ollama"]["address"], listed["ollama"]["address_from"]) == ("http://gpu1:11434", "environment")
    assert (listed["openai"]["address"], listed["openai"]["address_from"]) == ("http://gateway/v1", "environment")
    assert (listed["vllm"]["address_from"], listed["compatible"]["address_from"]) == ("default", "spec")
    assert "from OLLAMA_HOST" in run_cli("providers", "list", env=environ).out


def test_list_survives_an_unusable_address_and_does_not_repeat_it(run_cli):
    result = run_cli("providers", "list", env={"OPENAI_BASE_URL": f"https://user:{KEY}@host/v1"})
    assert result.code == 0
    assert "unusable" in result.out
    assert KEY not in result.out + result.err


def test_check_of_a_good_server(run_cli, model_server):
    model_server.api_key = KEY
    result = run_cli("providers", "check", spec(model_server), env=SETUP)
    assert result.code == 0, result
    found = lines(result)
    assert list(found) == [*ESSENTIAL, *OPTIONAL]
    assert {found[name][0] for name in (*ESSENTIAL, "schema", "temperature", "seed", "context", "usage")} == {"ok"}
    assert "서울" in found["korean"][1] or "수도" in found["korean"][1]
    assert "at most 6 small calls" in result.err
    assert "can be used" in result.err
    assert KEY not in result.out + result.err


def test_check_as_json(run_cli, model_server):
    result = run_cli("providers", "check", spec(model_server), "--format", "json")
    checked = json.loads(result.out)
    assert (result.code, checked["usable"], checked["model"]) == (0, True, spec(model_server))
    assert [c["name"] for c in checked["checks"]] == [*ESSENTIAL, *OPTIONAL]
    assert set(checked["checks"][0]) == {"name", "outcome", "seconds", "finding"}


def test_check_through_ollama(run_cli, model_server):
    result = run_cli("providers", "check", "ollama:candidate", env={"OLLAMA_HOST": model_server.url})
    assert result.code == 0, result
    assert lines(result)["schema"][0] == "ok"


def test_check_with_a_wrong_key(run_cli, model_server):
    model_server.api_key = "another"
    result = run_cli("providers", "check", spec(model_server), env=SETUP)
    assert result.code == 1
    found = lines(result)
    assert [found[name][0] for name in ESSENTIAL] == ["ok", "no", "unknown", "unknown"]
    assert {found[name][0] for name in OPTIONAL} == {"unknown"}
    assert "check KOJUDGE_API_KEY" in found["key"][1]
    assert "cannot be used: key" in result.err
    assert KEY not in result.out + result.err


def test_check_of_a_model_that_is_not_there(run_cli, model_server):
    result = run_cli("providers", "check", spec(model_server, "nobody", "vllm"))
    assert result.code == 1
    assert lines(result)["model"][0] == "no"
    assert "candidate" in lines(result)["model"][1]


def test_check_where_nobody_listens(run_cli):
    result = run_cli("providers", "check", "compatible:m@http://127.0.0.1:9/v1")
    assert result.code == 1
    assert lines(result)["reachable"][0] == "no"
    assert "Traceback" not in result.err


def test_check_of_a_server_that_hangs_ends(run_cli, model_server):
    model_server.inject("/v1/models", then="hang")
    result = run_cli("providers", "check", spec(model_server), "--timeout", "0.5")
    assert result.code == 1
    assert lines(result)["reachable"][0] == "no"
    assert "within 0.5 s" in lines(result)["reachable"][1]
    assert "--timeout" in lines(result)["reachable"][1]


def test_check_of_a_web_page(run_cli, model_server):
    model_server.inject("/v1/models", then="html")
    model_server.inject("*", then="html")
    result = run_cli("providers", "check", spec(model_server))
    assert result.code == 1
    assert lines(result)["reachable"][0] == "no"


@pytest.mark.parametrize(("form", "status"), [("table", 200), ("json", 200), ("table", 400)])
def test_a_server_that_repeats_the_key_or_steers_the_terminal(run_cli, model_server, form, status):
    hostile = f"키는 {KEY} 입니다\x1b[2J\u202e [bold]그렇다[/bold] {KEY}"  # the second one is cut
    model_server.behave("candidate", hostile)
    if status != 200:
        model_server.inject("candidate", then=Fault("echo", status=status, raw=("text/plain", hostile.encode())))
    result = run_cli("providers", "check", spec(model_server), "--format", form, env=SETUP)
    assert "Traceback" not in result.err
    assert KEY[:12] not in result.out + result.err
    assert not set(result.out) & {"\x1b", "\u202e"}
    assert "[bold]" in result.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gpt-4", "PROVIDER:MODEL"),
        ("opnai:gpt", "unknown provider"),
        ("compatible:m", "address"),
        ("solar:solar-pro4", "UPSTAGE_API_KEY"),
        ("scripted:nobody", "scripted:good"),
        ("scripted:rules", "rule judge"),
        ("replay:nowhere.jsonl", "does not exist"),
    ],
)
def test_check_of_a_wrong_spec(run_cli, text, words):
    result = run_cli("providers", "check", text)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.strip().splitlines()) == 1, result
    assert words in result.err


def test_check_of_written_answers_asks_nobody(run_cli, tmp_path):
    rows = [{"questions": ["수도는?"], "outputs": ["서울입니다."]}]
    (tmp_path / "answers.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    for text in ("scripted:good", "replay:answers.jsonl"):
        result = run_cli("providers", "check", text)
        assert result.code == 0, result
        assert [lines(result)[name][0] for name in ESSENTIAL] == ["ok", "ok", "ok", "unknown"]
        assert "no calls" in result.err


def test_help_has_examples(run_cli):
    assert "kojudge providers check solar:solar-pro4" in run_cli("providers", "check", "--help").out
    assert "providers" in run_cli("--help").out
