"""A server on its own thread that remembers what it was asked and what it delivered."""

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from aiohttp import web

from tests.servers.request_log import RequestRecord

CHAT_PATHS = ("/v1/chat/completions", "/api/chat")


class RecordingServer(ABC):
    """Listens on 127.0.0.1 from `start` (or `with`) to `stop`, with its own event loop."""

    def __init__(self, *, port: int = 0, log: Path | None = None) -> None:
        self.in_flight = 0
        self.peak_in_flight = 0
        self._port = port
        self._log_path = log
        self._log: TextIO | None = None
        self._records: list[RequestRecord] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """What is served."""

    @property
    def url(self) -> str:
        """The root, as Ollama's clients want it."""
        return f"http://127.0.0.1:{self._port}"

    # What happened.

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request in order of arrival, of any path."""
        self._settle()
        return list(self._records)

    @property
    def chats(self) -> list[RequestRecord]:
        """The requests for a completion."""
        return [record for record in self.requests if record.path in CHAT_PATHS]

    @property
    def delivered(self) -> list[RequestRecord]:
        """Completions written in full: what a client would pay for. In order of arrival."""
        return [record for record in self.requests if record.sold]

    def delivered_prompts(self, model: str | None = None) -> list[str]:
        """The last user message of every delivered completion."""
        return [record.prompt for record in self.delivered if model in (None, record.model)]

    def bought_twice(self) -> dict[str, int]:
        """Requests (path and body) whose completion was delivered more than once, with the count."""
        counts = Counter(record.key for record in self.delivered)
        return {key: count for key, count in counts.items() if count > 1}

    def forget(self) -> None:
        """Empty the log and the peak."""
        self._settle()
        self._records = []
        self.peak_in_flight = self.in_flight

    def wait_for_requests(self, count: int, timeout: float = 30.0) -> None:
        """Block until so many chat requests have arrived. Raises TimeoutError."""
        self._wait(lambda: sum(bool(record.messages) for record in self._records) >= count, timeout)

    def wait_for_delivered(self, count: int, timeout: float = 30.0) -> None:
        """Block until so many completions were delivered. Raises TimeoutError."""
        self._wait(lambda: sum(record.sold for record in self._records) >= count, timeout)

    def _wait(self, done: Callable[[], bool], timeout: float) -> None:
        with self._changed:
            if not self._changed.wait_for(done, timeout):
                raise TimeoutError(f"{len(self._records)} requests came, {len(self.delivered)} were delivered")

    def _settle(self) -> None:
        """Let the server note replies that a client already holds."""
        if self._loop is None or self._thread is threading.current_thread() or not self._loop.is_running():
            return

        async def passes() -> None:
            for _ in range(3):
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(passes(), self._loop).result(10)

    def _note_arrival(self, record: RequestRecord) -> None:
        with self._changed:
            self._records.append(record)
            self._changed.notify_all()

    def _note_delivery(self, record: RequestRecord) -> None:
        """Note a reply that was written in full."""
        with self._changed:
            record.delivered_at = time.time()
            if record.sold and self._log is not None:
                self._log.write(record.as_line())
                self._log.flush()
            self._changed.notify_all()

    # Life.

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        if self._log_path is not None:
            self._log = self._log_path.open("a", encoding="utf-8")
        self._ready.clear()
        self._thread = threading.Thread(target=self._run, name="model-server", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self.stop()

    def stop(self) -> None:
        """Break off what is in flight and stop listening; afterwards the URL refuses connections.

        Raises what a behaviour raised while it answered, so that a broken test does not pass.
        """
        thread, self._thread = self._thread, None
        if thread is not None:
            if self._loop is not None and self._stopping is not None and thread.is_alive():
                self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join()
        self._loop = None
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _run(self) -> None:
        try:
            asyncio.run(self._listen())
        except BaseException as error:  # noqa: BLE001 - raised by stop(), on the caller's thread
            self._failure = error
        finally:
            self._ready.set()

    async def _listen(self) -> None:
        app = web.Application(client_max_size=256 * 2**20)
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port, backlog=2048).start()
            self._port = runner.addresses[0][1]
            self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
            self._ready.set()
            await self._stopping.wait()
        finally:
            for task in list(self._tasks):
                task.cancel()
            await runner.cleanup()
