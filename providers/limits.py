"""How many calls an endpoint may have in flight, learned from what the server refuses.

A 429 can mean two things. A server that is full refuses *every* call above its capacity and takes every one below it; a
gateway that is merely nervous refuses a few calls at any level. The usual additive-increase/multiplicative-decrease
treats both alike and is talked down by a few per cent of sporadic refusals. Here every call remembers its level, the
number of calls in flight when it was sent, and each refusal asks: from which level upwards are refusals the rule?

For a level t the log-likelihood ratio of "calls at t and above are refused with P1" against "calls anywhere are refused
with P0" is summed over the recent calls from the highest level down; its maximum is Page's cumulative sum (1954), taken
over levels instead of time. Only when it passes a threshold is the limit lowered, to the level below t. Calls in flight
for longer than a refusal takes count as taken.

An answer takes seconds, a refusal milliseconds. So until the first capacity is found, silence counts as well: a limit
that waited for answers before it grew would need several round trips to fill a wide server.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

P_FULL, P_SPORADIC = 0.8, 0.08
_REFUSED = math.log(P_FULL / P_SPORADIC)
_TAKEN = math.log((1 - P_FULL) / (1 - P_SPORADIC))
FULL_AT = 6.0  # three refusals in a row; a capacity is suspected for the first time
FULL_AGAIN_AT = 2.0  # one refusal: the level was refused before
START = 32
QUIET_S = 0.1
SHRINK = 0.7
FIRST_HOLD_S, LONGEST_HOLD_S = 1.0, 60.0
LONGEST_CLOSED_S = 120.0
_PRESSING = 0.75
_TIMER_S = 0.001  # what an event loop may be early by
_LOOK_EVERY_S, _LONGEST_LOOK_S = 0.01, 0.03


@dataclass(slots=True, eq=False)
class Place:
    """One call: the number of calls in flight when it was sent, itself included, and the time (s).

    `pressing`: the limit was used nearly to the full then; only such a call can prove that more would go.
    """

    level: int
    pressing: bool
    sent_at: float
    in_flight: bool = True
    refused: bool = False


class AdaptiveLimit:
    """The limit as pure arithmetic on what was sent and what came back; time is given from outside, in seconds.

    It starts at 32 (or the ceiling) and grows by a place per success, and by as many places as calls have been in
    flight for 0.1 s in each further 0.1 s, until the server refuses for good or proves to refuse late. Then it holds,
    and tries one place more after 1 s; while that is refused again it tries half as often, up to once a minute, and as
    soon as it succeeds it grows faster with every round.
    """

    def __init__(self, ceiling: int, start: int = START) -> None:
        if ceiling < 1:
            raise ValueError("a concurrency limit is at least 1")
        self.ceiling = ceiling
        self.in_flight = 0
        self._start = min(start, ceiling)
        self._recent: deque[Place] = deque(maxlen=max(64, 2 * ceiling))
        self.restart()

    def restart(self) -> None:
        """Forget what was learned: the server is a new one."""
        self.limit = self._start
        self._recent = deque((place for place in self._recent if place.in_flight), self._recent.maxlen)
        self._ramping, self._looked_at = True, -math.inf
        self._growth, self._credit, self._round = 1.0, 0.0, 0
        self._hold_until, self._hold_s = 0.0, FIRST_HOLD_S
        self._lowered = 0
        self._known_full: int | None = None

    @property
    def hears_silence(self) -> bool:
        """Whether `waited` can raise the limit."""
        return self._ramping and self.limit < self.ceiling

    def sent(self, now: float) -> Place:
        """A call goes out."""
        self.in_flight += 1
        place = Place(self.in_flight, self.in_flight >= _PRESSING * self.limit, now)
        self._recent.append(place)
        return place

    def taken(self, place: Place, now: float) -> None:
        """The server took the call (whatever came of it)."""
        self._ended(place)
        if self.limit >= self.ceiling or now < self._hold_until or not place.pressing:
            return
        self._round += 1
        if self._round >= self.limit:
            self._round = 0
            self._growth = min(1.0, 2 * self._growth)
        self._grow(self._growth)

    def waited(self, now: float) -> None:
        """Callers wait and the limit is used up: calls that have not been refused for a while count as taken.

        Growth is spread over time, so that only a few calls are refused before the refusals are noticed.
        """
        if not self.hears_silence:
            return
        quiet = sum(place.in_flight and now - place.sent_at >= QUIET_S for place in self._recent)
        self._grow(quiet * min(now - self._looked_at, _LONGEST_LOOK_S) / QUIET_S)
        self._looked_at = now

    def _grow(self, places: float) -> None:
        self._credit += places
        more = min(int(self._credit), self.ceiling - self.limit)
        self._credit -= int(self._credit)
        self.limit += more
        if self._known_full is not None and self.limit > self._known_full + 1:
            self._known_full, self._hold_s = None, FIRST_HOLD_S

    def _ended(self, place: Place) -> None:
        self.in_flight -= 1
        place.in_flight = False

    def given_up(self, place: Place) -> None:
        """The call ended without an answer of the server: nothing is learned."""
        self._ended(place)

    def refused(self, place: Place, now: float) -> bool:
        """The server refused the call. True when refusals have become the rule, and the limit was lowered."""
        self._ended(place)
        place.refused = True
        if now - place.sent_at >= QUIET_S:
            self._ramping = False  # this server's silence tells nothing
        full_from = self._full_from(place.sent_at)
        if full_from is None:
            return False
        self._ramping = False
        below = max(1, full_from - 1)
        if now < self._hold_until:
            self._lowered += 1
            if self._lowered > 1:  # not a place or two too many: the capacity itself has shrunk
                below = max(1, min(below, int(SHRINK * self.limit)))
        else:
            self._lowered = 0
            if self._known_full is not None:
                self._hold_s = min(2 * self._hold_s, LONGEST_HOLD_S)
        self.limit = min(self.limit, below)
        self._known_full = self.limit + 1
        self._hold_until = now + self._hold_s
        self._growth, self._credit, self._round = 1.0 / self.limit, 0.0, 0
        self._recent.clear()
        return True

    def _full_from(self, refused_at: float) -> int | None:
        """The lowest level from which upwards refusals are the rule; None while they look sporadic.

        A call in flight that was sent after the one refused just now may still be refused: it tells nothing.
        """
        total, best, best_level = 0.0, 0.0, None
        known = [p for p in self._recent if not p.in_flight or p.sent_at <= refused_at]
        for place in sorted(known, key=lambda p: -p.level):
            total += _REFUSED if place.refused else _TAKEN
            if place.refused and total >= best:
                best, best_level = total, place.level
        if best_level is None:
            return None
        suspected = self._known_full is not None and best_level >= self._known_full
        return best_level if best >= (FULL_AGAIN_AT if suspected else FULL_AT) else None


class ConcurrencyLimiter:
    """The gate of an endpoint: `acquire` waits until the adaptive limit has a place.

    A place is taken inside each attempt and given back before a retry sleeps. The limit is never above the connection
    pool's size, so nothing ever queues inside the pool.
    """

    def __init__(self, ceiling: int, start: int = START, clock: Callable[[], float] = time.monotonic) -> None:
        self._adaptive = AdaptiveLimit(ceiling, start)
        self._clock = clock
        self._urgent: deque[asyncio.Future[Place]] = deque()
        self._waiting: deque[asyncio.Future[Place]] = deque()
        self._closed_until = 0.0
        self._looking = False
        self._opening: asyncio.TimerHandle | None = None

    @property
    def in_flight(self) -> int:
        """Calls in flight."""
        return self._adaptive.in_flight

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return self._adaptive.limit

    @property
    def ceiling(self) -> int:
        return self._adaptive.ceiling

    async def acquire(self, *, urgent: bool = False) -> Place:
        """Wait for a place: urgent callers come first, and among equals who waits longest."""
        turn: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._waiting).append(turn)
        self._wake()
        if not turn.done():
            self._look_later()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.given_up(turn.result())
            raise

    def taken(self, place: Place) -> None:
        """The server answered, well or badly, but not "too many"."""
        self._adaptive.taken(place, self._clock())
        self._wake()

    def given_up(self, place: Place) -> None:
        """No answer: cancelled, or no connection."""
        self._adaptive.given_up(place)
        self._wake()

    def refused(self, place: Place, retry_after_s: float | None) -> None:
        """The server answered "too many". When that is the rule, its Retry-After holds for every call."""
        now = self._clock()
        full = self._adaptive.refused(place, now)
        # Beyond the longest wait the calls themselves give up, so nobody may be kept waiting here.
        if full and retry_after_s and retry_after_s <= LONGEST_CLOSED_S:
            self.close_for(retry_after_s)
        self._wake()

    def close_for(self, seconds: float) -> None:
        """Let no call out for a while."""
        self._closed_until = max(self._closed_until, self._clock() + seconds)
        self._open_later()

    def _open_later(self) -> None:
        """One timer at a time; it is set again where a loop rings it a moment early, as uvloop does."""
        if self._opening is None and self._clock() < self._closed_until:
            wait = max(self._closed_until - self._clock(), 0.0) + _TIMER_S
            self._opening = asyncio.get_running_loop().call_later(wait, self._open)

    def _open(self) -> None:
        self._opening = None
        if self._clock() < self._closed_until:
            self._open_later()
        else:
            self._wake()

    def open(self) -> None:
        """Let calls out again now, whatever the server asked for."""
        self._closed_until = 0.0
        self._wake()

    def restart(self) -> None:
        """The server was away and is back: what it took before tells nothing."""
        self._adaptive.restart()
        self._wake()

    def _look_later(self) -> None:
        """While callers wait, see in a moment whether the server's silence lets more of them out."""
        if not self._looking and (self._urgent or self._waiting) and self._adaptive.hears_silence:
            self._looking = True
            asyncio.get_running_loop().call_later(_LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        self._looking = False
        for queue in (self._urgent, self._waiting):
            while queue and queue[0].done():  # cancelled
                queue.popleft()
        if self._urgent or self._waiting:
            self._adaptive.waited(self._clock())
            self._wake()
            self._look_later()

    def _wake(self) -> None:
        """Give out the free places; a place is taken from here on, so that nobody can slip in before its owner runs."""
        now = self._clock()
        while (self._urgent or self._waiting) and self._adaptive.in_flight < self._adaptive.limit:
            if now < self._closed_until:
                self._open_later()
                return
            turn = (self._urgent or self._waiting).popleft()
            if not turn.done():
                turn.set_result(self._adaptive.sent(now))
