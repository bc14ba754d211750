"""`kojudge backup` during a run, and `kojudge` on files that are damaged."""

import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.model_server import ModelServer
from tests.service.processes import Running, wait_until
from tests.service.support import bought, logickor_questions, specs, write_jsonl


def refused(result, *words: str) -> None:
    assert result.code == 2, result
    assert len(result.err.strip().splitlines()) == 1, result
    for word in words:
        assert word in result.err, result


def test_a_copy_taken_during_a_run_resumes_and_reports_like_the_original(run_cli, tmp_path):
    questions = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(40))
    with ModelServer(latency_s=0.15) as server:
        words = ["run", *specs(server), "-q", questions, "--name", "r", "--concurrency", "4", "--format", "json"]
        with Running(tmp_path, *words) as run:
            wait_until(lambda: len(server.delivered) > 8, "worked", run)
            for number in range(3):
                made = run_cli("backup", f"copy{number}.db")
                assert made.code == 0, made
                assert "1 run" in made.out
            done = run.end()
        assert done.code == 0, done
        assert set(bought(server).values()) == {1}, "the run was disturbed"
        held = sqlite3.connect(tmp_path / "copy0.db").execute("SELECT count(*) FROM completions").fetchone()[0]
        assert 0 < held < 160, "the copy was not taken in the middle"
        sold = len(server.delivered)
        # At once: whoever worked on the original has no hold on the copy.
        lease = {"KOJUDGE_LEASE_S": "3600"}
        resumed = run_cli("resume", "r", "--format", "json", "--database", "sqlite:///copy0.db", env=lease)
        assert resumed.code == 0, resumed
        assert sum(r.path.endswith("completions") for r in server.delivered[sold:]) == 160 - held
        last = run_cli("backup", "whole.db")
        assert "160 bought replies" in last.out
        copied = run_cli("report", "r", "--format", "json", "--database", "sqlite:///whole.db")
        assert json.loads(copied.out) == json.loads(done.out)
        assert not list(tmp_path.glob("*.part"))


def test_what_cannot_be_copied_says_so_and_leaves_nothing(run_cli, tmp_path):
    refused(run_cli("backup", "copy.db"), "no database kojudge.db")
    assert run_cli("demo", "--quick").code == 0
    (tmp_path / "there.db").write_text("mine")
    (tmp_path / "linked.db").symlink_to("kojudge.db")
    before = sorted(p.name for p in tmp_path.iterdir())
    refused(run_cli("backup", "no/copy.db"), "folder no does not exist")
    refused(run_cli("backup", "."), "is a folder")
    refused(run_cli("backup", "there.db"), "--force")
    for itself in ("kojudge.db", "linked.db", "kojudge.db-wal"):
        refused(run_cli("backup", itself, "--force"), "database itself")
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert (tmp_path / "there.db").read_text() == "mine"
    assert run_cli("backup", "there.db", "--force").code == 0
    assert run_cli("report", "demo", "--database", "sqlite:///there.db").code == 0
    (tmp_path / "there.db-wal").write_bytes(b"x")
    refused(run_cli("backup", "there.db", "--force"), "in use")


def test_a_full_disk_leaves_no_half_copy(run_cli, tmp_path):
    assert run_cli("demo", "--quick").code == 0
    # A limit of the file size is a full disk that needs no root.
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "from service.cli import main; main(['backup', 'copy.db'])"
    )
    with Running(tmp_path, code=code) as limited:
        refused(limited.end(), "cannot be written")
    assert not list(tmp_path.glob("*copy.db*"))


def _page(file: Path) -> int:
    """Where a page begins that holds rows of a table."""
    return file.stat().st_size * 4 // 5 // 4096 * 4096


def _overwrite_page(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(_page(file))
        stream.write(os.urandom(4096))


def _zero_page(file: Path) -> None:
    with file.open("r+b") as stream:
        stream.seek(_page(file))
        stream.write(bytes(4096))


def _truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 3)


def _foreign_log(file: Path) -> None:
    other = file.with_name("other.db")
    connection = sqlite3.connect(other)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE photos (x BLOB)")
    connection.execute("INSERT INTO photos VALUES (randomblob(90000))")
    connection.commit()
    Path(f"{file}-wal").write_bytes(Path(f"{other}-wal").read_bytes())
    connection.close()


def _noise_as_log(file: Path) -> None:
    Path(f"{file}-wal").write_bytes(os.urandom(50_000))


@pytest.mark.parametrize("damage", [_overwrite_page, _zero_page, _truncate, _foreign_log, _noise_as_log])
def test_a_damaged_database_says_what_to_do(run_cli, tmp_path, damage: Callable[[Path], None]):
    assert run_cli("demo", "--quick").code == 0
    damage(tmp_path / "kojudge.db")
    image = (tmp_path / "kojudge.db").read_bytes()
    commands = (
        ["runs"],
        ["report", "demo"],
        ["resume", "demo"],
        ["run", "-m", "scripted:good", "-j", "scripted:rules"],
    )
    for command in commands:
        refused(run_cli(*command), "kojudge.db is damaged", "kojudge backup")
    assert (tmp_path / "kojudge.db").read_bytes() == image, "looking at it changed it"


def test_check_and_backup_find_damage(run_cli, tmp_path):
    assert run_cli("demo", "--quick").code == 0
    done = run_cli("check")
    assert done.code == 0, done
    assert "no damage" in done.out
    _overwrite_page(tmp_path / "kojudge.db")
    refused(run_cli("check"), "damaged")
    refused(run_cli("backup", "copy.db"), "damaged")
    assert not (tmp_path / "copy.db").exists()


def test_damage_that_is_met_later_is_told_the_same_way(run_cli, tmp_path, monkeypatch):
    """In a file too large to be read whole on opening."""
    assert run_cli("demo", "--quick").code == 0
    _overwrite_page(tmp_path / "kojudge.db")
    monkeypatch.setattr("service.store.integrity.CHECKED_ON_OPEN_BYTES", 0)
    refused(run_cli("export", "jsonl", "demo", "out"), "kojudge.db is damaged", "kojudge backup")


def test_a_killed_run_leaves_a_sound_database(run_cli, tmp_path):
    questions = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(6))
    with ModelServer(latency_s=0.02) as server, Running(tmp_path, "run", *specs(server), "-q", questions) as run:
        wait_until(lambda: len(server.delivered) > 6, "worked", run)
        run.signal(signal.SIGKILL)
        run.end()
    assert run_cli("check").code == 0
