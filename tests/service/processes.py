"""Commands as processes that go on while a test looks at them, kills them or stops them for a while."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.conftest import CliResult, clean_environment

PATIENCE_S = 60.0


class Running:
    """A started command; `end` waits for it and gives what it printed."""

    def __init__(self, cwd: Path, *words: str | Path, env: Mapping[str, str] | None = None, code: str = "") -> None:
        self.words = tuple(str(word) for word in words)
        start = ["-c", code] if code else ["-m", "service.cli"]
        self.process = subprocess.Popen(
            [sys.executable, *start, *self.words],
            cwd=cwd,
            env=clean_environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> CliResult:
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return CliResult(self.words, self.process.returncode, out, err)


def wait_until(what: Callable[[], object], why: str, running: Running | None = None) -> None:
    """Look every few milliseconds; fail, with what the process printed, if it does not come true."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        if running is not None and running.process.poll() is not None:
            raise AssertionError(f"ended before {why}: {running.end()}")
        assert time.monotonic() < deadline, f"never {why}"
        time.sleep(0.005)
