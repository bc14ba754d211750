"""Every figure of a report, for every model of a table."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.estimate import Estimate, estimate
from judge.scoring.rank import rank_ranges
from judge.scoring.table import OK, STATUSES, ScoreTable


@dataclass(frozen=True, slots=True)
class Bounds:
    """The overall score if every failed verdict had been the worst, or the best, on the scale."""

    worst: float
    best: float


@dataclass(frozen=True, slots=True)
class ModelScores:
    """`failures` counts verdicts that are not ok by status; `pending` are planned ones that have not ended."""

    model: str
    overall: Estimate
    turns: dict[int, Estimate]
    categories: dict[str, Estimate]
    rank: tuple[int, int] | None
    failures: dict[str, int]
    bounds: Bounds | None
    as_published: float | None


def summarise(table: ScoreTable) -> list[ModelScores]:
    """Scores of every model, in the table's order."""
    ranks = rank_ranges(table)
    return [_model_scores(table, m, ranks[m]) for m in range(len(table.models))]


def _model_scores(table: ScoreTable, model: int, rank: tuple[int, int] | None) -> ModelScores:
    mine = table.model == model
    every = np.ones(len(table.categories), dtype=np.bool_)
    categories = np.array(table.categories, dtype=object)
    failures = Counter(STATUSES[code] for code in table.status[mine & (table.status != OK)].tolist())
    pending = table.planned(every) - int(mine.sum())
    if pending > 0:
        failures["pending"] = pending
    overall = _estimate(table, mine, every, None)
    return ModelScores(
        model=table.models[model],
        overall=overall,
        turns={t: _estimate(table, mine, every, t) for t in range(1, int(table.turns.max(initial=1)) + 1)},
        categories={c: _estimate(table, mine, categories == c, None) for c in dict.fromkeys(table.categories)},
        rank=rank,
        failures=dict(sorted(failures.items())),
        bounds=_bounds(table, mine) if overall.failed else None,
        as_published=_as_published(table, mine),
    )


def _estimate(table: ScoreTable, mine: NDArray[np.bool_], questions: NDArray[np.bool_], turn: int | None) -> Estimate:
    chosen = mine & (table.status == OK) & questions[table.question]
    if turn is not None:
        chosen &= table.turn == turn
    failed = table.planned(questions, turn) - int(chosen.sum())
    return estimate(table.score[chosen], table.turn[chosen], table.question[chosen], failed, table.scale)


def _bounds(table: ScoreTable, mine: NDArray[np.bool_]) -> Bounds:
    ok = mine & (table.status == OK)
    worst, best = [], []
    every = np.ones(len(table.categories), dtype=np.bool_)
    for turn in range(1, int(table.turns.max(initial=1)) + 1):
        scores = table.score[ok & (table.turn == turn)]
        planned = max(table.planned(every, turn), scores.size)
        missing = planned - scores.size
        worst.append((scores.sum() + missing * table.scale[0]) / planned)
        best.append((scores.sum() + missing * table.scale[1]) / planned)
    return Bounds(float(np.mean(worst)), float(np.mean(best)))


def _as_published(table: ScoreTable, mine: NDArray[np.bool_]) -> float | None:
    """The overall as its publisher computed it: failures that were published as a number count as that number."""
    chosen = mine & ~np.isnan(table.published)
    if not chosen.any():
        return None
    turns = table.turn[chosen]
    return float(np.mean([table.published[chosen][turns == t].mean() for t in np.unique(turns)]))
