"""How a run grows: memory, speed, disk, resume and report from a thousand conversations to a million.

    python -m bench.scale [--sizes 1000,10000] [--shapes questions,samples] [--json FILE] [--quick]

One turn, short texts, a server that answers at once, 64 in flight. Two shapes: as many questions as conversations, and
a thousand questions of N/1000 samples each. For each size one run goes through, and a second one is killed half-way and
resumed until its first request. A million takes half an hour in each shape: ask for it with --sizes 1000000.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.child import Child
from bench.kojudge import RUN, Kojudge
from bench.local_server import LocalServer
from bench.tables import Cell, Table, bars, say, write_json
from bench.work import Work

CONCURRENCY = 64
SHAPES = ("questions", "samples")
_BEHAVIOUR: dict[str, Any] = {"answers": "short"}
_TIMEOUT_S = 8 * 3600.0
_MOST_SAMPLES, _FEW_QUESTIONS = 1000, 1000


@dataclass(frozen=True, slots=True)
class Grown:
    """The figures of one size.

    Attributes:
        first_request_s: from the start of `kojudge run` to its first request; `resume_s` the same of `kojudge resume`
            with half of the work done.
        bytes_per_conversation: the database on disk, per conversation.
    """

    shape: str
    conversations: int
    wall_s: float
    calls_per_s: float
    first_request_s: float
    peak_rss_mb: float
    bytes_per_conversation: float
    resume_s: float
    resume_rss_mb: float
    report_s: float
    report_rss_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,10000", help="conversations, separated by commas")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for a machine")
    parser.add_argument("--quick", action="store_true", help="one tiny size: does it run at all?")
    options = parser.parse_args()
    sizes = [40] if options.quick else [int(size) for size in options.sizes.split(",")]
    shapes = [shape for shape in SHAPES if shape in options.shapes.split(",")]
    found: list[Grown] = []
    with LocalServer() as server:
        for shape in shapes:
            for size in sizes:
                found.append(_measure(server, shape, size))
                say(f"  {shape}: {size:,} conversations in {found[-1].wall_s:.1f} s")
    figures = [asdict(grown) for grown in found]
    for table in tables(figures):
        table.say()
    say("\n" + curves(figures))
    write_json(options.json, figures)


def _measure(server: LocalServer, shape: str, size: int) -> Grown:
    questions = size if shape == "questions" else max(size // _MOST_SAMPLES, min(_FEW_QUESTIONS, size // 2))
    work, samples = Work(questions), size // questions
    with tempfile.TemporaryDirectory() as folder:
        words = _words(server, work.write_questions(Path(folder)), samples)
        kojudge = Kojudge(Path(folder), timeout_s=_TIMEOUT_S)
        server.reset(**_BEHAVIOUR)
        run = kojudge("run", *words).checked()
        stats = server.stats()
        if stats["delivered"] < 2 * questions * samples:
            raise RuntimeError(f"{stats['delivered']} of {2 * questions * samples} calls were delivered")
        on_disk = kojudge.database_bytes()
        report = kojudge("report", RUN, "--format", "json").checked()
    with tempfile.TemporaryDirectory() as folder:
        kojudge = Kojudge(Path(folder), timeout_s=_TIMEOUT_S)
        words = _words(server, work.write_questions(Path(folder)), samples)
        resume_s, resume_rss_mb = _resume(server, kojudge, words, half=questions * samples)
    return Grown(
        shape=shape,
        conversations=questions * samples,
        wall_s=run.wall_s,
        calls_per_s=stats["delivered"] / (stats["last_delivered_s"] - stats["first_received_s"]),
        first_request_s=stats["first_received_s"] - run.started_s,
        peak_rss_mb=run.peak_rss_mb,
        bytes_per_conversation=on_disk / (questions * samples),
        resume_s=resume_s,
        resume_rss_mb=resume_rss_mb,
        report_s=report.wall_s,
        report_rss_mb=report.peak_rss_mb,
    )


def _words(server: LocalServer, questions: Path, samples: int) -> list[str]:
    models = ["-m", f"compatible:candidate@{server.openai_url}", "-j", f"compatible:judge@{server.openai_url}"]
    size = ["--concurrency", str(CONCURRENCY // 2), "--samples", str(samples)]
    return [*models, "-q", str(questions), *size, "--name", RUN, "--format", "json"]


def _resume(server: LocalServer, kojudge: Kojudge, words: Sequence[str], half: int) -> tuple[float, float]:
    """(seconds to the first request, MB until then) of a resume after a kill with half of the calls delivered."""
    server.reset(**_BEHAVIOUR, hangs_after=half)
    _kill_when(kojudge.start("run", *words), lambda: server.stats()["delivered"] >= half)
    server.reset(**_BEHAVIOUR, hangs_after=1)
    child = kojudge.start("resume", RUN)
    used = _kill_when(child, lambda: server.stats()["received"] > 0)
    return server.stats()["first_received_s"] - child.started_s, used


def _kill_when(child: Child, reached: Callable[[], bool]) -> float:
    """Kill the process when it is time; its peak memory in MB.

    Raises:
        RuntimeError: it ended by itself before.
    """
    while child.running and not reached():
        time.sleep(0.02)
    ended = not child.running
    if not ended:
        child.kill()
    used = child.wait()
    if ended:
        raise RuntimeError(f"the run ended before it could be killed\n{used.err[-1000:]}")
    return used.peak_rss_mb


def tables(figures: Sequence[Mapping[str, Any]]) -> list[Table]:
    """One table a shape."""
    heads = ["conversations", "wall s", "calls/s", "first request s", "RSS MB", "bytes/conversation"]
    heads += ["resume s", "resume RSS MB", "report s", "report RSS MB"]
    return [
        Table(f"Growth with the number of {shape}", heads, [_row(grown) for grown in _of_shape(figures, shape)])
        for shape in SHAPES
        if _of_shape(figures, shape)
    ]


def _of_shape(figures: Sequence[Mapping[str, Any]], shape: str) -> list[Grown]:
    return [Grown(**figure) for figure in figures if figure["shape"] == shape]


def _row(grown: Grown) -> list[Cell]:
    return [
        f"{grown.conversations:,}",
        grown.wall_s,
        round(grown.calls_per_s),
        grown.first_request_s,
        round(grown.peak_rss_mb),
        round(grown.bytes_per_conversation),
        grown.resume_s,
        round(grown.resume_rss_mb),
        grown.report_s,
        round(grown.report_rss_mb),
    ]


def curves(figures: Sequence[Mapping[str, Any]]) -> str:
    """The growth curves as bars."""
    wanted: tuple[tuple[str, Callable[[Grown], float], str], ...] = (
        ("peak memory of the run", lambda g: g.peak_rss_mb, "MB"),
        ("calls per second", lambda g: g.calls_per_s, "calls/s"),
        ("resume of a half-done run to its first request", lambda g: g.resume_s, "s"),
        ("report", lambda g: g.report_s, "s"),
    )
    charts = []
    for title, value, unit in wanted:
        rows = [(f"{g.conversations:,} {shape}", value(g)) for shape in SHAPES for g in _of_shape(figures, shape)]
        charts.append(bars(title, rows, unit))
    return "\n\n".join(charts)


if __name__ == "__main__":
    main()
