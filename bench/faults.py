"""The same work with a faultless server, with 30 % mixed faults, and with a server that dies in the middle.

    python -m bench.faults [--conversations 300] [--dies-for 30] [--json FILE] [--quick]

Two-turn conversations, 50 ms, 32 in flight at the candidate and 32 at the judge, a deadline of 2 s for one call. The
mix draws evenly from: 429 with and without Retry-After, 500, 503, a reply that never comes, a reset, a truncated body,
an HTML page with status 200, an error inside a 200, an empty completion, a body that dribbles for ever. Some of them
carry text that looks like a score.

"bound" is the least that the injected delays allow: the larger of the time that the calls hold the places (a hang or a
dribble holds one until the deadline) and of the slowest conversation's own delays in a row (Retry-After included).
While the server is dead, nothing can be done at all. The client's own waits before retries come on top: the
conversation that needed longest is shown with both parts. Every ok verdict must be the one of the faultless run: same
score, same reason. After each scene the run is resumed with a faultless server.
"""

import argparse
import json
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.kojudge import RUN, Kojudge, units_of
from bench.local_server import LocalServer
from bench.replies import FAULTS, RETRY_AFTER_S
from bench.server_record import Attempt
from bench.tables import Cell, Table, write_json
from bench.work import Work

SHARE = 0.3
LATENCY_S, DEADLINE_S, PLACES = 0.05, 2.0, 64
_UNTYPED = ("pending",)


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    behaviour: Mapping[str, Any]
    dead_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A scene's figures. A unit is one verdict; `wrong` counts ok verdicts, before and after the resume, that are not
    the faultless run's.

    `slowest` is (injected delays, waits before retries) of the conversation that needed longest, in seconds; `resumed`
    is (ok, failed) after the run was resumed with a faultless server.
    """

    title: str
    units: int
    ok: int
    failures: dict[str, int]
    untyped: int
    wrong: int
    calls: int
    most_attempts: int
    span_s: float
    bound_s: float
    slowest: tuple[float, float]
    faults: dict[str, int]
    reasons: list[str]
    resumed: tuple[int, int]
    resume_calls: int


def scenes(conversations: int, dies_for_s: float) -> list[Scene]:
    """Without faults first: the others are compared with it."""
    middle = Work(conversations, 2).calls // 2
    return [
        Scene("no faults", {}),
        Scene(f"{SHARE:.0%} mixed faults", {"faults": {name: SHARE / len(FAULTS) for name in FAULTS}}),
        Scene(f"dies for {dies_for_s:g} s", {"dies_after": middle, "dies_for_s": dies_for_s}, dies_for_s),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=300)
    parser.add_argument("--dies-for", type=float, default=30.0, metavar="S")
    parser.add_argument("--retry-wait", type=float, metavar="S", help="first wait before a retry; else kojudge's own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for a machine")
    parser.add_argument("--quick", action="store_true", help="few conversations, a server that dies for 1 s")
    options = parser.parse_args()
    if options.quick:
        options.conversations, options.dies_for, options.retry_wait = 30, 1.0, 0.1
    environment = {"KOJUDGE_RETRY_WAIT_S": str(options.retry_wait)} if options.retry_wait else {}
    outcomes: list[Outcome] = []
    true_units: dict[str, Any] = {}
    with LocalServer() as server:
        for scene in scenes(options.conversations, options.dies_for):
            with tempfile.TemporaryDirectory() as folder:
                kojudge = Kojudge(Path(folder), environment)
                outcome, units = _run(server, scene, Work(options.conversations, 2), kojudge, true_units)
            true_units = true_units or units
            outcomes.append(outcome)
    figures = [asdict(outcome) for outcome in outcomes]
    for table in tables(figures):
        table.say()
    write_json(options.json, figures)


def _run(
    server: LocalServer, scene: Scene, work: Work, kojudge: Kojudge, true_units: Mapping[str, Any]
) -> tuple[Outcome, dict[str, Any]]:
    plan = _write_plan(kojudge.folder, work, server.openai_url)
    quiet = {"latency": LATENCY_S, "answers": "mixed"}
    server.reset(**quiet, **scene.behaviour)
    report = json.loads(kojudge("run", str(plan), "--format", "json").checked(1).out)
    (model,) = report["models"]
    stats, attempts = server.stats(), server.attempts()
    conversations = kojudge.conversations()
    units = units_of(conversations)
    failures = dict(model["failures"])
    wrong, resumed = _wrong(units, true_units), model["overall"]
    server.reset(**quiet)
    if failures:
        resumed = json.loads(kojudge("resume", RUN, "--format", "json").checked(1).out)["models"][0]["overall"]
        wrong += _wrong(units_of(kojudge.conversations()), true_units)
    per_work = Counter(attempt.work for attempt in attempts)
    chains = _chains(attempts, conversations)
    outcome = Outcome(
        title=scene.title,
        units=work.calls // 2,
        ok=model["overall"]["n"],
        failures=failures,
        untyped=sum(failures.pop(status, 0) for status in _UNTYPED),
        wrong=wrong,
        calls=stats["received"],
        most_attempts=max(per_work.values()),
        span_s=max(_ended_at(attempt) for attempt in attempts) - stats["first_received_s"],
        bound_s=max(_places_bound(attempts), *(injected for injected, _ in chains)) + scene.dead_s,
        slowest=max(chains, key=sum),
        faults=stats["faults"],
        reasons=[f"{reason['n']} x {reason['error']}" for reason in report["failure_reasons"]],
        resumed=(resumed["n"], resumed["failed"]),
        resume_calls=server.stats()["received"],
    )
    return outcome, units


def _write_plan(folder: Path, work: Work, url: str) -> Path:
    path = folder / "plan.yaml"
    plan = {
        "name": RUN,
        "models": [f"compatible:candidate@{url}"],
        "judges": [f"compatible:judge@{url}"],
        "questions": [str(work.write_questions(folder))],
        "concurrency": PLACES // 2,
        "deadline_s": DEADLINE_S,
        "reask": False,  # a judge that is asked once more is asked another thing, and its word is another
    }
    path.write_text(json.dumps(plan, ensure_ascii=False), encoding="utf-8")  # JSON is YAML
    return path


def _wrong(units: Mapping[str, Any], true_units: Mapping[str, Any]) -> int:
    """Units with a score that are not what the server's judge said of the true answer."""
    scored = {place: unit for place, unit in units.items() if len(unit) == 3 and unit[0] == "ok"}
    return sum(unit != true_units[place] for place, unit in scored.items()) if true_units else 0


def _delay_s(attempt: Attempt) -> float:
    """How long the attempt held its place."""
    if attempt.fault is None:
        return LATENCY_S
    fault = FAULTS[attempt.fault]
    if fault.then in ("hang", "dribble"):
        return DEADLINE_S
    return 0.0 if fault.at_once else LATENCY_S


def _ended_at(attempt: Attempt) -> float:
    """When the attempt gave its place back: a hang is on record when it begins, everything else when it ends."""
    return attempt.at + max(0.0, _delay_s(attempt) - LATENCY_S)


def _places_bound(attempts: Iterable[Attempt]) -> float:
    """Each role has half of the places."""
    held: Counter[str] = Counter()
    for attempt in attempts:
        held[attempt.role] += _delay_s(attempt)  # type: ignore[assignment]
    return max(held.values()) / (PLACES // 2)


def _chains(attempts: Iterable[Attempt], conversations: Iterable[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """(injected delays, waits before retries) in seconds of what had to be done one after the other.

    A conversation is its answers and its last verdict; work whose reply is in no conversation stands for itself.
    """
    by_work: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_work[attempt.work].append(attempt)
    spent = {work: _spent(tries) for work, tries in by_work.items()}
    chains = []
    for row in conversations:
        texts = [turn["answer"] for turn in row["turns"]] + [v["rationale"] for v in row["verdicts"] if v["turn"] == 2]
        parts = [spent.pop(work) for text in texts for work in _works(text) if work in spent]
        chains.append((sum(injected for injected, _ in parts), sum(waited for _, waited in parts)))
    return chains + list(spent.values())


def _spent(tries: Sequence[Attempt]) -> tuple[float, float]:
    """(injected, waited) of the attempts at one piece of work, in order."""
    injected = sum(_delay_s(attempt) for attempt in tries)
    waited = 0.0
    for before, after in pairwise(tries):
        pause = _ended_at(after) - _delay_s(after) - _ended_at(before)
        told = RETRY_AFTER_S if before.fault == "rate_limit_after" else 0.0
        injected += told
        waited += max(0.0, pause - told)
    return injected, waited


def _works(text: str | None) -> list[int]:
    """The number of the work that a reply names."""
    return [int(digits) for digits in re.findall(r"\d{20}", text or "")[:1]]


def tables(figures: Sequence[Mapping[str, Any]]) -> list[Table]:
    """All scenes as one table, with what was injected and what came of it."""
    outcomes = [Outcome(**figure) for figure in figures]
    free = outcomes[0]
    heads = ["", "units", "ok", "typed failures", "neither", "wrong scores", "calls/unit", "most attempts"]
    heads += ["span s", "x no faults", "bound s", "x bound", "slowest: injected s", "waited s", "ok after resume"]
    rows: list[list[Cell]] = [
        [
            o.title,
            o.units,
            o.ok,
            sum(o.failures.values()),
            o.untyped,
            o.wrong,
            o.calls / o.units,
            o.most_attempts,
            o.span_s,
            o.span_s / free.span_s,
            o.bound_s,
            o.span_s / o.bound_s,
            *o.slowest,
            o.resumed[0],
        ]
        for o in outcomes
    ]
    notes = []
    for o in outcomes[1:]:
        failed = ", ".join(f"{n} {status}" for status, n in sorted(o.failures.items())) or "none"
        injected = ", ".join(f"{n} {name}" for name, n in sorted(o.faults.items())) or "none"
        notes.append(f"{o.title}: failures: {failed}; injected: {injected}; {o.resume_calls} calls to resume")
        notes += [f"{o.title}: {reason}" for reason in o.reasons]
    return [Table("Faults; a unit is one verdict, and needs two calls when nothing goes wrong", heads, rows, notes)]


if __name__ == "__main__":
    main()
