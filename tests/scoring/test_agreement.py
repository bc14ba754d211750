"""Agreement figures against published examples, independent calculations and simulated truth."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from judge.scoring.agreement import (
    alt_test,
    exact,
    gwet_ac1,
    krippendorff_alpha,
    spearman,
    weighted_kappa,
    with_interval,
)


def two_raters(seed: int, units: int = 80) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(1, 6, units)
    return truth.astype(float), np.clip(truth + random.integers(-1, 2, units), 1, 5).astype(float)


def test_weighted_kappa_is_statsmodels():
    first, second = two_raters(1)
    table = np.zeros((5, 5))
    for a, b in zip(first.astype(int), second.astype(int), strict=True):
        table[a - 1, b - 1] += 1
    assert weighted_kappa(first, second) == pytest.approx(cohens_kappa(table, wt="quadratic").kappa, abs=1e-9)


def test_spearman_is_scipys():
    first, second = two_raters(2)
    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic, abs=1e-9)


def test_alpha_is_that_of_krippendorffs_own_example():
    nan = np.nan
    raters = np.array(
        [
            [nan, nan, nan, nan, nan, 3, 4, 1, 2, 1, 1, 3, 3, nan, 3],
            [1, nan, 2, 1, 3, 3, 4, 3, nan, nan, nan, nan, nan, nan, nan],
            [nan, nan, 2, 1, 3, 4, 4, nan, 2, 1, 1, 3, 3, nan, 4],
        ]
    )
    assert krippendorff_alpha(raters, "nominal") == pytest.approx(0.691, abs=5e-4)
    assert krippendorff_alpha(raters, "interval") == pytest.approx(0.811, abs=5e-4)


def test_ac1_stays_up_where_kappa_falls_for_want_of_variation():
    first = np.array([1.0] * 118 + [1] * 5 + [0] * 2)
    second = np.array([1.0] * 118 + [0] * 5 + [1] * 2)
    assert weighted_kappa(first, second) < 0
    assert exact(first, second) == pytest.approx(118 / 125)
    # By hand: pe = 2 * pi * (1 - pi), pi = (123 + 120) / 250.
    pi = 243 / 250
    assert gwet_ac1(first, second) == pytest.approx((118 / 125 - 2 * pi * (1 - pi)) / (1 - 2 * pi * (1 - pi)))


def test_missing_ratings_are_left_out():
    first, second = np.array([1.0, np.nan, 3, 4]), np.array([1.0, 2, np.nan, 4])
    assert exact(first, second) == 1
    assert with_interval(exact, first, second, cluster=np.arange(4)).n == 2


def test_one_thing_said_always_is_no_agreement_figure():
    same = np.ones(20)
    for figure in (weighted_kappa, gwet_ac1, spearman):
        got = with_interval(figure, same, same, cluster=np.arange(20))
        assert (got.value, got.low, got.high) == (None, None, None), figure
    assert np.isnan(krippendorff_alpha(np.ones((2, 5))))


def test_the_interval_covers_and_is_wider_for_clusters():
    random = np.random.default_rng(3)
    cluster = np.repeat(np.arange(60), 4)
    truth_at = []
    for _ in range(200):
        shared = np.repeat(random.integers(0, 2, 60), 4)  # whether raters agree is a matter of the question
        first = random.integers(1, 6, 240).astype(float)
        second = np.where(shared, first, random.integers(1, 6, 240)).astype(float)
        got = with_interval(exact, first, second, cluster=cluster, resamples=200)
        assert got.low is not None
        assert got.high is not None
        truth_at.append(got.low <= 0.6 <= got.high)
    assert np.mean(truth_at) >= 0.9, np.mean(truth_at)


def annotators(random: np.random.Generator, truth: np.ndarray, noise: float, count: int = 3) -> np.ndarray:
    return np.clip(np.round(truth + random.normal(0, noise, (count, truth.size))), 1, 5)


def test_a_judge_as_good_as_people_passes_and_a_random_one_does_not():
    random = np.random.default_rng(4)
    truth = random.integers(1, 6, 120).astype(float)
    people = annotators(random, truth, 0.7)
    good = alt_test(annotators(random, truth, 0.5, 1)[0], people)
    assert good is not None
    assert good.passed
    assert good.winning_rate == 1
    bad = alt_test(random.integers(1, 6, 120).astype(float), people)
    assert bad is not None
    assert not bad.passed
    assert bad.winning_rate == 0


def test_the_alternative_test_needs_people_and_units():
    truth = np.arange(100) % 5 + 1.0
    assert alt_test(truth, np.stack([truth, truth])) is None
    assert alt_test(truth[:20], np.stack([truth[:20]] * 3)) is None
