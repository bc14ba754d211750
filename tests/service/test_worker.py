"""A run at work is paused, and one that stands is resumed, by requests in the database."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from service.store import Store, reads
from service.store.requests import Action, ask, latest_requests
from tests.conftest import CliResult, clean_environment
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, specs, write_jsonl

WAIT_S = 60


def request(folder: Path, action: Action) -> None:
    store = Store.open(f"sqlite:///{folder / 'kojudge.db'}", create=False)
    with store.transaction() as connection:
        ask(connection, reads.get_run(connection, "r").id, action, "누리")
    store.close()


def outcomes(folder: Path) -> list[tuple[str, str | None]]:
    store = Store.open(f"sqlite:///{folder / 'kojudge.db'}", create=False)
    with store.read() as connection:
        found = latest_requests(connection, reads.get_run(connection, "r").id)
    store.close()
    return [(r.action, r.outcome) for r in found]


def test_a_run_is_paused_and_resumed_by_request_and_buys_nothing_twice(
    run_process: Callable[..., CliResult], model_server: ModelServer, tmp_path: Path
) -> None:
    file = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(12))
    model_server.latency_s = 0.2
    command = ["run", *specs(model_server), "-q", str(file), "--name", "r", "--concurrency", "1"]
    environment = clean_environment({"KOJUDGE_LEASE_S": "1"})
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *map(str, command)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + WAIT_S
    while len(model_server.delivered) < 4:
        assert time.monotonic() < deadline, "nothing was asked"
        time.sleep(0.02)
    request(tmp_path, "pause")
    _, said = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130, said.decode()
    assert "paused by 누리" in said.decode(), said.decode()
    stood = len(model_server.delivered)
    assert stood < 48, stood
    model_server.latency_s = 0.0
    request(tmp_path, "resume")
    done = run_process("worker", "--once")
    assert done.code == 0, done
    assert "resuming r for 누리" in done.err, done
    assert outcomes(tmp_path) == [("resume", "complete"), ("pause", "paused")]
    assert set(bought(model_server).values()) == {1}, bought(model_server)
    assert sum(bought(model_server).values()) == 48
