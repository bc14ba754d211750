"""Comparisons of models against independent calculations; their error rates are in test_simulated.py."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from judge.scoring.multiplicity import adjust, tied_groups
from judge.scoring.paired import difference, differences, sign_flip
from judge.scoring.power import minimum_detectable, questions_needed


def scores(*values: list[float]) -> np.ndarray:
    return np.array(values, dtype=float)


def test_one_turn_is_the_paired_t_interval_and_scipys_permutation_test():
    random = np.random.default_rng(1)
    first, second = random.integers(0, 11, (2, 11)).astype(float)
    got = difference(first[:, None], second[:, None])
    apart = first - second
    interval = stats.ttest_rel(first, second).confidence_interval()
    assert (got.mean, got.low, got.high) == pytest.approx((apart.mean(), interval.low, interval.high), abs=1e-9)
    exact = stats.permutation_test((apart,), np.mean, permutation_type="samples", vectorized=True, n_resamples=10_000)
    assert got.p == pytest.approx(exact.pvalue, abs=1e-9)
    assert got.n == 11
    assert got.sd == pytest.approx(apart.std(ddof=1))


def test_two_turns_are_clustered_by_question_as_statsmodels_does():
    random = np.random.default_rng(2)
    first, second = random.normal(6, 2, (2, 40, 2))
    got = difference(first, second)
    apart = (first - second).ravel()
    groups = np.repeat(np.arange(40), 2)
    fit = sm.OLS(apart, np.ones(80)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}, use_t=True
    )
    half = stats.t.ppf(0.975, 39) * fit.bse[0] * np.sqrt(40 / 39)
    assert (got.mean, got.low) == pytest.approx((fit.params[0], fit.params[0] - half), abs=1e-9)


@pytest.mark.parametrize("questions", [2, 5, 9, 12])
def test_few_questions_try_every_pattern_of_signs_as_scipy_does(questions: int):
    first, second = np.random.default_rng(questions).integers(0, 11, (2, questions, 2)).astype(float)
    apart = (first - second).mean(axis=1)
    exact = stats.permutation_test((apart,), np.mean, permutation_type="samples", vectorized=True, n_resamples=10_000)
    assert difference(first, second).p == pytest.approx(exact.pvalue, abs=1e-9)


def test_all_pairs_are_the_pairs_one_by_one_however_many_questions_there_are():
    random = np.random.default_rng(9)
    scores = random.integers(0, 11, (4, 30_000, 2)).astype(float)
    scores[random.random(scores.shape) < 0.1] = np.nan
    pairs = [(a, b) for a in range(4) for b in range(4) if a != b] * 15
    at_once = differences(scores, pairs)
    assert at_once == [difference(scores[a], scores[b]) for a, b in pairs[:12]] * 15


def test_swapping_the_models_flips_the_sign_and_nothing_else():
    random = np.random.default_rng(3)
    first, second = random.normal(6, 2, (2, 30, 2))
    one, other = difference(first, second), difference(second, first)
    assert one.mean is not None
    assert one.low is not None
    assert one.high is not None
    assert (other.mean, other.low, other.high) == pytest.approx((-one.mean, -one.high, -one.low))
    assert (one.p, one.n) == (other.p, other.n)


def test_a_model_does_not_differ_from_itself():
    first = np.random.default_rng(4).normal(6, 2, (30, 2))
    got = difference(first, first)
    assert (got.mean, got.low, got.high, got.p) == (0.0, 0.0, 0.0, 1.0)


def test_only_turns_that_both_models_have_are_compared():
    nan = np.nan
    first = scores([10, 4], [10, nan], [nan, 2], [8, 8])
    second = scores([9, 4], [8, 3], [1, 1], [nan, nan])
    got = difference(first, second)
    assert got.n == 3
    assert got.mean == pytest.approx(((1 + 0) / 2 + 2 + 1) / 3)


def test_too_little_is_no_number():
    nan = np.nan
    none = difference(scores([nan], [1.0]), scores([1.0], [nan]))
    assert (none.mean, none.low, none.p, none.n) == (None, None, None, 0)
    one = difference(scores([2.0]), scores([1.0]))
    assert (one.mean, one.low, one.p, one.n) == (1.0, None, None, 1)


def test_many_questions_take_the_normal_limit_of_the_same_test():
    random = np.random.default_rng(6)
    weights = random.normal(0.01, 1, (5_001, 3)) / 5_001
    limit = sign_flip(weights)
    drawn = sign_flip(weights[:5_000])
    assert limit == pytest.approx(drawn, abs=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
@settings(max_examples=60)
def test_adjusted_p_values_are_statsmodels(p: list[float]):
    for ours, theirs in (("holm", "holm"), ("bh", "fdr_bh")):
        expected = multipletests(p, method=theirs)[1]
        assert adjust(p, ours) == pytest.approx(list(expected), abs=1e-12), (ours, p)


def test_what_was_not_tested_does_not_count():
    assert adjust([0.01, float("nan"), 0.02])[::2] == pytest.approx(adjust([0.01, 0.02]))


def test_groups_hold_only_models_that_do_not_differ():
    differ = np.zeros((4, 4), dtype=bool)
    for a, b in [(2, 0), (2, 1), (2, 3), (1, 3)]:  # best to worst: 2, 1, 0, 3
        differ[a, b] = differ[b, a] = True
    assert tied_groups([2, 1, 0, 3], differ) == [[2], [1, 0], [0, 3]]
    assert tied_groups([2, 1, 0, 3], np.zeros((4, 4), dtype=bool)) == [[2, 1, 0, 3]]
    assert tied_groups([], differ) == []


def test_the_detectable_difference_is_found_with_the_power_promised():
    found = minimum_detectable(sd=3.33, n=42)
    assert found.difference == pytest.approx(1.47, abs=0.03)
    random = np.random.default_rng(8)
    samples = random.normal(found.difference, 3.33, (4000, 42))
    power = float((stats.ttest_1samp(samples, 0, axis=1).pvalue <= 0.05).mean())
    assert power == pytest.approx(0.8, abs=0.03)


def test_the_questions_needed_turn_the_question_round():
    needed = questions_needed(0.3, 3.33)
    assert needed == pytest.approx(968, abs=5)
    assert minimum_detectable(3.33, needed).difference <= 0.3 < minimum_detectable(3.33, needed - 1).difference


@pytest.mark.parametrize("n", [3, 12, 42, 298, 5000])
@pytest.mark.parametrize(("alpha", "power"), [(0.05, 0.8), (0.01, 0.95)])
def test_the_power_is_statsmodels(n: int, alpha: float, power: float):
    detectable = minimum_detectable(3.33, n, alpha, power).difference
    assert TTestPower().power(detectable / 3.33, nobs=n, alpha=alpha) == pytest.approx(power, abs=1e-9)
    assert questions_needed(detectable * 1.000001, 3.33, alpha, power) == n


@pytest.mark.parametrize("wrong", [{"n": 1}, {"n": 10, "alpha": 0}, {"n": 10, "power": 1}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=r"question|between"):
        minimum_detectable(sd=1.0, **wrong)  # type: ignore[arg-type]


def test_no_number_of_questions_shows_nothing():
    with pytest.raises(ValueError, match="difference of 0"):
        questions_needed(0.0, 1.0)
