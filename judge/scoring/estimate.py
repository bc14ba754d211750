"""A mean with its interval, clustered by question.

Every question counts once: the estimate is the mean over questions of the mean over a question's graded turns of the
mean of a turn's ok verdicts. Where every question has every turn, that is LogicKor's mean of turn means, the same
number; in ragged sets a turn that few questions have weighs as much as those questions do. Turns, samples, judges and
repeats of one question belong together, so the variance is taken over questions (Miller, "Adding Error Bars to Evals",
arXiv 2411.00640, clustered standard error): with u_c what question c adds to the error of the mean, C of them,

    SE^2 = C / (C - 1) * sum_c u_c^2,     g = sqrt(C) * sum_c u_c^3 / (sum_c u_c^2)^(3/2)

Scores that crowd at an end of the scale are skewed, and Student's t then covers 90 % instead of 95 (42 questions, a
mean of 9.4 of 10). So the interval is the t-interval after Hall's transformation ("On the removal of skewness by
transformation", JRSS B 54, 1992), which takes the skewness g out of T = (mean - truth) / SE and is monotone:

    h(T) = T + g T^2 / (3 sqrt(C)) + g^2 T^3 / (27 C) + g / (6 sqrt(C)),    -t <= h(T) <= t,    t = t(0.975, C - 1)

Without skewness it is Student's. It is never wider than Wilson's interval for C trials on the rescaled mean, because a
bounded score varies at most as much as a coin of that mean; that is also the interval where all questions score alike.
One question alone tells nothing of others: the interval is the whole scale.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.proportion import wilson
from judge.scoring.quantiles import t95
from judge.scoring.table import Integers

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """`mean`, `low` and `high` on the rubric's scale; None where no verdict is ok. `n` ok, `failed` the others."""

    mean: float | None
    low: float | None
    high: float | None
    n: int
    failed: int


def estimate(score: Floats, turn: Integers, question: Integers, failed: int, scale: tuple[float, float]) -> Estimate:
    """Mean over questions of the ok scores (all arrays of shape (n,)) with a 95 % interval."""
    return mean_of_questions(question_means(score, turn, question), int(score.size), failed, scale)


def mean_of_questions(means: Floats, n: int, failed: int, scale: tuple[float, float]) -> Estimate:
    """The same from the questions' own means, shape (questions,), of `n` ok verdicts."""
    if not means.size:
        return Estimate(None, None, None, n, failed)
    mean = float(means.mean())
    return Estimate(mean, *_interval(mean, (means - mean) / means.size, means.size, scale), n, failed)


def clustered_mean(value: Floats, cluster: Integers, failed: int, scale: tuple[float, float]) -> Estimate:
    """Mean of `value`, each of the same weight, with a 95 % interval; those of one `cluster` belong together."""
    if not value.size:
        return Estimate(None, None, None, 0, failed)
    mean = float(value.mean())
    place = np.unique(cluster, return_inverse=True)[1]
    influence = np.bincount(place, weights=(value - mean) / value.size)
    # Clusters of unequal sizes are worth fewer of one size (Kish 1965).
    trials = value.size**2 / float(np.square(np.bincount(place)).sum())
    interval = _interval(mean, np.asarray(influence, dtype=np.float64), trials, scale)
    return Estimate(mean, *interval, int(value.size), failed)


def mean_of_groups(value: Floats, group: Integers, failed: int, scale: tuple[float, float]) -> Estimate:
    """The mean of the groups' means, every value on its own, with a 95 % interval."""
    if not value.size:
        return Estimate(None, None, None, 0, failed)
    place = np.unique(group, return_inverse=True)[1]
    sizes = np.bincount(place)
    means = np.bincount(place, weights=value) / sizes
    mean = float(means.mean())
    influence = (value - means[place]) / (sizes.size * sizes[place])
    # As many values of one group would have that variance.
    trials = sizes.size**2 / float((1 / sizes).sum())
    return Estimate(mean, *_interval(mean, influence, trials, scale), int(value.size), failed)


def question_means(score: Floats, turn: Integers, question: Integers) -> Floats:
    """The mean over its turns of each question that has a score, in the order of their numbers; shape (questions,)."""
    if not score.size:
        return np.empty(0)
    columns = int(turn.max()) + 1
    cell = question.astype(np.int64) * columns + turn
    size = (int(question.max()) + 1) * columns
    counts = np.bincount(cell, minlength=size).reshape(-1, columns)
    sums = np.bincount(cell, weights=score, minlength=size).reshape(-1, columns)
    turns = np.count_nonzero(counts, axis=1)
    of_turns = np.divide(sums, counts, out=sums, where=counts > 0).sum(axis=1)
    some = turns > 0
    return np.asarray(of_turns[some] / turns[some])


def _interval(mean: float, influence: Floats, trials: float, scale: tuple[float, float]) -> tuple[float, float]:
    """`influence`: what each question adds to the error of the mean, shape (questions,)."""
    clusters = influence.size
    if clusters < 2:
        return scale
    width = scale[1] - scale[0]
    least, most = (scale[0] + width * end for end in wilson((mean - scale[0]) / width, trials))
    squared = np.square(influence)
    total = float(squared.sum())
    if total < 1e-18 * width**2:
        return least, most
    error = math.sqrt(clusters / (clusters - 1) * total)
    slope = float((squared * influence).sum()) / total**1.5 / 3  # g / (3 sqrt(C))
    t = t95(clusters - 1)
    return max(least, mean - error * _unskewed(t, slope)), min(most, mean - error * _unskewed(-t, slope))


def _unskewed(y: float, slope: float) -> float:
    """T where Hall's h(T) = y."""
    shifted = y - slope / 2
    if abs(slope) < 1e-9:
        return shifted
    return (math.cbrt(1 + 3 * slope * shifted) - 1) / slope
