"""What a run of so many questions can show, and how many questions a wished difference needs.

For the paired difference d of two models over n questions with standard deviation s (Miller, arXiv 2411.00640,
section 5), n = (z_(1-alpha/2) + z_power)^2 * s^2 / d^2 with many questions. With few, Student's test has the power that
the noncentral t-distribution says (Cohen, *Statistical Power Analysis*, 1988): d = delta * s / sqrt(n), where

    P(|T| > t(1-alpha/2, n-1)) = power    for T of noncentral t with n-1 degrees of freedom and noncentrality delta
"""

import math
from dataclasses import dataclass

ALPHA, POWER = 0.05, 0.8
_NORMAL_FROM = 100_000
"""Above so many questions the two distributions agree to five digits."""


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest true difference that a test finds with `power`, on the scale of the scores."""

    difference: float
    n: int
    sd: float
    alpha: float
    power: float


def minimum_detectable(sd: float, n: int, alpha: float = ALPHA, power: float = POWER) -> Detectable:
    """What `n` questions can show, where the questions' differences have standard deviation `sd`.

    Raises:
        ValueError: fewer than two questions, or a level or a power outside of (0, 1).
    """
    _check(n, alpha, power)
    return Detectable(_noncentrality(n, alpha, power) * sd / math.sqrt(n), n, sd, alpha, power)


def questions_needed(difference: float, sd: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """How many questions show a true difference of this size (its sign does not matter).

    Raises:
        ValueError: a difference of 0, or a level or a power outside of (0, 1).
    """
    _check(2, alpha, power)
    if difference == 0:
        raise ValueError("no number of questions shows a difference of 0")
    ratio = (sd / difference) ** 2
    n = max(2, math.ceil(_normal(alpha, power) ** 2 * ratio))
    while _noncentrality(n, alpha, power) ** 2 * ratio > n:  # Student's test asks for a few more
        n += 1
    return n


def _normal(alpha: float, power: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - alpha / 2) + ndtri(power))


def _noncentrality(n: int, alpha: float, power: float) -> float:
    """At which the two-sided t-test of n questions has the power (0 where it has more without any difference)."""
    from scipy.optimize import brentq
    from scipy.special import nctdtr, stdtrit

    if power <= alpha:
        return 0.0
    if n > _NORMAL_FROM:
        return _normal(alpha, power)
    freedom, critical = n - 1, float(stdtrit(n - 1, 1 - alpha / 2))

    def lacking(delta: float) -> float:
        # The lower tail by symmetry: far out the function itself is NaN.
        return float(nctdtr(freedom, delta, critical) + nctdtr(freedom, -delta, critical)) - 2 + power

    return float(brentq(lacking, 0.0, 10 * (critical + 10), xtol=1e-12))


def _check(n: int, alpha: float, power: float) -> None:
    if n < 2:
        raise ValueError("a comparison needs at least two questions")
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError("alpha and power lie between 0 and 1")
