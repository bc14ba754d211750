"""What a figure says of a judge: good, to be watched, bad, or that the data do not tell.

A figure has a good zone and a wider fair one. A judge is accused only where the figure's interval shuts the zone out,
not its point: `watch` outside of the good zone, `bad` outside of the fair one, each at a level of 5 % for all figures
of a card together (Holm over one-sided tests; the standard error is read from the side of the interval that faces the
zone). What is not accused is `good` if the figure lies in the good zone and its 95 % interval inside the fair one, else
`not enough data`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from judge.scoring.multiplicity import ALPHA, adjust
from judge.scoring.proportion import Share
from judge.scoring.quantiles import Z95

FigureVerdict = Literal["good", "watch", "bad", "not_enough_data"]
Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Zone:
    """Where a figure is good, and where it is fair; the second holds the first. Ends belong to them."""

    good: Ends
    fair: Ends


def figure_verdicts(figures: Sequence[tuple[Share, Zone | None]]) -> list[FigureVerdict | None]:
    """A verdict for every figure, corrected for their number; None for those without a zone."""
    outside_good = adjust([_p(figure, zone.good) if zone else float("nan") for figure, zone in figures])
    outside_fair = adjust([_p(figure, zone.fair) if zone else float("nan") for figure, zone in figures])
    return [
        None if zone is None else _verdict(figure, zone, good, fair)
        for (figure, zone), good, fair in zip(figures, outside_good, outside_fair, strict=True)
    ]


def _verdict(figure: Share, zone: Zone, outside_good: float, outside_fair: float) -> FigureVerdict:
    if figure.mean is None or figure.low is None or figure.high is None:
        return "not_enough_data"
    if outside_fair < ALPHA:
        return "bad"
    if outside_good < ALPHA:
        return "watch"
    inside = zone.fair[0] <= figure.low and figure.high <= zone.fair[1]
    return "good" if inside and zone.good[0] <= figure.mean <= zone.good[1] else "not_enough_data"


def _p(figure: Share, zone: Ends) -> float:
    """How likely a figure so far outside is if the truth lay on the zone's edge; 1 inside, NaN without an interval."""
    if figure.mean is None or figure.low is None or figure.high is None:
        return float("nan")
    if figure.mean > zone[1]:
        distance, half = figure.mean - zone[1], figure.mean - figure.low
    elif figure.mean < zone[0]:
        distance, half = zone[0] - figure.mean, figure.high - figure.mean
    else:
        return 1.0
    if half <= 0:
        return 0.0
    from scipy.special import ndtr

    return float(ndtr(-distance / (half / Z95)))
