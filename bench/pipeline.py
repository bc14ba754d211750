"""A whole `kojudge run`, with its database, beside bare loops against one local server, in turns.

    python -m bench.pipeline [--scenes a,b,c,d] [--rounds 5] [--json FILE] [--quick]

  a  500 conversations of an answer and a verdict, 200 ms, 64 in flight
  b  the same with a server that answers at once
  c  5,000 conversations, 2 s, 512 in flight
  d  500 conversations of two turns, 200 ms, 32 in flight at the candidate and 32 at the judge

"ideal" is calls * latency / places, the span is from the first request that the server sees to the last reply that it
writes. Marginal CPU is without start-up: what a run of few calls costs in the same round is taken off. Server and
clients share the machine, so absolute times are those of a shared machine; read the ratios.
"""

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.clients import AIOHTTP, CLIENTS, ONE, SDK, TWO, Measured, measure
from bench.local_server import LocalServer
from bench.tables import Table, write_json
from bench.work import Work


@dataclass(frozen=True, slots=True)
class Scene:
    key: str
    title: str
    work: Work
    latency: float
    places: int
    clients: tuple[str, ...]

    @property
    def ideal_s(self) -> float | None:
        """None where the server answers at once: there is no ideal but the fastest client."""
        return self.work.calls * self.latency / self.places or None


def scenes(*, quick: bool = False) -> list[Scene]:
    def work(conversations: int, turns: int = 1) -> Work:
        return Work(conversations // 25 if quick else conversations, turns)

    speed = 0.1 if quick else 1.0
    every = (TWO, ONE, SDK, AIOHTTP)
    return [
        Scene("a", "200 ms, 64 in flight", work(500), 0.2 * speed, 64, every),
        Scene("b", "0 ms, 64 in flight", work(500), 0.0, 64, every),
        Scene("c", "2 s, 512 in flight", work(5000), 2.0 * speed, 512, every),
        Scene("d", "two turns, 200 ms, 32 + 32 in flight", work(500, 2), 0.2 * speed, 64, (TWO, SDK, AIOHTTP)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", default="a,b,c,d", help="which, by letter")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="all rounds, for a machine")
    parser.add_argument("--quick", action="store_true", help="one round of a few calls: does it run at all?")
    options = parser.parse_args()
    figures = []
    with LocalServer() as server:
        for scene in scenes(quick=options.quick):
            if scene.key not in options.scenes.split(","):
                continue
            rounds = 1 if options.quick else options.rounds
            measured = [_measure(server, scene, client) for _ in range(rounds) for client in scene.clients]
            figures.append({**asdict(scene), "ideal_s": scene.ideal_s, "rounds": [asdict(m) for m in measured]})
            for table in tables(figures[-1:]):
                table.say()
    write_json(options.json, figures)


def _measure(server: LocalServer, scene: Scene, client: str) -> Measured:
    return measure(server, client, CLIENTS[client], scene.work, scene.places, {"latency": scene.latency})


def tables(figures: Sequence[Mapping[str, Any]]) -> list[Table]:
    """A scene's medians, and kojudge's ratios to the loops, paired by round."""
    return [_table(scene, [Measured(**each) for each in scene["rounds"]]) for scene in figures]


def _table(scene: Mapping[str, Any], measured: Sequence[Measured]) -> Table:
    by_client = {client: [m for m in measured if m.client == client] for client in scene["clients"]}
    first = next(iter(by_client.values()))
    ideal = f", ideal {scene['ideal_s']:.2f} s" if scene["ideal_s"] else ""
    title = (
        f"({scene['key']}) {scene['title']}: {first[0].calls:,} calls{ideal}; medians of {len(first)} rounds in turn"
    )
    heads = ["client", "span s", "x ideal", "calls/s", "CPU ms/call", "marginal", "RSS MB", "first request s"]
    heads += ["wall s", "busy answers", "busy verdicts", "bytes/answer", "bytes/verdict"]
    notes = [
        _ratio(client, loop, list(zip(by_client[client], by_client[loop], strict=True)))
        for client in (TWO, ONE)
        for loop in (SDK, AIOHTTP)
        if client in by_client
    ]
    return Table(title, heads, [[client, *_row(scene["ideal_s"], mine)] for client, mine in by_client.items()], notes)


def _ratio(client: str, loop: str, pairs: Sequence[tuple[Measured, Measured]]) -> str:
    span = statistics.median(a.span_s / b.span_s for a, b in pairs)
    cpu = statistics.median(a.marginal_cpu_ms / b.marginal_cpu_ms for a, b in pairs)
    return f"{client} / {loop}: span {span:.2f}, calls/s {1 / span:.2f}, marginal CPU {cpu:.2f}"


def _row(ideal_s: float | None, mine: Sequence[Measured]) -> list[float | None]:
    def median(of: Callable[[Measured], float]) -> float:
        return statistics.median(of(m) for m in mine)

    span = median(lambda m: m.span_s)
    return [
        span,
        span / ideal_s if ideal_s else None,
        round(median(lambda m: m.calls_per_s)),
        median(lambda m: m.cpu_ms),
        median(lambda m: m.marginal_cpu_ms),
        round(median(lambda m: m.peak_rss_mb)),
        median(lambda m: m.first_request_s),
        median(lambda m: m.wall_s),
        median(lambda m: m.busy["answer"]),
        median(lambda m: m.busy["verdict"]),
        round(median(lambda m: m.body_bytes["answer"])),
        round(median(lambda m: m.body_bytes["verdict"])),
    ]


if __name__ == "__main__":
    main()
