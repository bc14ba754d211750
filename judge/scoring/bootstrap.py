"""A bootstrap that is right also with few clusters in each stratum.

Drawing n of n clusters gives (n - 1) / n of the variance, too little where a stratum has ten; drawing n - 1 of n gives
all of it (Rao & Wu, JASA 83, 1988). The interval is Efron's BCa ("Better bootstrap confidence intervals", JASA 82,
1987), which takes bias and skewness into account, with Student's quantiles in place of the normal's (Hesterberg, "What
Teachers Should Know About the Bootstrap", The American Statistician 69, 2015).
"""

import numpy as np
from numpy.typing import NDArray

from judge.scoring.quantiles import t95

_DRAWN_AT_ONCE = 500_000


def stratum(random: np.random.Generator, clusters: int, resamples: int) -> NDArray[np.float64]:
    """How often each cluster of one stratum is drawn, shape (resamples, clusters)."""
    drawn = max(1, clusters - 1)
    times = np.empty((resamples, clusters))
    rows = max(1, _DRAWN_AT_ONCE // clusters)
    for first in range(0, resamples, rows):
        some = times[first : first + rows]
        chosen = random.integers(0, clusters, (some.shape[0], drawn)) + clusters * np.arange(some.shape[0])[:, None]
        some[:] = np.bincount(chosen.ravel(), minlength=some.size).reshape(some.shape)
    return times


def bca(value: float, drawn: NDArray[np.float64], influence: NDArray[np.float64], freedom: int) -> tuple[float, float]:
    """95 % interval of `value` from its resamples (NaN: none), shape (resamples,).

    `influence` is what each cluster adds to the error of the value, shape (clusters,); `freedom`: clusters less strata.
    """
    from scipy.special import ndtr, ndtri

    squared = np.square(influence)
    drawn = np.sort(drawn[~np.isnan(drawn)])
    if not squared.any() or not drawn.size:
        return value, value
    acceleration = float((squared * influence).sum()) / (6 * float(squared.sum()) ** 1.5)
    tolerance = 1e-9 * max(1.0, abs(value))
    below = (np.searchsorted(drawn, value - tolerance) + np.searchsorted(drawn, value + tolerance)) / 2
    bias = float(ndtri(np.clip(below / drawn.size, 0.5 / drawn.size, 1 - 0.5 / drawn.size)))
    ends = bias + np.array([-1.0, 1.0]) * t95(max(1, freedom))
    levels = ndtr(bias + ends / np.maximum(1e-3, 1 - acceleration * ends))
    low, high = np.quantile(drawn, levels)
    return min(float(low), value), max(float(high), value)
