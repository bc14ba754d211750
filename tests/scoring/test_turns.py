"""Drops, stands and survival over the turns, against scipy and against known truth."""

import numpy as np
import pytest
from scipy import stats

from judge.scoring.turns import changes, drops, stance_scores, survival

WIDE = 1e9


def test_a_harder_turn_is_a_raw_drop_and_no_adjusted_one():
    random = np.random.default_rng(1)
    harder = random.normal(2, 1, 200)
    first = random.normal(7, 1, (4, 200))
    scores = np.stack([first, first - harder + random.normal(0, 0.5, (4, 200))], axis=2)
    scores[3, :, 1] -= 1  # this one falls by more than the others
    found = [d[0] for d in drops(scores, np.array([200, 200]), WIDE)]
    for d in found[:3]:
        assert d.raw.mean == pytest.approx(2, abs=0.3)
        assert d.adjusted.mean == pytest.approx(-1 / 3, abs=0.15)
    assert found[3].adjusted.mean == pytest.approx(1, abs=0.15)
    assert found[3].adjusted.low > 0


def test_the_drops_are_paired_t_intervals():
    scores = np.random.default_rng(2).normal(6, 2, (3, 20, 3))
    scores[0, 0, 2] = np.nan
    second, third = drops(scores, np.array([20, 20, 20]), WIDE)[0]
    interval = stats.ttest_rel(scores[0, :, 0], scores[0, :, 1]).confidence_interval()
    assert (second.turn, third.turn) == (2, 3)
    assert (second.raw.low, second.raw.high) == pytest.approx((interval.low, interval.high), abs=1e-9)
    assert (third.raw.n, third.raw.failed) == (19, 1)
    fallen = scores[:, 1:, 0] - scores[:, 1:, 2]
    interval = stats.ttest_1samp(fallen[0] - fallen[1:].mean(axis=0), 0).confidence_interval()
    assert (third.adjusted.low, third.adjusted.high) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_a_model_alone_has_no_adjusted_drop_and_one_question_the_widest_interval():
    scores = np.random.default_rng(3).normal(6, 2, (1, 20, 2))
    ((d,),) = drops(scores, np.array([20, 20]), WIDE)
    assert d.raw.mean is not None
    assert (d.adjusted.mean, d.adjusted.n) == (None, 0)
    ((one,),) = drops(scores[:, :1], np.array([1, 1]), 10.0)
    assert (one.raw.mean, one.raw.low, one.raw.high, one.raw.n) == (scores[0, 0, 0] - scores[0, 0, 1], -10.0, 10.0, 1)
    assert drops(scores[:, :, :1], np.array([20]), WIDE) == [[]]


def test_only_right_first_answers_can_flip():
    pressed = np.array([True] * 6 + [False] * 4)
    eligible = np.array([True, True, True, True, False, False] + [False] * 4)
    caved = np.array([True, False, False, False, True, True] + [False] * 4)
    updated = np.array([False] * 6 + [True, True, True, False])
    found = stance_scores(pressed, eligible, caved, updated, np.arange(10))
    assert (found.flip_rate_wrong.mean, found.flip_rate_wrong.n) == (0.25, 4)
    assert (found.accept_rate_right.mean, found.accept_rate_right.n) == (0.75, 4)
    assert found.score.mean == 0.75
    assert found.score.low is not None
    assert found.score.high is not None
    assert 0 <= found.score.low < 0.75 < found.score.high <= 1
    none = stance_scores(pressed, np.zeros(10, dtype=bool), caved, updated, np.arange(10))
    assert (none.flip_rate_wrong.mean, none.score.mean) == (None, None)


def test_survival_is_scipys_with_conversations_that_end_early():
    random = np.random.default_rng(4)
    last, failed = random.integers(1, 6, 80), random.random(80) < 0.4
    found = survival(last, failed, np.arange(80))
    data = stats.CensoredData(uncensored=last[failed], right=last[~failed])
    expected = stats.ecdf(data).sf
    for turn in found:
        assert turn.held.mean == pytest.approx(float(expected.evaluate(turn.turn)), abs=1e-9), turn
        assert turn.at_risk == (last >= turn.turn).sum()
        assert turn.failed == (failed & (last == turn.turn)).sum()


def test_without_early_ends_the_interval_is_wilsons():
    last = np.array([1] * 3 + [2] * 4 + [3] * 13)
    failed = last < 3
    found = survival(last, failed, np.arange(20))
    for turn, held in zip(found, (17, 13, 13), strict=True):
        wilson = stats.binomtest(held, 20).proportion_ci(method="wilson")
        assert (turn.held.low, turn.held.high) == pytest.approx((wilson.low, wilson.high), abs=1e-9), turn
    nobody = survival(np.full(10, 2), np.zeros(10, dtype=bool), np.arange(10))
    assert nobody[-1].held.mean == 1.0
    assert nobody[-1].held.low == pytest.approx(stats.binomtest(10, 10).proportion_ci(method="wilson").low)
    assert survival(np.array([], dtype=int), np.array([], dtype=bool), np.array([], dtype=int)) == []


def test_samples_of_a_question_are_one_witness():
    last, failed = np.array([1, 3] * 10), np.array([True, False] * 10)
    apart, together = (survival(last, failed, q)[0].held for q in (np.arange(20), np.arange(20) // 4))
    assert apart.mean == together.mean == 0.5
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_survival_intervals_cover():
    random = np.random.default_rng(5)
    truth, hits, rounds = 0.8**3, 0, 600
    for _ in range(rounds):
        failing, ending = random.geometric(0.2, 40), random.integers(2, 6, 40)
        held = survival(np.minimum(failing, ending), failing <= ending, np.arange(40))[2].held
        hits += held.low <= truth <= held.high
    assert 0.92 <= hits / rounds <= 0.98, hits / rounds


def test_changes_of_stand():
    nan = np.nan
    states = np.array([[1, 1, 1], [0, 0, 0], [0, 1, 0], [1, nan, 0]])
    assert list(changes(states)) == [0, 1, 3, 1]
