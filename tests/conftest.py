"""Fixtures that any test may use: a local model server, and the command line as a real process."""

import io
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from service.cli import main
from tests.servers.model_server import ModelServer

# A loaded machine is slow; no test says how long anything takes.
settings.register_profile("kojudge", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kojudge")

FOREIGN = ("OPENAI_", "UPSTAGE_", "OLLAMA_", "VLLM_", "KOJUDGE_")
TIMEOUT_S = 90


def clean_environment(additions: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that steers kojudge, plus `additions`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return kept | {"COLUMNS": "120", "NO_COLOR": "1", "PYTHONUTF8": "1"} | dict(additions or {})


@dataclass(frozen=True)
class CliResult:
    """A finished command; its repr shows everything it printed."""

    args: tuple[str, ...]
    code: int
    out: str
    err: str

    def __repr__(self) -> str:
        command = shlex.join(("kojudge", *self.args))
        return f"<{command} -> {self.code}>\n--- out ---\n{self.out}\n--- err ---\n{self.err}\n---"


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A server on a free port that serves `candidate` and `judge` in both protocols."""
    with ModelServer() as server:
        yield server


@pytest.fixture
def run_process(tmp_path: Path) -> Callable[..., CliResult]:
    """`run_cli` as a process of its own: for what a process decides once, such as logging or signals."""

    def run(
        *args: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT_S,
    ) -> CliResult:
        words = tuple(str(arg) for arg in args)
        done = subprocess.run(
            [sys.executable, "-m", "service.cli", *words],
            cwd=cwd or tmp_path,
            env=clean_environment(env),
            stdin=subprocess.DEVNULL if input is None else None,
            input=input,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
        return CliResult(words, done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def run_cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CliResult]:
    """Run `kojudge ARGS` in the test's own folder: `run_cli("report", "1", env={...}, cwd=..., input=...)`.

    In this process: seconds of imports are spent once, not for every command.
    """

    def run(
        *args: str | Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT_S,
    ) -> CliResult:
        words = tuple(str(arg) for arg in args)
        with monkeypatch.context() as patched:
            for name in [n for n in os.environ if n.startswith(FOREIGN)]:
                patched.delenv(name)
            for name, value in clean_environment(env).items():
                patched.setenv(name, value)
            patched.chdir(cwd or tmp_path)
            patched.setattr(sys, "stdin", io.StringIO(input or ""))
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                main(list(words))
            said = capsys.readouterr()
        code = ended.value.code
        return CliResult(words, code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run
