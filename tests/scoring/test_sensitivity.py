"""How the order of models moves with the weights, worked by hand."""

import numpy as np
import pytest

from judge.scoring.blocks import arithmetic, harmonic
from judge.scoring.sensitivity import sensitivity

HALVES = {"a": 0.5, "b": 0.5}


def test_a_weight_that_crosses_the_tie_changes_places():
    # 0.9a + 0.3b against 0.5a + 0.8b: equal at a = 0.5 / 0.9 of the weight.
    parts = np.array([[0.9, 0.3], [0.5, 0.8], [0.1, 0.1]])
    first, second, last = sensitivity(parts, HALVES, {"a": (0.4, 0.6)}, arithmetic)
    assert [(s.best, s.worst) for s in (first, second, last)] == [(1, 2), (1, 2), (3, 3)]
    assert (first.low, first.high) == pytest.approx((54, 66))
    assert (second.low, second.high) == pytest.approx((62, 68))


def test_who_is_better_everywhere_stays_first_and_the_others_share_the_rest_in_proportion():
    parts = np.array([[0.8, 0.6, 0.4], [0.7, 0.5, 0.3]])
    better, worse = sensitivity(parts, {"U": 0.5, "R": 0.25, "O": 0.25}, {"U": (0.4, 0.6)}, harmonic)
    assert (better.best, better.worst, worse.best, worse.worst) == (1, 1, 2, 2)
    assert better.low == pytest.approx(100 / (0.4 / 0.8 + 0.3 / 0.6 + 0.3 / 0.4))
    assert better.high == pytest.approx(100 / (0.6 / 0.8 + 0.2 / 0.6 + 0.2 / 0.4))


def test_equals_share_the_better_place():
    parts = np.array([[0.5, 0.5], [0.5, 0.5]])
    assert [(s.best, s.worst) for s in sensitivity(parts, HALVES, {"a": (0.1, 0.9)}, arithmetic)] == [(1, 1), (1, 1)]
