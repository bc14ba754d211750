"""A pass over a run: tasks that work until nothing is left or they are stopped, with a grace for what is in flight."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

GRACE_S = 30.0


class StoppablePass:
    """What every pass has in common: it stops in good order, gives up when hurried, and raises the first error."""

    def __init__(self) -> None:
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stop_error: BaseException | None = None

    def stop(self, error: BaseException | None = None) -> None:
        """Take no new work; what is in flight may still finish. The first error given is raised by `run`."""
        self._stop_error = self._stop_error or error
        self._stop.set()

    def hurry(self) -> None:
        """End the grace period that `stop` began: give up what is in flight."""
        self._hurry.set()

    async def _work(self, tasks: Sequence[asyncio.Task[None]], until: Callable[[], Awaitable[object]]) -> None:
        """Wait for `until`, and end every task with it; after a stop they have the grace to finish."""
        stopper = asyncio.create_task(self._end_after_grace(tasks))
        try:
            await until()
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
        finally:
            for task in (*tasks, stopper):
                task.cancel()
            await asyncio.gather(*tasks, stopper, return_exceptions=True)

    async def _end_after_grace(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        await self._stop.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), GRACE_S)
        for task in tasks:
            task.cancel()

    def _raise_stop_error(self) -> None:
        if self._stop_error is not None:
            raise self._stop_error
