"""Every figure of a report, for every model of a table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.estimate import Estimate, estimate
from judge.scoring.rank import rank_ranges
from judge.scoring.table import OK, STATUSES, Integers, ScoreTable


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


@dataclass(frozen=True, slots=True)
class _Scored:
    """The ok verdicts of one model."""

    score: NDArray[np.float64]
    turn: Integers
    question: Integers

    def where(self, chosen: NDArray[np.bool_]) -> "_Scored":
        return _Scored(self.score[chosen], self.turn[chosen], self.question[chosen])

    def estimate(self, planned: int, scale: tuple[float, float]) -> Estimate:
        return estimate(self.score, self.turn, self.question, planned - self.score.size, scale)


def summarise(table: ScoreTable, *, comparable: bool = True) -> list[ModelScores]:
    """Scores of every model, in the table's order; without ranks where they are not comparable (other judges, say)."""
    ranks = rank_ranges(table) if comparable else [None] * len(table.models)
    return [_model_scores(table, m, ranks[m]) for m in range(len(table.models))]


def _model_scores(table: ScoreTable, model: int, rank: tuple[int, int] | None) -> ModelScores:
    mine = table.model == model
    ok = mine & (table.status == OK)
    scored = _Scored(table.score[ok], table.turn[ok], table.question[ok])
    overall = scored.estimate(table.planned(), table.scale)
    return ModelScores(
        model=table.models[model],
        overall=overall,
        turns={
            turn: scored.where(scored.turn == turn).estimate(table.planned(turn), table.scale)
            for turn in range(1, table.most_turns + 1)
        },
        categories=_by_category(table, scored),
        rank=rank,
        failures=_failures(table, mine),
        bounds=_bounds(table, scored) if overall.failed else None,
        as_published=_as_published(table, mine),
    )


def _by_category(table: ScoreTable, scored: _Scored) -> dict[str, Estimate]:
    category = table.category[scored.question]
    return {
        name: scored.where(category == code).estimate(planned, table.scale)
        for code, (name, planned) in enumerate(zip(table.category_names, table.planned_by_category(), strict=True))
    }


def _failures(table: ScoreTable, mine: NDArray[np.bool_]) -> dict[str, int]:
    counts = np.bincount(table.status[mine], minlength=len(STATUSES)).tolist()
    failures = {status: n for code, (status, n) in enumerate(zip(STATUSES, counts, strict=True)) if n and code != OK}
    pending = table.planned() - sum(counts)
    if pending > 0:
        failures["pending"] = pending
    return dict(sorted(failures.items()))


def _bounds(table: ScoreTable, scored: _Scored) -> Bounds:
    """Each question's turns weigh the same, and so do the verdicts planned on a turn."""
    columns = table.most_turns + 1
    cell = scored.question.astype(np.int64) * columns + scored.turn
    size = table.turns.size * columns
    given = np.bincount(cell, minlength=size).reshape(-1, columns)
    summed = np.bincount(cell, weights=scored.score, minlength=size).reshape(-1, columns)
    turn = np.arange(columns)
    graded = (turn >= table.first[:, None]) & (turn <= table.turns[:, None])
    planned = np.maximum(given, np.where(graded, table.verdicts_per_turn, 0))
    turns = (planned > 0).sum(axis=1)

    def filled(score: float) -> float:
        means = np.divide(summed + (planned - given) * score, planned, out=np.zeros(planned.shape), where=planned > 0)
        return float((means.sum(axis=1) / turns).mean())

    return Bounds(filled(table.scale[0]), filled(table.scale[1]))


def _as_published(table: ScoreTable, mine: NDArray[np.bool_]) -> float | None:
    """The overall as LogicKor computes it, the mean of turn means: failures published as a number count as that."""
    chosen = mine & ~np.isnan(table.published)
    if not chosen.any():
        return None
    turns, published = table.turn[chosen], table.published[chosen]
    return float(np.mean([published[turns == t].mean() for t in np.unique(turns)]))
