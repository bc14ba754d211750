"""All figures on two raters, or on people among themselves, with what they need to be believed.

A unit is a pair of ratings of one answer; `cluster` numbers the question it belongs to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from judge.scoring.agreement import (
    Agreement,
    Ratings,
    gwet_ac1,
    krippendorff_alpha,
    spearman,
    weighted_kappa,
    with_interval,
)
from judge.scoring.proportion import Share, share
from judge.scoring.table import Integers

FEWEST_RATINGS = 30
"""Below so many units no coefficient is given: its interval would span most of what is possible."""

_MOST_VALUES = 21


@dataclass(frozen=True, slots=True)
class Raters:
    """Two raters: `coefficients` by name, None below `FEWEST_RATINGS`; `exact` is the share of equal ratings."""

    n: int
    questions: int
    coefficients: Mapping[str, Agreement] | None
    exact: Share


@dataclass(frozen=True, slots=True)
class Confusion:
    """`counts[i][j]`: how often the first said `values[i]` and the second `values[j]`."""

    values: list[float]
    counts: list[list[int]]


@dataclass(frozen=True, slots=True)
class Detection:
    """What a judge finds of what people find (`sensitivity`), and leaves alone of what people do (`specificity`)."""

    sensitivity: Share
    specificity: Share


def agreement(first: Ratings, second: Ratings, cluster: Integers) -> Raters:
    """The figures on two raters, shape (units,) each, no NaN."""
    coefficients = None
    if first.size >= FEWEST_RATINGS:
        coefficients = {
            "weighted_kappa": with_interval(weighted_kappa, first, second, cluster=cluster),
            "alpha": with_interval(_alpha, first, second, cluster=cluster),
            "ac1": with_interval(gwet_ac1, first, second, cluster=cluster),
            "spearman": with_interval(spearman, first, second, cluster=cluster),
        }
    return Raters(first.size, np.unique(cluster).size, coefficients, share(first == second, cluster))


def _alpha(first: Ratings, second: Ratings) -> float:
    return krippendorff_alpha(np.stack([first, second]), "ordinal")


def people_agreement(people: NDArray[np.float64], cluster: Integers) -> Raters | None:
    """How people agree among themselves: the ceiling for a judge. None where nobody rated what another rated.

    `people` of shape (reviewers, units), NaN where one gave none. Every two ratings of a unit are a pair, in both
    orders, since none of them is the first; alpha is that of the whole table. n counts units.
    """
    several = (~np.isnan(people)).sum(axis=0) > 1
    people, cluster = people[:, several], cluster[several]
    if not several.any():
        return None
    first, second, of = _pairs(people)
    n = int(several.sum())
    coefficients = None
    if n >= FEWEST_RATINGS:
        found = {
            "weighted_kappa": with_interval(weighted_kappa, first, second, cluster=cluster[of]),
            "alpha": with_interval(krippendorff_alpha, people, cluster=cluster),
            "ac1": with_interval(gwet_ac1, first, second, cluster=cluster[of]),
            "spearman": with_interval(spearman, first, second, cluster=cluster[of]),
        }
        coefficients = {name: Agreement(a.value, a.low, a.high, n) for name, a in found.items()}
    same = share(first == second, cluster[of])
    return Raters(n, np.unique(cluster).size, coefficients, Share(same.mean, same.low, same.high, n))


def _pairs(people: NDArray[np.float64]) -> tuple[Ratings, Ratings, NDArray[np.intp]]:
    """Both ratings of every ordered pair of reviewers, and the unit they are of."""
    first, second, of = [np.empty(0)], [np.empty(0)], [np.empty(0, dtype=np.intp)]
    for a, b in permutations(range(people.shape[0]), 2):
        both = np.flatnonzero(~np.isnan(people[a]) & ~np.isnan(people[b]))
        first.append(people[a, both])
        second.append(people[b, both])
        of.append(both)
    return np.concatenate(first), np.concatenate(second), np.concatenate(of)


def confusion(first: Ratings, second: Ratings, values: Sequence[float] | None = None) -> Confusion | None:
    """Who said what how often, over `values` or those in use; None where there are too many to be read."""
    used = sorted({*(values or ()), *first.tolist(), *second.tolist()})
    if len(used) > _MOST_VALUES:
        return None
    place = {value: i for i, value in enumerate(used)}
    counts = np.zeros((len(used), len(used)), dtype=np.int64)
    np.add.at(counts, ([place[v] for v in first.tolist()], [place[v] for v in second.tolist()]), 1)
    return Confusion(used, counts.tolist())


def detection(people: NDArray[np.bool_], judge: NDArray[np.bool_], cluster: Integers) -> Detection:
    """How well a judge finds what people call positive, shape (units,) each."""
    return Detection(
        sensitivity=share(judge[people], cluster[people]),
        specificity=share(~judge[~people], cluster[~people]),
    )


def below_ceiling(judge: Ratings, people: NDArray[np.float64], cluster: Integers) -> dict[str, Agreement] | None:
    """How far a judge agrees with people less how far they agree among themselves, on the same units.

    `people` as in `people_agreement`, `judge` of shape (units,), NaN where it gave none. The same questions are drawn
    for both. None with fewer than `FEWEST_RATINGS` units that several people and the judge rated.
    """
    both = ((~np.isnan(people)).sum(axis=0) > 1) & ~np.isnan(judge)
    if int(both.sum()) < FEWEST_RATINGS:
        return None
    judge, people, cluster = judge[both], people[:, both], cluster[both]

    def gap(of_two: Callable[[Ratings, Ratings], float], of_all: Callable[[Ratings], float] | None) -> Agreement:
        def figure(judge: Ratings, people: Ratings) -> float:
            who, unit = np.nonzero(~np.isnan(people))
            beside_judge = of_two(people[who, unit], judge[unit])
            ceiling = of_two(*_pairs(people)[:2]) if of_all is None else of_all(people)
            return beside_judge - ceiling

        return with_interval(figure, judge, people, cluster=cluster)

    return {
        "weighted_kappa": gap(weighted_kappa, None),
        "alpha": gap(_alpha, krippendorff_alpha),
        "ac1": gap(gwet_ac1, None),
    }
