"""Who reaches the dashboard: this machine, others only with a login or on demand; no page of another origin; no key."""

import base64
import http.client
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.conftest import free_port, wait_for_dashboard
from tests.conftest import clean_environment
from tests.dashboard.test_identity import SECRETS
from tests.servers.login_provider import LoginProvider

KEYS = {
    "OPENAI_API_KEY": "sk-marker-1",
    "HF_TOKEN": "marker-2",
    "AWS_SECRET_ACCESS_KEY": "marker-3",
    "MY_KEY_2": "marker-4",
}


@contextmanager
def dashboard(folder: Path, *words: str, port: int | None = None, **additions: str) -> Iterator[tuple[int, int]]:
    """`kojudge dashboard` at work: (port, its process id)."""
    port = port or free_port()
    command = [sys.executable, "-m", "service.cli", "dashboard", "--port", str(port), *words]
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, env=clean_environment(additions), stdout=out, stderr=out)
    try:
        wait_for_dashboard(f"http://127.0.0.1:{port}", process, log)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def stream_status(port: int, **headers: str) -> int:
    """What the server says when somebody opens the stream of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    connection.request("GET", "/_stcore/stream", headers=upgrade | headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("words", "secrets", "said"),
    [
        (["--host", "0.0.0.0"], None, "0.0.0.0 can be reached by others"),
        (["--host", "::"], None, "--unsafe-allow-unauthenticated"),
        (["--host", "0.0.0.0", "--unsafe-allow-unauthenticated"], None, "--allowed-host NAME"),
        (["--host", "no.such.host.invalid", "--unsafe-allow-unauthenticated"], None, "choose another with --host"),
        ([], "[auth", "cannot be read as TOML"),
        ([], '[auth]\n[users]\n"a@b.kr" = "king"', "viewer, reviewer, operator"),
    ],
)
def test_others_are_not_let_in_by_accident(
    run_process: Any, tmp_path: Path, words: list[str], secrets: str | None, said: str
) -> None:
    if secrets is not None:
        (tmp_path / ".streamlit").mkdir()
        (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets, "utf-8")
    done = run_process("dashboard", "--port", str(free_port()), *words)
    assert done.code == 2, done
    assert said in " ".join(done.err.split()), done
    assert "Traceback" not in done.err, done


def test_a_login_needs_people(run_process: Any, tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(SECRETS.split("[users]")[0], "utf-8")
    done = run_process("dashboard", "--port", str(free_port()))
    assert done.code == 2, done
    assert "nobody may come in" in done.err, done


def test_only_pages_of_this_server_open_the_stream(serve: Callable[[Path], str], tmp_path: Path) -> None:
    port = int(serve(tmp_path / "none.db").rsplit(":", 1)[1])
    own = f"http://127.0.0.1:{port}"
    assert stream_status(port, Origin=own) == 101
    for origin in ("http://evil.example", f"http://localhost:{port + 1}", f"http://localhost:{port}", "null"):
        assert stream_status(port, Origin=origin) == 403, origin
    assert stream_status(port, Origin="http://evil.example", Host="evil.example") in (400, 403)


def test_the_pages_know_no_key(tmp_path: Path) -> None:
    with dashboard(tmp_path, **KEYS) as (_, pid):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        environments = [Path(f"/proc/{child}/environ").read_bytes() for child in children]
    assert any(b"KOJUDGE_DATABASE_URL" in found for found in environments), children
    assert not [found for found in environments if b"marker" in found]


def test_open_to_others_on_demand_it_warns_and_answers_to_its_names_only(tmp_path: Path) -> None:
    words = ("--host", "0.0.0.0", "--unsafe-allow-unauthenticated", "--allowed-host", "judge.example.kr")
    with dashboard(tmp_path, *words) as (port, _):
        address = f"http://127.0.0.1:{port}"
        assert httpx.get(address, headers={"Host": "judge.example.kr"}).status_code == 200
        assert httpx.get(address, headers={"Host": "rebound.example"}).status_code == 400
    assert "Warning: whoever reaches 0.0.0.0 reads everything" in (tmp_path / "log").read_text()


def test_people_come_in_by_their_login(open_tab: Callable[..., Any], run_process: Any, tmp_path: Path) -> None:
    assert run_process("demo", "--quick").code == 0
    (tmp_path / ".streamlit").mkdir()
    secrets = tmp_path / ".streamlit" / "secrets.toml"
    port = free_port()
    with LoginProvider("operator@example.kr") as provider:
        secrets.write_text(
            SECRETS.replace("https://judge.example.kr", f"http://127.0.0.1:{port}")
            .replace("https://login.example.kr", provider.url)
            .replace('client_id = "x"', 'client_id = "dashboard"'),
            "utf-8",
        )
        with dashboard(tmp_path, port=port):
            tab = open_tab(f"http://127.0.0.1:{port}/explorer?run=demo")
            tab.get_by_role("button", name="로그인").click()
            tab.get_by_text("operator@example.kr · 운영자").wait_for()
            tab.get_by_role("heading", name="개요", exact=True).wait_for()
            tab.get_by_role("button", name="로그아웃").click()
            tab.get_by_role("button", name="로그인").wait_for()
            provider.address = "stranger@example.kr"
            tab.get_by_role("button", name="로그인").click()
            tab.get_by_text(re.compile("stranger@example.kr 계정은 볼 수 없습니다")).wait_for()
            assert tab.get_by_role("heading", name="개요", exact=True).count() == 0
