"""What figures say of a judge: by their intervals, for all of them together."""

import numpy as np
import pytest

from judge.scoring.proportion import Share
from judge.scoring.verdicts import Zone, figure_verdicts

ZONE = Zone((-0.1, 0.1), (-0.3, 0.3))


@pytest.mark.parametrize(
    ("mean", "half", "verdict"),
    [
        (0.0, 0.05, "good"),
        (0.12, 0.05, "not_enough_data"),  # outside, but the interval reaches in
        (0.2, 0.05, "watch"),
        (-0.2, 0.05, "watch"),
        (0.5, 0.05, "bad"),
        (0.2, 0.15, "not_enough_data"),
        (0.0, 0.5, "not_enough_data"),
        (0.35, 0.1, "watch"),
    ],
)
def test_the_interval_decides_and_not_the_point(mean: float, half: float, verdict: str) -> None:
    assert figure_verdicts([(Share(mean, mean - half, mean + half, 24), ZONE)]) == [verdict]


def test_without_an_interval_or_a_zone_nothing_is_said() -> None:
    figures = [(Share(None, None, None, 0), ZONE), (Share(1.0, None, None, 3), ZONE), (Share(9.0, 8.9, 9.1, 9), None)]
    assert figure_verdicts(figures) == ["not_enough_data", "not_enough_data", None]


def test_many_figures_on_the_edge_accuse_hardly_anybody() -> None:
    random = np.random.default_rng(7)
    accused = 0
    for _ in range(1000):
        means = 0.1 + random.normal(scale=0.05, size=35)  # the truth lies on the edge of what is good
        figures = [(Share(m, m - 0.098, m + 0.098, 24), ZONE) for m in means]
        accused += any(v in ("watch", "bad") for v in figure_verdicts(figures))
    assert accused <= 70, f"{accused} of 1000 cards accuse a judge that is good in all 35 figures"


def test_one_figure_far_off_is_found_among_many() -> None:
    good = [(Share(0.0, -0.05, 0.05, 24), ZONE)] * 34
    assert figure_verdicts([*good, (Share(0.6, 0.5, 0.7, 24), ZONE)])[-1] == "bad"
