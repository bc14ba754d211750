"""Do scores and pairs say the same? Of each comparison that was won: did the winner have the higher score too?

Scores are of single answers, so two good answers often share one; such comparisons are counted apart, as `tied`. How
alike the two rankings of the models are is Kendall's tau-b between mean scores and Bradley-Terry strengths, with a
paired cluster bootstrap: the same questions are drawn for both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.agreement import Agreement
from judge.scoring.bradley_terry import RESAMPLES, per_question, strengths
from judge.scoring.pairwise import TIE, ComparisonTable, outcomes
from judge.scoring.proportion import Share, share
from judge.scoring.resample import SEED, limits, question_draws

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ScoreAgreement:
    """`same_order`: share of the won comparisons with unequal scores in which the winner has the higher one.

    `tied` more won comparisons have equal scores, `unscored` lack one. `rankings` is Kendall's tau-b of the models.
    """

    same_order: Share
    tied: int
    unscored: int
    rankings: Agreement


def score_agreement(table: ComparisonTable, scores: Floats, resamples: int = RESAMPLES) -> ScoreAgreement:
    """`scores` of shape (models, places): the mean score of each answer, NaN where it has none."""
    outcome = outcomes(table.forward, table.swapped)
    pairs = np.array(table.pairs).reshape(-1, 2)[table.pair]
    gap = scores[pairs[:, 0], table.place] - scores[pairs[:, 1], table.place]
    won = outcome != TIE
    unequal = won & ~np.isnan(gap) & (np.abs(gap) > 1e-9)
    return ScoreAgreement(
        same_order=share(np.sign(gap[unequal]) == outcome[unequal], table.question[unequal]),
        tied=int((won & (np.abs(gap) <= 1e-9)).sum()),
        unscored=int((won & np.isnan(gap)).sum()),
        rankings=_rankings(table, scores, resamples),
    )


def _rankings(table: ComparisonTable, scores: Floats, resamples: int) -> Agreement:
    models = len(table.models)
    if not table.pair.size or models < 3:
        return Agreement(None, None, None, models)
    points, games = per_question(table)
    sums, counts = _scores_by_question(table, scores)
    pairs = np.array(table.pairs)

    def tau(draws: Floats) -> Floats:
        won = strengths(draws @ points, draws @ games, pairs, models).probabilities() - 0.5
        total = draws @ counts
        mean = np.divide(draws @ sums, total, out=np.full(total.shape, np.nan), where=total > 0)
        return _kendall(mean[:, :, None] - mean[:, None, :], won)

    value = float(tau(np.ones((1, points.shape[0])))[0])
    if np.isnan(value):
        return Agreement(None, None, None, models)
    drawn = tau(question_draws(np.random.default_rng(SEED), points.shape[0], resamples))
    low, high = limits(drawn, value, points.shape[0])
    return Agreement(value, -1.0 if low is None else max(-1.0, low), 1.0 if high is None else min(1.0, high), models)


def _scores_by_question(table: ComparisonTable, scores: Floats) -> tuple[Floats, Floats]:
    """Sum and number of the scores of the places that were compared, each (questions, models)."""
    places, first = np.unique(table.place, return_index=True)
    question = np.unique(table.question, return_inverse=True)[1][first]
    given = scores[:, places]
    known = ~np.isnan(given)
    size = int(question.max()) + 1
    sums = [np.bincount(question, weights=row, minlength=size) for row in np.where(known, given, 0.0)]
    counts = [np.bincount(question, weights=row, minlength=size) for row in known]
    return np.stack(sums, axis=1), np.stack(counts, axis=1)


def _kendall(one: Floats, other: Floats) -> Floats:
    """Tau-b (Kendall 1945) from differences of shape (draws, models, models); NaN where one ranking is all ties."""
    upper = np.triu_indices(one.shape[1], 1)
    a, b = (_sign(gap[:, upper[0], upper[1]]) for gap in (one, other))
    both = ~(np.isnan(a) | np.isnan(b)).any(axis=1)
    spread = np.sqrt(np.abs(a).sum(axis=1) * np.abs(b).sum(axis=1))
    tau: Floats = np.divide((a * b).sum(axis=1), spread, out=np.full(spread.shape, np.nan), where=both & (spread > 0))
    return tau


def _sign(gap: Floats) -> Floats:
    return np.where(np.abs(gap) <= 1e-9, 0.0, np.sign(gap))
