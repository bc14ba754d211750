"""Differences, slopes and quantiles of scores with 95 % intervals, clustered by question.

Influence of one answer on a figure, summed over its question: SE^2 = C / (C - 1) * sum_c u_c^2, interval = figure
+- t(0.975, C - 1) * SE (CR1; Miller, arXiv 2411.00640). Where no or hardly any question differs the variance says
little: SE is taken as no smaller than if one question in C had differed by a tenth of the width.
"""

import math

import numpy as np
from numpy.typing import NDArray

from judge.scoring.proportion import Share
from judge.scoring.quantiles import Z95, t95
from judge.scoring.table import Integers

Floats = NDArray[np.float64]


def mean_of(value: Floats, cluster: Integers, width: float) -> Share:
    """The mean of differences; `width` is that of the scale."""
    n = int(value.size)
    if not n:
        return Share(None, None, None, 0)
    mean = float(value.mean())
    return _figure(mean, (value - mean) / n, cluster, width, n)


def group_difference_of(a: Floats, a_cluster: Integers, b: Floats, b_cluster: Integers, width: float) -> Share:
    """The mean of `a` less that of `b`; a cluster may have values in both."""
    n = int(a.size + b.size)
    if not a.size or not b.size:
        return Share(None, None, None, n)
    influence = np.concatenate([(a - a.mean()) / a.size, (b.mean() - b) / b.size])
    cluster = np.concatenate([a_cluster, b_cluster])
    return _figure(float(a.mean() - b.mean()), influence, cluster, width, n)


def slope_within(x: Floats, y: Floats, group: Integers, cluster: Integers, width: float) -> Share:
    """How much y grows by 1 of x within groups (least squares with an intercept a group); groups lie in clusters."""
    n = int(x.size)
    dx, dy = _centred(x, group), _centred(y, group)
    spread = float(np.square(dx).sum())
    if n < 3 or spread < 1e-12:
        return Share(None, None, None, n)
    slope = float((dx * dy).sum()) / spread
    return _figure(slope, dx * (dy - slope * dx) / spread, cluster, width, n)


def root_mean_square(variance: Floats, cluster: Integers, width: float) -> Share:
    """The root of the mean of variances within answers, with the roots of that mean's limits."""
    mean = mean_of(variance, cluster, width)
    if mean.mean is None or mean.low is None or mean.high is None:
        return mean
    return Share(math.sqrt(mean.mean), math.sqrt(max(0.0, mean.low)), math.sqrt(mean.high), mean.n)


def quantile(values: Floats, p: float) -> Share:
    """A quantile with the distribution-free interval between order statistics (David & Nagaraja 2003, section 7.1)."""
    n = int(values.size)
    if not n:
        return Share(None, None, None, 0)
    ordered = np.sort(values)
    half = Z95 * math.sqrt(n * p * (1 - p))
    low, high = math.floor(n * p - half), math.ceil(n * p + half)
    value = float(np.quantile(ordered, p))
    # Too few values leave the upper end open; the largest is then the most that can be said.
    return Share(value, float(ordered[max(0, low - 1)]), float(ordered[min(n - 1, high)]), n)


def icc(ratings: Floats) -> float:
    """ICC(1,1) of ratings of shape (repeats, answers), one-way (Shrout & Fleiss 1979), NaN if none differ."""
    repeats, answers = ratings.shape
    if repeats < 2 or answers < 2:
        return float("nan")
    between = repeats * float(ratings.mean(axis=0).var(ddof=1))
    within = float(ratings.var(axis=0, ddof=1).mean())
    whole = between + (repeats - 1) * within
    return (between - within) / whole if whole > 0 else float("nan")


def _figure(value: float, influence: Floats, cluster: Integers, width: float, n: int) -> Share:
    inverse = np.unique(cluster, return_inverse=True)[1]
    clusters = int(inverse.max()) + 1
    if clusters < 2:
        return Share(value, None, None, n)
    variance = clusters / (clusters - 1) * float(np.square(np.bincount(inverse, weights=influence)).sum())
    error = max(math.sqrt(variance), width / 10 / clusters)
    half = t95(clusters - 1) * error
    return Share(value, value - half, value + half, n)


def _centred(values: Floats, group: Integers) -> Floats:
    inverse = np.unique(group, return_inverse=True)[1]
    means = np.bincount(inverse, weights=values) / np.bincount(inverse)
    return np.asarray(values - means[inverse], dtype=np.float64)
