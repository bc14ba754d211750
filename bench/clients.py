"""The clients that do the same work against the same server, and the measurement of one of them."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.child import Child, Used
from bench.kojudge import RUN, Kojudge, environment
from bench.local_server import LocalServer
from bench.work import Work

FEW = 8


@dataclass(frozen=True, slots=True)
class Task:
    """What a client is told: where the server is, what to do, how many calls at once, and a folder of its own."""

    url: str
    work: Work
    concurrency: int
    folder: Path
    timeout_s: float = 1200.0


Start = Callable[[Task], Child]


def _kojudge(model: str, judge: str, endpoints: int) -> Start:
    def start(task: Task) -> Child:
        questions = task.work.write_questions(task.folder)
        specs = [f"compatible:{name}@{task.url}/v1" for name in (model, judge)]
        words = ["run", "-m", specs[0], "-j", specs[1], "-q", str(questions), "--name", RUN, "--format", "json"]
        # Two endpoints share the places: half for answers, half for verdicts.
        size = ["--concurrency", str(max(1, task.concurrency // endpoints))]
        return Kojudge(task.folder, timeout_s=task.timeout_s).start(*words, *size)

    return start


def _loop(name: str) -> Start:
    def start(task: Task) -> Child:
        command = [sys.executable, "-m", "bench.bare_loops", name, task.url]
        command += ["--conversations", str(task.work.conversations), "--turns", str(task.work.turns)]
        command += ["--concurrency", str(task.concurrency)]
        return Child(command, task.folder, environment(), task.timeout_s)

    return start


TWO, ONE, SDK, AIOHTTP = "kojudge, two endpoints", "kojudge, one endpoint", "AsyncOpenAI loop", "aiohttp loop"
CLIENTS: Mapping[str, Start] = {
    TWO: _kojudge("candidate", "judge", 2),
    ONE: _kojudge("m", "m", 1),
    SDK: _loop("openai"),
    AIOHTTP: _loop("aiohttp"),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One client, once.

    Attributes:
        span_s: from the first request that the server saw to the last reply that it wrote.
        first_request_s: from the start of the process to its first request.
        cpu_ms: CPU per call of the whole process; `marginal_cpu_ms` is without what a run of few calls costs.
        busy: mean number of calls in flight by role, between the first request and the last.
        body_bytes: mean size of a request by role.
    """

    client: str
    calls: int
    span_s: float
    wall_s: float
    first_request_s: float
    cpu_ms: float
    marginal_cpu_ms: float
    peak_rss_mb: float
    most_in_flight: int
    connections: int
    busy: dict[str, float]
    body_bytes: dict[str, float]

    @property
    def calls_per_s(self) -> float:
        return self.calls / self.span_s


def measure(
    server: LocalServer, name: str, start: Start, work: Work, concurrency: int, behaviour: Mapping[str, Any]
) -> Measured:
    """Run the client with few calls and with all of them.

    Raises:
        RuntimeError: it failed, or the server did not see all its calls.
    """
    few = Work(min(FEW, work.conversations), work.turns)
    startup, _ = _once(server, start, few, concurrency, {**behaviour, "latency": 0.0})
    used, stats = _once(server, start, work, concurrency, behaviour)
    if stats["delivered"] < work.calls:
        raise RuntimeError(f"{name}: {stats['delivered']} of {work.calls} calls were delivered")
    more_calls = max(1, work.calls - few.calls)
    window = stats["last_received_s"] - stats["first_received_s"]
    roles = stats["roles"]
    return Measured(
        client=name,
        calls=stats["delivered"],
        span_s=stats["last_delivered_s"] - stats["first_received_s"],
        wall_s=used.wall_s,
        first_request_s=stats["first_received_s"] - used.started_s,
        cpu_ms=1000 * used.cpu_s / stats["delivered"],
        marginal_cpu_ms=1000 * (used.cpu_s - startup.cpu_s) / more_calls,
        peak_rss_mb=used.peak_rss_mb,
        most_in_flight=stats["most_in_flight"],
        connections=stats["connections"],
        busy={role: r["busy_s"] / window if window else 0.0 for role, r in roles.items()},
        body_bytes={role: r["body_bytes"] / max(1, r["received"]) for role, r in roles.items()},
    )


def _once(
    server: LocalServer, start: Start, work: Work, concurrency: int, behaviour: Mapping[str, Any]
) -> tuple[Used, dict[str, Any]]:
    server.reset(**behaviour)
    with tempfile.TemporaryDirectory() as folder:
        used = start(Task(server.url, work, concurrency, Path(folder))).wait().checked()
    return used, server.stats()
