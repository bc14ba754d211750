"""How many calls an endpoint may have in flight."""

import asyncio
from types import TracebackType


class ConcurrencyLimiter:
    """At most `limit` calls at once; `async with` takes and gives back one place.

    A place is taken inside each attempt and given back before a retry sleeps. The limit is never above
    the connection pool's size, so nothing ever queues inside the pool.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("a concurrency limit is at least 1")
        self.limit = limit
        self._places = asyncio.Semaphore(limit)

    async def __aenter__(self) -> None:
        await self._places.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.release()
