"""What a run of so many questions can show, and how many questions a wished difference needs.

For the paired difference d of two models over n questions with standard deviation s (Miller, arXiv 2411.00640,
section 5): n = (z_(1-alpha/2) + z_power)^2 * s^2 / d^2. Below 100 questions the t-distribution's wider tails are
taken into account by one more step (Student's quantiles in place of the normal's).
"""

import math
from dataclasses import dataclass

ALPHA, POWER = 0.05, 0.8


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
    return Detectable(_factor(n, alpha, power) * sd / math.sqrt(n), n, sd, alpha, power)


def questions_needed(difference: float, sd: float, alpha: float = ALPHA, power: float = POWER) -> int:
    """How many questions show a true difference of this size (its sign does not matter).

    Raises:
        ValueError: a difference of 0, or a level or a power outside of (0, 1).
    """
    _check(2, alpha, power)
    if difference == 0:
        raise ValueError("no number of questions shows a difference of 0")
    ratio = (sd / difference) ** 2
    n = max(2, math.ceil(_factor(None, alpha, power) ** 2 * ratio))
    while _factor(n, alpha, power) ** 2 * ratio > n:  # the t-quantiles ask for a few more
        n += 1
    return n


def _factor(n: int | None, alpha: float, power: float) -> float:
    from scipy.special import ndtri, stdtrit

    if n is None:
        return float(ndtri(1 - alpha / 2) + ndtri(power))
    return float(stdtrit(n - 1, 1 - alpha / 2) + stdtrit(n - 1, power))


def _check(n: int, alpha: float, power: float) -> None:
    if n < 2:
        raise ValueError("a comparison needs at least two questions")
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError("alpha and power lie between 0 and 1")
