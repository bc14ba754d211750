"""A judge's figures corrected by a few human labels.

Means: prediction-powered inference with a tuned weight (PPI++, Angelopoulos, Duchi & Zrnic, arXiv 2311.01453). With n
labelled units (Y_i, f_i) and N judged ones without label,

    theta = lambda * mean(f over N) + mean(Y - lambda * f over n)
    lambda = cov(Y, f) / ((1 + n / N) * var(f)), cut to [0, 1]

lambda 0 is the labels alone, lambda 1 plain PPI. The labels must be a random sample of the units: targeted ones bias
everything. The interval is theta +- t(0.975, G - 1) * SE for labels in G clusters, with the SE of the jackknife that
leaves out one cluster after the other and tunes lambda anew each time (Efron & Stein 1981; for clusters MacKinnon,
Nielsen & Webb, arXiv 2205.03285), those with labels and those without being two strata of G_h clusters each:

    SE^2 = sum_h (G_h - 1) / G_h * sum_c in h (theta without c - their mean in h)^2

The plug-in variance of the paper takes units for independent and lambda for known: where turns of a question belong
together, or scores crowd at the ends of the scale, its intervals of 30 to 100 labels cover 90 to 94 %.

Shares: the estimator of Rogan & Gladen (1978) for a judge of known sensitivity and specificity, with the interval of
Lee et al. (arXiv 2511.21140): the delta method over the three binomials, each with two successes and two failures added
(Agresti & Coull 1998), as Lang & Reiczigel (2014) do.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.proportion import wilson
from judge.scoring.quantiles import Z95, t95
from judge.scoring.table import Integers

FEWEST_LABELS = 10
_FEWEST_CLUSTERS = 3
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Corrected:
    """`raw` is the judge's figure over all units, `mean` the corrected one, `weight` lambda."""

    raw: float
    mean: float
    low: float
    high: float
    labels: int
    units: int
    weight: float


def corrected_mean(
    labels: NDArray[np.float64],
    judged: NDArray[np.float64],
    unlabelled: NDArray[np.float64],
    bounds: tuple[float, float],
    clusters: tuple[Integers, Integers] | None = None,
    weights: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Corrected | None:
    """The mean that people would have given over all units.

    `labels` and `judged` of shape (n,) are people's and the judge's scores of the labelled units, `unlabelled` of shape
    (N,) the judge's of the others. `clusters` numbers what belongs together (questions) among the labelled and the
    unlabelled units; without it every unit stands alone. `weights`, of both too, are those of the units in the mean.
    None with fewer than `FEWEST_LABELS` labels, or where they come from fewer than three clusters.
    """
    n, others = labels.size, unlabelled.size
    if n < FEWEST_LABELS:
        return None
    numbers = np.arange(n + others) if clusters is None else np.concatenate(clusters)
    cluster = np.unique(numbers, return_inverse=True)[1]
    mine, theirs = cluster[:n], cluster[n:]
    count = int(cluster.max()) + 1
    has_label = np.bincount(mine, minlength=count) > 0
    if has_label.sum() < _FEWEST_CLUSTERS:
        return None
    everything = np.concatenate([judged, unlabelled])
    weight_of = np.ones(n + others) if weights is None else np.concatenate(weights)
    w, v = np.split(weight_of / weight_of.mean(), [n])
    sums = np.stack(
        [np.bincount(mine, weights=w * part, minlength=count) for part in (1.0, labels, judged, labels * judged)]
        + [np.bincount(theirs, weights=v * part, minlength=count) for part in (1.0, unlabelled)]
        + [np.bincount(cluster, weights=np.concatenate([w, v]) * np.square(everything), minlength=count)]
    )
    total = sums.sum(axis=1, keepdims=True)
    mean, weight = (float(value[0]) for value in _estimate(total))
    without = _estimate(total - sums)[0]
    variance = sum(
        (kept.size - 1) * float(kept.var()) for kept in (without[has_label], without[~has_label]) if kept.size
    )
    low, high = _interval(mean, variance, int(has_label.sum()), bounds)
    return Corrected(
        raw=float(np.average(everything, weights=weight_of)),
        mean=_cut(mean, bounds),
        low=low,
        high=high,
        labels=n,
        units=n + others,
        weight=weight,
    )


def _interval(mean: float, variance: float, clusters: int, bounds: tuple[float, float]) -> tuple[float, float]:
    """By Student's t, cut to the scale; Wilson's for as many trials as clusters where nothing varies."""
    width = bounds[1] - bounds[0]
    if variance < 1e-18 * width**2:
        low, high = wilson((_cut(mean, bounds) - bounds[0]) / width, clusters)
        return bounds[0] + width * low, bounds[0] + width * high
    half = t95(clusters - 1) * math.sqrt(variance)
    return _cut(mean - half, bounds), _cut(mean + half, bounds)


def _cut(value: float, bounds: tuple[float, float]) -> float:
    return min(bounds[1], max(bounds[0], value))


def _estimate(sums: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(theta, lambda) of each column: sums of 1, Y, f and Y * f over labels, 1 and f over the others, f^2 over all."""
    n, y, f, yf, others, g, squares = sums
    people, judge = y / n, f / n
    together = (yf - n * people * judge) / (n - 1)
    everything = n + others
    spread = (squares - np.square(f + g) / everything) / (everything - 1)
    usable = (others > 0) & (spread > _NOTHING * (1 + squares / everything))
    tuned = together / np.where(usable, (1 + n / np.maximum(others, 1)) * spread, 1)
    weight = np.where(usable, np.clip(tuned, 0, 1), 0)
    return people - weight * (judge - g / np.maximum(others, 1)), weight


@dataclass(frozen=True, slots=True)
class CorrectedShare:
    """`raw` is the share that the judge calls positive. `mean` is None where the judge is no better than a coin."""

    raw: float
    mean: float | None
    low: float
    high: float
    sensitivity: float
    specificity: float
    labels: int
    units: int


def corrected_share(
    positive: int, units: int, true_positive: int, positives: int, true_negative: int, negatives: int
) -> CorrectedShare | None:
    """The share that people would have called positive; None without labels of both kinds.

    Of `units` the judge called `positive` so; of `positives` (`negatives`) that people called so, the judge called
    `true_positive` (`true_negative`) the same.
    """
    if not (positives and negatives and units):
        return None
    raw = positive / units
    sensitivity, specificity = true_positive / positives, true_negative / negatives
    known = {"raw": raw, "sensitivity": sensitivity, "specificity": specificity}
    count = positives + negatives
    if sensitivity + specificity <= 1:
        return CorrectedShare(mean=None, low=0.0, high=1.0, labels=count, units=units, **known)
    mean = (raw + specificity - 1) / (sensitivity + specificity - 1)
    p, se, sp = (_added(k, n) for k, n in ((positive, units), (true_positive, positives), (true_negative, negatives)))
    margin = max(se + sp - 1, 1e-9)
    centre = (p + sp - 1) / margin
    variance = (
        p * (1 - p) / (units + 4)
        + (1 - centre) ** 2 * sp * (1 - sp) / (negatives + 4)
        + centre**2 * se * (1 - se) / (positives + 4)
    ) / margin**2
    half = Z95 * math.sqrt(variance)
    mean = min(1.0, max(0.0, mean))
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return CorrectedShare(mean=mean, low=min(low, mean), high=max(high, mean), labels=count, units=units, **known)


def _added(successes: int, n: int) -> float:
    return (successes + 2) / (n + 4)


def labels_needed(half_width: float, sd: float, correlation: float, units: int) -> int | None:
    """How many labels give a corrected mean an interval of +- `half_width`; None where even all `units` would not.

    `sd` is that of people's scores over units, `correlation` that of judge and people. With the best lambda the
    variance is sd^2 * (1/n - rho^2 * N / (n * (n + N))) for N = units - n (arXiv 2311.01453, section 6).
    """
    if units < FEWEST_LABELS or _half_width(units, sd, correlation, units) > half_width:
        return None
    low, high = FEWEST_LABELS, units
    while low < high:
        middle = (low + high) // 2
        if _half_width(middle, sd, correlation, units) <= half_width:
            high = middle
        else:
            low = middle + 1
    return low


def _half_width(n: int, sd: float, correlation: float, units: int) -> float:
    variance = sd**2 * (1 / n - correlation**2 * (units - n) / (n * units))
    return t95(n - 1) * math.sqrt(max(0.0, variance))
