"""Ranks as ranges: what place could each model have, had other questions been drawn?

Paired cluster bootstrap: questions are drawn with replacement, the same draw for every model, and the
overall score (mean of turn means) is computed anew. The range holds 95 % of the places a model takes.
"""

import numpy as np
from numpy.typing import NDArray

from judge.scoring.table import OK, ScoreTable

RESAMPLES = 2000
_SEED = 20_260_101


def rank_ranges(table: ScoreTable, resamples: int = RESAMPLES, seed: int = _SEED) -> list[tuple[int, int] | None]:
    """(best, worst) place of each model, 1 is first; None for a model without any ok verdict."""
    sums, counts = _sums_by_turn(table)
    has_score = counts.sum(axis=(1, 2)) > 0
    if not has_score.any():
        return [None] * len(table.models)
    questions = len(table.categories)
    random = np.random.default_rng(seed)
    draws: NDArray[np.float64] = np.asarray(
        random.multinomial(questions, np.full(questions, 1 / questions), size=resamples), dtype=np.float64
    )
    overall = _overall(sums[has_score], counts[has_score], draws)
    # A place is 1 + how many are better; equal models share every place that they cover.
    better = np.stack([np.nansum(overall > overall[:, [m]], axis=1) for m in range(overall.shape[1])], axis=1)
    equal = np.stack([np.nansum(overall == overall[:, [m]], axis=1) for m in range(overall.shape[1])], axis=1)
    # A draw that holds none of a model's verdicts says nothing about its place.
    placed = ~np.isnan(overall)
    ranges: list[tuple[int, int] | None] = [None] * len(table.models)
    for place, model in enumerate(np.flatnonzero(has_score)):
        known = placed[:, place]
        low = np.percentile(better[known, place] + 1, 2.5, method="lower")
        high = np.percentile((better + equal)[known, place], 97.5, method="higher")
        ranges[model] = (int(low), max(int(low), int(high)))
    return ranges


def _sums_by_turn(table: ScoreTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of ok scores, shape (models, turns, questions)."""
    turns = int(table.turns.max(initial=1))
    shape = (len(table.models), turns, len(table.categories))
    ok = table.status == OK
    flat = np.ravel_multi_index((table.model[ok], table.turn[ok] - 1, table.question[ok]), shape)
    size = int(np.prod(shape))
    sums = np.bincount(flat, weights=table.score[ok], minlength=size)
    counts = np.bincount(flat, weights=np.ones(flat.size), minlength=size)
    return np.reshape(sums, shape), np.reshape(counts, shape)


def _overall(sums: NDArray[np.float64], counts: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of turn means per draw, shape (draws, models); a turn that a draw leaves empty is left out."""
    drawn_sums = np.einsum("mtq,bq->bmt", sums, draws, optimize=True)
    drawn_counts = np.einsum("mtq,bq->bmt", counts, draws, optimize=True)
    present = drawn_counts > 0
    means = np.divide(drawn_sums, drawn_counts, out=np.zeros_like(drawn_sums), where=present)
    turns = present.sum(axis=2)
    total = np.where(present, means, 0.0).sum(axis=2)
    overall: NDArray[np.float64] = np.divide(total, turns, out=np.full(total.shape, np.nan), where=turns > 0)
    return overall
