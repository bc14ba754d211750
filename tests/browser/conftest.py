"""A dashboard in a process of its own, and pages of a real browser that may ask nobody else.

The browser's driver runs an event loop in this thread: commands are processes here (`run_process`, never `run_cli`).
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import clean_environment

WAIT_S = 60
_SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_dashboard(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it answers."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            if httpx.get(f"{address}/_stcore/health", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline or process.poll() is not None:
            raise AssertionError(f"no dashboard: {log.read_text('utf-8', 'replace')}")
        time.sleep(0.1)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    """`serve(database)` starts a dashboard for it and returns its address."""
    started: list[subprocess.Popen[bytes]] = []

    def start(database: Path) -> str:
        port = free_port()
        environment = clean_environment({"KOJUDGE_DATABASE_URL": f"sqlite:///{database}"})
        log = tmp_path / f"dashboard-{port}.log"
        command = [sys.executable, "-m", "dashboard", "--port", str(port)]
        with log.open("wb") as out:
            process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=out, stderr=subprocess.STDOUT)
        started.append(process)
        address = f"http://127.0.0.1:{port}"
        wait_for_dashboard(address, process, log)
        return address

    yield start
    for process in started:
        process.terminate()
    for process in started:
        process.wait(WAIT_S)


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def chromium() -> str:
    """Where the browser is; without it the test is skipped, or fails where nothing may be missing."""
    found = find_chromium()
    if found is None:
        reason = "there is no Chromium; tests/browser/install.sh installs it"
        if os.environ.get("CI_ALL_PARTS"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=_SWITCHES)
        yield started
        started.close()


@pytest.fixture
def open_tab(browser: Any) -> Callable[..., Any]:
    """`open_tab(address)` opens a page of 1280 x 900; `tab.outside` collects requests that leave the machine."""

    def open_(address: str, **context: Any) -> Any:
        options = {"viewport": {"width": 1280, "height": 900}, "locale": "ko-KR"} | context
        tab = browser.new_context(**options).new_page()
        tab.set_default_timeout(1000 * WAIT_S)
        tab.outside = []

        def note(request: Any) -> None:
            if "127.0.0.1" not in request.url and not request.url.startswith(("data:", "blob:")):
                tab.outside.append(request.url)

        tab.on("request", note)
        tab.goto(address)
        return tab

    return open_
