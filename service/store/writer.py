"""The single writer: one thread drains a queue and commits what it finds as one transaction.

Natural group commit: while one commit waits for the disk, the next calls queue up; no timer is needed.
A caller resumes only after its own write is committed. A full disk or a locked file is waited for: what was paid for
stays in memory, and since every caller waits for its own write, nothing more is asked meanwhile.
"""

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection, Engine

from service.errors import StoreError
from service.store.opening import raw
from service.store.revisions import revise
from service.store.trouble import DamagedError, PassingTroubleError, explain

Write = Callable[[Connection], object]
_MAX_BATCH = 512
_BUSY_TIMEOUT_MS = 3000  # shorter than elsewhere: the writer comes back by itself, and the user hears why


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: the first and the longest pause between two tries, and for how long to try."""

    first_s: float = 0.5
    longest_s: float = 5.0
    in_all_s: float = 600.0


@dataclass(slots=True)
class _Job:
    write: Write
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]
    bought: bool


def ledger_only(connection: Connection) -> bool:
    """Whether the writer lost the right to its run: what was paid for is kept, all else is another's to write."""
    return "lost" in connection.info


class Writer:
    """Use as a context manager; `write` may be awaited from any event loop while it is open."""

    def __init__(self, engine: Engine, say: Callable[[str], None], patience: Patience) -> None:
        """`say` is called from the writer's thread."""
        self._engine = engine.execution_options(writes=True)
        self._tell = say
        self._patience = patience
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._run_id: int | None = None
        self._holds: Callable[[Connection], bool] | None = None
        self._on_lost: Callable[[], object] = lambda: None
        self._lost = False
        self._hurry = threading.Event()
        self._give_up_at: float | None = None
        self._lost_results = 0
        self._lost_because: StoreError | None = None
        self._thread = threading.Thread(target=self._drain, name="store-writer", daemon=True)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.hurry()
        self._queue.put(None)
        self._thread.join()
        self._disconnect()
        if self._lost_results:
            self._say(f"lost, because they could not be stored: {_results(self._lost_results)} ({self._lost_because})")

    async def write(self, write: Write, *, bought: bool = True) -> None:
        """Run `write` inside a transaction and return when that is committed; it may have to run more than once.

        `bought`: it stores a result, so a user wants to know when it waits or is lost.

        Raises:
            StoreError: the database refused the write; nothing of its transaction is kept.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._queue.put(_Job(write, loop, done, bought))
        # A cancelled caller must not leave its paid answer behind: the queued write goes on.
        await asyncio.shield(done)

    def guard(self, run_id: int, holds: Callable[[Connection], bool], on_lost: Callable[[], object]) -> None:
        """Write for this run: ask `holds` in every transaction; the first no makes all that follow `ledger_only`.

        Then `on_lost` is called, once, in the writer's thread, before the writes of that transaction are answered.
        """
        self._run_id = run_id
        self._on_lost = on_lost
        self._holds = holds

    def stop(self, _error: BaseException | None = None) -> None:
        """Nothing: what is in flight is still to be stored."""

    def hurry(self) -> None:
        """Wait no longer for a full disk or a lock: one more try, and what fails then is lost."""
        self._hurry.set()

    @property
    def waits(self) -> bool:
        """Whether the database cannot be written just now."""
        return self._give_up_at is not None

    def _say(self, line: str) -> None:
        # The thread outlives whatever is wrong with the terminal: answers wait for it.
        with contextlib.suppress(Exception, SystemExit):
            self._tell(line)

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
        error = self._try_patiently(batch)
        if error is None or len(batch) == 1 or isinstance(error, PassingTroubleError | DamagedError):
            _settle(batch, error)
            return
        for job in batch:
            _settle([job], self._try_patiently([job]))

    def _try_patiently(self, batch: Sequence[_Job]) -> StoreError | None:
        """Try until it is done, refused for a reason of its own, or patience ends."""
        error = self._try(batch)
        pause, said = self._patience.first_s, False
        while isinstance(error, PassingTroubleError):
            now = time.monotonic()
            self._give_up_at = self._give_up_at or now + self._patience.in_all_s
            if now >= self._give_up_at or self._hurry.is_set():
                self._count_lost(batch, error)
                return error
            self._hurry.wait(pause)
            if not said:
                said = True
                self._say(f"{error.line()}{self._waiting(batch)}")
            pause = min(2 * pause, self._patience.longest_s)
            error = self._try(batch)
        self._give_up_at = None
        if said and error is None:
            self._say("the database can be written again; the run goes on")
        return error

    def _waiting(self, batch: Sequence[_Job]) -> str:
        waiting = sum(job.bought for job in batch) + self._queue.qsize()
        return f"; {_results(waiting)} to be stored: nothing new is asked until then" if waiting else ""

    def _count_lost(self, batch: Sequence[_Job], error: StoreError) -> None:
        self._lost_results += sum(job.bought for job in batch)
        self._lost_because = error

    def _try(self, batch: Sequence[_Job]) -> StoreError | None:
        try:
            connection = self._connect()
            with connection.begin():
                if self._holds is not None and not self._lost and not self._holds(connection):
                    connection.info["lost"] = self._lost = True
                    self._on_lost()
                for job in batch:
                    job.write(connection)
                if self._run_id is not None and any(job.bought for job in batch):
                    revise(connection, self._run_id)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the caller hears of it and the thread lives on
            # Prepared statements raise the driver's own errors.
            trouble = failure if isinstance(failure, StoreError) else explain(failure)
            if isinstance(trouble, PassingTroubleError):
                self._disconnect()  # one whose BEGIN failed cannot begin again
            if trouble is not None:
                return trouble
            return StoreError(f"the database refused a write: {getattr(failure, 'orig', None) or failure}")
        return None

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            raw(self._connection).execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
            if self._lost:
                self._connection.info["lost"] = True
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.detach()
            self._connection.close()
            self._connection = None


def _results(count: int) -> str:
    return "1 finished answer or verdict" if count == 1 else f"{count} finished answers and verdicts"


def _settle(batch: Sequence[_Job], error: StoreError | None) -> None:
    """Answer all callers with one wake-up of their loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job.done)
    for loop, waiting in by_loop.items():
        # The loop may be gone when the process is on its way out; the write itself is done.
        if not loop.is_closed():
            loop.call_soon_threadsafe(_answer, waiting, error)


def _answer(waiting: Sequence[asyncio.Future[None]], error: StoreError | None) -> None:
    for done in waiting:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
