"""The single writer: one thread drains a queue and commits what it finds as one transaction.

Natural group commit: while one commit waits for the disk, the next calls queue up; no timer is needed.
A caller resumes only after its own write is committed.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Connection, Engine

from service.errors import StoreError

Write = Callable[[Connection], None]
_MAX_BATCH = 512


@dataclass(slots=True)
class _Job:
    write: Write
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


class Writer:
    """Use as a context manager; `write` may be awaited from any event loop while it is open."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._drain, name="store-writer", daemon=True)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._queue.put(None)
        self._thread.join()
        if self._connection is not None:
            self._connection.close()

    async def write(self, write: Write) -> None:
        """Run `write` inside a transaction and return when that is committed.

        Raises:
            StoreError: the database refused the write; nothing of its transaction is kept.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._queue.put(_Job(write, loop, done))
        # A cancelled caller must not leave its paid answer behind: the queued write goes on.
        await asyncio.shield(done)

    def _drain(self) -> None:
        closing = False
        while not closing:
            first = self._queue.get()
            batch = [] if first is None else [first]
            closing = first is None
            while not closing and len(batch) < _MAX_BATCH:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    closing = True
                else:
                    batch.append(job)
            if batch:
                self._commit(batch)

    def _commit(self, batch: list[_Job]) -> None:
        """Commit the batch; if it is refused, each write alone, so that one bad row costs no other its own."""
        error = self._try(batch)
        if error is not None and len(batch) > 1:
            for job in batch:
                _answer(job, self._try([job]))
            return
        for job in batch:
            _answer(job, error)

    def _try(self, batch: list[_Job]) -> StoreError | None:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                for job in batch:
                    job.write(self._connection)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the caller hears of it and the thread lives on
            return StoreError(f"the database refused a write: {getattr(failure, 'orig', None) or failure}")
        return None


def _answer(job: _Job, error: StoreError | None) -> None:
    # The loop may be gone when the process is on its way out; the write itself is done.
    if not job.loop.is_closed():
        job.loop.call_soon_threadsafe(_settle, job.done, error)


def _settle(done: asyncio.Future[None], error: StoreError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
