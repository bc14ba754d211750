"""What length is worth in scores: how many points an answer gains when it is twice as long, all else alike.

    score of m on i = model_m + item_i + slope * log2(characters)

An item is one turn of one question: only answers to the same prompt are compared, and a model that is better and
wordier everywhere is no evidence, because its own level is taken out. Least squares with both sets of constants, by
alternating projections (Frisch-Waugh-Lovell). The interval is of a cluster bootstrap over questions on the residuals.
"""

import numpy as np
from numpy.typing import NDArray

from judge.scoring.agreement import Agreement
from judge.scoring.resample import SEED, limits, question_draws
from judge.scoring.table import Integers

RESAMPLES = 2000
_MOST_SWEEPS = 10_000
_TOLERANCE = 1e-13

Floats = NDArray[np.float64]


def length_slope(
    score: Floats, characters: Floats, model: Integers, item: Integers, question: Integers, resamples: int = RESAMPLES
) -> Agreement:
    """Points for each doubling of length, 0 if length does not matter; all arrays of shape (answers,).

    None where no model's answers differ in length beyond what items and models explain.
    """
    used = characters > 0
    n = int(used.sum())
    if not n:
        return Agreement(None, None, None, 0)
    groups = [np.unique(codes[used], return_inverse=True)[1] for codes in (model, item)]
    x, y = (_residual(values[used], groups) for values in (np.log2(np.maximum(characters, 1)), score))
    cluster = np.unique(question[used], return_inverse=True)[1]
    squares, products = np.bincount(cluster, weights=x * x), np.bincount(cluster, weights=x * y)
    if squares.sum() < 1e-9 * n:
        return Agreement(None, None, None, n)
    value = float(products.sum() / squares.sum())
    draws = question_draws(np.random.default_rng(SEED), squares.size, resamples)
    below = draws @ squares
    drawn = np.divide(draws @ products, below, out=np.full(below.shape, np.nan), where=below > 1e-12)
    return Agreement(value, *limits(drawn, value, squares.size), n)


def _residual(values: Floats, groups: list[NDArray[np.intp]]) -> Floats:
    """What is left of the values once the mean of every group of both kinds is 0."""
    left = values - values.mean()
    counts = [np.bincount(group) for group in groups]
    scale = max(float(np.abs(left).max()), 1.0)
    for _ in range(_MOST_SWEEPS):
        moved = 0.0
        for group, count in zip(groups, counts, strict=True):
            mean = np.bincount(group, weights=left) / count
            left = left - mean[group]
            moved = max(moved, float(np.abs(mean).max()))
        if moved <= _TOLERANCE * scale:
            return np.asarray(left)
    raise ArithmeticError("the constants of models and items did not converge")
