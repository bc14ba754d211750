"""How far the order of the models hangs on the weights of a block.

One weight after the other is moved over its range while the others share the rest in their own proportion; the models
are ranked anew each time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 5

Combined = Callable[[NDArray[np.float64], Sequence[float]], NDArray[np.float64]]
"""(parts of shape (models, parts) on 0-1, weights) to figures of shape (models,)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one model: the best and the worst place (1 is first), the lowest and highest figure (0-100)."""

    best: int
    worst: int
    low: float
    high: float


def sensitivity(
    parts: NDArray[np.float64],
    weight: Mapping[str, float],
    ranges: Mapping[str, tuple[float, float]],
    combine: Combined,
) -> list[Standing]:
    """The standing of each model; `parts` of shape (models, parts), in the order of `weight`."""
    figures = 100 * np.array([combine(parts, moved) for moved in _moved(weight, ranges)])
    # Equal models share the better place.
    places = 1 + (figures[:, None, :] > figures[:, :, None] + 1e-9).sum(axis=2)
    return [
        Standing(int(p.min()), int(p.max()), float(f.min()), float(f.max()))
        for p, f in zip(places.T, figures.T, strict=True)
    ]


def _moved(weight: Mapping[str, float], ranges: Mapping[str, tuple[float, float]]) -> list[list[float]]:
    found = [list(weight.values())]
    for name, (low, high) in ranges.items():
        rest = sum(w for other, w in weight.items() if other != name)
        for at in np.linspace(low, high, _STEPS):
            found.append([float(at) if other == name else w / rest * (1 - float(at)) for other, w in weight.items()])
    return found
