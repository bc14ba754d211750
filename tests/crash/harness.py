"""Kill a run at chosen moments, let the same command finish it, and compare with a run that nobody disturbed.

Everything is seen from outside: the server's record of what it wrote to its sockets and when, the command line's report
and export, and SQLite's own check of the file.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.child import Child, Used
from bench.kojudge import RUN, Kojudge, stable, units_of
from bench.local_server import LocalServer
from bench.server_record import Attempt
from bench.work import Work

SETTLED_S = 0.005
_POLL_S = 0.002


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: so many seconds after the start, or after the server's n-th delivery to that process."""

    after_s: float = 0.0
    after_calls: int = 0


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill.

    Attributes:
        after_s: seconds from the start of the process; None if it had ended before.
        delivered: pieces of work that the server had delivered by then, since the first start.
        again: age at the kill, in seconds, of every delivered piece of work that was delivered once more later.
        integrity: SQLite's word on the file right after the kill, `none` where there was no file yet.
    """

    after_s: float | None
    delivered: int
    again: tuple[float, ...]
    integrity: str

    @property
    def bought_again(self) -> int:
        """Pieces of work that had been settled (delivered 5 ms before the kill) and were bought once more."""
        return sum(age > SETTLED_S for age in self.again)


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run as its user sees it; `units` are its answers and verdicts by place."""

    wall_s: float
    report: Any
    units: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Disturbed:
    """A run that was killed and finished. `lost` names units that differ from the undisturbed run's or are missing."""

    kills: tuple[Kill, ...]
    finished: Finished
    lost: tuple[str, ...]
    report_equal: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What is run: two-turn conversations against one server, half of the places for each of the two models."""

    server: LocalServer
    work: Work
    places: int = 64
    behaviour: dict[str, Any] = field(default_factory=lambda: {"latency": 0.2, "jitter": 0.02, "answers": "mixed"})

    def words(self, folder: Path) -> list[str]:
        """The command that starts the run and the same that finishes it."""
        questions = self.work.write_questions(folder)
        words = ["run", "-q", str(questions), "--name", RUN, "--concurrency", str(self.places // 2)]
        url = self.server.openai_url
        return [*words, "-m", f"compatible:candidate@{url}", "-j", f"compatible:judge@{url}", "--format", "json"]


def undisturbed(scene: Scene, folder: Path) -> Finished:
    """Run it without a kill."""
    scene.server.reset(**scene.behaviour)
    kojudge = Kojudge(folder)
    return _finished(kojudge, kojudge(*scene.words(folder)).checked())


def disturbed(scene: Scene, folder: Path, moments: Sequence[Moment], undisturbed: Finished) -> Disturbed:
    """Start it anew after every kill until it completes, and compare."""
    scene.server.reset(**scene.behaviour)
    kojudge, words = Kojudge(folder), scene.words(folder)
    kills: list[tuple[float | None, float, str]] = []
    for moment in moments:
        child = kojudge.start(*words)
        at = _killed(child, moment, scene.server)
        used = child.wait()
        kills.append((at and at - child.started_s, at or used.ended_s, kojudge.integrity()))
    finished = _finished(kojudge, kojudge(*words).checked())
    deliveries = scene.server.deliveries()
    return Disturbed(
        tuple(_kill(after_s, at, integrity, deliveries) for after_s, at, integrity in kills),
        finished,
        tuple(sorted(k for k in undisturbed.units if finished.units.get(k) != undisturbed.units[k])),
        finished.report == undisturbed.report,
    )


def _killed(child: Child, moment: Moment, server: LocalServer) -> float | None:
    """Wait for the moment and kill; the moment by the monotonic clock, None if the process ended by itself before."""
    wanted = server.stats()["delivered"] + moment.after_calls
    while moment.after_calls and child.running and server.stats()["delivered"] < wanted:
        time.sleep(_POLL_S)
    since = time.monotonic() if moment.after_calls else child.started_s
    time.sleep(max(0.0, since + moment.after_s - time.monotonic()))
    return child.kill() if child.running else None


def _kill(after_s: float | None, at: float, integrity: str, deliveries: Sequence[Attempt]) -> Kill:
    before = {delivery.work: delivery.at for delivery in deliveries if delivery.at <= at}
    later = Counter(delivery.work for delivery in deliveries if delivery.at > at)
    again = sorted(at - delivered for work, delivered in before.items() if later[work])
    return Kill(after_s, len(before), tuple(again), integrity)


def _finished(kojudge: Kojudge, used: Used) -> Finished:
    report, conversations = kojudge.results()
    return Finished(used.wall_s, stable(report), units_of(conversations))
