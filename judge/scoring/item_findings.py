"""What is wrong with an item, by rules on its statistics.

`reversed`       the better a model, the lower its score: r < 0, one-sided, Benjamini-Hochberg (1995) at 5 % over all
                 items. The mark of a wrong key.
`strong_fail`    the best third of the models get less than half of the scale, in the lowest tenth of all items, and
                 their order (r as a share of the attainable) is below the median item's. An item that is only hard is
                 still decided by how good a model is; where the reference is wrong, or the judge cannot apply it,
                 right answers are marked down: the best do badly, and quality decides less than elsewhere.
`unrelated`      even the upper end of r's interval, as a share of the attainable, is below the median item's order,
                 and the models' scores spread by a step or more (within a step, r is about rounding).
`separates_none` from the lowest model to the highest is less than one step of the scale.
`ceiling`        nine tenths of the models are at the top of the scale. `floor`: at the bottom.

The first three are suspicious; the others are sound and say little. Without enough independent models
(`items.FEWEST_MODELS`) or items (`FEWEST_ITEMS`, for `strong_fail`) a rule finds nothing, because it cannot know.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from judge.scoring.items import FEWEST_MODELS, Flags, Floats, ItemScores, ItemStatistics, item_statistics
from judge.scoring.multiplicity import adjust
from judge.scoring.table import Integers

SUSPICIOUS = ("reversed", "strong_fail", "unrelated")
FEWEST_ITEMS = 10
FALSE_DISCOVERY_RATE = 0.05
_LOWEST_STRONG, _UPPER_END = 0.10, 0.025
_MOST = 0.9
_EXACT = 1e-9
_MOST_PARTS = 20
_TWENTIETH = 0.05


@dataclass(frozen=True, slots=True)
class ItemFindings:
    """Per item, all of shape (items,).

    `found` says by rule where it applies. `q_negative` is the adjusted p of `reversed`. `doubt` orders the
    items, 0 to 1: (1 - mean of the best third) * (1 - order) / 2, what the best lose times how little of that is
    decided by quality. `typical` is the median order. `by_chance` says how many of as many sound items a rule would
    find, were what it looks at independent of each other.
    """

    found: Mapping[str, Flags]
    q_negative: Floats
    doubt: Floats
    typical: float | None
    by_chance: Mapping[str, float]

    @property
    def mismarked(self) -> Flags:
        """Where the reference, or how it is applied, looks wrong."""
        return self.found["reversed"] | self.found["strong_fail"]

    @property
    def suspicious(self) -> Flags:
        """Where any of SUSPICIOUS was found."""
        return self.mismarked | self.found["unrelated"]


def item_findings(statistics: ItemStatistics, step: float) -> ItemFindings:
    """Apply every rule; `step` is the smallest difference that one verdict can express, as a share of the scale."""
    r = statistics.correlation
    known = ~np.isnan(r)
    tested = int(known.sum())
    enough = statistics.independent >= FEWEST_MODELS
    typical = float(np.median(statistics.order[known])) if tested else np.nan
    q_negative = np.array(adjust(statistics.p_negative, "bh"))
    found = {
        "reversed": (r < 0) & (q_negative < FALSE_DISCOVERY_RATE),
        "strong_fail": _strong_fail(statistics, known),
        "unrelated": (statistics.correlation_high / statistics.attainable < typical)
        & (statistics.spread >= step - _EXACT),
        "separates_none": enough & (statistics.range < step - _EXACT),
        "ceiling": enough & (statistics.at_ceiling >= _MOST),
        "floor": enough & (statistics.at_floor >= _MOST),
    }
    by_chance = {
        "strong_fail": _LOWEST_STRONG / 2 * tested if tested >= FEWEST_ITEMS else 0.0,
        "unrelated": _UPPER_END * tested,
    }
    return ItemFindings(found, q_negative, _doubt(statistics), typical if tested else None, by_chance)


def _doubt(statistics: ItemStatistics) -> Floats:
    return (1 - statistics.strong) * (1 - statistics.order) / 2


def _strong_fail(statistics: ItemStatistics, known: Flags) -> Flags:
    if int(known.sum()) < FEWEST_ITEMS:
        return np.zeros(known.shape, dtype=np.bool_)
    strong, order = statistics.strong, statistics.order
    unusual = strong <= np.quantile(strong[known], _LOWEST_STRONG)
    undecided = order < np.median(order[known])
    return known & (strong < 0.5 - _EXACT) & unusual & undecided


@dataclass(frozen=True, slots=True)
class Robustness:
    """Of `parts` repetitions, each without one family (or one of twenty groups of families), in how many each item is
    in the most doubtful twentieth of all items."""

    held: Integers
    parts: int


def robustness(scores: ItemScores) -> Robustness | None:
    """Whether doubt rests on a single model; None where there are too few to begin with."""
    families, code = np.unique(scores.family, return_inverse=True)
    if families.size < FEWEST_MODELS:
        return None
    parts = min(families.size, _MOST_PARTS)
    held = np.zeros(scores.value.shape[1], dtype=np.int64)
    for part in range(parts):
        # One family less than usual is enough here: what is asked is only how the items rank.
        doubt = _doubt(item_statistics(scores.without(code % parts == part), FEWEST_MODELS - 1))
        known = np.flatnonzero(~np.isnan(doubt))
        most = known[np.argsort(-doubt[known], kind="stable")][: math.ceil(_TWENTIETH * known.size)]
        held[most] += 1
    return Robustness(held, parts)
