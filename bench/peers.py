"""kojudge beside other evaluation frameworks: the same conversations against the same server, in turns.

    python -m bench.peers install [inspect_ai evalscope deepeval]    each into an environment of its own below .peers/
    python -m bench.peers run [--rounds 3] [--conversations 500] [--json FILE]

200 ms, 64 in flight, an answer and a verdict for every conversation; every framework keeps its own log as by default.
DeepEval has no generation of its own: a bare loop makes its answers. A peer that is not installed, or that fails, is
named with the reason and left out. KOJUDGE_PEERS_DIR names another folder than .peers.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.child import Child
from bench.clients import AIOHTTP, CLIENTS, SDK, TWO, Measured, Start, Task, measure
from bench.kojudge import environment
from bench.local_server import ROOT, LocalServer
from bench.tables import Cell, Table, say, write_json
from bench.work import Work

LATENCY_S, PLACES = 0.2, 64


@dataclass(frozen=True, slots=True)
class Peer:
    """What is installed, and the form of verdict that it reads."""

    packages: tuple[str, ...]
    verdicts: str
    variables: Mapping[str, str]


PEERS: Mapping[str, Peer] = {
    "inspect_ai": Peer(("inspect_ai", "openai"), "text", {"BENCH_API_KEY": "unused"}),
    "evalscope": Peer(("evalscope",), "unit_json", {}),
    "deepeval": Peer(("deepeval", "openai"), "json", {"DEEPEVAL_TELEMETRY_OPT_OUT": "YES"}),
}


def peers_dir() -> Path:
    return Path(os.environ.get("KOJUDGE_PEERS_DIR") or ROOT / ".peers").absolute()


def python_of(name: str) -> Path:
    return peers_dir() / name / "bin" / "python"


def install(name: str) -> str | None:
    """Put a peer's newest version into its own environment; None, or why that failed."""
    folder = peers_dir() / name
    log = peers_dir() / f"{name}.log"
    peers_dir().mkdir(exist_ok=True)
    steps = [[sys.executable, "-m", "venv", str(folder)]]
    steps.append([str(python_of(name)), "-m", "pip", "install", "--disable-pip-version-check", *PEERS[name].packages])
    with log.open("w", encoding="utf-8") as file:
        for step in steps:
            if subprocess.run(step, stdout=file, stderr=subprocess.STDOUT, check=False).returncode:
                return f"could not be installed, see {log}"
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    installing = commands.add_parser("install")
    installing.add_argument("names", nargs="*", default=list(PEERS), help=", ".join(PEERS))
    running = commands.add_parser("run")
    running.add_argument("--rounds", type=int, default=3)
    running.add_argument("--conversations", type=int, default=500)
    running.add_argument("--json", type=Path, metavar="FILE", help="all rounds, for a machine")
    options = parser.parse_args()
    if options.command == "install":
        if unknown := set(options.names) - set(PEERS):
            parser.error(f"no peer is called {unknown.pop()!r}; there are: {', '.join(PEERS)}")
        for name in options.names:
            if not python_of(name).exists():
                say(f"installing {name} ...")
                say(f"  {name}: {install(name) or 'installed'}")
        return
    measured = _measured(Work(options.conversations), options.rounds)
    figures = [asdict(m) for m in measured]
    for table in tables(figures):
        table.say()
    write_json(options.json, figures)


def _measured(work: Work, rounds: int) -> list[Measured]:
    """Every client in turn; one that fails takes part no longer."""
    clients: dict[str, Start] = {name: CLIENTS[name] for name in (TWO, SDK, AIOHTTP)}
    for name in PEERS:
        if python_of(name).exists():
            clients[name] = _start(name)
        else:
            say(f"  {name}: not installed (make bench-peers installs it)")
    found: list[Measured] = []
    with LocalServer() as server:
        for _ in range(rounds):
            for name, start in list(clients.items()):
                behaviour = {"latency": LATENCY_S, "verdicts": PEERS[name].verdicts if name in PEERS else "text"}
                try:
                    found.append(measure(server, name, start, work, PLACES, behaviour))
                except RuntimeError as error:
                    if name not in PEERS:
                        raise
                    say(f"  {name}: left out: {str(error).strip().splitlines()[-1][:200]}")
                    del clients[name]
    return found


def _start(name: str) -> Start:
    def start(task: Task) -> Child:
        command = [str(python_of(name)), "-m", f"bench.peer_drivers.{name}", task.url]
        command += ["--conversations", str(task.work.conversations), "--concurrency", str(task.concurrency)]
        return Child(command, task.folder, environment(PEERS[name].variables), task.timeout_s)

    return start


def tables(figures: Sequence[Mapping[str, Any]]) -> list[Table]:
    """All clients as one table."""
    measured = [Measured(**figure) for figure in figures]
    ideal_s = measured[0].calls * LATENCY_S / PLACES
    heads = ["client", "span s", "x ideal", "wall s", "first request s", "CPU ms/call", "marginal", "RSS MB"]
    heads += ["at once", "connections"]
    by_client = {name: [m for m in measured if m.client == name] for name in dict.fromkeys(m.client for m in measured)}
    title = f"200 ms, 64 in flight: {measured[0].calls:,} calls, ideal {ideal_s:.2f} s; medians of the rounds, in turn"
    return [Table(title, heads, [[name, *_row(mine, ideal_s)] for name, mine in by_client.items()])]


def _row(mine: Sequence[Measured], ideal_s: float) -> list[Cell]:
    span = statistics.median(m.span_s for m in mine)
    return [
        span,
        span / ideal_s,
        statistics.median(m.wall_s for m in mine),
        statistics.median(m.first_request_s for m in mine),
        statistics.median(m.cpu_ms for m in mine),
        statistics.median(m.marginal_cpu_ms for m in mine),
        round(statistics.median(m.peak_rss_mb for m in mine)),
        max(m.most_in_flight for m in mine),
        max(m.connections for m in mine),
    ]


if __name__ == "__main__":
    main()
