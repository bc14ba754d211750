"""A server that is away: noticed by calls that fail in a row, and asked by a call now and then until it is back.

Sporadic faults strike here and there; a dead server, or the gateway before it, fails everybody. An answer takes longer
than most failures, so their order of arrival says little: what counts are the calls *sent after* a first failure. With
sporadic faults some of them are answered, and until then most of them are in flight; with a dead server they all fail.
Calls sent before it neither hide an outage (they may hang) nor deny one (a server may finish them before it ends).
"""

import asyncio
import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from providers.errors import ConnectionFailedError, ProviderError, ServerError

FEWEST_IN_A_ROW, MOST_IN_A_ROW = 4, 16
OUTWEIGH = 2
LONGEST_PAUSE_S = 5.0
TOO_BUSY = frozenset({503, 529})
_GATEWAY = frozenset({502, 504})


def is_absence(error: ProviderError) -> bool:
    """Whether this is what a server that is away looks like: no connection, 502, 503, 504 or 529."""
    if isinstance(error, ServerError):
        return error.status in TOO_BUSY or error.status in _GATEWAY
    return isinstance(error, ConnectionFailedError)


@dataclass(slots=True, eq=False)
class Sent:
    """A call that went out, the `number`th of its endpoint."""

    number: int
    probe: bool


class Outage:
    """The gate that closes while the server of an endpoint is away.

    It closes after as many absences in a row as there are callers (4 to 16), if the calls sent meanwhile that are still
    in flight are far fewer. A 503 is an absence only if no earlier call is in flight: else the server is full. While it
    is closed a single call goes out now and then as a probe: after pauses that double from `first_pause_s` to
    `longest_pause_s` while probes fail, and after the longest one if a probe hangs. The first reply to a probe, good or
    bad, opens the gate for all.

    After `patience_s` whoever waits gets the last error, as does everybody who comes later and is not the next probe.
    0 never closes. `tell` gets a line when an outage begins (once a probe has confirmed it), lasts too long and ends.
    """

    def __init__(
        self,
        name: str,
        patience_s: float,
        first_pause_s: float = 0.5,
        longest_pause_s: float = LONGEST_PAUSE_S,
        tell: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._patience_s = patience_s
        self._first_pause_s, self._longest_pause_s = first_pause_s, longest_pause_s
        self._tell = tell
        self._clock = clock
        self._number = 0
        self._in_flight: dict[Sent, None] = {}
        self._row_from = math.inf  # the number of the first call sent after an absence
        self._row_failed = self._row_in_flight = 0
        self._error: ProviderError | None = None
        self._since = self._probe_at = self._pause_s = 0.0
        self._stopped = self._told = self._told_late = False
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_on(self) -> bool:
        """Whether the gate is closed."""
        return self._error is not None

    @property
    def is_late(self) -> bool:
        """Whether the outage has lasted too long to wait for its end."""
        return self._error is not None and self._clock() >= self._since + self._patience_s

    async def admit(self) -> bool:
        """Wait while the gate is closed. True: the caller is a probe now, and calls `probed` when it has asked.

        Raises:
            ProviderError: the last one, when the outage has lasted too long or waiting was stopped.
        """
        while (error := self._error) is not None:
            if self._stopped:
                raise copy.copy(error)
            if (now := self._clock()) >= self._probe_at:
                self._probe_at = now + self._longest_pause_s
                self._set_timer()
                return True
            if self.is_late:
                self._say_late()
                raise copy.copy(error)
            await self._wait()
        return False

    def sent(self, *, probe: bool = False) -> Sent:
        """A call goes out."""
        self._number += 1
        call = Sent(self._number, probe)
        self._in_flight[call] = None
        self._row_in_flight += call.number >= self._row_from
        return call

    def ended(self, call: Sent) -> None:
        """The call ended and tells nothing about the server: cancelled, or out of time."""
        del self._in_flight[call]
        self._row_in_flight -= call.number >= self._row_from

    def answered(self, call: Sent) -> bool:
        """The server replied, well or badly. True when that ended an outage."""
        self.ended(call)
        if call.number >= self._row_from:
            self._row_from = math.inf
        if self._error is None or not call.probe:
            return False
        self._error = None
        self._wake(len(self._waiting))
        self._set_timer()
        if self._told:
            self._say(f"{self._name} answers again after {_span(self._clock() - self._since)}")
        return True

    def failed(self, call: Sent, error: ProviderError, callers: int) -> None:
        """The call met an absence; so many callers are at it."""
        is_full = error.status in TOO_BUSY and next(iter(self._in_flight)) is not call
        self.ended(call)
        if self._error is not None:
            self._error = error
            if call.probe and not self._told:
                self._told = True
                self._say(
                    f"{self._name} does not answer ({error}); "
                    f"asking again every few seconds, for up to {_span(self._patience_s)}"
                )
        elif not is_full and self._is_away(call, callers):
            self._error = error
            self._since = self._clock()
            self._told = self._told_late = False
            self._pause_s = self._first_pause_s
            self._probe_at = self._since + self._pause_s

    def _is_away(self, call: Sent, callers: int) -> bool:
        """Count the failed call; whether the row is long enough."""
        if self._row_from == math.inf:
            self._row_from = self._number + 1
            self._row_failed, self._row_in_flight = 1, 0
        elif call.number >= self._row_from:
            self._row_failed += 1
        enough = max(min(max(callers, FEWEST_IN_A_ROW), MOST_IN_A_ROW), OUTWEIGH * self._row_in_flight)
        return self._patience_s > 0 and self._row_failed >= enough

    def probed(self) -> None:
        """A probe has ended; if the gate is still closed, the next one goes out after a longer pause."""
        if self._error is not None:
            self._pause_s = min(2 * self._pause_s, self._longest_pause_s)
            self._probe_at = self._clock() + self._pause_s
            self._set_timer()

    def stop(self) -> None:
        """Nobody waits any longer."""
        self._stopped = True
        self._wake(len(self._waiting))
        self._set_timer()

    async def _wait(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        if self._timer is None:
            self._set_timer()
        try:
            await turn
        except asyncio.CancelledError:
            if turn not in self._waiting:
                self._wake(1)  # this turn was given to nobody
            raise
        finally:
            self._waiting.pop(turn, None)

    def _set_timer(self) -> None:
        """One timer for all who wait: the next probe, or the end of patience."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._error is not None and self._waiting:
            at = min(self._probe_at, self._since + self._patience_s)
            self._timer = asyncio.get_running_loop().call_later(max(0.0, at - self._clock()), self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        self._wake(len(self._waiting) if self.is_late else 1)

    def _wake(self, count: int) -> None:
        for turn in list(self._waiting):
            if count == 0:
                break
            del self._waiting[turn]
            if not turn.done():  # else cancelled
                turn.set_result(None)
                count -= 1

    def _say_late(self) -> None:
        if self._told and not self._told_late:
            self._told_late = True
            self._say(f"{self._name} has not answered for {_span(self._patience_s)}; calls fail until it does")

    def _say(self, line: str) -> None:
        if self._tell is not None:
            self._tell(line)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
