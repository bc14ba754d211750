"""The pairwise part of a report: as data, as rows for the tables of every format, and what to know of it."""

from dataclasses import asdict
from typing import Any

from sqlalchemy.engine import Connection

from judge.scoring.pairwise import JudgeScores, PairScores, summarise_pairs
from service.report.cells import counted, safe
from service.store.comparison_scores import comparison_table
from service.store.comparisons import ROLE, comparison_errors, comparison_statuses
from service.store.ledger import Spending
from service.store.reads import StoredRun

Report = dict[str, Any]
Rows = tuple[list[str], list[list[str]]]


def pairwise_report(
    connection: Connection, run: StoredRun, spent: dict[tuple[int, str], Spending]
) -> dict[str, Any] | None:
    """Wins, ties and losses of every pair, and how steady each judge is; None for a run without pairs."""
    plan = run.plan.pairwise
    if plan is None:
        return None
    scores = summarise_pairs(comparison_table(connection, run))
    statuses = comparison_statuses(connection, run.id)
    pending = run.plan.comparisons - sum(statuses.values())
    failures = {status: n for status, n in sorted(statuses.items()) if status != "ok"}
    mine = [s for (_, role), s in spent.items() if role == ROLE]
    costs = [s.cost_usd for s in mine]
    return {
        "baseline": plan.baseline,
        "prompt_hashes": {rubric: digest[:16] for rubric, digest in plan.prompt_hashes.items()},
        "planned": run.plan.comparisons,
        "failures": failures | ({"pending": pending} if pending > 0 else {}),
        "failure_reasons": [{"error": e, "n": n} for e, n in comparison_errors(connection, run.id)],
        "pairs": [_pair(p) for p in scores.pairs],
        "judges": [_judge(j) for j in scores.judges],
        "cost_usd": None if None in costs or not costs else sum(c for c in costs if c is not None),
        "usage": {
            "calls": sum(s.calls for s in mine),
            "prompt_tokens": sum(s.prompt_tokens or 0 for s in mine),
            "completion_tokens": sum(s.completion_tokens or 0 for s in mine),
        },
    }


def _pair(scores: PairScores) -> dict[str, Any]:
    bounds = {"worst": scores.bounds[0], "best": scores.bounds[1]} if scores.bounds else None
    return asdict(scores) | {"bounds": bounds}


def _judge(scores: JudgeScores) -> dict[str, Any]:
    return asdict(scores)


def failed_comparisons(report: Report) -> int:
    """Comparisons that are not ok, each order by itself."""
    return sum(report["pairwise"]["failures"].values()) if report["pairwise"] else 0


def pairwise_tables(report: Report) -> list[tuple[str, Rows]]:
    """(title, table): the pairs, and the judges; empty for a run without pairs."""
    part = report["pairwise"]
    if part is None:
        return []
    return [
        ("Pairwise, both orders: win rate of A, share [95 % CI]", _pair_rows(part)),
        ("Judges of pairs, share [95 % CI]", _judge_rows(part)),
    ]


def _pair_rows(part: Report) -> Rows:
    head = ["A", "B", "Win rate of A", "Wins", "Ties", "Losses", "Inconsistent", "n"]
    body = [
        [
            safe(p["model_a"]),
            safe(p["model_b"]),
            _cell(p["win_rate"]) + _bounds(p["bounds"]),
            *(str(p[name]) for name in ("wins", "ties", "losses", "inconsistent")),
            counted(p["win_rate"]),
        ]
        for p in part["pairs"]
    ]
    return head, body


def _judge_rows(part: Report) -> Rows:
    body = [
        [
            safe(j["judge"]),
            _cell(j["swap_consistency"]),
            _cell(j["first_position"]),
            counted(j["swap_consistency"] | {"failed": j["failed"]}),
        ]
        for j in part["judges"]
    ]
    return ["Judge", "Swap consistency", "First shown is preferred", "n"], body


def pairwise_notes(report: Report) -> list[str]:
    """What a reader must know of these figures."""
    part = report["pairwise"]
    if part is None:
        return []
    notes = [
        "Pairwise: a win counts only if the judge names the same model in both orders; where the orders disagree it "
        "is a tie (inconsistent). A tie is half a win. A comparison of which an order failed counts nowhere.",
        *([f"Comparisons cost ${part['cost_usd']:.4f}."] if part["cost_usd"] else []),
    ]
    if part["failures"]:
        listed = ", ".join(f"{n} {status}" for status, n in part["failures"].items())
        notes.append(f"Comparisons without a winner, each order by itself: {listed}.")
    return notes + [f"{r['n']} × {safe(r['error'])}" for r in part["failure_reasons"]]


def pairwise_slices(report: Report) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(model or judge, slice, value, estimate) of each figure, for the long form."""
    part = report["pairwise"]
    if part is None:
        return []
    slices = [(p["model_a"], "pairwise_win_rate", p["model_b"], p["win_rate"]) for p in part["pairs"]]
    for judge in part["judges"]:
        for name in ("swap_consistency", "first_position"):
            slices.append((judge["judge"], f"judge_{name}", "", judge[name] | {"failed": judge["failed"]}))
    return slices


def _cell(value: dict[str, Any]) -> str:
    if value["mean"] is None:
        return "–"
    return f"{value['mean']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _bounds(bounds: dict[str, float] | None) -> str:
    return f" → {bounds['worst']:.3f}–{bounds['best']:.3f}" if bounds else ""
