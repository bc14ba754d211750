"""How scores lie on the scale: a scale whose end most verdicts reach no longer tells good from better."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.proportion import Share, share
from judge.scoring.table import OK, ScoreTable

CEILING = 0.5
"""A model has a ceiling (a floor) where more than this share of its verdicts are at the end of the scale."""

_MOST_STEPS = 20
_ROUNDING = 1e-9
"""A score that was mapped from another scale may miss its step by so little."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """`at_min` and `at_max` are shares of ok verdicts, clustered by question; `counts` are by the table's `steps`."""

    at_min: Share
    at_max: Share
    counts: tuple[int, ...]

    @property
    def floor(self) -> bool:
        return self.at_min.mean is not None and self.at_min.mean > CEILING

    @property
    def ceiling(self) -> bool:
        return self.at_max.mean is not None and self.at_max.mean > CEILING


def steps(scale: tuple[float, float]) -> NDArray[np.float64]:
    """The points that scores are counted at: whole numbers on a short whole scale, else eleven from end to end."""
    low, high = scale
    whole = low == int(low) and high == int(high) and high - low <= _MOST_STEPS
    return np.linspace(low, high, int(high - low) + 1 if whole else 11)


def distributions(table: ScoreTable) -> list[Distribution]:
    """Of every model, in the table's order; a score counts at the highest step that it reaches."""
    points = steps(table.scale)
    low, high = table.scale
    found = []
    for model in range(len(table.models)):
        mine = (table.model == model) & (table.status == OK)
        score, question = table.score[mine], table.question[mine]
        place = np.searchsorted(points - _ROUNDING, score, side="right") - 1
        counts = np.bincount(place, minlength=points.size)
        found.append(
            Distribution(
                share(score <= low + _ROUNDING, question),
                share(score >= high - _ROUNDING, question),
                tuple(counts.tolist()),
            )
        )
    return found
