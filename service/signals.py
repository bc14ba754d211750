"""Ctrl-C, SIGTERM and a closed terminal: the first stops in good order, the second at once."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

_CAUGHT = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
_MAY_BE_IGNORED = ("SIGHUP",)  # nohup means it


class Interrupted(Exception):
    """Ctrl-C or SIGTERM: the run stopped in good order and can be resumed; the message says how, if not as usual."""


class Stoppable(Protocol):
    """What takes no new work once stopped, and gives up what is in flight when hurried."""

    def stop(self, error: BaseException | None = None) -> None: ...

    def hurry(self) -> None: ...


class Signals:
    """Where signals go: to the task itself while it only waits, to `work` once there is some."""

    def __init__(self, task: asyncio.Task[object]) -> None:
        self.work: list[Stoppable] = []
        self.received = 0
        self._task = task

    def receive(self) -> None:
        self.received += 1
        if not self.work:
            self._task.cancel()
        for work in self.work:
            if self.received == 1:
                work.stop(Interrupted())
            else:
                work.hurry()


@contextmanager
def signals_stop() -> Iterator[Signals]:
    """Within the running task, and in the main thread, take the signals.

    Raises:
        Interrupted: one came while there was no work to stop.
    """
    task = asyncio.current_task()
    assert task is not None, "signals stop a task"
    loop = asyncio.get_running_loop()
    signals = Signals(task)
    before = {n: signal.getsignal(n) for n in _CAUGHT}
    before = {n: h for n, h in before.items() if h != signal.SIG_IGN or n.name not in _MAY_BE_IGNORED}
    for number in before:
        loop.add_signal_handler(number, signals.receive)
    try:
        yield signals
    except asyncio.CancelledError:
        if not signals.received:
            raise
        task.uncancel()
        raise Interrupted from None
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
