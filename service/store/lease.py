"""One process works on a run at a time.

The holder of a run's lease adds to `beats` every few seconds. Whoever else wants the run looks whether the holder's
process is gone from this machine, and else watches `beats` on a monotonic clock of its own: no two clocks are ever
compared. A holder that was suspended for long looks at its lease before it buys anything more, and in the transaction
of every write: what it still had in flight when it lost the run enters the ledger and nothing else.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from service.errors import StoreError, UsageError
from service.store import Store
from service.store.holder import Holder
from service.store.opening import raw
from service.store.schema import leases, runs
from service.store.writer import Writer
from service.store.writes import now


class LeaseLostError(StoreError):
    """Another process took the run over."""


@dataclass(frozen=True, slots=True)
class LeaseLimits:
    """Seconds: between two beats, and without a beat until a holder counts as gone."""

    beat_s: float = 2.0
    silent_s: float = 10.0


def lease_limits(environ: Mapping[str, str]) -> LeaseLimits:
    """With `KOJUDGE_LEASE_S`, the seconds without a beat until another process may take a run over.

    Raises:
        UsageError: it is no number of seconds above zero.
    """
    text = environ.get("KOJUDGE_LEASE_S") or "10"
    try:
        silent = float(text)
    except ValueError:
        silent = 0.0
    if not 0 < silent <= 86_400:
        raise UsageError(f"KOJUDGE_LEASE_S must be a number of seconds above 0, not {text!r}")
    return LeaseLimits(silent / 5, silent)


@dataclass(frozen=True, slots=True)
class Lease:
    """A row of the table as it was seen."""

    token: str
    holder: Holder
    beats: int


class HeldLease:
    """The lease of a run in this process's hands."""

    def __init__(self, writer: Writer, run_id: int, limits: LeaseLimits) -> None:
        self.token = uuid.uuid4().hex
        self.lost: LeaseLostError | None = None
        self._writer = writer
        self._run_id = run_id
        self._fresh_s = limits.silent_s / 2
        self._seen_at = time.monotonic()

    async def confirm(self) -> None:
        """Return when the lease was seen lately and the database can be written: then something may be bought.

        Raises:
            LeaseLostError: it is another's.
            StoreError: the database cannot be written.
        """
        if self._writer.waits or time.monotonic() - self._seen_at > self._fresh_s:
            await self._writer.write(lambda _connection: None, bought=False)
        if self.lost is not None:
            raise self.lost

    def seen(self, connection: Connection) -> bool:
        """Whether the table still says so. Asked in every transaction, so not through SQLAlchemy."""
        row = raw(connection).execute("SELECT token FROM leases WHERE run_id = ?", (self._run_id,)).fetchone()
        self._seen_at = time.monotonic()
        return bool(row == (self.token,))


@asynccontextmanager
async def hold_lease(
    store: Store,
    writer: Writer,
    run_id: int,
    *,
    say: Callable[[str], None],
    on_lost: Callable[[LeaseLostError], None],
    limits: LeaseLimits,
) -> AsyncIterator[HeldLease]:
    """Hold the run for the length of the block; `on_lost` is called, in the event loop, if it is taken away.

    Raises:
        UsageError: another process works on it.
    """
    held = HeldLease(writer, run_id, limits)
    await _take(store, writer, run_id, held.token, say, limits)
    loop = asyncio.get_running_loop()

    def lose() -> None:
        held.lost = _lost(store, run_id)
        on_lost(held.lost)

    writer.guard(run_id, held.seen, lambda: loop.call_soon_threadsafe(lose))
    beating = asyncio.create_task(_beat(writer, run_id, held.token, limits.beat_s))
    try:
        yield held
    finally:
        beating.cancel()
        # A lease that cannot be given back ends with this process.
        with contextlib.suppress(StoreError):
            await writer.write(_release(run_id, held.token), bought=False)


async def _take(
    store: Store, writer: Writer, run_id: int, token: str, say: Callable[[str], None], limits: LeaseLimits
) -> None:
    mine = Holder.this_process()
    seen: Lease | None = None
    since = time.monotonic()
    while True:
        with store.read() as connection:
            lease = _lease(connection, run_id)
        silent = seen is not None and time.monotonic() - since >= limits.silent_s
        if lease is None or lease.holder.is_gone() or (silent and lease == seen):
            if await _replace(writer, run_id, lease, token, mine):
                return
            continue
        if seen is None:
            seen, since = lease, time.monotonic()
            say(f"{_name(store, run_id)} belongs to {lease.holder}; looking whether that still works on it ...")
        elif lease != seen:
            raise _taken(store, run_id, lease.holder)
        await asyncio.sleep(min(limits.beat_s, 1.0) / 4)


async def _replace(writer: Writer, run_id: int, old: Lease | None, token: str, mine: Holder) -> bool:
    """Take the lease if it is still as it was seen."""
    done = False

    def write(connection: Connection) -> None:
        nonlocal done
        done = _lease(connection, run_id) == old
        if done:
            connection.execute(leases.delete().where(leases.c.run_id == run_id))
            connection.execute(
                leases.insert().values(run_id=run_id, token=token, holder=mine.to_json(), beats=0, taken_at=now())
            )

    await writer.write(write, bought=False)
    return done


async def _beat(writer: Writer, run_id: int, token: str, every_s: float) -> None:
    here = (leases.c.run_id == run_id) & (leases.c.token == token)
    add = leases.update().where(here).values(beats=leases.c.beats + 1)
    # A beat that cannot be written is no reason to stop: whatever keeps it from the disk keeps the answers too.
    while True:
        await asyncio.sleep(every_s)
        with contextlib.suppress(StoreError):
            await writer.write(lambda connection: connection.execute(add), bought=False)


def _release(run_id: int, token: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(
        leases.delete().where((leases.c.run_id == run_id) & (leases.c.token == token))
    )


def _lease(connection: Connection, run_id: int) -> Lease | None:
    row = connection.execute(sa.select(leases).where(leases.c.run_id == run_id)).first()
    return None if row is None else Lease(row.token, Holder.from_json(row.holder), row.beats)


def _name(store: Store, run_id: int) -> str:
    with store.read() as connection:
        return f"run {connection.scalar(sa.select(runs.c.name).where(runs.c.id == run_id))!r}"


def _taken(store: Store, run_id: int, holder: Holder) -> UsageError:
    return UsageError(
        f"{_name(store, run_id)} is being worked on by {holder}; let that finish, or end it and try again"
    )


def _lost(store: Store, run_id: int) -> LeaseLostError:
    with store.read() as connection:
        lease = _lease(connection, run_id)
    whose = f"by {lease.holder}" if lease else "by another process"
    return LeaseLostError(
        f"{_name(store, run_id)} was taken over {whose} while this one gave no sign of life; "
        "what was in flight here is stored, and the run goes on there"
    )
