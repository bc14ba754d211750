"""Whole runs in batches: the same report for half the price, and nothing handed in twice whatever happens."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from service.cli import main
from tests.conftest import FOREIGN, CliResult, clean_environment
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, write_jsonl

Run = Callable[..., CliResult]
CANDIDATE, JUDGE = "gpt-6-luna", "gpt-6-sol"
ENV = {
    "OPENAI_API_KEY": "sk-planted-0123456789",
    "KOJUDGE_BATCH_POLL_S": "0.05",
    "KOJUDGE_RETRY_ATTEMPTS": "4",
    "KOJUDGE_RETRY_WAIT_S": "0.01",
}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer((CANDIDATE, JUDGE)) as running:
        yield running


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(4))


@pytest.fixture
def run_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: no test of a signal, and no second of imports a call."""
    for name in [n for n in os.environ if n.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*args: str | Path, env: Mapping[str, str]) -> CliResult:
        said = tuple(str(arg) for arg in args)
        with monkeypatch.context() as patched:
            for name, value in (env | {"NO_COLOR": "1", "COLUMNS": "120"}).items():
                patched.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main(list(said))
        captured = capsys.readouterr()
        return CliResult(said, int(ended.value.code or 0), captured.out, captured.err)

    return run


def words(server: ModelServer, questions: Path, *more: str) -> list[str]:
    url = server.openai_url
    models = ["-m", f"openai:{CANDIDATE}@{url}", "-j", f"openai:{JUDGE}@{url}"]
    return ["run", *models, "-q", str(questions), "--name", "b", "--format", "json", *more]


def report_of(result: CliResult) -> dict[str, Any]:
    assert result.out.startswith("{"), result
    report: dict[str, Any] = json.loads(result.out)
    return report


def start(tmp_path: Path, command: list[str], env: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", *command],
        cwd=tmp_path,
        env=clean_environment(ENV | (env or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(happened: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def assert_bought_once(server: ModelServer, units: int = 16) -> None:
    assert set(server.batches.submitted.values()) == {1}, "work was handed in twice"
    assert len(server.batches.submitted) == units
    assert set(bought(server).values()) == {1}
    assert len(bought(server)) == units


def priced(tmp_path: Path, server: ModelServer, questions: Path) -> list[str]:
    """`words` with a plan file that prices both models: behind this address the table's prices do not hold."""
    specs = [f"openai:{name}@{server.openai_url}" for name in (CANDIDATE, JUDGE)]
    plan = {
        "models": specs[:1],
        "judges": specs[1:],
        "questions": [str(questions)],
        "endpoints": {spec: {"price": {"input": 10, "output": 20, "batch": 0.5}} for spec in specs},
    }
    path = tmp_path / "plan.yaml"
    path.write_text(json.dumps(plan), encoding="utf-8")
    return ["run", str(path), "--name", "b", "--format", "json"]


def test_a_run_in_batches_is_the_live_run_at_half_the_price(run_here: Run, tmp_path, server, questions: Path):
    command = priced(tmp_path, server, questions)
    live = report_of(run_here(*command, "--name", "live", "--database", "sqlite:///l.db", env=ENV))
    server.forget()
    result = run_here(*command, "--batch", env=ENV)
    assert result.code == 0, result
    batched = report_of(result)
    assert_bought_once(server)
    assert all(r.method == "BATCH" for r in server.delivered), "something was asked live"
    costs = [report["models"][0].pop("cost_usd") for report in (live, batched)]
    assert costs[1] == pytest.approx(costs[0] / 2)
    assert {tier for e in batched["endpoints"] for tier in e["service_tiers"]} == {"batch"}
    for report in (live, batched):
        del report["created_at"], report["run"], report["endpoints"]
    assert batched == live
    assert "of 4: in_progress 0/4" in result.err or "completed 4/4 answers" in result.err
    again = run_here(*command, "--batch", env=ENV)
    assert again.code == 0, again
    assert_bought_once(server)


def test_a_cap_holds_over_open_batches_and_is_gone_on_with(run_here: Run, tmp_path, server, questions: Path):
    command = [*priced(tmp_path, server, questions), "--batch"]
    # An answer may cost 2048 tokens at 20 dollars a million, half of it in the lane: two of them fit under this cap.
    short = run_here(*command, "--max-cost", "0.05", env=ENV)
    assert short.code == 3, short
    assert "stopped at the cost limit" in short.err, short
    spent = report_of(run_here("report", "b", "--format", "json", env=ENV))["models"][0]["cost_usd"]
    assert spent <= 0.05
    rest = run_here(*command, "--max-cost", "100", env=ENV)
    assert rest.code == 0, rest
    assert report_of(rest)["models"][0]["overall"]["n"] == 8
    assert_bought_once(server)


@pytest.mark.parametrize("made", [1, 2, 3, 4])
def test_a_run_killed_at_any_wave_hands_nothing_in_twice(run_here, tmp_path, server, questions, made):
    server.batches.polls = 3
    process = start(tmp_path, words(server, questions, "--batch"))
    wait_for(lambda: len(server.batches.batches) >= made, process)
    process.kill()
    process.communicate()
    result = run_here("resume", "b", "--format", "json", env=ENV)
    assert result.code == 0, result
    assert report_of(result)["models"][0]["overall"]["n"] == 8
    assert_bought_once(server)


def test_a_run_killed_while_it_waits_is_collected_later(run_here, tmp_path, server, questions):
    server.batches.hold = True
    process = start(tmp_path, words(server, questions, "--batch"))
    wait_for(lambda: server.batches.polled >= 3, process)
    process.kill()
    process.communicate()
    server.batches.hold = False
    assert run_here(*words(server, questions, "--batch"), env=ENV).code == 0
    assert_bought_once(server)


def test_a_batch_created_just_before_a_kill_is_found_by_its_label(run_here, tmp_path, server, questions):
    server.batches.faults["create"] = ["hang"]
    process = start(tmp_path, words(server, questions, "--batch"))
    wait_for(lambda: len(server.batches.batches) == 1, process)
    process.kill()
    process.communicate()
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0
    assert_bought_once(server)


def test_a_kill_before_the_creation_sets_the_work_free(run_here, tmp_path, server, questions):
    server.batches.faults["upload"] = ["hang"]
    process = start(tmp_path, words(server, questions, "--batch"))
    wait_for(lambda: len(server.batches.files) == 1, process)
    process.kill()
    process.communicate()
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0
    assert_bought_once(server)


def test_a_creation_whose_reply_is_lost_is_found_and_not_repeated(run_here, server, questions):
    server.batches.faults["create"] = ["lost", "500", "lost"]
    server.batches.faults["poll"] = ["500", "lost", "429"]
    server.batches.faults["content"] = ["cut"]
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    assert_bought_once(server)


def test_a_lost_creation_that_comes_to_light_late_leaves_one_batch(run_here, server, questions):
    server.batches.faults["create"] = ["late"]
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    states = [b.state for b in server.batches.batches.values()]
    assert states == ["completed", "cancelled", "completed", "completed", "completed"]
    assert_bought_once(server)


def test_what_expired_is_handed_in_again_and_the_rest_is_kept(run_here, server, questions):
    server.batches.expire_after = [3]
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    assert "collected answers 3/4 · without a result 1 not_processed" in result.err
    assert sorted(server.batches.submitted.values()) == [1] * 15 + [2]
    assert set(bought(server).values()) == {1}
    assert report_of(result)["models"][0]["usage"]["candidate"]["calls"] == 4 * 2


def test_what_never_comes_is_a_counted_failure(run_here, server, questions):
    server.batches.expire_after = [0] * 3
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 1, result
    (model,) = report_of(result)["models"]
    assert model["failures"] == {"skipped": 8}
    assert model["answer_failures"] == {"provider_error": 4, "skipped": 4}
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0


def test_garbage_and_duplicates_in_result_files_cost_nothing(run_here, server, questions):
    server.batches.mess = True
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    assert "4 lines could not be read" in result.err
    assert_bought_once(server)
    usage = report_of(result)["models"][0]["usage"]
    assert (usage["candidate"]["calls"], usage["judge"]["calls"]) == (8, 8)


def test_error_lines_are_typed_and_resume_tries_them_again(run_here, server, questions):
    server.inject(CANDIDATE, "ok", "content_policy")
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 1, result
    (model,) = report_of(result)["models"]
    assert model["answer_failures"] == {"provider_error": 1, "skipped": 1}
    assert (model["overall"]["n"], model["overall"]["failed"]) == (6, 2)
    resumed = run_here("resume", "b", "--format", "json", env=ENV)
    assert resumed.code == 0, resumed
    assert all(r.method == "BATCH" for r in server.delivered), "the resume left the lane"
    assert set(bought(server).values()) == {1}


def test_a_passing_error_line_is_handed_in_again(run_here, server, questions):
    server.inject(JUDGE, "ok", "server_error")
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    assert sorted(server.batches.submitted.values()) == [1] * 15 + [2]


def test_a_useless_verdict_is_not_bought_again_in_the_same_session(run_here, server, questions):
    again: list[bool] = []

    def stubborn(body):
        if any(m["role"] == "assistant" for m in body["messages"]):
            again.append(True)
        return "대체로 훌륭합니다."

    server.behave(JUDGE, stubborn)
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 1, result
    (model,) = report_of(result)["models"]
    assert model["failures"] == {"unparsed": 8}
    assert len(again) == 8, "each was asked about once more"
    assert list(server.batches.submitted.values()) == [1] * 24
    server.behave(JUDGE)
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0
    assert sorted(server.batches.submitted.values()) == [1] * 16 + [2] * 8


def test_an_empty_account_stops_with_three_and_keeps_the_rest(run_here, server, questions):
    server.inject(CANDIDATE, "ok", "ok", "quota", "quota")
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 3, result
    assert "quota" in result.err
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0
    assert set(bought(server).values()) == {1}


def test_a_refused_batch_stops_with_the_vendors_words(run_here, server, questions):
    server.batches.refuse = [("invalid_model", "The model does not exist or you have no access to it.")]
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 2, result
    assert "The model does not exist or you have no access to it." in result.err.splitlines()[-1]
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0
    assert_bought_once(server)


def test_a_batch_cancelled_in_the_console_stops_the_run_and_resume_goes_on(run_here, tmp_path, server, questions):
    server.batches.hold = True
    process = start(tmp_path, words(server, questions, "--batch"))
    wait_for(lambda: server.batches.polled >= 2, process)
    (batch,) = server.batches.batches.values()
    batch.state, batch.ended_at = "cancelled", time.time()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert "was cancelled at the vendor's" in err
    server.batches.hold = False
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0
    assert_bought_once(server)


@pytest.mark.parametrize("limit", [3, 6])
def test_a_full_queue_is_asked_for_less_or_waited_for(run_here, server, questions, limit):
    server.batches.limit = limit
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    assert_bought_once(server)


def test_many_requests_are_split_into_batches(run_here, server, questions):
    result = run_here(*words(server, questions, "--batch"), env=ENV | {"KOJUDGE_BATCH_SIZE": "3"})
    assert result.code == 0, result
    assert [len(b.requests) for b in server.batches.batches.values()][:2] == [3, 1]
    assert max(len(b.requests) for b in server.batches.batches.values()) == 3
    assert_bought_once(server)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_batches_open_and_says_so(run_here, tmp_path, server, questions, number):
    server.batches.hold = True
    process = start(tmp_path, words(server, questions, "--batch"), {"KOJUDGE_BATCH_POLL_S": "5"})
    wait_for(lambda: server.batches.polled >= 1, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "1 batch is open (4 requests); `kojudge resume b`" in err
    assert "Traceback" not in err
    refused = run_here("resume", "b", "--no-batch", env=ENV)
    assert refused.code == 2, refused
    assert "open" in refused.err
    server.batches.hold = False
    assert run_here("resume", "b", "--format", "json", env=ENV).code == 0
    assert_bought_once(server)


def test_without_waiting_a_run_goes_one_wave_a_call(run_here, server, questions):
    server.batches.hold = True
    first = run_here(*words(server, questions, "--batch", "--no-wait"), env=ENV)
    assert first.code == 1, first
    assert "1 batch is open (4 requests)" in first.err
    assert report_of(first)["status"] == "incomplete"
    idle = run_here("resume", "b", "--no-wait", "--format", "json", env=ENV)
    assert idle.code == 1, idle
    assert "1 batch is open (4 requests)" in idle.err
    server.batches.hold = False
    codes = [run_here("resume", "b", "--no-wait", "--format", "json", env=ENV).code for _ in range(3)]
    assert codes == [1, 1, 0]
    assert_bought_once(server)


def test_endpoints_without_a_batch_lane_are_asked_live(run_here, server, questions):
    url = server.openai_url
    models = ["-m", f"compatible:{CANDIDATE}@{url}", "-j", f"openai:{JUDGE}@{url}", "-j", "scripted:rules"]
    words = ["run", *models, "--allow-self-judging", "-q", questions, "--batch", "--format", "json"]
    result = run_here(*words, env=ENV)
    assert result.code == 0, result
    assert report_of(result)["models"][0]["overall"]["n"] == 8  # one verdict of the jury on each answer
    assert {(r.model, r.method) for r in server.delivered} == {(CANDIDATE, "POST"), (JUDGE, "BATCH")}
    assert set(bought(server).values()) == {1}


def test_batches_where_nobody_takes_them_are_refused_before_anything_is_written(run_here, tmp_path, server, questions):
    models = ["-m", f"compatible:{CANDIDATE}@{server.openai_url}", "-j", "scripted:rules"]
    result = run_here("run", *models, "-q", questions, "--batch", env=ENV)
    assert result.code == 2, result
    assert result.err.count("\n") == 1
    assert "openai" in result.err
    assert not (tmp_path / "kojudge.db").exists()


def test_another_run_never_buys_what_an_open_batch_carries(run_here, server, questions):
    server.batches.hold = True
    assert run_here(*words(server, questions, "--batch", "--no-wait"), env=ENV).code == 1
    live = run_here(*words(server, questions, "--name", "live"), env=ENV)
    assert live.code == 1, live
    assert "`kojudge resume b`" in live.err
    assert not server.delivered
    server.batches.hold = False
    batched = run_here(*words(server, questions, "--name", "other", "--batch"), env=ENV)
    assert batched.code == 0, batched
    for name in ("b", "live"):
        assert run_here("resume", name, "--format", "json", env=ENV).code == 0
    assert_bought_once(server)


def test_the_same_question_twice_is_handed_in_once(run_here, server, tmp_path):
    row = logickor_questions(1)[0]
    questions = write_jsonl(tmp_path / "twins.jsonl", [row, row | {"id": 2}])
    result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    assert report_of(result)["models"][0]["overall"]["n"] == 4
    assert_bought_once(server, len(server.batches.submitted))


def test_a_wrong_key_stops_before_anything_is_handed_in(run_here, tmp_path, questions):
    with ModelServer((CANDIDATE, JUDGE), api_key="right-key") as server:
        result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 2, result
    assert not server.batches.files
    assert ENV["OPENAI_API_KEY"] not in result.err


def test_no_secret_reaches_output_disk_or_the_batch_file(run_here, tmp_path, questions):
    secret = ENV["OPENAI_API_KEY"]
    with ModelServer((CANDIDATE, JUDGE), api_key=secret) as server:
        result = run_here(*words(server, questions, "--batch"), env=ENV)
    assert result.code == 0, result
    assert secret not in result.out + result.err
    assert not any(secret.encode() in content for content in server.batches.files.values())
    for file in tmp_path.glob("kojudge.db*"):
        assert secret.encode() not in file.read_bytes(), file
