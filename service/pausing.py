"""Requests to a run at work: a pause stops it as Ctrl-C would."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.engine import Connection

from service.errors import StoreError
from service.signals import Interrupted, Stoppable
from service.store import Store
from service.store.requests import Request, note_outcome, open_requests, take
from service.store.writer import Write, Writer


class Paused(Interrupted):
    """Somebody asked for a pause: the run stopped in good order and can be resumed."""


@asynccontextmanager
async def pause_on_request(
    store: Store, writer: Writer, run_id: int, work: Stoppable, every_s: float
) -> AsyncIterator[None]:
    """For the length of the block, look for requests to pause and stop `work` on the first.

    A request that was left from before is about another time, and is noted as such.
    """
    await _settle_old(store, writer, run_id)
    listening = asyncio.create_task(_listen(store, writer, run_id, work, every_s))
    try:
        yield
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


async def _settle_old(store: Store, writer: Writer, run_id: int) -> None:
    with store.read() as connection:
        old = open_requests(connection, "pause", run_id)
    for request in old:
        await writer.write(_done(request, "the run was not at work"), bought=False)


async def _listen(store: Store, writer: Writer, run_id: int, work: Stoppable, every_s: float) -> None:
    with store.reader() as connection:
        while True:
            await asyncio.sleep(every_s)
            for request in open_requests(connection, "pause", run_id):
                work.stop(Paused(f"paused by {request.asked_by}"))
                # A note that cannot be written is no reason to go on.
                with contextlib.suppress(StoreError):
                    await writer.write(_done(request, "paused"), bought=False)
                return


def _done(request: Request, outcome: str) -> Write:
    def write(connection: Connection) -> None:
        if take(connection, request.id):
            note_outcome(connection, request.id, outcome)

    return write
