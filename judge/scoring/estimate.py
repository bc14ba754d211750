"""A mean with its interval, clustered by question.

The estimate is LogicKor's: the unweighted mean of the turn means. Turns, samples, judges and repeats of
one question belong together, so the variance is taken over questions (Miller, "Adding Error Bars to
Evals", arXiv 2411.00640, clustered standard error; here for a mean of means, by linearisation):

    u_ct = sum over verdicts i of turn t of question c of (s_i - mean of turn t) / (T * n_t)
    SE^2 = sum_c (sum_t sqrt(C_t / (C_t - 1)) * u_ct)^2,     interval = mean +- t(0.975, df) * SE, cut to the scale

C_t questions have a turn t. Few conversations may reach a late turn, and the mean gives that turn the weight of any
other: df is Satterthwaite's over turns, C - 1 at most, and a turn that one question has adds its share of the scale.
Where all questions have all turns SE^2 is C / (C - 1) * sum_c u_c^2 and df is C - 1, with a single turn the usual CR1
standard error of a mean. Two cases have no usable variance: one question (the interval is the whole scale) and
questions that all score alike, where Wilson's interval for C trials is taken on the rescaled mean: a bounded score
varies at most as much as a coin of that mean.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.proportion import wilson
from judge.scoring.quantiles import t95
from judge.scoring.table import Integers


@dataclass(frozen=True, slots=True)
class Estimate:
    """`mean`, `low` and `high` on the rubric's scale; None where no verdict is ok. `n` ok, `failed` the others."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    failed: int


def estimate(
    score: NDArray[np.float64],
    turn: Integers,
    question: Integers,
    failed: int,
    scale: tuple[float, float],
) -> Estimate:
    """Mean of turn means of the ok scores (all arrays of shape (n,)) with a 95 % interval."""
    n = int(score.size)
    if n == 0:
        return Estimate(None, None, None, 0, failed)
    turn_n = np.bincount(turn)
    turn_sum = np.bincount(turn, weights=score)
    turns = np.flatnonzero(turn_n)
    turn_mean = np.divide(turn_sum, turn_n, out=turn_sum, where=turn_n > 0)
    mean = float(turn_mean[turns].mean())
    influence = turn_mean[turn]
    np.subtract(score, influence, out=influence)
    influence /= (turns.size * turn_n)[turn]
    per_cell, present = _by_cell(influence, turn, question)
    clusters = int(present.any(axis=1).sum())
    low, high = _interval(mean, turn_mean[turns], per_cell[:, turns], present[:, turns], clusters, scale)
    return Estimate(mean, low, high, n, failed)


def _by_cell(
    influence: NDArray[np.float64], turn: Integers, question: Integers
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Summed influence, and whether there is any verdict, both of shape (questions, turns)."""
    columns = int(turn.max()) + 1
    cell = question.astype(np.int64) * columns + turn
    size = (int(question.max()) + 1) * columns
    summed = np.bincount(cell, weights=influence, minlength=size).reshape(-1, columns)
    return np.asarray(summed, dtype=np.float64), np.bincount(cell, minlength=size).reshape(-1, columns) > 0


def _interval(
    mean: float,
    turn_mean: NDArray[np.float64],
    influence: NDArray[np.float64],
    present: NDArray[np.bool_],
    clusters: int,
    scale: tuple[float, float],
) -> tuple[float, float]:
    """`influence` and `present` are of shape (questions, turns)."""
    in_turn = present.sum(axis=0)
    several = in_turn > 1
    if clusters < 2 or not several.any():
        return scale
    freedom = in_turn[several] - 1
    scaled = influence[:, several] * np.sqrt((freedom + 1) / freedom)
    variance = float(np.square(scaled.sum(axis=1)).sum())
    per_turn = np.square(scaled).sum(axis=0)
    if several.all() and variance < 1e-18 * (scale[1] - scale[0]) ** 2:
        return _wilson(mean, clusters, scale)
    half = 0.0
    if per_turn.any():
        satterthwaite = float(per_turn.sum() ** 2 / (np.square(per_turn) / freedom).sum())
        half = t95(min(clusters - 1, satterthwaite)) * math.sqrt(variance)
    # The mean of a turn that one question has may be anything on the scale.
    alone = turn_mean[~several]
    below, above = (alone - scale[0]).sum() / in_turn.size, (scale[1] - alone).sum() / in_turn.size
    return max(scale[0], mean - half - float(below)), min(scale[1], mean + half + float(above))


def _wilson(mean: float, clusters: int, scale: tuple[float, float]) -> tuple[float, float]:
    """Wilson (1927) on the mean rescaled to 0..1, with one trial a question."""
    width = scale[1] - scale[0]
    low, high = wilson((mean - scale[0]) / width, clusters)
    return scale[0] + width * low, scale[0] + width * high
