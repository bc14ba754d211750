"""A judge's figures corrected by a few human labels.

Means: prediction-powered inference with a tuned weight (PPI++, Angelopoulos, Duchi & Zrnic, arXiv 2311.01453). With n
labelled units (Y_i, f_i) and N judged ones without label,

    theta = lambda * mean(f over N) + mean(Y - lambda * f over n)
    Var   = lambda^2 * var(f) / N + var(Y - lambda * f) / n
    lambda = cov(Y, f) / ((1 + n / N) * var(f)), cut to [0, 1]

lambda 0 is the labels alone, lambda 1 plain PPI. The quantile is Student's with n - 2 degrees of freedom, as lambda is
estimated from the same labels. The labels must be a random sample of the units: targeted ones bias everything.

Shares: the estimator of Rogan & Gladen (1978) for a judge of known sensitivity and specificity, with the interval of
Lee et al. (arXiv 2511.21140): the delta method over the three binomials, each with two successes and two failures added
(Agresti & Coull 1998), as Lang & Reiczigel (2014) do.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.quantiles import Z95, t95

FEWEST_LABELS = 10


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
) -> Corrected | None:
    """The mean that people would have given over all units; None with fewer than `FEWEST_LABELS` labels.

    `labels` and `judged` of shape (n,) are people's and the judge's scores of the labelled units, `unlabelled` of shape
    (N,) the judge's of the others. Units must be independent: average the turns of a question first.
    """
    n, others = labels.size, unlabelled.size
    if n < FEWEST_LABELS:
        return None
    everything = np.concatenate([judged, unlabelled])
    weight = _weight(labels, judged, everything, others)
    part = labels - weight * judged
    mean = float(part.mean() + (weight * unlabelled.mean() if others else weight * judged.mean()))
    variance = float(part.var(ddof=2) / n) if others else float(labels.var(ddof=1) / n)
    if others:
        variance += weight**2 * float(everything.var(ddof=1)) / others
    half = t95(n - 2) * math.sqrt(variance)
    return Corrected(
        raw=float(everything.mean()),
        mean=mean,
        low=max(bounds[0], mean - half),
        high=min(bounds[1], mean + half),
        labels=n,
        units=n + others,
        weight=weight,
    )


def _weight(
    labels: NDArray[np.float64], judged: NDArray[np.float64], everything: NDArray[np.float64], others: int
) -> float:
    spread = float(everything.var(ddof=1))
    if not others or spread == 0:
        return 0.0
    together = float(np.cov(labels, judged, ddof=1)[0, 1])
    return min(1.0, max(0.0, together / ((1 + labels.size / others) * spread)))


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
    for n in range(FEWEST_LABELS, units + 1):
        others = units - n
        variance = sd**2 * (1 / n - correlation**2 * others / (n * units))
        if t95(n - 2) * math.sqrt(max(0.0, variance)) <= half_width:
            return n
    return None
