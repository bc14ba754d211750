"""Many comparisons at once: adjusted p-values, and which models cannot be told apart.

Holm (1979) bounds the chance of even one false claim; Benjamini & Hochberg (1995) bound the expected share of false
ones among those made.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["holm", "bh"]
ALPHA = 0.05
MOST_GROUPS = 200
"""Of noisy comparisons of hundreds of models there can be exponentially many."""


def adjust(p_values: Sequence[float] | NDArray[np.float64], method: Method = "holm") -> list[float]:
    """The p-values after correction, to be held against the level itself; NaN (no test) stays and does not count."""
    raw = np.asarray(p_values, dtype=np.float64)
    tested = ~np.isnan(raw)
    adjusted = raw.copy()
    if tested.any():
        adjusted[tested] = _ADJUST[method](raw[tested])
    return [float(p) for p in adjusted]


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted


def _benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p, method="bh"))


_ADJUST = {"holm": _holm, "bh": _benjamini_hochberg}


def tied_groups(order: Sequence[int], differ: NDArray[np.bool_]) -> list[list[int]] | None:
    """Maximal sets of models of which no two differ significantly, best first; a model may be in several.

    None where there are more than `MOST_GROUPS`, which nobody could read. `order` lists the models from best to worst,
    `differ` is symmetric, shape (models, models). Two models that do not differ share a group, two that do share none:
    each group is a letter of a compact letter display (Piepho 2004).
    """
    count = len(order)
    alike = [
        sum(1 << other for other in range(count) if other != place and not differ[order[place], order[other]])
        for place in range(count)
    ]
    found = sorted(sorted(_bits(group)) for group in islice(_cliques(alike), MOST_GROUPS + 1))
    if len(found) > MOST_GROUPS:
        return None
    return [[order[place] for place in group] for group in found]


def _cliques(alike: list[int]) -> Iterator[int]:
    """Maximal cliques of a graph (Bron & Kerbosch 1973 with pivots, Tomita et al. 2006); sets are bits of integers."""
    left = [(0, (1 << len(alike)) - 1, 0)] if alike else []
    while left:
        clique, candidates, done = left.pop()
        if not candidates:
            if not done:
                yield clique
            continue
        pivot = max(_bits(candidates | done), key=lambda v: (candidates & alike[v]).bit_count())
        for v in _bits(candidates & ~alike[pivot]):
            left.append((clique | 1 << v, candidates & alike[v], done & alike[v]))
            candidates &= ~(1 << v)
            done |= 1 << v


def _bits(number: int) -> Iterator[int]:
    while number:
        yield (number & -number).bit_length() - 1
        number &= number - 1
