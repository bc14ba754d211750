"""A client as a process of its own: started, killed, waited for, and what it used."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Used:
    """A finished process. Times are seconds; `started_s` and `ended_s` are the monotonic clock.

    `cpu_s` is user and system time with that of its own children. `peak_rss_mb` cannot be less than this process's own
    size, which a child shares until it executes: keep the caller small.
    """

    code: int
    started_s: float
    ended_s: float
    cpu_s: float
    peak_rss_mb: float
    out: str
    err: str

    @property
    def wall_s(self) -> float:
        return self.ended_s - self.started_s

    def checked(self, *allowed: int) -> "Used":
        """Itself, if the exit status is 0 or one that is allowed.

        Raises:
            RuntimeError: any other, with the end of what the process said.
        """
        if self.code not in (0, *allowed):
            raise RuntimeError(f"exit status {self.code}\n{self.out[-1000:]}\n{self.err[-3000:]}")
        return self


class Child:
    """A process whose output goes to files, so that nobody has to read along."""

    def __init__(self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], timeout_s: float = 600.0):
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it is read
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        self._timeout_s = timeout_s
        self.started_s = time.monotonic()
        self._process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err
        )

    @property
    def running(self) -> bool:
        """Whether it has not ended yet; it stays to be waited for."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def kill(self) -> float:
        """SIGKILL now; the monotonic clock just before."""
        at = time.monotonic()
        os.kill(self._process.pid, signal.SIGKILL)
        return at

    def wait(self) -> Used:
        """Wait for its end; after the time limit it is killed."""
        timer = threading.Timer(self._timeout_s, self._process.kill)
        timer.start()
        try:
            _, status, usage = os.wait4(self._process.pid, 0)
        finally:
            timer.cancel()
        self._process.returncode = os.waitstatus_to_exitcode(status)
        return Used(
            self._process.returncode,
            self.started_s,
            time.monotonic(),
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024,
            _text(self._out),
            _text(self._err),
        )


def run(command: Sequence[str], cwd: Path, environment: Mapping[str, str], timeout_s: float = 600.0) -> Used:
    """Start and wait."""
    return Child(command, cwd, environment, timeout_s).wait()


def _text(file: BinaryIO) -> str:
    file.seek(0)
    with file:
        return file.read().decode("utf-8", "replace")
