"""Ranks as ranges: what place could each model have, had other questions been drawn?

Paired cluster bootstrap: questions are drawn with replacement, the same draw for every model, and the
overall score (mean of turn means) is computed anew. The range holds 95 % of the places a model takes. A draw that
holds none of the questions of one of a model's turns would be the score of something else, and says nothing of it.
Where only one question has some turn, drawing it again tells nothing either: then there are no ranks.
"""

import numpy as np
from numpy.typing import NDArray

from judge.scoring.resample import question_draws
from judge.scoring.table import OK, ScoreTable

RESAMPLES = 2000
_SEED = 20_260_101
_BLOCK_BYTES = 16 * 2**20
"""Resamples are drawn in blocks of at most this size (of one resample at least)."""


def rank_ranges(table: ScoreTable, resamples: int = RESAMPLES, seed: int = _SEED) -> list[tuple[int, int] | None]:
    """(best, worst) place of each model, 1 is first.

    None for a model without any ok verdict, and for all where some turn has verdicts on one question only.
    """
    ranges: list[tuple[int, int] | None] = [None] * len(table.models)
    ok = table.status == OK
    scored = np.flatnonzero(np.bincount(table.model[ok], minlength=len(table.models)))
    if scored.size == 1:
        ranges[int(scored[0])] = (1, 1)
    if scored.size < 2:
        return ranges
    sums, counts = _sums_by_turn(table, ok, scored)
    if (np.count_nonzero(counts.any(axis=0), axis=1) == 1).any():
        return ranges
    overall = _resampled(sums, counts, resamples, seed)
    # A place is 1 + how many are better; equal models share every place that they cover.
    better = np.stack([np.nansum(overall > overall[:, [m]], axis=1) for m in range(scored.size)], axis=1)
    equal = np.stack([np.nansum(overall == overall[:, [m]], axis=1) for m in range(scored.size)], axis=1)
    placed = ~np.isnan(overall)
    for place, model in enumerate(scored):
        known = placed[:, place]
        if not known.any():
            continue
        low = np.percentile(better[known, place] + 1, 2.5, method="lower")
        high = np.percentile((better + equal)[known, place], 97.5, method="higher")
        ranges[int(model)] = (int(low), max(int(low), int(high)))
    return ranges


def _sums_by_turn(
    table: ScoreTable, ok: NDArray[np.bool_], models: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of the ok scores of `models`, shape (models, turns, questions)."""
    shape = (models.size, table.most_turns, table.turns.size)
    sums, counts = np.zeros(shape), np.zeros(shape)
    for row, model in enumerate(models):
        mine = ok & (table.model == model)
        cell = table.question[mine] + (table.turn[mine].astype(np.int64) - 1) * table.turns.size
        size = sums[row].size
        sums[row] = np.bincount(cell, weights=table.score[mine], minlength=size).reshape(shape[1:])
        counts[row] = np.bincount(cell, minlength=size).reshape(shape[1:])
    return sums, counts


def _resampled(
    sums: NDArray[np.float64], counts: NDArray[np.float64], resamples: int, seed: int
) -> NDArray[np.float64]:
    """The overall score of each model in each resample of the questions, shape (resamples, models)."""
    questions = sums.shape[2]
    random = np.random.default_rng(seed)
    overall = np.empty((resamples, sums.shape[0]))
    block = max(1, _BLOCK_BYTES // (8 * questions))
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        # Drawn one after the other from one stream, so the size of a block changes nothing.
        overall[start : start + size] = _overall(sums, counts, question_draws(random, questions, size))
    return overall


def _overall(sums: NDArray[np.float64], counts: NDArray[np.float64], draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of turn means per draw, shape (draws, models); NaN where a draw leaves a turn of the model empty."""
    drawn_sums = np.einsum("mtq,bq->bmt", sums, draws, optimize=True)
    drawn_counts = np.einsum("mtq,bq->bmt", counts, draws, optimize=True)
    present = drawn_counts > 0
    means = np.divide(drawn_sums, drawn_counts, out=np.zeros_like(drawn_sums), where=present)
    turns = present.sum(axis=2)
    whole = turns == (counts > 0).any(axis=2).sum(axis=1)
    total = np.where(present, means, 0.0).sum(axis=2)
    overall: NDArray[np.float64] = np.divide(total, turns, out=np.full(total.shape, np.nan), where=whole)
    return overall
