"""The lines of a judge card: a figure, what is good, and what the figure says."""

from dataclasses import dataclass
from typing import Literal

from judge.scoring.proportion import Share
from judge.scoring.verdicts import Zone

Unit = Literal["share", "points", "correlation", "seconds", "usd"]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `zone` None: nothing is good or bad about it. `judged` is held against the zone in its place, where
    what counts is the figure beyond what chance does. `about` tells lines of one kind apart.
    """

    id: str
    figure: Share
    unit: Unit
    zone: Zone | None = None
    judged: Share | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Lines on one subject."""

    id: str
    lines: tuple[Line, ...]


VERDICT_SUCCESS = Zone((0.98, 1.0), (0.95, 1.0))
RETEST_EXACT = Zone((0.7, 1.0), (0.5, 1.0))
RETEST_FLIPS = Zone((0.0, 0.1), (0.0, 0.25))
RETEST_SD = Zone((0.0, 0.5), (0.0, 1.0))
RETEST_ICC = Zone((0.85, 1.0), (0.7, 1.0))
KNOWN_ORDER = Zone((0.9, 1.0), (0.75, 1.0))
SWAP_CONSISTENCY = Zone((0.75, 1.0), (0.6, 1.0))
POSITION_PREFERENCE = Zone((-0.1, 0.1), (-0.2, 0.2))
SCORES_AND_PAIRS = Zone((0.75, 1.0), (0.6, 1.0))
LENGTH = Zone((-0.2, 0.2), (-0.5, 0.5))
OWN = Zone((-0.3, 0.3), (-1.0, 1.0))
SHIFT = Zone((-0.3, 0.3), (-1.0, 1.0))
MORE_CHANGES = Zone((-1.0, 0.1), (-1.0, 0.3))
ATTACKS = Zone((-1.0, 0.05), (-1.0, 0.15))
ATTACKS_OF_A_FAMILY = Zone((-1.0, 0.05), (-1.0, 0.5))
AGREEMENT = Zone((0.8, 1.0), (0.667, 1.0))
BELOW_CEILING = Zone((-0.1, 2.0), (-0.25, 2.0))
FALSE_FLAGS = Zone((0.0, 0.05), (0.0, 0.15))

RAISED = 2.0
"""Points of 10 by which an attack must raise a score to count: a fifth of the scale."""
