"""A full disk, a locked or a read-only database: what was paid for waits in memory, and nothing more is bought."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.faults import Reply
from tests.servers.model_server import ModelServer
from tests.service.processes import Running, wait_until
from tests.service.support import bought, logickor_questions, specs, write_jsonl

CONCURRENCY = 3
LONG = "답: 손님 수를 세어 어림합니다. " * 400


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(10))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB, of which little is free until `ballast` is deleted."""
    with _mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=12M", "tmpfs") as folder:
        (folder / "ballast").write_bytes(bytes(12 * 2**20 - 450_000))
        yield folder


class _mounted:
    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options

    def __enter__(self) -> Path:
        if os.geteuid() != 0:
            pytest.skip("only root may mount")
        self.folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", *self.options, str(self.folder)], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")
        return self.folder

    def __exit__(self, *_exc: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


def words(server: ModelServer, questions: Path) -> list[str | Path]:
    return ["run", *specs(server), "-q", questions, "--name", "r", "--concurrency", str(CONCURRENCY)]


def quiet(server: ModelServer) -> int:
    """How much was delivered, once that does not change any more."""
    seen = -1
    while seen != len(server.delivered):
        seen = len(server.delivered)
        time.sleep(0.5)
    return seen


def everything_once(server: ModelServer) -> None:
    assert len(bought(server)) == 40
    assert set(bought(server).values()) == {1}


def test_a_full_disk_is_waited_for_and_nothing_is_lost(tmp_path, questions, small_disk):
    with ModelServer(latency_s=0.02) as server:
        server.behave("candidate", Reply(LONG))
        database = {"KOJUDGE_DATABASE_URL": f"sqlite:///{small_disk}/k.db"}
        ballast = small_disk / "ballast"
        with Running(tmp_path, *words(server, questions), env=database) as run:
            wait_until(lambda: len(server.delivered) > 4, "worked", run)
            stopped = quiet(server)
            assert stopped < 40, "the disk was large enough"
            time.sleep(1.0)
            assert len(server.delivered) == stopped, "more was bought while nothing could be stored"
            ballast.unlink()
            done = run.end()
        assert done.code == 0, done
        assert "the database is on a disk that is full; free some space" in done.err
        assert "wait" not in done.err or "To be stored:" in done.err
        assert "can be written again" in done.err
        everything_once(server)


def test_a_limit_of_the_file_size_is_waited_for(tmp_path, questions):
    with ModelServer(latency_s=0.02) as server:
        server.behave("candidate", Reply(LONG))
        with Running(tmp_path, *words(server, questions)) as run:
            wait_until(lambda: len(server.delivered) > 2, "worked", run)
            hard = resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE)[1]
            size = max(f.stat().st_size for f in tmp_path.glob("kojudge.db*"))
            resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (size + 4096, hard))
            stopped = quiet(server)
            assert stopped < 40, "the limit did not hold"
            resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            done = run.end()
        assert done.code == 0, done
        assert "the run goes on by itself" in done.err
        everything_once(server)


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_lock_of_another_process_is_waited_for(tmp_path, questions, how):
    locker = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect('kojudge.db', isolation_level=None, timeout=30)\n"
        f"c.execute('BEGIN {how}')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with ModelServer(latency_s=0.02) as server, Running(tmp_path, *words(server, questions)) as run:
        wait_until(lambda: len(server.delivered) > 2, "worked", run)
        lock = subprocess.Popen(
            [sys.executable, "-c", locker], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert lock.stdout is not None
        assert lock.stdout.readline() == "locked\n"
        stopped = quiet(server)
        assert stopped < 40, "the lock held nobody up"
        time.sleep(4.0)  # past the time that SQLite itself waits
        assert len(server.delivered) == stopped, "more was bought while nothing could be stored"
        lock.communicate()
        done = run.end()
        assert done.code == 0, done
        assert "locked by another process" in done.err
        everything_once(server)


def test_ctrl_c_while_the_disk_is_full_says_what_is_lost(tmp_path, questions, run_cli, small_disk):
    with ModelServer(latency_s=0.02) as server:
        server.behave("candidate", Reply(LONG))
        database = {"KOJUDGE_DATABASE_URL": f"sqlite:///{small_disk}/k.db"}
        ballast = small_disk / "ballast"
        with Running(tmp_path, *words(server, questions), env=database) as run:
            wait_until(lambda: len(server.delivered) > 4, "worked", run)
            quiet(server)
            run.signal(signal.SIGINT)
            time.sleep(0.3)
            run.signal(signal.SIGINT)  # the first gives the grace period
            ended = run.end()
        assert ended.code == 130, ended
        lost = [line for line in ended.err.splitlines() if line.startswith("lost, because they could not be stored")]
        assert len(lost) == 1, ended
        assert "Traceback" not in ended.err
        ballast.unlink()
        resumed = run_cli("resume", "r", env=database)
        assert resumed.code == 0, resumed
        again = sum(bought(server).values()) - 40
        assert f"{again} finished" in lost[0], "the number of lost answers is wrong"


def test_a_disk_that_is_full_from_the_start_is_refused(tmp_path, questions, run_cli, small_disk):
    (small_disk / "ballast").write_bytes(bytes(12 * 2**20 - 8192))
    with ModelServer() as server:
        result = run_cli(*words(server, questions), "--database", f"sqlite:///{small_disk}/k.db")
        assert result.code == 2, result
        assert len(result.err.strip().splitlines()) == 1, result
        assert "full" in result.err
        assert not bought(server)


@pytest.mark.parametrize("part", ["file", "folder"])
def test_a_read_only_database_can_be_read_and_not_be_run(tmp_path, questions, run_cli, part):
    folder = tmp_path / "kept"
    folder.mkdir()
    address = ["--database", f"sqlite:///{folder}/kojudge.db"]
    assert run_cli("demo", "--quick", *address).code == 0
    with _read_only(folder, part), ModelServer() as server:
        refused = run_cli(*words(server, questions), *address)
        assert refused.code == 2, refused
        assert "read-only" in refused.err
        assert len(refused.err.strip().splitlines()) == 1, refused
        assert not server.requests
        for command in (["report", "demo"], ["runs"], ["show", "demo", "math-1"], ["export", "jsonl", "demo", "out"]):
            done = run_cli(*command, *address)
            assert done.code == 0, done
        assert run_cli("check", *address).code == 0
        assert run_cli("backup", tmp_path / "copy.db", *address).code == 0
        assert run_cli("resume", "demo", *address).code == 2


class _read_only:
    """Rights for most users; root is kept from writing by the mount alone."""

    def __init__(self, folder: Path, part: str) -> None:
        self.path = folder if part == "folder" else folder / "kojudge.db"

    def __enter__(self) -> None:
        if os.geteuid() != 0:
            self.path.chmod(0o555 if self.path.is_dir() else 0o444)
            return
        for options in (["--bind", str(self.path)], ["-o", "remount,ro,bind"]):
            done = subprocess.run(["mount", *options, str(self.path)], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")

    def __exit__(self, *_exc: object) -> None:
        if os.geteuid() != 0:
            self.path.chmod(0o755)
        else:
            subprocess.run(["umount", str(self.path)], check=True)


def test_what_was_written_last_is_not_silently_left_out_of_a_read_only_copy(tmp_path, run_cli):
    """A log without its index, in a folder that cannot be written."""
    folder = tmp_path / "kept"
    folder.mkdir()
    address = ["--database", f"sqlite:///{folder}/kojudge.db"]
    assert run_cli("demo", "--quick", *address).code == 0
    connection = sqlite3.connect(folder / "kojudge.db")
    connection.execute("UPDATE runs SET name = 'renamed'")
    connection.commit()
    log = (folder / "kojudge.db-wal").read_bytes()
    connection.close()
    assert run_cli("runs", *address).code == 0
    (folder / "kojudge.db-wal").write_bytes(log)
    with _read_only(folder, "folder"):
        result = run_cli("runs", *address)
    assert result.code == 2, result
    assert "copy it together with kojudge.db-wal" in result.err
