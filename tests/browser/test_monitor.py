"""The page of a run at work: it is watched, paused, and resumed by the worker of `kojudge dashboard`."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.conftest import free_port, wait_for_dashboard
from tests.conftest import clean_environment
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, specs, write_jsonl


def test_a_run_at_work_is_watched_paused_and_resumed(
    model_server: ModelServer, open_tab: Callable[..., Any], tmp_path: Path
) -> None:
    file = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(30))
    model_server.latency_s = 0.3
    environment = clean_environment({"KOJUDGE_LEASE_S": "1"})
    command = [sys.executable, "-m", "service.cli"]
    quiet: dict[str, Any] = {"cwd": tmp_path, "env": environment, "stdout": subprocess.DEVNULL}
    words = ["run", *map(str, specs(model_server)), "-q", str(file), "--name", "r", "--concurrency", "1"]
    run = subprocess.Popen([*command, *words], **quiet, stderr=subprocess.DEVNULL)
    while not model_server.delivered:
        assert run.poll() is None, "the run ended at once"
    port = free_port()
    with (tmp_path / "dashboard.log").open("wb") as log:
        pages = subprocess.Popen([*command, "dashboard", "--port", str(port)], **quiet, stderr=log)
    try:
        wait_for_dashboard(f"http://127.0.0.1:{port}", pages, tmp_path / "dashboard.log")
        tab = open_tab(f"http://127.0.0.1:{port}/monitor?run=r")
        tab.get_by_text(re.compile("실행 중입니다: process")).wait_for()
        tab.get_by_role("button", name="일시 중지").click()
        tab.get_by_text(re.compile("멈춰 있습니다: paused by dashboard")).wait_for()
        assert run.wait(60) == 130
        assert len(model_server.delivered) < 120, "it ended before it was paused"
        model_server.latency_s = 0.0
        tab.get_by_role("button", name=re.compile("이어서 실행")).click()
        tab.get_by_text("끝났습니다.").wait_for()
        tab.get_by_text("120 / 120").first.wait_for()
        tab.get_by_role("button", name="일시 중지").wait_for(state="detached")
    finally:
        run.kill()
        run.wait()
        pages.send_signal(signal.SIGTERM)
    assert pages.wait(60) == 0, (tmp_path / "dashboard.log").read_text()
    assert set(bought(model_server).values()) == {1}, "something was bought twice"
    assert tab.outside == []
