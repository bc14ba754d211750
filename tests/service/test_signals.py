"""Ctrl-C and SIGTERM, with a real process, at every stage of a command."""

import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import clean_environment
from tests.servers.faults import rate_limited
from tests.servers.model_server import ModelServer
from tests.service.processes import Running, wait_until
from tests.service.support import bought, logickor_questions, specs, write_jsonl

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
SHORT_GRACE = "import service.pipeline as p; p.GRACE_S = 1.0; from service.cli import main; main()"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(6))


def words(server: ModelServer, questions: Path) -> list[str | Path]:
    return ["run", *specs(server), "-q", questions, "--name", "r", "--concurrency", "2"]


def calls(server: ModelServer) -> int:
    return sum(r.path.endswith("chat/completions") for r in server.requests)


def interrupted(ended) -> None:
    assert ended.code == 130, ended
    assert "Traceback" not in ended.err, ended
    assert "never retrieved" not in ended.err, ended


@BOTH
def test_slow_calls_in_flight_finish_and_are_kept(tmp_path, questions, number):
    with ModelServer(latency_s=1.5) as server:
        with Running(tmp_path, *words(server, questions)) as run:
            wait_until(lambda: calls(server) >= 2, "asked", run)
            run.signal(number)
            ended = run.end()
        interrupted(ended)
        assert "interrupted; everything delivered so far is kept" in ended.err
        assert len(bought(server)) == 2, "something was asked after the signal"
    kept = sqlite3.connect(tmp_path / "kojudge.db").execute("SELECT count(*) FROM completions").fetchone()
    assert kept == (2,)


@BOTH
def test_what_finished_in_the_grace_period_is_not_bought_again(run_cli, tmp_path, questions, number):
    with ModelServer(latency_s=0.5) as server:
        with Running(tmp_path, *words(server, questions)) as run:
            wait_until(lambda: calls(server) >= 2, "asked", run)
            run.signal(number)
            interrupted(run.end())
        assert run_cli(*words(server, questions)).code == 0
        assert set(bought(server).values()) == {1}


@BOTH
def test_the_second_signal_ends_at_once(tmp_path, questions, number):
    with ModelServer(latency_s=50) as server, Running(tmp_path, *words(server, questions)) as run:
        wait_until(lambda: calls(server) >= 2, "asked", run)
        run.signal(number)
        time.sleep(0.3)
        assert run.process.poll() is None, "the first signal did not wait for what is in flight"
        run.signal(number)
        interrupted(run.end())


def test_a_call_that_hangs_beyond_the_grace_period_is_given_up(tmp_path, questions):
    with ModelServer(latency_s=50) as server, Running(tmp_path, *words(server, questions), code=SHORT_GRACE) as run:
        wait_until(lambda: calls(server) >= 2, "asked", run)
        run.signal(signal.SIGTERM)
        interrupted(run.end())


@BOTH
def test_while_it_waits_for_a_server(tmp_path, questions, number):
    nobody = ["-m", "compatible:m@http://127.0.0.1:9/v1", "-j", "scripted:rules", "--wait", "60"]
    with Running(tmp_path, "run", *nobody, "-q", questions) as run:
        assert run.process.stderr is not None
        assert "waiting for" in run.process.stderr.readline()
        run.signal(number)
        interrupted(run.end())


@BOTH
def test_while_it_waits_for_another_process(tmp_path, questions, number):
    with ModelServer(latency_s=1.5) as server, Running(tmp_path, *words(server, questions)) as first:
        wait_until(lambda: calls(server) >= 4, "asked", first)
        time.sleep(0.5)  # a process that is stopped while it writes keeps the database locked
        first.signal(signal.SIGSTOP)
        with Running(tmp_path, "resume", "r", env={"KOJUDGE_LEASE_S": "600"}) as second:
            assert second.process.stderr is not None
            assert "belongs to process" in second.process.stderr.readline()
            second.signal(number)
            interrupted(second.end())
        first.signal(signal.SIGCONT)
        assert first.end().code == 0


@BOTH
@pytest.mark.parametrize("after_s", [0.3, 0.6, 1.0])
def test_while_it_starts(tmp_path, number, after_s):
    # From `main` on; before that the interpreter itself has no say yet.
    code = "print('on', flush=True); from service.cli import main; main()"
    with ModelServer(latency_s=1) as server:
        plan = ["run", *specs(server)]
        with Running(tmp_path, *plan, code="import signal, service.cli; " + code) as run:
            assert run.process.stdout is not None
            run.process.stdout.readline()
            time.sleep(after_s)
            run.signal(number)
            interrupted(run.end())


def test_the_terminal_is_left_as_it_was(tmp_path, questions):
    """The bars hide the cursor; an interrupted run shows it again."""
    with ModelServer(latency_s=0.3) as server:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", *map(str, words(server, questions))],
            cwd=tmp_path,
            env=clean_environment({"TERM": "xterm"}),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        wait_until(lambda: calls(server) >= 2, "asked")
        process.send_signal(signal.SIGINT)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        os.close(ours)
        assert process.wait(60) == 130, shown
    assert b"\x1b[?25l" in shown, "the bars were not shown"
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l"), "the cursor stays hidden"


@pytest.mark.parametrize("fault", ["busy", rate_limited(retry_after=100)], ids=["away", "retry-after"])
def test_what_only_waits_ends_at_once_and_is_open_not_failed(run_cli, tmp_path, questions, fault):
    """The grace period is far longer than this test: a call that has not gone out is not waited for."""
    long_grace = "import service.pipeline as p; p.GRACE_S = 3600.0; from service.cli import main; main()"
    with ModelServer() as server:
        server.inject("candidate", then=fault)
        with Running(tmp_path, *words(server, questions), code=long_grace) as run:
            wait_until(lambda: calls(server) >= 2, "asked", run)
            run.signal(signal.SIGTERM)
            interrupted(run.end())
        server.clear_faults()
        done = run_cli(*words(server, questions))
        assert done.code == 0, done
        assert len(bought(server)) == 24


def test_a_closed_terminal_stops_in_good_order(tmp_path, questions):
    with ModelServer(latency_s=1.0) as server:
        with Running(tmp_path, *words(server, questions)) as run:
            wait_until(lambda: calls(server) >= 2, "asked", run)
            run.signal(signal.SIGHUP)
            interrupted(run.end())
        assert len(bought(server)) == 2
    kept = sqlite3.connect(tmp_path / "kojudge.db").execute("SELECT count(*) FROM completions").fetchone()
    assert kept == (2,)


def test_two_processes_that_begin_the_same_run_make_one(tmp_path, questions):
    with ModelServer(latency_s=1.0) as server:
        with Running(tmp_path, *words(server, questions)) as one, Running(tmp_path, *words(server, questions)) as other:
            ended = [one.end(), other.end()]
        assert sorted(e.code for e in ended) == [0, 2], ended
        refused = next(e for e in ended if e.code == 2)
        assert "being worked on by process" in refused.err, refused
        assert set(bought(server).values()) == {1}
