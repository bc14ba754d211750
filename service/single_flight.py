"""The same work is asked for by one task at a time; who comes later finds the result in the ledger."""

import asyncio


class SingleFlight:
    """`async with flights.alone(key):` waits until nobody else is inside with the same key."""

    def __init__(self) -> None:
        self._inside: dict[str, asyncio.Future[None]] = {}

    def alone(self, key: str) -> "_Flight":
        return _Flight(self._inside, key)


class _Flight:
    __slots__ = ("_inside", "_key")

    def __init__(self, inside: dict[str, asyncio.Future[None]], key: str) -> None:
        self._inside = inside
        self._key = key

    async def __aenter__(self) -> None:
        while (other := self._inside.get(self._key)) is not None:
            await asyncio.wait([other])
        self._inside[self._key] = asyncio.get_running_loop().create_future()

    async def __aexit__(self, *_exc: object) -> None:
        self._inside.pop(self._key).set_result(None)
