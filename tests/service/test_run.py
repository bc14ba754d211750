"""Whole runs through the command line against a real local server."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import clean_environment
from tests.servers.faults import Reply, TokenUsage
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, specs, write_jsonl

QUICK = ["--concurrency", "4"]


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(6))


def report_of(result) -> dict:
    assert result.out.startswith("{"), result
    return json.loads(result.out)


def test_a_run_completes_reports_and_is_never_bought_again(run_cli, model_server: ModelServer, questions: Path):
    command = ["run", *specs(model_server), "-q", questions, *QUICK, "--format", "json"]
    first = run_cli(*command)
    assert first.code == 0, first
    report = report_of(first)
    (model,) = report["models"]
    assert report["status"] == "complete"
    assert (model["overall"]["n"], model["overall"]["failed"]) == (12, 0)
    assert model["overall"]["low"] <= model["overall"]["mean"] <= model["overall"]["high"]
    assert set(model["turns"]) == {"1", "2"}
    assert model["usage"]["candidate"]["calls"] == 12
    work = bought(model_server)
    assert len(work) == 24
    again = run_cli(*command)
    assert again.code == 0, again
    assert report_of(again) == report
    assert bought(model_server) == work


def test_turn_two_carries_the_visible_answer_of_turn_one_and_nothing_else(run_cli, model_server, questions):
    model_server.behave("candidate", "<think>속으로 하는 생각</think>첫째 답입니다. 매출은 손님 수로 어림합니다.")
    result = run_cli("run", *specs(model_server), "-q", questions, "--limit", "1")
    assert result.code == 0, result
    second = [r.body for r in model_server.delivered if r.model == "candidate"][1]["messages"]
    assert [m["role"] for m in second] == ["user", "assistant", "user"]
    assert second[1]["content"] == "첫째 답입니다. 매출은 손님 수로 어림합니다."
    judged = [r.body["messages"] for r in model_server.delivered if r.model == "judge"]
    assert not any("속으로 하는 생각" in m["content"] for messages in judged for m in messages)


def test_the_same_name_for_another_plan_is_refused(run_cli, model_server, questions):
    base = ["run", *specs(model_server), "-q", questions, "--name", "mine"]
    assert run_cli(*base, "--limit", "1").code == 0
    clash = run_cli(*base, "--limit", "2")
    assert clash.code == 2, clash
    assert "already stands for a different plan" in clash.err
    assert "--name" in clash.err


def test_a_larger_run_buys_only_what_is_new(run_cli, model_server, questions):
    base = ["run", *specs(model_server), "-q", questions]
    assert run_cli(*base, "--limit", "3").code == 0
    assert run_cli(*base, "--limit", "6").code == 0
    assert set(bought(model_server).values()) == {1}
    assert len(bought(model_server)) == 24


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_killed_run_continues_and_buys_nothing_twice(run_cli, tmp_path, questions, share):
    with ModelServer(latency_s=0.05) as server:
        words = ["run", *specs(server), "-q", str(questions), "--concurrency", "3"]
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", *words],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while len(server.delivered) < 24 * share and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = bought(server)
        assert before, "the run was killed before it bought anything"
        finished = run_cli(*words, "--format", "json")
        assert finished.code == 0, finished
        assert report_of(finished)["models"][0]["overall"]["n"] == 12
        twice = {work: n for work, n in bought(server).items() if n > 1}
        # What was on its way at the kill (3 answers, 3 verdicts) cannot be known to have been delivered.
        assert len(twice) <= 6, f"{len(twice)} of {len(before)} delivered before the kill were bought again"
        assert len(bought(server)) == 24


def test_ctrl_c_stops_in_good_order_and_the_same_command_continues(run_cli, tmp_path, questions):
    with ModelServer(latency_s=0.2) as server:
        words = ["run", *specs(server), "-q", str(questions), "--concurrency", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", *words],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while len(server.delivered) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "interrupted" in err
        assert "Traceback" not in err
        assert run_cli(*words).code == 0
        assert set(bought(server).values()) == {1}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("unparsable", "unparsed"),
        ("server_error", "provider_error"),
        ("html", "provider_error"),
        ("refusal", "refused"),
        ("content_filter", "filtered"),
    ],
)
def test_a_judge_that_fails_gives_no_score_and_resume_tries_again(run_cli, model_server, questions, fault, status):
    model_server.inject("judge", then=fault)
    quick = {"KOJUDGE_RETRY_ATTEMPTS": "2", "KOJUDGE_RETRY_WAIT_S": "0.01"}
    command = ["run", *specs(model_server), "-q", questions, "--limit", "2", "--name", "r", "--format", "json"]
    result = run_cli(*command, env=quick)
    assert result.code == 1, result
    (model,) = report_of(result)["models"]
    assert model["overall"]["mean"] is None
    assert (model["overall"]["n"], model["overall"]["failed"]) == (0, 4)
    assert model["failures"] == {status: 4}
    assert "kojudge resume r" in result.err
    model_server.clear_faults()
    resumed = run_cli("resume", "r", "--format", "json", env=quick)
    assert resumed.code == 0, resumed
    assert report_of(resumed)["models"][0]["overall"]["n"] == 4
    assert sum(r.model == "candidate" for r in model_server.delivered) == 4, "answers were bought again"


def test_a_candidate_that_fails_is_counted_and_its_later_turns_are_skipped(run_cli, model_server, questions):
    model_server.inject("candidate", then="server_error")
    quick = {"KOJUDGE_RETRY_ATTEMPTS": "2", "KOJUDGE_RETRY_WAIT_S": "0.01"}
    result = run_cli("run", *specs(model_server), "-q", questions, "--limit", "2", "--format", "json", env=quick)
    assert result.code == 1, result
    (model,) = report_of(result)["models"]
    assert model["failures"] == {"skipped": 4}
    assert model["answer_failures"] == {"provider_error": 2, "skipped": 2}


def test_a_wrong_key_stops_before_anything_is_written(run_cli, tmp_path, questions):
    with ModelServer(api_key="right-key") as server:
        result = run_cli("run", *specs(server), "-q", questions, env={"KOJUDGE_API_KEY": "wrong-key-123456"})
    assert result.code == 2, result
    assert result.err.count("\n") == 1
    assert "key" in result.err
    assert "wrong-key-123456" not in result.err
    runs = run_cli("runs", "--format", "json")
    assert runs.code == 2 or json.loads(runs.out)["runs"] == []


def test_a_key_refused_in_the_middle_stops_with_two_and_keeps_what_was_bought(run_cli, model_server, questions):
    model_server.inject("judge", "ok", then="unauthorized")
    result = run_cli("run", *specs(model_server), "-q", questions, "--name", "r", "--concurrency", "1")
    assert result.code == 2, result
    assert "authentication" in result.err
    model_server.clear_faults()
    assert run_cli("resume", "r").code == 0
    assert set(bought(model_server).values()) == {1}


def test_an_empty_account_stops_with_three_and_can_be_resumed(run_cli, model_server, questions):
    model_server.inject("candidate", "ok", "ok", then="quota")
    result = run_cli("run", *specs(model_server), "-q", questions, "--name", "r", "--concurrency", "1")
    assert result.code == 3, result
    assert "quota" in result.err
    shown = json.loads(run_cli("report", "r", "--format", "json").out)
    assert shown["status"] == "incomplete"
    assert "quota" in shown["stopped_because"]
    assert shown["models"][0]["failures"]["pending"] > 0
    model_server.clear_faults()
    assert run_cli("resume", "r").code == 0
    assert set(bought(model_server).values()) == {1}


def test_recorded_answers_are_judged_without_asking_a_candidate(run_cli, model_server, tmp_path):
    rows = [
        {**row, "outputs": ["한 시간 손님 수에 영업 시간을 곱합니다.", "손님 수를 셉니다. 시간을 곱합니다."]}
        for row in logickor_questions(3)
    ]
    write_jsonl(tmp_path / "generated" / "Qwen" / "m1" / "default.jsonl", rows)
    write_jsonl(tmp_path / "generated" / "qwen" / "m1" / "default.jsonl", rows, bom=True)
    judge = ["-j", f"compatible:judge@{model_server.openai_url}"]
    result = run_cli("run", "-m", "replay:generated", *judge, "--format", "json")
    assert result.code == 0, result
    assert {m["model"] for m in report_of(result)["models"]} == {"Qwen/m1/default", "qwen/m1/default"}
    assert {r.model for r in model_server.delivered if r.model} == {"judge"}


def test_ollama_is_asked_through_its_own_protocol(run_cli, model_server, questions):
    spec = f"ollama:candidate@{model_server.url}"
    judge = f"ollama:judge@{model_server.url}"
    result = run_cli("run", "-m", spec, "-j", judge, "-q", questions, "--limit", "2", "--format", "json")
    assert result.code == 0, result
    assert report_of(result)["models"][0]["overall"]["n"] == 4
    chats = [r.body for r in model_server.delivered if r.path == "/api/chat"]
    assert all(b["truncate"] is False and b["options"]["num_ctx"] for b in chats)


def test_samples_and_repeats_multiply_the_work(run_cli, model_server, questions):
    options = ["--limit", "1", "--samples", "2", "--judge-repeats", "3", "--format", "json"]
    result = run_cli("run", *specs(model_server), "-q", questions, *options)
    assert result.code == 0, result
    assert report_of(result)["models"][0]["overall"]["n"] == 2 * 2 * 3


def test_a_dry_run_writes_and_asks_nothing(run_cli, model_server, tmp_path, questions):
    result = run_cli("run", *specs(model_server), "-q", questions, "--dry-run")
    assert result.code == 0, result
    assert "12 answers" in result.out
    assert not model_server.requests
    assert not (tmp_path / "kojudge.db").exists()


def test_no_secret_reaches_output_or_disk(run_cli, tmp_path, questions):
    secret = "sk-planted-secret-0123456789"
    with ModelServer(api_key=secret) as server:
        result = run_cli("run", *specs(server), "-q", questions, "--limit", "1", env={"KOJUDGE_API_KEY": secret})
    assert result.code == 0, result
    assert secret not in result.out + result.err
    for file in tmp_path.glob("kojudge.db*"):
        assert secret.encode() not in file.read_bytes(), file


def test_the_database_can_be_named_by_the_environment(run_cli, model_server, tmp_path, questions):
    named = {"KOJUDGE_DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere.db"}
    assert run_cli("run", *specs(model_server), "-q", questions, "--limit", "1", env=named).code == 0
    assert (tmp_path / "elsewhere.db").exists()
    assert not (tmp_path / "kojudge.db").exists()


def test_what_was_paid_for_stays_on_the_bill_when_it_was_of_no_use(run_cli, model_server, questions):
    model_server.inject("judge", *["unparsable"] * 4)
    base = ["-q", questions, "--limit", "1", "--name", "r", "--format", "json"]
    assert run_cli("run", *specs(model_server), *base).code == 1
    resumed = run_cli("resume", "r", "--format", "json")
    assert resumed.code == 0, resumed
    assert report_of(resumed)["models"][0]["usage"]["judge"]["calls"] == 6


def test_an_absurd_token_count_does_no_harm(run_cli, model_server, questions):
    model_server.behave("candidate", Reply("손님 수를 세어 어림합니다.", usage=TokenUsage(2**70, 2**70)))
    result = run_cli("run", *specs(model_server), "-q", questions, "--limit", "1", "--format", "json")
    assert result.code == 0, result
    assert report_of(result)["models"][0]["overall"]["n"] == 2


def test_half_a_character_in_a_verdict_is_stored_like_any_other(run_cli, model_server, questions):
    model_server.behave("judge", r'{"evaluation": "좋습니다 \ud83d 끝", "score": 7}')
    words = ["run", *specs(model_server), "-q", questions, "--limit", "1", "--name", "r", "--format", "json"]
    result = run_cli(*words)
    assert set(bought(model_server).values()) == {1}, result
    assert "refused a write" not in result.err
    again = run_cli(*words)
    assert set(bought(model_server).values()) == {1}, again


def test_a_terminal_that_goes_away_ends_no_run(run_cli, tmp_path, questions):
    with ModelServer(latency_s=0.05) as server:
        server.inject("candidate", "server_error", "server_error")
        words = ["run", *specs(server), "-q", str(questions), "--name", "r", "--concurrency", "2"]
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", *words],
            cwd=tmp_path,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stderr is not None
        process.stderr.close()
        process.communicate(timeout=60)
        assert process.returncode == 0
        assert len(bought(server)) == 24


def test_a_conversation_is_shown_once_when_its_id_is_its_sample(run_cli, model_server, questions):
    words = [*specs(model_server), "-q", questions, "--limit", "2", "--samples", "3", "--name", "r"]
    assert run_cli("run", *words).code == 0
    shown = run_cli("show", "r", "compatible:candidate#1#1", "--format", "json")
    assert len(json.loads(shown.out)["conversations"]) == 1, shown


def test_a_verdict_cut_inside_its_number_is_no_score(run_cli, model_server, questions):
    model_server.behave("judge", Reply("평가: 흠잡을 데가 없습니다.\n점수: 1", finish_reason="length"))
    result = run_cli("run", *specs(model_server), "-q", questions, "--limit", "1", "--format", "json")
    assert result.code == 1, result
    (model,) = report_of(result)["models"]
    assert model["failures"] == {"truncated": 2}
    assert model["overall"]["mean"] is None
