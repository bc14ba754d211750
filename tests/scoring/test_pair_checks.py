"""Circles, and whether scores and pairs say the same, against what can be counted by hand."""

import numpy as np
import pytest

from judge.scoring.pairwise import TIE, A, B
from judge.scoring.scores_and_pairs import score_agreement
from judge.scoring.transitivity import transitivity
from tests.scoring.comparison_tables import comparison_table, played


def triple(place: int, ab: int, ac: int, bc: int) -> list[tuple[int, int, int, int]]:
    return [(place, 0, ab, place), (place, 1, ac, place), (place, 2, bc, place)]


def test_circles_are_counted_among_decided_triples():
    rows = triple(0, A, B, A) + triple(1, B, A, B) + triple(2, A, A, A) + triple(3, A, A, B) + triple(4, TIE, A, A)
    rows += [(5, 0, A, 5)]
    found = transitivity(comparison_table(rows, 3))
    assert (found.cycles.mean, found.cycles.n, found.with_ties) == (0.5, 4, 1)
    # 4 to 1 for m0 over m1; 4 to 1 for m0 over m2; m1 over m2 3 to 2: no circle.
    assert (found.overall_cycles, found.overall_triples) == (0, 1)


def test_a_run_that_goes_round_in_circles_says_so_whatever_way_the_pairs_are_written():
    rows = [(q, pair, outcome, q) for q in range(3) for pair, outcome in ((0, A), (1, A), (2, B))]
    found = transitivity(comparison_table(rows, 3, [(0, 1), (2, 0), (2, 1)]))
    assert (found.cycles.mean, found.cycles.n) == (1.0, 3)
    assert (found.overall_cycles, found.overall_triples) == (1, 1)


def test_a_judge_that_throws_a_coin_makes_circles_of_a_quarter_of_the_triples():
    found = transitivity(played(np.random.default_rng(3), [0.0] * 6, 100))
    assert found.cycles.n == 2000
    assert found.cycles.low < 0.25 < found.cycles.high, found


def test_with_a_baseline_there_are_no_triples():
    rows = [(q, pair, A, q) for q in range(4) for pair in (0, 1)]
    found = transitivity(comparison_table(rows, 3, [(0, 2), (1, 2)]))
    assert (found.cycles.n, found.cycles.mean, found.overall_triples) == (0, None, 0)


def test_winners_that_score_higher_are_counted_and_equal_scores_apart():
    table = comparison_table([(0, 0, A, 0), (1, 0, A, 1), (2, 0, B, 2), (3, 0, A, 3), (4, 0, TIE, 4), (5, 0, A, 5)], 2)
    scores = np.array([[8.0, 7, 9, 6, 5, np.nan], [7.0, 7, 8, 5, 9, 4]])
    found = score_agreement(table, scores)
    assert (found.same_order.mean, found.same_order.n) == (pytest.approx(2 / 3), 3)
    assert (found.tied, found.unscored) == (1, 1)
    assert found.rankings.value is None, "two models have no ranking to speak of"


def test_rankings_are_compared_by_kendalls_tau():
    from scipy.stats import kendalltau

    random = np.random.default_rng(9)
    table = played(random, [1.5, 0.5, -0.5, -1.5], 80)
    scores = np.array([[9.0], [6.0], [7.0], [4.0]]) + random.standard_normal((4, 80)) * 0.1
    found = score_agreement(table, scores, resamples=200)
    expected = kendalltau(scores.mean(axis=1), [4, 3, 2, 1]).statistic
    assert found.rankings.value == pytest.approx(expected, abs=1e-12)
    assert found.rankings.low <= expected + 1e-9
    assert found.rankings.high >= expected - 1e-9
    assert found.rankings.n == 4
