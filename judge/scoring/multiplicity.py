"""Many comparisons at once: adjusted p-values, and which models cannot be told apart.

Holm (1979) bounds the chance of even one false claim; Benjamini & Hochberg (1995) bound the expected share of false
ones among those made.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Method = Literal["holm", "bh"]
ALPHA = 0.05


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


def tied_groups(order: Sequence[int], differ: NDArray[np.bool_]) -> list[list[int]]:
    """Maximal runs of models, best first, of which no two differ significantly; a model may be in several.

    `order` lists the models from best to worst, `differ` is symmetric, shape (models, models).
    """
    groups: list[list[int]] = []
    end = 0
    for start in range(len(order)):
        stop = start + 1
        while stop < len(order) and not any(differ[order[stop], order[k]] for k in range(start, stop)):
            stop += 1
        if stop > end:  # not contained in the group before
            groups.append(list(order[start:stop]))
            end = stop
    return groups
