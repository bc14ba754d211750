"""What the bench server remembers: counters since the last reset, and one small record per attempt."""

import struct
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from bench.replies import FAULTS, Role

ROLES: tuple[Role, ...] = ("answer", "verdict")
_OUTCOMES: tuple[str | None, ...] = (None, *FAULTS)
_RECORD = struct.Struct("<QdBB")


class Attempt(NamedTuple):
    """One request that was answered, or failed: the work's number, the monotonic clock in seconds, what it was.

    Without a `fault` it is a delivery: a good reply, written to its socket.
    """

    work: int
    at: float
    role: Role
    fault: str | None


def read_attempts(packed: bytes) -> Iterator[Attempt]:
    for work, at, role, outcome in _RECORD.iter_unpack(packed):
        yield Attempt(work, at, ROLES[role], _OUTCOMES[outcome])


@dataclass(slots=True)
class RoleStats:
    """One role's calls. `busy_s` is the sum over time of calls in flight, up to the last request of either role."""

    received: int = 0
    delivered: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    body_bytes: int = 0
    busy_s: float = 0.0
    _area: float = 0.0
    _changed_at: float = 0.0

    def moved(self, by: int, now: float) -> None:
        self._area += self.in_flight * (now - self._changed_at)
        self._changed_at = now
        self.in_flight += by
        if self.in_flight > self.most_in_flight:
            self.most_in_flight = self.in_flight

    def request_seen(self, now: float) -> None:
        self.busy_s = self._area + self.in_flight * (now - self._changed_at)


@dataclass(slots=True)
class Stats:
    """Counts since the last reset; times are the monotonic clock, in seconds."""

    received: int = 0
    delivered: int = 0
    refused_429: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    connections: int = 0
    deaths: int = 0
    first_received_s: float = 0.0
    last_received_s: float = 0.0
    last_delivered_s: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    roles: dict[Role, RoleStats] = field(default_factory=lambda: {role: RoleStats() for role in ROLES})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Record:
    """The counters and the attempts."""

    def __init__(self) -> None:
        self.stats = Stats()
        self.attempts = bytearray()

    def clear(self) -> None:
        """Count anew."""
        self.stats = Stats()
        self.attempts = bytearray()

    def arrived(self, role: Role, size: int) -> Stats:
        now = time.monotonic()
        stats = self.stats
        stats.received += 1
        stats.first_received_s = stats.first_received_s or now
        stats.last_received_s = now
        stats.in_flight += 1
        if stats.in_flight > stats.most_in_flight:
            stats.most_in_flight = stats.in_flight
        mine = stats.roles[role]
        mine.received += 1
        mine.body_bytes += size
        mine.moved(+1, now)
        for each in stats.roles.values():
            each.request_seen(now)
        return stats

    def left(self, stats: Stats, role: Role) -> None:
        """The call is over; `stats` are those it was counted in, which a reset may have replaced."""
        stats.in_flight -= 1
        stats.roles[role].moved(-1, time.monotonic())

    def failed(self, role: Role, work: int, fault: str) -> None:
        self.attempts += _RECORD.pack(work, time.monotonic(), ROLES.index(role), _OUTCOMES.index(fault))

    def delivered(self, role: Role, work: int) -> None:
        now = time.monotonic()
        stats = self.stats
        stats.delivered += 1
        stats.last_delivered_s = now
        stats.roles[role].delivered += 1
        self.attempts += _RECORD.pack(work, now, ROLES.index(role), 0)
