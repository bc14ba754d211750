"""Which models differ, as data: every pair with its difference, and what so many questions can show at all."""

import math
from collections.abc import Sequence
from typing import Any

from judge.scoring.compare import FEWEST_QUESTIONS, Comparison, PairComparison, Part, compare
from judge.scoring.multiplicity import ALPHA, Method
from judge.scoring.paired import MOST_PAIRED
from judge.scoring.power import POWER, minimum_detectable, questions_needed
from judge.scoring.table import ScoreTable
from service.report import difference_rows, part
from service.report.part import Report, Source
from service.store.shared_scores import judges_of

WISHED_SHARE = 0.05
"""Of the scale: the difference that questions are counted for, unless another is wished."""


def differences(
    table: ScoreTable,
    judges: Sequence[object],
    *,
    baseline: int | None = None,
    method: Method = "holm",
    wished: float | None = None,
    by_category: bool = False,
) -> Report | None:
    """All pairs (the better model first) or every model with the baseline; None for a single model.

    More than `MOST_PAIRED` models have no pairs without a baseline, and `not_compared` says so.
    """
    if len(table.models) < 2:
        return None
    found = compare(table, baseline=baseline, method=method, judges=judges, by_category=by_category)
    names = table.models
    return {
        "correction": method,
        "alpha": ALPHA,
        "fewest_questions": FEWEST_QUESTIONS,
        "baseline": None if baseline is None else names[baseline],
        "not_compared": "many_models" if baseline is None and len(names) > MOST_PAIRED else None,
        "pairs": [_pair(p, table, by_category=by_category) for p in found.pairs],
        "groups": None if found.groups is None else [[names[m] for m in group] for group in found.groups],
        "detectable": _detectable(found, wished or WISHED_SHARE * (table.scale[1] - table.scale[0])),
    }


def _pair(pair: PairComparison, table: ScoreTable, *, by_category: bool) -> dict[str, Any]:
    few = pair.overall.difference.n < FEWEST_QUESTIONS
    data = {
        "model_a": table.models[pair.first],
        "model_b": table.models[pair.second],
        **_part(pair.overall, table.turns.size),
        "comparable": pair.comparable,
        "reason": None if pair.comparable else "few_questions" if few else "other_judges",
        "wins": pair.wins,
        "ties": pair.ties,
        "losses": pair.losses,
    }
    if by_category:
        sizes = {name: int((table.category == code).sum()) for code, name in enumerate(table.category_names)}
        data["categories"] = {name: _part(p, sizes[name]) for name, p in pair.categories.items()}
    return data


def _part(found: Part, questions: int) -> dict[str, Any]:
    d = found.difference
    return {
        "difference": {"mean": d.mean, "low": d.low, "high": d.high, "n": d.n, "failed": questions - d.n},
        "p": d.p,
        "p_adjusted": found.p_adjusted,
        "differs": found.differs,
    }


def _detectable(found: Comparison, wished: float) -> dict[str, Any] | None:
    """Of a typical pair: the root of the mean variance, and the fewest questions that any pair shares."""
    tested = [p.overall.difference for p in found.pairs if p.comparable]
    spread = [d.sd for d in tested if d.sd is not None]
    if not any(spread):  # where nothing varies there is nothing to plan with
        return None
    sd = math.sqrt(sum(s * s for s in spread) / len(spread))
    n = min(d.n for d in tested)
    return {
        "difference": minimum_detectable(sd, n).difference,
        "n": n,
        "sd": sd,
        "power": POWER,
        "wished": wished,
        "questions_needed": questions_needed(wished, sd),
    }


def _of_run(source: Source) -> Report:
    return {"differences": differences(source.table, judges_of(source.run))}


def _methods(report: Report) -> tuple[str, ...]:
    found = report["differences"]
    if found is None or not found["pairs"]:
        return ()
    return ("difference", *(("detectable",) if found["detectable"] else ()))


PART = part.Part(
    of_run=_of_run,
    findings=difference_rows.findings,
    notes=difference_rows.notes,
    slices=difference_rows.slices,
    methods=_methods,
)
