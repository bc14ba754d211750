"""Means and intervals against independent calculations; their coverage is in test_simulated.py."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from judge.scoring.estimate import clustered_mean, estimate

SCALE = (0.0, 10.0)


def one_turn(scores: list[float], questions: list[int]):
    ones = np.ones(len(scores), dtype=np.int64)
    return estimate(np.array(scores, dtype=float), ones, np.array(questions), 0, SCALE)


def hall(mean: float, error: float, skewness: float, clusters: int) -> tuple[float, float]:
    """The published transformation, its ends found by root finding, and Wilson's interval as the widest there is."""

    def h(t: float) -> float:
        root = np.sqrt(clusters)
        return t + skewness * t**2 / (3 * root) + skewness**2 * t**3 / (27 * clusters) + skewness / (6 * root)

    quantile = stats.t.ppf(0.975, clusters - 1)
    upper, lower = (optimize.brentq(lambda t, y=y: h(t) - y, -1e4, 1e4, xtol=1e-14) for y in (quantile, -quantile))
    least, most = proportion_confint(mean / 10 * clusters, clusters, method="wilson")
    return max(10 * least, mean - upper * error), min(10 * most, mean - lower * error)


def test_one_verdict_a_question_without_skewness_is_students_t():
    scores = [7.0, 5.0, 8.0, 6.0, 9.0, 4.0]
    got = one_turn(scores, list(range(6)))
    low, high = stats.t.interval(0.95, 5, loc=np.mean(scores), scale=stats.sem(scores))
    assert (got.mean, got.low, got.high) == pytest.approx((np.mean(scores), low, high), abs=1e-9)
    assert (got.n, got.failed) == (6, 0)


@pytest.mark.parametrize("seed", range(5))
def test_skewness_is_taken_out_as_hall_published_it(seed: int):
    scores = np.random.default_rng(seed).choice([0.0, 3.0, 8.0, 9.0, 10.0], size=30, p=[0.05, 0.1, 0.1, 0.15, 0.6])
    got = one_turn(list(scores), list(range(30)))
    expected = hall(scores.mean(), stats.sem(scores), float(stats.skew(scores)), 30)
    assert (got.low, got.high) == pytest.approx(expected, abs=1e-9)


def test_no_interval_is_wider_than_a_coins():
    for scores in ([10.0, 10.0, 9.0, 10.0], [10.0] * 11 + [0.0], [0.0, 10.0, 0.0, 10.0, 0.0, 1.0]):
        got = one_turn(scores, list(range(len(scores))))
        low, high = proportion_confint(sum(scores) / 10, len(scores), method="wilson")
        assert 10 * low - 1e-9 <= got.low <= got.mean <= got.high <= 10 * high + 1e-9, scores


def test_clusters_are_statsmodels():
    random = np.random.default_rng(3)
    cluster = np.repeat(np.arange(20), random.integers(1, 5, 20))
    half = random.normal(0, 1.5, 20)[cluster] + random.normal(0, 1, cluster.size)
    value, cluster = np.concatenate([5 + half, 5 - half]), np.concatenate([cluster, cluster + 20])  # no skewness
    got = clustered_mean(value, cluster, 0, SCALE)
    fit = sm.OLS(value, np.ones(value.size)).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": True, "df_correction": True}, use_t=True
    )
    # statsmodels' own factor is C / (C - 1) * (n - 1) / (n - 1) for a mean.
    low, high = fit.conf_int()[0]
    assert (got.mean, got.low, got.high) == pytest.approx((5.0, low, high), abs=1e-9)


def test_two_turns_of_every_question_are_clustered_as_statsmodels_does():
    random = np.random.default_rng(4)
    half = random.normal(0, 1.5, (15, 1)) + random.normal(0, 1, (15, 2))
    scores = np.concatenate([5 + half, 5 - half])
    question, turn = (a.ravel() for a in np.indices(scores.shape))
    got = estimate(scores.ravel(), turn + 1, question, 0, SCALE)
    fit = sm.OLS(scores.ravel(), np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": question}, use_t=True)
    low, high = fit.conf_int()[0]
    assert (got.mean, got.low, got.high) == pytest.approx((5.0, low, high), abs=1e-9)


def test_every_turn_of_every_question_is_logickors_mean_of_turn_means():
    scores = np.random.default_rng(5).integers(0, 11, (42, 2)).astype(float)
    question, turn = (a.ravel() for a in np.indices(scores.shape))
    got = estimate(scores.ravel(), turn + 1, question, 0, SCALE)
    assert got.mean == pytest.approx(float(scores.mean(axis=0).mean()), abs=1e-12)


def test_few_late_turns_weigh_as_much_as_their_questions():
    first, late = np.full(320, 8.0), np.full(20, 2.0)
    score = np.concatenate([first, late])
    turn = np.concatenate([np.ones(320, dtype=int), np.full(20, 2)])
    got = estimate(score, turn, np.concatenate([np.arange(320), np.arange(20)]), 2, SCALE)
    assert got.mean == pytest.approx((300 * 8 + 20 * (8 + 2) / 2) / 320)
    assert (got.n, got.failed) == (340, 2)


def test_repeats_of_a_turn_do_not_lend_it_weight():
    score, turn = np.array([10.0, 10.0, 10.0, 4.0]), np.array([1, 1, 1, 2])
    got = estimate(score, turn, np.zeros(4, dtype=int), 0, SCALE)
    assert got.mean == pytest.approx(7.0)


def test_no_verdict_has_no_number():
    empty = np.array([])
    got = estimate(empty, empty.astype(int), empty.astype(int), 5, SCALE)
    assert (got.mean, got.low, got.high, got.n, got.failed) == (None, None, None, 0, 5)


def test_one_question_says_nothing_about_others():
    got = one_turn([8.0, 8.0], [0, 0])
    assert (got.low, got.high) == SCALE


def test_equal_scores_are_not_certainty():
    got = one_turn([10.0] * 7, list(range(7)))
    low, high = proportion_confint(7, 7, method="wilson")
    assert (got.low, got.high) == pytest.approx((10 * low, 10 * high), abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 8), st.integers(1, 3)), min_size=1, max_size=60))
@settings(deadline=None)
def test_every_interval_holds_its_mean_and_stays_on_the_scale(rows: list[tuple[int, int, int]]):
    score, question, turn = (np.array(column) for column in zip(*rows, strict=True))
    got = estimate(score.astype(float), turn, question, 0, SCALE)
    assert got.mean is not None
    assert got.low is not None
    assert got.high is not None
    assert 0 <= got.low <= got.mean + 1e-9
    assert got.mean <= got.high + 1e-9 <= 10 + 2e-9
