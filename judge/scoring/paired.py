"""Is one model better than another? Both answered the same questions, so the questions are compared in pairs.

A question's difference is the mean over the turns that both models have a verdict on, and the difference of the models
the mean over the n questions that have one: where no verdict failed, that of their overall scores.

    d = 1/n * sum_q d_q,     d_q = mean over shared turns t of (a_qt - b_qt)

Its interval is Student's t, d +- t(0.975, n - 1) * sd / sqrt(n) (Miller, "Adding Error Bars to Evals", arXiv
2411.00640, paired differences), its p-value that of the sign-flip test: if the models were alike, each question's
difference could as well have had the other sign (Fisher 1935; scipy's `permutation_test` with
`permutation_type="samples"` is the same test).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.quantiles import t95

Scores = NDArray[np.float64]
"""Shape (questions, turns): a model's mean ok score on each turn of each question, NaN where there is none."""

FLIPS = 9_999
_SEED = 20_260_101
_EXACT = 12
"""Up to so many questions all 2^n sign patterns are tried."""
_EXACT_IF_RARE = 18
"""Up to so many they are where few of those drawn are as extreme."""
_BY_FLIPS = 5_000
"""Above so many questions the sum of random signs is normal for every purpose (Lindeberg)."""
_FEW_HITS = 50
"""With fewer patterns as extreme among those drawn, p is computed: draws cannot tell 1 in 100,000 from 1 in 10,000."""
_BLOCK_BYTES = 16 * 2**20

MOST_PAIRED = 300
"""Models that are all compared with each other: of more, each with a baseline only (10,000 have 50 million pairs)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """First minus second, on the scale of the scores; `n` shared questions, `sd` of the questions' differences.

    `mean` is None without a shared question, the interval and `p` with fewer than two.
    """

    mean: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    sd: float | None


def unvaried(n: int, width: float) -> float:
    """Half an interval where no question differs from another: as wide as if one in n had, by a tenth of the scale.

    A variance of 0 over n questions says little of other questions, and an interval without width would be a lie.
    """
    return t95(n - 1) * width / (10 * n)


def question_differences(first: Scores, second: Scores) -> NDArray[np.float64]:
    """Each question's difference, shape (questions,); NaN where no turn is shared."""
    apart = first - second
    known = ~np.isnan(apart)
    turns = known.sum(axis=1)
    summed = np.where(known, apart, 0.0).sum(axis=1)
    return np.asarray(np.divide(summed, turns, out=np.full(turns.shape, np.nan), where=turns > 0))


def difference(first: Scores, second: Scores) -> Difference:
    """Two models' scores compared question by question."""
    return differences(np.stack([first, second]), [(0, 1)])[0]


def differences(scores: NDArray[np.float64], pairs: list[tuple[int, int]]) -> list[Difference]:
    """All `pairs` of models compared; `scores` of shape (models, questions, turns)."""
    # So many at a time that their differences by question stay small, however many questions there are.
    block = max(1, _BLOCK_BYTES // (8 * max(1, scores.shape[1])))
    return [
        found
        for start in range(0, len(pairs), block)
        for found in _compared([question_differences(scores[a], scores[b]) for a, b in pairs[start : start + block]])
    ]


def _compared(apart: list[NDArray[np.float64]]) -> Iterator[Difference]:
    p_values = sign_flip(np.nan_to_num(np.stack(apart, axis=1)))
    for by_question, p in zip(apart, p_values, strict=True):
        yield _difference(by_question[~np.isnan(by_question)], float(p))


def _difference(apart: NDArray[np.float64], p: float) -> Difference:
    n = int(apart.size)
    if n == 0:
        return Difference(None, None, None, None, 0, None)
    mean = float(apart.mean())
    if n == 1:
        return Difference(mean, None, None, None, 1, None)
    sd = float(apart.std(ddof=1))
    half = t95(n - 1) * sd / math.sqrt(n)
    return Difference(mean, mean - half, mean + half, p, n, sd)


def sign_flip(weights: NDArray[np.float64], flips: int = FLIPS, seed: int = _SEED) -> NDArray[np.float64]:
    """Two-sided p-value of each column's sum under random signs of its rows; `weights` of shape (questions, tests)."""
    weights = weights[np.any(weights != 0, axis=1)]
    observed = np.abs(weights.sum(axis=0))
    size = np.abs(weights).sum(axis=0)
    if weights.shape[0] == 0:
        return np.ones(weights.shape[1])
    # Sums of equal weights in another order differ in their last bits; such a tie is as extreme.
    as_extreme = observed - 1e-12 * size
    if weights.shape[0] <= _EXACT:
        return _exact(weights, as_extreme)
    if weights.shape[0] > _BY_FLIPS:
        return _normal(observed, np.sqrt(np.square(weights).sum(axis=0)))
    random = np.random.default_rng(seed)
    hits = np.zeros(weights.shape[1])
    block = max(1, _BLOCK_BYTES // (8 * max(weights.shape)))
    for start in range(0, flips, block):
        size_now = min(block, flips - start)
        signs = random.integers(0, 2, (size_now, weights.shape[0]), dtype=np.int8) * np.float64(2)
        signs -= 1
        hits += (np.abs(signs @ weights) >= as_extreme).sum(axis=0)
    # The observed signs are one of the patterns (Phipson & Smyth 2010): p is never 0.
    p = (hits + 1) / (flips + 1)
    rare = hits < _FEW_HITS
    if rare.any() and weights.shape[0] <= _EXACT_IF_RARE:
        p[rare] = _exact(weights[:, rare], as_extreme[rare])
    elif rare.any():
        p[rare] = _tail(weights[:, rare], observed[rare])
    return p


def _tail(weights: NDArray[np.float64], observed: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same p-values where so few patterns are as extreme that drawing them would never end.

    The saddlepoint approximation for sums of random signs (Robinson 1982, Lugannani & Rice 1980): the cumulant
    function is K(t) = sum log cosh(t w). The sums move in steps of twice the smallest weight or less, so half such a
    step is taken off, which makes p larger rather than smaller.
    """
    from scipy.special import ndtr

    size = np.abs(weights)
    sd = np.sqrt(np.square(size).sum(axis=0))
    size, reached = size / sd, observed / sd
    smallest = np.where(size > 0, size, np.inf).min(axis=0)
    reached = np.maximum(reached - smallest, 0.05)
    low, high = np.zeros(reached.shape), np.full(reached.shape, 40.0) / smallest
    for _ in range(100):
        t = (low + high) / 2
        above = (size * np.tanh(size * t)).sum(axis=0) > reached
        low, high = np.where(above, low, t), np.where(above, t, high)
    cumulant = (np.logaddexp(2 * size * t, 0.0) - size * t - np.log(2)).sum(axis=0)
    curvature = np.square(size / np.cosh(np.minimum(size * t, 300.0))).sum(axis=0)
    root = np.sqrt(2 * (t * reached - cumulant))
    tail = ndtr(-root) + np.exp(-np.square(root) / 2) / np.sqrt(2 * np.pi) * (1 / (t * np.sqrt(curvature)) - 1 / root)
    # All signs alike is as extreme as it gets: two patterns of 2^n.
    return np.asarray(np.clip(2 * tail, 2.0 ** (1 - (weights != 0).sum(axis=0)), 1.0))


def _exact(weights: NDArray[np.float64], as_extreme: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of all 2^n patterns that are as extreme."""
    questions, tests = weights.shape
    hits = np.zeros(tests)
    block = max(1, _BLOCK_BYTES // (8 * max(weights.shape)))
    for start in range(0, 2**questions, block):
        patterns = np.arange(start, min(start + block, 2**questions))[:, None] >> np.arange(questions)
        hits += (np.abs(((patterns & 1) * 2.0 - 1.0) @ weights) >= as_extreme).sum(axis=0)
    return np.asarray(hits / 2**questions)


def _normal(observed: NDArray[np.float64], sd: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.special import ndtr

    z = np.divide(observed, sd, out=np.zeros_like(observed), where=sd > 0)
    return np.asarray(2 * ndtr(-z))
