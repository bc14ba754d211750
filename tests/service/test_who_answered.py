"""Who answered a run and with which parameters: recorded, reported, and flagged where it changed."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import clean_environment
from tests.servers import wire_ollama, wire_openai
from tests.servers.faults import ErrorBody, Fault, Reply, http_error
from tests.servers.model_server import ModelServer
from tests.servers.wire import ModelCard
from tests.service.support import bought, logickor_questions, specs, write_jsonl, write_plan

ANSWER = "손님 수를 세어 매출을 어림합니다."


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(2))


@pytest.fixture
def plan(tmp_path: Path, questions: Path) -> Callable[..., Path]:
    def write(model: str, judge: str, **fields: Any) -> Path:
        base = {"name": "r", "models": [model], "judges": [judge], "questions": [str(questions)]}
        return write_plan(tmp_path / "plan.yaml", **base | fields)

    return write


def endpoint_of(report: dict[str, Any], role: str) -> dict[str, Any]:
    (found,) = (e for e in report["endpoints"] if e["role"] == role)
    return found


def words(text: str) -> str:
    """A table's text without its line breaks."""
    return " ".join(text.split())


def test_the_report_names_who_answered_and_with_what(run_cli, model_server: ModelServer, plan):
    model, judge = specs(model_server)[1::2]
    model_server.behave("candidate", ANSWER, served_as="candidate-2026-01-01")
    path = plan(model, judge, generation={"temperature": 0.3, "seed": 7}, judging={"max_output_tokens": 300})
    result = run_cli("run", path, "--format", "json")
    assert result.code == 0, result
    report = json.loads(result.out)
    candidate, grader = endpoint_of(report, "candidate"), endpoint_of(report, "judge")
    assert candidate["endpoint"] == model
    assert candidate["calls"] == grader["calls"] == 4
    assert candidate["requested_model"] == "candidate"
    assert candidate["served_models"] == {"candidate-2026-01-01": 4}
    assert grader["served_models"] == {"judge": 4}
    assert candidate["fingerprints"] == {"fp_test_0001": 4}
    assert candidate["service_tiers"] == {"default": 4}
    assert candidate["dropped_params"] == grader["dropped_params"] == []
    assert candidate["changed"] is grader["changed"] is False
    (identity,) = candidate["identities"]
    assert (identity["provider"], identity["model"]) == ("compatible", "candidate")
    for role, told in (("candidate", candidate), ("judge", grader)):
        (sent,) = told["sent_params"]
        for record in (r for r in model_server.delivered if r.model == role):
            received = {k: v for k, v in record.body.items() if k not in ("model", "messages", "response_format")}
            assert sent == received, role
    table = run_cli("report", "r")
    assert f"{model} (candidate) was served by candidate-2026-01-01." in words(table.out), table


def test_a_model_that_changes_during_the_run_is_flagged(run_cli, model_server: ModelServer, plan):
    model, judge = specs(model_server)[1::2]
    model_server.inject("candidate", "ok", then="other_model")
    result = run_cli("run", plan(model, judge), "--concurrency", "1", "--format", "json")
    assert result.code == 0, result
    told = endpoint_of(json.loads(result.out), "candidate")
    assert told["changed"] is True
    assert told["served_models"] == {"some-other-model-2026-01-01": 3, "candidate": 1}
    table = run_cli("report", "r")
    note = (
        f"{model} (candidate) changed during the run; it was served by some-other-model-2026-01-01 (3), candidate (1)"
    )
    assert note in words(table.out), table


def tags(digest: str) -> Fault:
    """`/api/tags` as if both models had just been pulled anew."""
    cards = [wire_ollama.tag(ModelCard(name)) | {"digest": digest * 64} for name in ("candidate", "judge")]
    return Fault("digest", patch={"ollama": {"models": cards}})


def test_a_digest_that_changes_between_two_starts_is_flagged(run_cli, model_server: ModelServer, plan):
    model, judge = f"ollama:candidate@{model_server.url}", f"ollama:judge@{model_server.url}"
    model_server.inject("/api/tags", then=tags("a"))
    model_server.inject("judge", "ok", then="unauthorized")
    assert run_cli("run", plan(model, judge), "--concurrency", "1").code == 2
    model_server.clear_faults()
    model_server.inject("/api/tags", then=tags("b"))
    result = run_cli("resume", "r", "--format", "json")
    assert result.code == 0, result
    told = endpoint_of(json.loads(result.out), "candidate")
    assert told["changed"] is True
    assert [identity["digest"][0] for identity in told["identities"]] == ["a", "b"]
    table = run_cli("report", "r")
    assert f"{model} (candidate) changed between two starts of the run" in words(table.out), table


def test_what_a_server_did_not_tell_once_is_no_change(run_cli, model_server: ModelServer, plan):
    model, judge = f"ollama:candidate@{model_server.url}", f"ollama:judge@{model_server.url}"
    model_server.inject("/api/show", then="server_error")
    model_server.inject("judge", "ok", then="unauthorized")
    assert run_cli("run", plan(model, judge), "--concurrency", "1").code == 2
    model_server.clear_faults()
    result = run_cli("resume", "r", "--format", "json")
    assert result.code == 0, result
    told = endpoint_of(json.loads(result.out), "candidate")
    assert len(told["identities"]) == 2, "the second start told more"
    assert told["changed"] is False, told


def test_a_model_that_is_to_be_withdrawn_is_warned_about(run_cli, model_server: ModelServer, plan):
    model, judge = specs(model_server)[1::2]
    cards = [wire_openai.model_card(ModelCard(name)) for name in ("candidate", "judge")]
    cards[1]["shutdown_date"] = "2027-03-31"
    model_server.inject("/v1/models", then=Fault("shutdown", patch={"openai": {"data": cards}}))
    result = run_cli("run", plan(model, judge))
    assert result.code == 0, result
    assert "compatible:judge is withdrawn by its vendor on 2027-03-31" in words(result.err), result
    assert f"{judge} is withdrawn by its vendor on 2027-03-31." in words(result.out), result
    assert "compatible:candidate is withdrawn" not in words(result.err), result
    report = json.loads(run_cli("report", "r", "--format", "json").out)
    assert endpoint_of(report, "judge")["identities"][0]["shutdown_date"] == "2027-03-31"


# Parameters that a server refuses.


def test_a_refused_parameter_stops_the_run_and_the_line_offers_both_ways_out(run_cli, model_server: ModelServer, plan):
    model_server.inject("candidate", then="unsupported_temperature")
    result = run_cli("run", plan(*specs(model_server)[1::2]), "--concurrency", "1")
    assert result.code == 2, result
    line = result.err.strip().splitlines()[-1]
    assert "temperature" in line, result
    assert "null in the plan" in line, result
    assert "--drop-unsupported" in line, result
    assert not model_server.delivered


def test_a_plan_may_drop_it_and_the_report_says_so(run_cli, model_server: ModelServer, plan):
    model, judge = specs(model_server)[1::2]
    model_server.inject("candidate", then="unsupported_temperature")
    result = run_cli("run", plan(model, judge, drop_unsupported=True), "--format", "json")
    assert result.code == 0, result
    told = endpoint_of(json.loads(result.out), "candidate")
    assert told["dropped_params"] == [{"temperature": 0.0}]
    assert told["sent_params"] == [{"max_tokens": 2048}]
    sold = [r.body for r in model_server.delivered if r.model == "candidate"]
    assert len(sold) == 4
    assert not any("temperature" in body for body in sold)
    assert all("temperature" in r.body for r in model_server.delivered if r.model == "judge")
    table = run_cli("report", "r")
    assert f"{model} (candidate) did not take temperature=0.0; it was left out." in words(table.out)


# Extras.


def test_extras_of_a_plan_reach_their_server_and_no_other(run_cli, model_server: ModelServer, plan):
    model, judge = f"vllm:candidate@{model_server.openai_url}", f"ollama:judge@{model_server.url}"
    extras = {
        model: {"extra": {"chat_template_kwargs": {"enable_thinking": False}, "top_k": 20}},
        judge: {"extra": {"num_ctx": 16384, "keep_alive": "30m"}},
    }
    result = run_cli("run", plan(model, judge, endpoints=extras), "--format", "json")
    assert result.code == 0, result
    for record in model_server.delivered:
        if record.model == "candidate":
            assert record.body["chat_template_kwargs"] == {"enable_thinking": False}
            assert record.body["top_k"] == 20
            assert "keep_alive" not in record.body
        else:
            assert record.body["options"]["num_ctx"] == 16384
            assert record.body["keep_alive"] == "30m"
            assert "chat_template_kwargs" not in record.body
    (sent,) = endpoint_of(json.loads(result.out), "candidate")["sent_params"]
    assert sent["chat_template_kwargs"] == {"enable_thinking": False}


@pytest.mark.parametrize(
    ("provider", "extra", "wrong"),
    [
        ("vllm", {"chat_template_kwarg": {}}, "chat_template_kwarg"),
        ("vllm", {"guided_json": {}}, "guided_json"),
        ("vllm", {"temperature": 1}, "temperature"),
        ("ollama", {"num_ctxx": 8192}, "num_ctxx"),
        ("ollama", {"keepalive": "5m"}, "keepalive"),
    ],
)
def test_an_extra_that_no_server_reads_is_refused_before_anything_is_asked(
    run_cli, tmp_path, model_server: ModelServer, plan, provider, extra, wrong
):
    address = model_server.url if provider == "ollama" else model_server.openai_url
    model = f"{provider}:candidate@{address}"
    result = run_cli("run", plan(model, specs(model_server)[3], endpoints={model: {"extra": extra}}))
    assert result.code == 2, result
    assert result.err.count("\n") == 1, result
    assert repr(wrong) in result.err, result
    assert not model_server.requests
    stored = run_cli("runs", "--format", "json")
    assert stored.code == 2 or json.loads(stored.out)["runs"] == []


# Servers that are not ready.


def test_a_server_that_starts_late_is_waited_for(tmp_path, plan):
    with ModelServer() as server:
        model, judge = specs(server)[1::2]
        server.stop()
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "run", str(plan(model, judge)), "--wait", "60"],
            cwd=tmp_path,
            env=clean_environment({"COLUMNS": "200"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        first = process.stderr.readline()
        assert first.startswith("waiting for compatible:"), first
        server.start()
        _, rest = process.communicate(timeout=90)
        assert process.returncode == 0, first + rest
        assert rest.count("waiting for") <= 1, "once per endpoint"
        assert len(bought(server)) == 8


def test_a_server_that_is_loading_is_waited_for(run_cli, model_server: ModelServer, plan):
    loading = replace(http_error(503, "Loading model"), name="loading")
    model_server.inject("/v1/models", loading, loading, loading)
    result = run_cli("run", plan(*specs(model_server)[1::2]), "--wait", "30")
    assert result.code == 0, result
    assert "waiting for" in result.err
    model_server.clear_faults()


def test_a_server_that_never_gets_ready_is_one_line(run_cli, tmp_path, model_server: ModelServer, plan):
    model_server.inject("/v1/models", then=http_error(503, "Loading model"))
    result = run_cli("run", plan(*specs(model_server)[1::2], wait_s=2))
    assert result.code == 2, result
    last = result.err.strip().splitlines()[-1]
    assert last.startswith("error: "), result
    assert "not ready yet (HTTP 503)" in last, result
    assert sum(r.path == "/v1/models" for r in model_server.requests) >= 4, "both endpoints were asked again"
    assert not model_server.chats


def test_nobody_there_is_said_at_once_without_wait(run_cli, model_server: ModelServer, plan):
    model, judge = specs(model_server)[1::2]
    model_server.stop()
    result = run_cli("run", plan(model, judge))
    assert result.code == 2, result
    assert result.err.count("\n") == 1, result
    assert "is the server running" in result.err, result


def test_a_wrong_key_is_not_waited_for(run_cli, plan):
    with ModelServer(api_key="right-key-123456") as server:
        result = run_cli(
            "run", plan(*specs(server)[1::2]), "--wait", "80", env={"KOJUDGE_API_KEY": "wrong-key-123456"}, timeout=60
        )
        assert result.code == 2, result
        assert sum(r.path == "/v1/models" for r in server.requests) <= 2


def test_a_missing_ollama_model_is_pulled_when_asked(run_cli, model_server: ModelServer, plan):
    model, judge = f"ollama:candidate@{model_server.url}", f"ollama:judge@{model_server.url}"
    model_server.withdraw("candidate")
    path = plan(model, judge)
    missing = run_cli("run", path)
    assert missing.code == 2, missing
    assert "ollama pull candidate" in missing.err, missing
    assert not model_server.chats
    assert not any(r.path == "/api/pull" for r in model_server.requests)
    pulled = run_cli("run", path, "--pull")
    assert pulled.code == 0, pulled
    assert "pulling candidate" in words(pulled.err), pulled
    assert sum(r.path == "/api/pull" for r in model_server.requests) == 1


def test_a_model_that_no_registry_has_is_not_pulled(run_cli, model_server: ModelServer, plan):
    model, judge = f"ollama:nobody-has-this@{model_server.url}", f"ollama:judge@{model_server.url}"
    result = run_cli("run", plan(model, judge), "--pull")
    assert result.code == 2, result
    assert "nobody-has-this" in result.err.strip().splitlines()[-1], result
    assert not model_server.chats


def test_a_hostile_name_of_the_serving_model_does_not_reach_the_terminal(run_cli, model_server: ModelServer, plan):
    named = Reply(ANSWER, served_model="\x1b[31mred\u202e")
    model_server.behave("candidate", named)
    result = run_cli("run", plan(*specs(model_server)[1::2]))
    assert result.code == 0, result
    assert "\x1b" not in result.out + result.err
    assert "\u202e" not in result.out + result.err
    assert "was served by" in words(result.out), result


def test_an_unknown_parameter_error_without_a_name_is_no_endless_loop(run_cli, model_server: ModelServer, plan):
    error = ErrorBody("Unrecognized request argument supplied", code="unsupported_parameter")
    model_server.inject("candidate", then=Fault("nameless", status=400, error=error))
    result = run_cli("run", plan(*specs(model_server)[1::2], drop_unsupported=True), "--concurrency", "1")
    assert result.code == 2, result
    assert len(model_server.chats) <= 2
