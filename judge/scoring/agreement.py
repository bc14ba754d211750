"""How far a judge and people agree, or people among themselves.

Ratings are arrays of shape (units,) on one ordered scale, NaN where a rater gave none. Every figure is a plain function
of two raters (or of a table of raters), and `with_interval` puts a cluster bootstrap around any of them: questions are
drawn with replacement, because turns of one question belong together.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from judge.scoring.table import Integers

Ratings = NDArray[np.float64]
RESAMPLES = 1000
_SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Agreement:
    """A figure with its 95 % percentile interval; `n` units. All None where the figure does not exist."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def weighted_kappa(first: Ratings, second: Ratings) -> float:
    """Cohen's kappa with quadratic weights (Cohen 1968), NaN where both raters always say the same one thing.

    1 - mean of (a - b)^2 over its mean with the raters' scores paired at random.
    """
    first, second = _both(first, second)
    if first.size == 0:
        return float("nan")
    expected = first.var() + second.var() + (first.mean() - second.mean()) ** 2
    return float(1 - np.square(first - second).mean() / expected) if expected > 0 else float("nan")


def gwet_ac1(first: Ratings, second: Ratings) -> float:
    """Gwet's AC1 (2008) over the categories in use: stable where nearly everything is of one kind, as kappa is not."""
    first, second = _both(first, second)
    categories = np.unique(np.concatenate([first, second]))
    if categories.size < 2:
        return float("nan")
    share = np.array([((first == c).mean() + (second == c).mean()) / 2 for c in categories])
    by_chance = float((share * (1 - share)).sum() / (categories.size - 1))
    return float(((first == second).mean() - by_chance) / (1 - by_chance))


def spearman(first: Ratings, second: Ratings) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN where a rater never varies."""
    from scipy.stats import rankdata

    first, second = _both(first, second)
    if first.size < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])


def exact(first: Ratings, second: Ratings) -> float:
    """The share of units on which both say the same."""
    first, second = _both(first, second)
    return float((first == second).mean()) if first.size else float("nan")


def krippendorff_alpha(
    raters: NDArray[np.float64], level: Literal["nominal", "ordinal", "interval"] = "ordinal"
) -> float:
    """Krippendorff's alpha; `raters` of shape (raters, units), NaN where one gave none. NaN without variation."""
    import krippendorff

    rated_twice = (~np.isnan(raters)).sum(axis=0) > 1
    used = raters[:, rated_twice]
    if used.size == 0 or np.unique(used[~np.isnan(used)]).size < 2:
        return float("nan")
    return float(krippendorff.alpha(reliability_data=used, level_of_measurement=level))


def with_interval(
    figure: Callable[..., float], *ratings: NDArray[np.float64], cluster: Integers, resamples: int = RESAMPLES
) -> Agreement:
    """`figure` of the ratings (their last axis is units) and its interval over clusters, shape (units,)."""
    known = ~np.isnan(np.stack([r if r.ndim == 1 else np.nanmax(r, axis=0) for r in ratings])).any(axis=0)
    ratings = tuple(r[..., known] for r in ratings)
    cluster = cluster[known]
    value = figure(*ratings)
    n = int(known.sum())
    if np.isnan(value):
        return Agreement(None, None, None, n)
    members = _members(cluster)
    random = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(resamples):
        chosen = np.concatenate([members[k] for k in random.integers(len(members), size=len(members))])
        drawn.append(figure(*(r[..., chosen] for r in ratings)))
    usable = [value for value in drawn if not np.isnan(value)]
    if len(members) < 2 or len(usable) < resamples / 2:
        return Agreement(value, None, None, n)
    low, high = np.percentile(usable, [2.5, 97.5])
    return Agreement(value, float(low), float(high), n)


def _members(cluster: Integers) -> list[NDArray[np.intp]]:
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order])) + 1
    return np.split(order, starts)


def _both(first: Ratings, second: Ratings) -> tuple[Ratings, Ratings]:
    known = ~(np.isnan(first) | np.isnan(second))
    return first[known], second[known]


@dataclass(frozen=True, slots=True)
class AltTest:
    """`winning_rate` (omega): the share of annotators whom the judge could replace; passed at 0.5 or more.

    `advantage` is the mean probability that the judge agrees with the others at least as well as the annotator does.
    """

    winning_rate: float
    advantage: float
    annotators: int
    units: int
    passed: bool


def alt_test(judge: Ratings, people: NDArray[np.float64], epsilon: float = 0.2, level: float = 0.05) -> AltTest | None:
    """May the judge stand in for an annotator? (Calderon, Reichart & Dror, "The Alternative Annotator Test", 2025.)

    `people` of shape (annotators, units). Each annotator is left out in turn; judge and annotator are scored by the
    negative root mean squared distance to the remaining ones. H0: the judge wins no more often than the annotator less
    `epsilon` (the price of a person); a one-sided paired t-test each, Benjamini-Yekutieli over annotators. None with
    fewer than three annotators, or where one shares fewer than 30 units with others.
    """
    if people.shape[0] < 3:
        return None
    p_values, advantages, units = [], [], 0
    for left_out in range(people.shape[0]):
        others = np.delete(people, left_out, axis=0)
        mine = people[left_out]
        shared = ~(np.isnan(judge) | np.isnan(mine) | np.isnan(others).all(axis=0))
        if shared.sum() < 30:
            return None
        judge_far, mine_far = (_distance(rating[shared], others[:, shared]) for rating in (judge, mine))
        wins, losses = (judge_far <= mine_far).astype(float), (mine_far <= judge_far).astype(float)
        p_values.append(_one_sided(losses - wins - epsilon))
        advantages.append(float(wins.mean()))
        units += int(shared.sum())
    rejected = _benjamini_yekutieli(np.array(p_values), level)
    rate = float(rejected.mean())
    return AltTest(rate, float(np.mean(advantages)), people.shape[0], units, rate >= 0.5)


def _distance(rating: Ratings, others: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.nanmean(np.square(others - rating), axis=0)))


def _one_sided(difference: NDArray[np.float64]) -> float:
    """The p-value of "the mean is below 0" by a t-test."""
    from scipy.stats import ttest_1samp

    if np.ptp(difference) == 0:
        return 0.0 if difference[0] < 0 else 1.0
    return float(ttest_1samp(difference, 0, alternative="less").pvalue)


def _benjamini_yekutieli(p: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p, method="by") <= level)
