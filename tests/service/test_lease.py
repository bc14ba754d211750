"""Two processes never do the same run's work: a second one is refused, or takes over what nobody works on."""

import json
import os
import signal
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from service.store.holder import Holder
from tests.servers.model_server import ModelServer
from tests.service.processes import Running, wait_until
from tests.service.support import bought, logickor_questions, specs, write_jsonl

QUICK = {"KOJUDGE_LEASE_S": "1.5"}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(8))


def run_words(server: ModelServer, questions: Path) -> list[str]:
    return ["run", *specs(server), "-q", str(questions), "--name", "r", "--concurrency", "2"]


def leases(folder: Path) -> list[tuple[int, str]]:
    if not (folder / "kojudge.db").exists():
        return []
    connection = sqlite3.connect(folder / "kojudge.db")
    try:
        return connection.execute("SELECT beats, holder FROM leases").fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()


@pytest.mark.parametrize("again", ["run", "resume"])
def test_a_second_process_is_refused_and_nothing_is_done_twice(run_cli, tmp_path, questions, again):
    with ModelServer(latency_s=0.4) as server:
        words = run_words(server, questions)
        with Running(tmp_path, *words, env=QUICK) as first:
            wait_until(lambda: len(server.delivered) > 2, "worked", first)
            second = run_cli(*(words if again == "run" else ["resume", "r"]), env=QUICK)
            assert second.code == 2, second
            last = second.err.strip().splitlines()[-1]
            assert f"run 'r' is being worked on by process {first.process.pid} on " in last, second
            assert "try again" in last
            done = first.end()
        assert done.code == 0, done
        assert set(bought(server).values()) == {1}
        assert len(bought(server)) == 32
    assert leases(tmp_path) == []


def test_a_killed_process_leaves_its_run_at_once(run_cli, tmp_path, questions):
    with ModelServer(latency_s=0.05) as server:
        with Running(tmp_path, *run_words(server, questions)) as first:
            wait_until(lambda: len(server.delivered) > 6, "worked", first)
            first.signal(signal.SIGKILL)
            first.end()
        assert len(leases(tmp_path)) == 1
        # Far longer than a test may take: it is not waited for.
        resumed = run_cli("resume", "r", env={"KOJUDGE_LEASE_S": "3600"})
    assert resumed.code == 0, resumed
    assert "belongs to" not in resumed.err
    assert leases(tmp_path) == []


def test_a_suspended_process_loses_its_run_and_stops_when_it_wakes(run_cli, tmp_path, questions):
    with ModelServer(latency_s=0.1) as server:
        with Running(tmp_path, *run_words(server, questions), env=QUICK) as first:
            wait_until(lambda: len(server.delivered) > 6, "worked", first)
            wait_until(lambda: _suspended(first, tmp_path), "suspended outside a transaction", first)
            time.sleep(0.3)  # what was in flight arrives at the sleeping process
            second = run_cli("resume", "r", "--format", "json", env=QUICK)
            assert second.code == 0, second
            assert f"belongs to process {first.process.pid}" in second.err
            before = len(server.delivered)
            first.signal(signal.SIGCONT)
            woken = first.end()
            assert woken.code == 2, woken
            assert "run 'r' was taken over" in woken.err.splitlines()[-1]
            assert "Traceback" not in woken.err
            # A call may have been on its way out when the process was stopped; no other follows it.
            assert len(server.delivered) - before <= 4, "the first bought more after it had lost its run"
        twice = {work: n for work, n in bought(server).items() if n > 1}
        # Three workers for each of two endpoints: in flight, or delivered and on the way to the disk.
        assert len(twice) <= 6, twice
        ledger = _rows(tmp_path, "SELECT count(*) FROM completions")
        assert ledger == [(sum(bought(server).values()),)], "a paid reply is missing"
    assert json.loads(second.out)["models"][0]["overall"]["n"] == 16
    mixed = """SELECT count(*) FROM answers a JOIN verdicts v USING (run_id, model, question, sample, turn)
        JOIN completions b ON b.id = a.completion_id JOIN completions c ON c.id = v.completion_id
        WHERE c.created_at < b.created_at"""
    assert _rows(tmp_path, mixed) == [(0,)], "a verdict stands beside an answer that it did not see"


def test_a_process_elsewhere_is_watched_and_followed_when_it_is_silent(run_cli, tmp_path, questions):
    with ModelServer() as server:
        words = run_words(server, questions)
        assert run_cli(*words, "--limit", "1").code == 0
        assert _held_by(tmp_path, Holder("gpu7", 4711, "1", "another boot", None)) == 1
        done = run_cli(*words, "--limit", "1", env=QUICK)
        assert done.code == 0, done  # a complete run is only reported
        server.inject("judge", then="unparsable")
        other = [*words[:-3], "s", *words[-2:], "--judge-repeats", "2"]
        assert run_cli(*other).code == 1
        assert _held_by(tmp_path, Holder("gpu7", 4711, "1", "another boot", None)) == 2
        server.clear_faults()
        began = time.monotonic()
        taken = run_cli("resume", "s", env=QUICK)
        assert taken.code == 0, taken
        assert "process 4711 on gpu7" in taken.err
        assert time.monotonic() - began >= 1.5, "it was not watched for as long as it may be silent"


def _suspended(running: Running, folder: Path) -> bool:
    """Stop the process; not while it holds the database locked, or nobody could go on."""
    running.signal(signal.SIGSTOP)
    connection = sqlite3.connect(folder / "kojudge.db", timeout=0.1, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        running.signal(signal.SIGCONT)
        return False
    finally:
        connection.close()
    return True


def _held_by(folder: Path, holder: Holder) -> int:
    """Every run of the database gets a lease of this holder."""
    with sqlite3.connect(folder / "kojudge.db") as connection:
        connection.execute("DELETE FROM leases")
        connection.execute("INSERT INTO leases SELECT id, 'x' || id, ?, 3, '' FROM runs", (holder.to_json(),))
        (count,) = connection.execute("SELECT count(*) FROM leases").fetchone()
    connection.close()
    return int(count)


def _rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(folder / "kojudge.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_who_is_gone_and_who_is_not():
    here = Holder.this_process()
    assert Holder.from_json(here.to_json()) == here
    assert not here.is_gone()
    if here.boot_id is None:
        pytest.skip("there is no /proc to tell processes apart")
    assert replace(here, started="1").is_gone(), "the number belongs to a later process"
    child = os.fork()
    if child == 0:
        os._exit(0)
    wait_until(lambda: replace(here, pid=child).is_gone(), "seen to be a zombie")
    os.waitpid(child, 0)
    assert replace(here, pid=child).is_gone()
    for elsewhere in ({"boot_id": "another"}, {"pid_namespace": "pid:[1]"}, {"boot_id": None}):
        assert not replace(here, pid=child, **elsewhere).is_gone(), elsewhere


@pytest.mark.parametrize("value", ["soon", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_time_is_refused(run_cli, value):
    result = run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", env={"KOJUDGE_LEASE_S": value})
    assert result.code == 2, result
    assert "KOJUDGE_LEASE_S" in result.err.splitlines()[-1]
