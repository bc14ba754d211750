"""Shares and differences of shares, with 95 % intervals that know what belongs together.

A share has Wilson's interval (1927). Answers to one item (samples, or the variants of one template) are not
independent, so Wilson is given the effective number n / max(1, deff), where deff is the clustered variance over that
of independent answers (Kish, *Survey Sampling*, 1965, design effect):

    deff = (C / (C - 1) * sum_c (sum over c of (x_i - p))^2 / n^2) / (p (1 - p) / (n - 1))

A difference has the clustered interval d +- t(0.975, C - 1) * SE with SE^2 = C / (C - 1) * sum_c u_c^2, where u_c sums
what the answers of cluster c add to d (Miller, arXiv 2411.00640). Where nothing varies, and for two groups in which
nothing is clustered, it is Newcombe's hybrid score interval (1998, method 10): the squares of the distances from each
share to its Wilson limits, added.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.quantiles import Z95, t95
from judge.scoring.table import Integers

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Share:
    """A share (0 to 1) or a difference of shares (-1 to 1); None without any answer. `n` answers were used."""

    mean: float | None
    low: float | None
    high: float | None
    n: int


def wilson(p: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval for a share `p` of `n` trials; it always holds p."""
    z2 = Z95 * Z95 / n
    centre = (p + z2 / 2) / (1 + z2)
    half = Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n)) / (1 + z2)
    return min(max(0.0, centre - half), p), max(min(1.0, centre + half), p)


def share(hit: Booleans, cluster: Integers) -> Share:
    """The share of `hit`; arrays of shape (n,), answers of one `cluster` belong together."""
    if not hit.size:
        return Share(None, None, None, 0)
    p = float(hit.mean())
    return Share(p, *wilson(p, _effective(hit, cluster)), int(hit.size))


def paired_difference(plus: Booleans, minus: Booleans, cluster: Integers) -> Share:
    """The share of `plus` less that of `minus`, both of the same answers."""
    n = int(plus.size)
    if not n:
        return Share(None, None, None, 0)
    value = plus.astype(np.float64) - minus
    mean = float(value.mean())
    half = _half_width((value - mean) / n, cluster)
    low, high = _newcombe(plus, cluster, minus, cluster) if half is None else (mean - half, mean + half)
    return Share(mean, max(-1.0, low), min(1.0, high), n)


def group_difference(a: Booleans, a_cluster: Integers, b: Booleans, b_cluster: Integers) -> Share:
    """The share of hits in group `a` less that in group `b`; a cluster may have answers in both."""
    n = int(a.size + b.size)
    if not a.size or not b.size:
        return Share(None, None, None, n)
    p, q = float(a.mean()), float(b.mean())
    cluster = np.concatenate([a_cluster, b_cluster])
    half = None
    if np.unique(cluster).size < n:
        half = _half_width(np.concatenate([(a - p) / a.size, (q - b) / b.size]), cluster)
    low, high = _newcombe(a, a_cluster, b, b_cluster) if half is None else (p - q - half, p - q + half)
    return Share(p - q, max(-1.0, low), min(1.0, high), n)


def _newcombe(a: Booleans, a_cluster: Integers, b: Booleans, b_cluster: Integers) -> tuple[float, float]:
    p, q = float(a.mean()), float(b.mean())
    of_p, of_q = wilson(p, _effective(a, a_cluster)), wilson(q, _effective(b, b_cluster))
    below = math.hypot(p - of_p[0], of_q[1] - q)
    above = math.hypot(of_p[1] - p, q - of_q[0])
    return p - q - below, p - q + above


def _effective(hit: Booleans, cluster: Integers) -> float:
    """How many independent answers these are worth."""
    n, p = hit.size, float(hit.mean())
    inverse = np.unique(cluster, return_inverse=True)[1]
    clusters = int(inverse.max()) + 1
    if clusters == n:
        return float(n)
    if clusters < 2 or p in (0.0, 1.0):
        return float(clusters)
    summed = np.bincount(inverse, weights=hit - p)
    clustered = clusters / (clusters - 1) * float(np.square(summed).sum()) / n**2
    return float(n / max(1.0, clustered / (p * (1 - p) / (n - 1))))


def _half_width(influence: NDArray[np.float64], cluster: Integers) -> float | None:
    """t * SE; None where one cluster, or no variance, tells nothing."""
    inverse = np.unique(cluster, return_inverse=True)[1]
    clusters = int(inverse.max()) + 1
    if clusters < 2:
        return None
    variance = clusters / (clusters - 1) * float(np.square(np.bincount(inverse, weights=influence)).sum())
    if variance < 1e-18:
        return None
    return t95(clusters - 1) * math.sqrt(variance)
