"""A judge whose reply is no verdict is asked once more: both replies are kept, and each is paid for once."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CliResult, clean_environment
from tests.servers.behaviour import text_of
from tests.servers.faults import Body, Reply
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, specs, write_jsonl, write_plan

Run = Callable[..., CliResult]
VAGUE, CLEAR = "좋은 답변입니다.", "평가: 물음에 맞다.\n점수: 7"


def asked_again(body: Body) -> bool:
    return [m["role"] for m in body["messages"]][-2:] == ["assistant", "user"]


def judge(first: str | Reply, second: str | Reply) -> Callable[[Body], str | Reply]:
    return lambda body: second if asked_again(body) else first


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(2))


def verdicts(run_cli: Run, folder: Path) -> list[dict[str, Any]]:
    done = run_cli("export", "jsonl", "r", folder)
    assert done.code == 0, done
    rows = (folder / "conversations.jsonl").read_text("utf-8").splitlines()
    return [verdict for row in rows for verdict in json.loads(row)["verdicts"]]


def work_key(folder: Path, verdict: dict[str, Any]) -> str:
    with sqlite3.connect(folder / "kojudge.db") as connection:
        asked = "SELECT work_key FROM completions WHERE id = ?"
        found = connection.execute(asked, (verdict["criteria"]["asked_again"]["completion"],)).fetchone()
    assert found, verdict
    return str(found[0])


def judged(server: ModelServer) -> list[Body]:
    return [r.body for r in server.delivered if r.model == "judge"]


def test_the_second_reply_is_the_verdict_and_says_why_it_was_asked(
    run_cli: Run, model_server: ModelServer, questions: Path, tmp_path: Path
) -> None:
    model_server.behave("judge", judge(VAGUE, CLEAR))
    words = ["run", *specs(model_server), "-q", questions, "--name", "r", "--format", "json"]
    done = run_cli(*words)
    assert done.code == 0, done
    stored = verdicts(run_cli, tmp_path / "out")
    assert [v["score"] for v in stored] == [7.0] * 4
    assert {v["criteria"]["asked_again"]["because"] for v in stored} == {"no final score"}
    assert len({work_key(tmp_path, v) for v in stored}) == 4
    assert json.loads(done.out)["models"][0]["usage"]["judge"]["calls"] == 8
    second = next(body for body in judged(model_server) if asked_again(body))
    assert text_of(second["messages"][-2]) == VAGUE
    assert "(no final score)" in text_of(second["messages"][-1])
    assert "점수: (0~10 사이의 정수 하나)" in text_of(second["messages"][-1])
    shown = run_cli("show", "r", "1").out
    assert "다시 물음: no final score" in shown
    assert f"심판의 회신 1\n{VAGUE}\n심판의 회신 2\n{CLEAR}\n" in shown, shown
    assert {tuple(v["replies"]) for v in stored} == {(VAGUE, CLEAR)}
    work = bought(model_server)
    assert run_cli(*words).code == 0
    assert bought(model_server) == work


@pytest.mark.parametrize(
    "first",
    [
        CLEAR,
        Reply("점수: ", finish_reason="length"),
        Reply("", refusal="채점할 수 없습니다."),
        Reply("", finish_reason="content_filter"),
    ],
    ids=["a verdict", "cut", "refused", "filtered"],
)
def test_only_what_could_not_be_read_is_asked_again(
    run_cli: Run, model_server: ModelServer, questions: Path, tmp_path: Path, first: str | Reply
) -> None:
    model_server.behave("judge", first)
    done = run_cli("run", *specs(model_server), "-q", questions, "--name", "r")
    assert done.code == (0 if first == CLEAR else 1), done
    assert not any(map(asked_again, judged(model_server)))
    kept = (first.refusal or first.content,) if isinstance(first, Reply) else ()
    assert {tuple(v["replies"]) for v in verdicts(run_cli, tmp_path / "out")} == {kept}


def test_it_ends_after_the_second_reply_and_a_resume_begins_anew(
    run_cli: Run, model_server: ModelServer, questions: Path, tmp_path: Path
) -> None:
    model_server.behave("judge", judge(VAGUE, "점수: 7\n점수: 8"))
    done = run_cli("run", *specs(model_server), "-q", questions, "--name", "r")
    assert done.code == 1, done
    assert len(judged(model_server)) == 8
    stored = verdicts(run_cli, tmp_path / "out")
    assert {(v["status"], v["error"]) for v in stored} == {("unparsed", "judge: several different final scores")}
    assert {v["criteria"]["asked_again"]["because"] for v in stored} == {"no final score"}
    model_server.behave("judge", judge(VAGUE, CLEAR))
    done = run_cli("resume", "r")
    assert done.code == 0, done
    assert len(judged(model_server)) == 16
    assert [v["score"] for v in verdicts(run_cli, tmp_path / "again")] == [7.0] * 4


def test_what_two_models_answered_alike_is_asked_again_once(
    run_cli: Run, model_server: ModelServer, questions: Path
) -> None:
    url = model_server.openai_url
    for model in ("candidate", "other"):
        model_server.behave(model, "같은 답입니다. 매출은 손님 수로 어림합니다.")
    model_server.behave("judge", judge(VAGUE, VAGUE))
    models = ["-m", f"compatible:candidate@{url}", "-m", f"compatible:other@{url}", "-j", f"compatible:judge@{url}"]
    done = run_cli("run", *models, "-q", questions, "--name", "r")
    assert done.code == 1, done
    assert len(judged(model_server)) == 8


def test_a_failed_second_asking_is_a_failure_and_the_first_reply_serves_on_resume(
    run_cli: Run, model_server: ModelServer, questions: Path, tmp_path: Path
) -> None:
    model_server.behave("judge", judge(VAGUE, CLEAR))
    model_server.inject("judge", *["context_length"] * 4, when=asked_again)
    done = run_cli("run", *specs(model_server), "-q", questions, "--name", "r")
    assert done.code == 1, done
    stored = verdicts(run_cli, tmp_path / "out")
    assert {v["status"] for v in stored} == {"provider_error"}
    assert len({v["criteria"]["asked_again"]["completion"] for v in stored}) == 4
    assert {tuple(v["replies"]) for v in stored} == {(VAGUE,)}
    before = len(judged(model_server))
    assert run_cli("resume", "r").code == 0
    assert len(judged(model_server)) == before + 4


def test_it_can_be_turned_off(run_cli: Run, model_server: ModelServer, questions: Path, tmp_path: Path) -> None:
    model_server.behave("judge", judge(VAGUE, CLEAR))
    url = model_server.openai_url
    plan = write_plan(
        tmp_path / "plan.yaml",
        models=[f"compatible:candidate@{url}"],
        judges=[f"compatible:judge@{url}"],
        questions=[str(questions)],
        reask=False,
    )
    off = run_cli("run", plan, "--name", "r", "--format", "json")
    assert off.code == 1, off
    assert json.loads(off.out)["models"][0]["failures"] == {"unparsed": 4}
    on = run_cli("run", *specs(model_server), "-q", questions, "--name", "r")
    assert on.code == 2
    assert "reask" in on.err
    other = run_cli("run", *specs(model_server), "-q", questions, "--name", "s", "--format", "json")
    assert other.code == 0, other
    assert json.loads(other.out)["comparability_key"] != json.loads(off.out)["comparability_key"]


def test_a_run_killed_between_the_two_asks_for_the_second_only(
    run_cli: Run, model_server: ModelServer, questions: Path, tmp_path: Path
) -> None:
    model_server.behave("judge", judge(VAGUE, Reply(CLEAR, latency_s=30.0)))
    words = ["run", *specs(model_server), "-q", str(questions), "--name", "r"]
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *words],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if sum(r.model == "judge" and asked_again(r.body) for r in model_server.requests) == 4:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(judged(model_server)) == 4, "every first reply, and no second"
    model_server.behave("judge", judge(VAGUE, CLEAR))
    done = run_cli(*words)
    assert done.code == 0, done
    after = judged(model_server)[4:]
    assert len(after) == 4
    assert all(map(asked_again, after))
    assert [v["score"] for v in verdicts(run_cli, tmp_path / "out")] == [7.0] * 4


def test_in_batches_the_second_asking_is_in_the_next_wave(run_cli: Run, questions: Path, tmp_path: Path) -> None:
    with ModelServer(("gpt-6-luna", "gpt-6-sol")) as server:
        server.behave("gpt-6-sol", judge(VAGUE, json.dumps({"evaluation": "맞다.", "evidence": [], "score": 7})))
        env = {"OPENAI_API_KEY": "sk-planted-0123456789", "KOJUDGE_BATCH_POLL_S": "0.05"}
        models = ["-m", f"openai:gpt-6-luna@{server.openai_url}", "-j", f"openai:gpt-6-sol@{server.openai_url}"]
        words = ["run", *models, "-q", questions, "--name", "r", "--batch", "--yes", "--format", "json"]
        done = run_cli(*words, env=env)
        assert done.code == 0, done
        assert json.loads(done.out)["models"][0]["usage"]["judge"]["calls"] == 8
        assert [v["score"] for v in verdicts(run_cli, tmp_path / "out")] == [7.0] * 4
