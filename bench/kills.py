"""Kill `kojudge run` at random moments and count what is bought twice or lost.

    python -m bench.kills [--kills 50] [--seed 1] [--conversations 200] [--json FILE] [--quick]

Two-turn conversations, 200 ms and up to 20 ms more, 64 in flight. Every kill is a SIGKILL at a moment drawn evenly from
the duration of an undisturbed run, start-up included; then the same command finishes the run. "bought again" counts the
answers and verdicts that the server had written to its socket more than 5 ms before the kill and delivered once more
afterwards; "within 5 ms" those it had only just written. What was in flight at the kill is lost to any client.
"""

import argparse
import random
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.local_server import LocalServer
from bench.tables import Cell, Table, say, write_json
from bench.work import Work
from tests.crash.harness import Disturbed, Kill, Moment, Scene, disturbed, undisturbed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--json", type=Path, metavar="FILE", help="every kill, for a machine")
    parser.add_argument("--quick", action="store_true", help="one kill of a small run: does it work at all?")
    options = parser.parse_args()
    if options.quick:
        options.kills, options.conversations = 1, 24
    draw = random.Random(options.seed)
    with LocalServer() as server:
        scene = Scene(server, Work(options.conversations, 2))
        with tempfile.TemporaryDirectory() as folder:
            whole = undisturbed(scene, Path(folder))
        say(f"undisturbed: {scene.work.calls} calls in {whole.wall_s:.2f} s with start-up and report")
        found = []
        for number in range(1, options.kills + 1):
            with tempfile.TemporaryDirectory() as folder:
                moment = Moment(after_s=draw.uniform(0.0, whole.wall_s))
                found.append(disturbed(scene, Path(folder), [moment], whole))
            say(_line(number, found[-1]))
    figures = [{**asdict(d.kills[0]), "lost": d.lost, "report_equal": d.report_equal} for d in found]
    for table in tables(figures):
        table.say()
    write_json(options.json, figures)


def _line(number: int, outcome: Disturbed) -> str:
    (kill,) = outcome.kills
    when = "had ended before" if kill.after_s is None else f"killed after {kill.after_s:5.2f} s"
    rest = f"lost {len(outcome.lost)}, report {'equal' if outcome.report_equal else 'DIFFERS'}"
    just = len(kill.again) - kill.bought_again
    counts = f"{kill.delivered:5} delivered, {kill.bought_again:3} bought again, {just:3} within 5 ms"
    return f"  {number:3}  {when}: {counts}, {rest}, integrity {kill.integrity}"


def tables(figures: Sequence[Mapping[str, Any]]) -> list[Table]:
    """All kills as one table."""
    kills = [Kill(f["after_s"], f["delivered"], tuple(f["again"]), f["integrity"]) for f in figures]
    hit = [kill for kill in kills if kill.after_s is not None]
    busy = [kill for kill in hit if kill.delivered]
    rows: list[list[Cell]] = []
    for name, values in (
        ("delivered before the kill", [kill.delivered for kill in busy]),
        ("settled, and bought again", [kill.bought_again for kill in busy]),
        ("delivered within 5 ms of it, and bought again", [len(k.again) - k.bought_again for k in busy]),
        ("age of the oldest bought again, ms", [round(1000 * max(kill.again, default=0.0), 1) for kill in busy]),
    ):
        rows.append([name, statistics.median(values) if values else None, max(values, default=0)])
    notes = [
        f"lost: {sum(len(f['lost']) for f in figures)} answers or verdicts in all",
        f"reports that differ from the undisturbed run's: {sum(not f['report_equal'] for f in figures)}",
        f"integrity complaints: {sum(kill.integrity not in ('ok', 'none') for kill in kills)}",
    ]
    title = f"{len(hit)} kills, {len(busy)} of them after the first delivery"
    return [Table(title, ["", "median", "worst"], rows, notes)]


if __name__ == "__main__":
    main()
