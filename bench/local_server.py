"""The bench server as a process of its own on the last core, and what it tells."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.server_record import Attempt, read_attempts

ROOT = Path(__file__).resolve().parents[1]
_BACK_WITHIN_S = 60.0


class LocalServer:
    """`with LocalServer() as server:` a server on a free port; `reset` before every measurement."""

    url: str

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.server", "--until-orphaned"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        os.sched_setaffinity(self._process.pid, {max(os.sched_getaffinity(0))})
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError("the bench server did not start")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.communicate()

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    def reset(self, **behaviour: Any) -> None:
        """Forget everything and behave as `bench.server.Behaviour(**behaviour)`."""
        self._ask("/reset", json.dumps(behaviour).encode())

    def stats(self) -> dict[str, Any]:
        """`bench.server_record.Stats` as a dictionary."""
        return dict(json.loads(self._ask("/stats")))

    def attempts(self) -> list[Attempt]:
        """How every request since the reset ended, in order."""
        return list(read_attempts(self._ask("/attempts")))

    def deliveries(self) -> list[Attempt]:
        """The good replies among the attempts."""
        return [attempt for attempt in self.attempts() if attempt.fault is None]

    def _ask(self, path: str, body: bytes | None = None) -> bytes:
        """Ask, and again while the server plays dead."""
        deadline = time.monotonic() + _BACK_WITHIN_S
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(self.url + path, body), timeout=30) as reply:
                    return bytes(reply.read())
            except urllib.error.HTTPError as error:
                raise ValueError(error.read().decode()) from error
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
