"""A server and its callers in simulated time: what an adaptive limit makes of a server whose capacity is known."""

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from providers.limits import AdaptiveLimit, Place

LOOK_EVERY_S = 0.01
Capacity = Callable[[float], float]


@dataclass
class Outcome:
    """What became of a simulated run; times in seconds, `limits` are (time, limit) at every change."""

    seconds: float = 0.0
    done: int = 0
    refused: int = 0
    limits: list[tuple[float, int]] = field(default_factory=list)

    @property
    def refused_share(self) -> float:
        return self.refused / (self.done + self.refused)

    def note(self, now: float, limit: int) -> None:
        if limit != self.limits[-1][1]:
            self.limits.append((now, limit))

    def limit_at(self, moment: float) -> int:
        return next(limit for at, limit in reversed(self.limits) if at <= moment)

    def mean_limit(self, start: float, end: float) -> float:
        """The limit's mean over time."""
        marks = [(max(at, start), limit) for at, limit in self.limits if at < end]
        total = 0.0
        for (at, limit), (until, _) in zip(marks, [*marks[1:], (end, 0)], strict=True):
            total += limit * max(0.0, until - at)
        return total / (end - start)


def simulate(
    limit: AdaptiveLimit,
    calls: int,
    *,
    workers: int,
    capacity: Capacity = lambda now: float("inf"),
    latency_s: float = 0.2,
    refusal_s: float = 0.004,
    sporadic: float = 0.0,
    backoff_s: float = 0.5,
    seed: int = 1,
) -> Outcome:
    """`workers` callers make `calls` calls; a refused one sleeps (its place is free meanwhile) and tries again."""
    draw = random.Random(seed)
    outcome = Outcome(limits=[(0.0, limit.limit)])
    order: Iterator[int] = count()
    events: list[tuple[float, int, str, Place | None, int]] = []
    ready = [0] * min(workers, calls)  # the attempt that each waiting caller is about to make
    left = calls - len(ready)
    admitted = 0
    now = 0.0
    looking = False

    def later(seconds: float, kind: str, place: Place | None, attempt: int) -> None:
        heapq.heappush(events, (now + seconds, next(order), kind, place, attempt))

    while True:
        while ready and limit.in_flight < limit.limit:
            attempt = ready.pop(0)
            place = limit.sent(now)
            if admitted >= capacity(now) or draw.random() < sporadic:
                later(refusal_s, "refused", place, attempt)
            else:
                admitted += 1
                later(latency_s * draw.uniform(0.8, 1.2), "done", place, attempt)
        if ready and limit.hears_silence and not looking:
            looking = True
            later(LOOK_EVERY_S, "look", None, 0)
        if not events:
            break
        now, _, kind, place, attempt = heapq.heappop(events)
        if kind == "awake":
            ready.append(attempt)
        elif kind == "look":
            looking = False
            if ready:
                limit.waited(now)
        elif kind == "done":
            assert place is not None
            admitted -= 1
            outcome.done += 1
            limit.taken(place, now)
            if left:
                left -= 1
                ready.append(0)
        else:
            assert place is not None
            outcome.refused += 1
            limit.refused(place, now)
            later(draw.uniform(0, backoff_s * 2**attempt), "awake", None, min(attempt + 1, 5))
        outcome.note(now, limit.limit)
    outcome.seconds = now
    return outcome
