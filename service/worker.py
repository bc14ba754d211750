"""Resume runs on request: what a page or another program asks for in the database is done by processes of its own.

The keys stay where the worker was started; whoever asks needs none.
"""

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from service.errors import StoreError
from service.store import Store
from service.store.requests import Request, note_outcome, open_requests, take

POLL_S = 1.0
_LAST_LINE = 300
_OUTCOMES = {0: "complete", 1: "ended, with failures", 130: "interrupted"}


@dataclass(slots=True)
class _Job:
    request: Request
    process: subprocess.Popen[bytes]
    said: IO[bytes]


class Worker:
    """Starts `kojudge resume` for every request, up to `jobs` at a time; `say` hears what it does."""

    def __init__(self, database: str, jobs: int, say: Callable[[str], None]) -> None:
        self._database = database
        self._jobs = jobs
        self._say = say
        self._store: Store | None = None
        self._running: list[_Job] = []

    def work(self, ended: threading.Event, *, once: bool = False) -> None:
        """Until `ended` is set, or with `once` until nothing is left to do. Then wait for what was started.

        A database that is not there yet, or cannot be read just now, is looked for again.

        Raises:
            StoreError: with `once`, that it cannot be read.
        """
        trouble = ""
        while not ended.is_set():
            try:
                self._step()
                trouble = ""
            except StoreError as error:
                self._close()
                if once:
                    raise
                if str(error) != trouble:
                    trouble = str(error)
                    self._say(f"waiting: {trouble}")
            if once and not self._running:
                break
            ended.wait(POLL_S)
        for job in self._running:
            job.process.wait()
        if self._running:
            self._collect(self._open())
        self._close()

    def _open(self) -> Store:
        if self._store is None:
            self._store = Store.open(self._database, create=False)
        return self._store

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _step(self) -> None:
        store = self._open()
        self._collect(store)
        with store.read() as connection:
            waiting = open_requests(connection, "resume")
        for request in waiting[: self._jobs - len(self._running)]:
            with store.transaction() as connection:
                mine = take(connection, request.id)
            if mine:
                self._start(request)

    def _start(self, request: Request) -> None:
        said = TemporaryFile()  # noqa: SIM115 - it is read when the process has ended
        command = [sys.executable, "-m", "service.cli", "resume", "--database", self._database, "--", request.run]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        self._running.append(_Job(request, process, said))
        self._say(f"resuming {request.run} for {request.asked_by}")

    def _collect(self, store: Store) -> None:
        """Note how those that ended did."""
        for job in [job for job in self._running if job.process.poll() is not None]:
            outcome = _OUTCOMES.get(job.process.returncode) or _last_line(job.said)
            with store.transaction() as connection:
                note_outcome(connection, job.request.id, outcome)
            self._running.remove(job)
            job.said.close()
            self._say(f"{job.request.run}: {outcome}")


def _last_line(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode("utf-8", "replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "ended without a word")[:_LAST_LINE]
