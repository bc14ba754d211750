"""The pairwise part of a report: as data, as grids, and what to know of it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from judge.scoring.pairwise import JudgeScores, PairScores, summarise_pairs
from service.report.cells import counted, safe, share
from service.report.document import Grid, Say
from service.report.pair_figures import pair_figures
from service.report.pair_grids import figure_findings, figure_grids, figure_notes, figure_slices
from service.report.part import Part, Report, Slice, Source
from service.report.statuses import failure_list
from service.store.comparison_scores import comparison_table
from service.store.comparisons import ROLE, comparison_errors, comparison_statuses


def _of_run(source: Source) -> Report:
    """`pairwise`: wins, ties and losses of every pair, and how steady each judge is; None for a run without pairs."""
    run, connection = source.run, source.connection
    plan = run.plan.pairwise
    if plan is None:
        return {"pairwise": None}
    table = comparison_table(connection, run)
    scores = summarise_pairs(table)
    statuses = comparison_statuses(connection, run.id)
    pending = run.plan.comparisons - sum(statuses.values())
    failures = {status: n for status, n in sorted(statuses.items()) if status != "ok"}
    mine = [s for (_, role), s in source.spent.items() if role == ROLE]
    costs = [s.cost_usd for s in mine]
    part = {
        "baseline": plan.baseline,
        "orders": plan.orders,
        "prompt_hashes": {rubric: digest[:16] for rubric, digest in plan.prompt_hashes.items()},
        "planned": run.plan.comparisons,
        "failures": failures | ({"pending": pending} if pending > 0 else {}),
        "failure_reasons": [{"error": e, "n": n} for e, n in comparison_errors(connection, run.id)],
        "pairs": [_pair(p) for p in scores.pairs],
        "models": [asdict(m) for m in scores.models],
        "judges": [_judge(j) for j in scores.judges],
        **pair_figures(source, table, plan.baseline),
        "cost_usd": None if None in costs or not costs else sum(c for c in costs if c is not None),
        "usage": {
            "calls": sum(s.calls for s in mine),
            "prompt_tokens": sum(s.prompt_tokens or 0 for s in mine),
            "completion_tokens": sum(s.completion_tokens or 0 for s in mine),
        },
    }
    return {"pairwise": part}


def _pair(scores: PairScores) -> dict[str, Any]:
    bounds = {"worst": scores.bounds[0], "best": scores.bounds[1]} if scores.bounds else None
    return asdict(scores) | {"bounds": bounds}


def _judge(scores: JudgeScores) -> dict[str, Any]:
    return asdict(scores)


def failed_comparisons(report: Report) -> int:
    """Comparisons that are not ok, each order by itself."""
    return sum(report["pairwise"]["failures"].values()) if report["pairwise"] else 0


def _findings(report: Report, say: Say) -> Iterator[str]:
    if report["pairwise"] is not None:
        yield from figure_findings(report["pairwise"], say)


def _grids(report: Report, say: Say) -> Iterator[Grid]:
    part = report["pairwise"]
    if part is not None:
        yield _pair_grid(part, say)
        if part["orders"] == 2:
            yield _judge_grid(part, say)
        yield from figure_grids(part, say)


def _pair_grid(part: Report, say: Say) -> Grid:
    head = ["A", "B", say("Win rate of A", "A의 승률"), say("Wins", "승"), say("Ties", "무"), say("Losses", "패")]
    head += [say("Inconsistent", "순서에 따라 뒤집힘"), "n"]
    body = [
        [
            safe(p["model_a"]),
            safe(p["model_b"]),
            share(p["win_rate"]) + _bounds(p["bounds"]),
            *(str(p[name]) for name in ("wins", "ties", "losses", "inconsistent")),
            counted(p["win_rate"], say),
        ]
        for p in part["pairs"]
    ]
    title = say(
        "Pairwise, both orders: win rate of A, share [95 % CI]", "일대일 비교(양쪽 순서): A의 승률, 비율 [95 % 구간]"
    )
    if part["orders"] == 1:
        title = say(
            "Pairwise, one order: win rate of A, share [95 % CI]", "일대일 비교(한쪽 순서): A의 승률, 비율 [95 % 구간]"
        )
    return Grid(title, head, body)


def _judge_grid(part: Report, say: Say) -> Grid:
    head = [say("Judge", "심판"), say("Swap consistency", "순서를 바꿔도 같은 판정")]
    head += [say("First shown is preferred", "먼저 보인 쪽을 고른 비율"), "n"]
    body = [
        [
            safe(j["judge"]),
            share(j["swap_consistency"]),
            share(j["first_position"]),
            counted(j["swap_consistency"] | {"failed": j["failed"]}, say),
        ]
        for j in part["judges"]
    ]
    return Grid(say("Judges of pairs, share [95 % CI]", "일대일 비교의 심판, 비율 [95 % 구간]"), head, body)


def _notes(report: Report, say: Say) -> Iterator[str]:
    """What a reader must know of these figures."""
    part = report["pairwise"]
    if part is None:
        return
    if part["orders"] == 1:
        yield say(
            "Pairwise: every comparison was asked in one order only, so a win may be one of the place; a tie is half a "
            "win.",
            "일대일 비교: 비교마다 한쪽 순서로만 물었으므로 자리 덕에 이겼을 수 있습니다. 무승부는 반 승입니다.",
        )
    else:
        yield from _both_orders_note(say)
    if part["cost_usd"]:
        yield say(f"Comparisons cost ${part['cost_usd']:.4f}.", f"비교 비용은 ${part['cost_usd']:.4f}입니다.")
    if part["failures"]:
        listed = failure_list(part["failures"], say)
        yield say(
            f"Comparisons without a winner, each order by itself: {listed}.",
            f"승자가 없는 비교(순서마다 따로 셈): {listed}.",
        )
    for reason in part["failure_reasons"]:
        yield f"{reason['n']} × {safe(reason['error'])}"
    yield from figure_notes(part, say)


def _both_orders_note(say: Say) -> Iterator[str]:
    yield say(
        "Pairwise: a win counts only if the judge names the same model in both orders; where the orders disagree it "
        "is a tie (inconsistent). A tie is half a win. A comparison of which an order failed counts nowhere.",
        "일대일 비교: 두 순서에서 모두 같은 모델을 골라야 승리로 칩니다. 순서에 따라 뒤집히면 무승부이고, 무승부는 반 "
        "승입니다. 한쪽 순서라도 실패한 비교는 세지 않습니다.",
    )


def _slices(report: Report) -> Iterator[Slice]:
    part = report["pairwise"]
    if part is None:
        return
    for p in part["pairs"]:
        yield Slice(p["model_a"], "pairwise_win_rate", p["model_b"], p["win_rate"])
    for judge in part["judges"]:
        for name in ("swap_consistency", "first_position"):
            yield Slice(judge["judge"], f"judge_{name}", "", judge[name] | {"failed": judge["failed"]})
    yield from figure_slices(part)


def _methods(report: Report) -> Iterator[str]:
    part = report["pairwise"]
    if part is None:
        return
    yield from ("win_rate", "share")
    if part["ratings"] is not None:
        yield "rating"
    if part["style"] is not None:
        yield "style"
    if part["transitivity"]["cycles"]["n"]:
        yield "transitivity"
    if part["score_agreement"] is not None:
        yield "scores_and_pairs"


def _bounds(bounds: dict[str, float] | None) -> str:
    return f" → {bounds['worst']:.3f}–{bounds['best']:.3f}" if bounds else ""


PART = Part(of_run=_of_run, findings=_findings, grids=_grids, notes=_notes, slices=_slices, methods=_methods)
