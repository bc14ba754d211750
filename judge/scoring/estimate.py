"""A mean with its interval, clustered by question.

The estimate is LogicKor's: the unweighted mean of the turn means. Turns, samples, judges and repeats of
one question belong together, so the variance is taken over questions (Miller, "Adding Error Bars to
Evals", arXiv 2411.00640, clustered standard error; here for a mean of means, by linearisation):

    u_c = sum over verdicts i of question c of (s_i - mean of i's turn) / (T * n of i's turn)
    SE^2 = C / (C - 1) * sum_c u_c^2,     interval = mean +- t(0.975, C - 1) * SE, cut to the scale

With a single turn this is the usual CR1 standard error of a mean. Two cases have no usable variance:
one question (the interval is the whole scale) and questions that all score alike, where Wilson's interval
for C trials is taken on the rescaled mean: a bounded score varies at most as much as a coin of that mean.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.proportion import wilson
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
    present = np.bincount(question) > 0
    per_cluster = np.asarray(np.bincount(question, weights=influence), dtype=np.float64)[present]
    count = int(per_cluster.size)
    low, high = _interval(mean, per_cluster, count, scale)
    return Estimate(mean, low, high, n, failed)


def _interval(
    mean: float, cluster_influence: NDArray[np.float64], clusters: int, scale: tuple[float, float]
) -> tuple[float, float]:
    if clusters < 2:
        return scale
    variance = clusters / (clusters - 1) * float(np.square(cluster_influence).sum())
    if variance < 1e-18 * (scale[1] - scale[0]) ** 2:
        return _wilson(mean, clusters, scale)
    # scipy.special loads in a tenth of the time of scipy.stats.
    from scipy.special import stdtrit

    half = float(stdtrit(clusters - 1, 0.975)) * math.sqrt(variance)
    return max(scale[0], mean - half), min(scale[1], mean + half)


def _wilson(mean: float, clusters: int, scale: tuple[float, float]) -> tuple[float, float]:
    """Wilson (1927) on the mean rescaled to 0..1, with one trial a question."""
    width = scale[1] - scale[0]
    low, high = wilson((mean - scale[0]) / width, clusters)
    return scale[0] + width * low, scale[0] + width * high
