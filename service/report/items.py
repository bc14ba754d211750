"""An item analysis as plain data: the shape that `questions analyse --format json` prints (docs/questions.md)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from judge.scoring.item_findings import SUSPICIOUS, ItemFindings, Robustness, item_findings, robustness
from judge.scoring.items import FEWEST_MODELS, ItemScores, ItemStatistics, difficulty, item_statistics
from service.comparability import check_comparable, differing_parts
from service.errors import UsageError
from service.report.item_words import explain
from service.store.item_scores import PooledItems, contents, pooled_items
from service.store.reads import StoredRun

Report = dict[str, Any]

_MATCHED = ("questions",)
"""They are matched one by one, so that sets may differ."""


def build_item_report(
    connection: Connection, runs: Sequence[StoredRun], *, by_question: bool = False, mixed: bool = False
) -> Report:
    """Every item of the runs with its statistics and findings, the most doubtful first.

    Raises:
        UsageError: the runs cannot be compared (and `mixed` does not allow it), or share no question.
    """
    if not mixed:
        check_comparable(runs, "Analyse them one by one, or pool them all the same with --mixed", _MATCHED)
    pooled = pooled_items(connection, runs)
    scores = pooled.scores.by_question() if by_question else pooled.scores
    statistics = item_statistics(scores)
    findings = item_findings(statistics, scores.step)
    held = robustness(scores)
    lost = {"wrong_language": pooled.wrong_language, "failed": pooled.failed}
    if by_question:
        lost = {k: np.bincount(pooled.scores.question, weights=v).astype(np.int64) for k, v in lost.items()}
    items = []
    for i in _order(findings, held):
        item = _item(scores, statistics, findings, held, int(i))
        question = int(scores.question[i])
        item |= {name: int(column[i]) for name, column in lost.items()}
        head = {
            "question": pooled.question_ids[question],
            "turn": None if by_question else int(pooled.turn[i]),
            "category": pooled.categories[question],
        }
        items.append(head | item)
    _add_references(connection, pooled, items)
    for item in items:
        item["explanation"] = explain(item, findings.typical)
    return {
        "runs": [run.name for run in runs],
        "comparable": not differing_parts(runs, _MATCHED),
        "models": [
            {"run": run, "model": model, "family": int(family)}
            for (run, model), family in zip(pooled.models, scores.family, strict=True)
        ],
        "independent_models": int(np.unique(scores.family).size),
        "fewest_models": FEWEST_MODELS,
        "by": "question" if by_question else "turn",
        "n_items": len(items),
        "unshared_questions": pooled.unshared,
        "typical_order": findings.typical,
        "found": {name: int(which.sum()) for name, which in findings.found.items()},
        "by_chance": dict(findings.by_chance),
        "items": items,
    }


def _order(findings: ItemFindings, held: Robustness | None) -> NDArray[np.intp]:
    """Wrong references first, then other suspicions, the robust ones before the rest; then by doubt."""
    doubt = np.nan_to_num(findings.doubt, nan=-1.0)
    times = np.where(findings.suspicious, 0 if held is None else held.held, 0)
    return np.lexsort((-doubt, -times, ~findings.suspicious, ~findings.mismarked))


def _item(
    scores: ItemScores, statistics: ItemStatistics, findings: ItemFindings, held: Robustness | None, i: int
) -> Report:
    s = statistics
    r = _number(s.correlation[i])
    return {
        "difficulty": asdict(difficulty(scores, i)),
        "independent_models": int(s.independent[i]),
        "correlation": None
        if r is None
        else {
            "r": r,
            "low": _number(s.correlation_low[i]),
            "high": _number(s.correlation_high[i]),
            "attainable": _number(s.attainable[i]),
            "order": _number(s.order[i]),
            "n": int(s.models[i]),
            "p_negative": _number(s.p_negative[i]),
            "q_negative": _number(findings.q_negative[i]),
        },
        "strong": None
        if s.strong_models[i] == 0
        else {
            "mean": _number(s.strong[i]),
            "elsewhere": _number(s.strong_elsewhere[i]),
            "n": int(s.strong_models[i]),
        },
        "discrimination": _number(s.discrimination[i]),
        "at_ceiling": _number(s.at_ceiling[i]),
        "at_floor": _number(s.at_floor[i]),
        "spread": _number(s.spread[i]),
        "range": _number(s.range[i]),
        "doubt": _number(findings.doubt[i]),
        "held": None if held is None else {"times": int(held.held[i]), "of": held.parts},
        "findings": [name for name, which in findings.found.items() if which[i]],
        "suspicious": bool(findings.suspicious[i]),
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _add_references(connection: Connection, pooled: PooledItems, items: list[Report]) -> None:
    """Whether there is a reference, for the items where it matters: no other question is read."""
    suspicious = {item["question"] for item in items if item["suspicious"]}
    wanted = [d for d, q in zip(pooled.digests, pooled.question_ids, strict=True) if q in suspicious]
    has = {q.id: [t.reference is not None for t in q.turns] for _, q in contents(connection, wanted)}
    for item in items:
        turns = has.get(item["question"]) if item["suspicious"] else None
        item["reference"] = None if turns is None else any(turns) if item["turn"] is None else turns[item["turn"] - 1]


def chosen(report: Report, *, turn: int | None, category: str | None, only: str | None, top: int | None) -> Report:
    """The same report with fewer items listed; what was found, and against what, stays that of all items.

    Raises:
        UsageError: no item is of that turn or category.
    """
    items = report["items"]
    if turn is not None and not (items := [i for i in items if i["turn"] == turn]):
        raise UsageError(f"there is no item of turn {turn}; leave out --turn or --by question")
    if category is not None and not (items := [i for i in items if i["category"] == category]):
        known = sorted({i["category"] for i in report["items"]})
        raise UsageError(f"there is no category {category!r}; there are: {', '.join(known[:20])}")
    if only == "suspicious":
        items = [i for i in items if i["suspicious"]]
    elif only == "uninformative":
        items = [i for i in items if set(i["findings"]) - set(SUSPICIOUS)]
    return report | {"items": items[:top]}
