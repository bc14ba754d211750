"""Differences, slopes and quantiles: their intervals hold the truth as often as they say."""

import numpy as np
import pytest

from judge.scoring.contrast import group_difference_of, icc, mean_of, quantile, root_mean_square, slope_within

REPETITIONS = 600
QUESTIONS = 24
EACH = 3
CLUSTER = np.repeat(np.arange(QUESTIONS), EACH)


def clustered(random: np.random.Generator) -> np.ndarray:
    """Values of which those of one question share half of their variance."""
    shared = np.repeat(random.normal(size=QUESTIONS), EACH)
    return np.asarray((shared + random.normal(size=CLUSTER.size)) / np.sqrt(2))


def test_the_interval_of_a_mean_holds_the_truth() -> None:
    random = np.random.default_rng(1)
    found = [mean_of(0.4 + clustered(random), CLUSTER, 10.0) for _ in range(REPETITIONS)]
    held = np.mean([f.low <= 0.4 <= f.high for f in found])
    assert 0.93 <= held <= 0.97, held


def test_the_interval_of_a_slope_holds_the_truth() -> None:
    random = np.random.default_rng(2)
    held = []
    group = np.repeat(np.arange(QUESTIONS * EACH), 2)
    cluster = np.repeat(CLUSTER, 2)
    for _ in range(REPETITIONS):
        x = random.uniform(0, 2, size=group.size)
        own = np.repeat(clustered(random), 2)
        y = 0.7 * x + own + np.repeat(clustered(random), 2) * x * 0.2 + random.normal(size=group.size)
        f = slope_within(x, y, group, cluster, 10.0)
        assert f.low is not None
        assert f.high is not None
        held.append(f.low <= 0.7 <= f.high)
    assert 0.92 <= np.mean(held) <= 0.975, np.mean(held)


def test_a_difference_of_groups_is_that_of_their_means() -> None:
    random = np.random.default_rng(3)
    held = []
    for _ in range(REPETITIONS):
        shared = random.normal(size=QUESTIONS)
        a = 1.5 + shared + random.normal(size=QUESTIONS)
        b = np.repeat(shared, 2) + random.normal(size=2 * QUESTIONS)
        f = group_difference_of(a, np.arange(QUESTIONS), b, np.repeat(np.arange(QUESTIONS), 2), 10.0)
        assert f.mean == pytest.approx(a.mean() - b.mean())
        assert f.low is not None
        assert f.high is not None
        held.append(f.low <= 1.5 <= f.high)
    assert 0.93 <= np.mean(held) <= 0.975, np.mean(held)


def test_nothing_that_varies_still_has_a_width() -> None:
    f = mean_of(np.zeros(72), CLUSTER, 10.0)
    assert f.low is not None
    assert f.high is not None
    assert f.low < 0.0 < f.high < 0.1, f


@pytest.mark.parametrize("p", [0.5, 0.95])
def test_the_interval_of_a_quantile_holds_the_truth(p: float) -> None:
    random = np.random.default_rng(4)
    truth = -np.log(1 - p)
    held = np.mean(
        [(f := quantile(random.exponential(size=200), p)).low <= truth <= f.high for _ in range(REPETITIONS)]
    )
    assert held >= 0.93, held


def test_reliability_is_the_share_of_variance_between_answers() -> None:
    random = np.random.default_rng(5)
    ratings = random.normal(scale=2.0, size=4000) + random.normal(scale=1.0, size=(3, 4000))
    assert icc(ratings) == pytest.approx(0.8, abs=0.02)
    assert icc(np.tile(np.arange(5.0), (3, 1))) == 1.0
    assert np.isnan(icc(np.ones((3, 5))))


def test_a_root_has_the_roots_of_the_limits() -> None:
    f = root_mean_square(np.array([1.0, 4.0, 4.0, 7.0]), np.arange(4), 10.0)
    assert f.mean == pytest.approx(2.0)
    assert f.low is not None
    assert f.high is not None
    assert f.low < 2.0 < f.high


def test_without_data_there_is_no_figure() -> None:
    none, nobody = np.empty(0), np.empty(0, dtype=np.int64)
    for f in (
        mean_of(none, nobody, 10.0),
        group_difference_of(none, nobody, none, nobody, 10.0),
        slope_within(none, none, nobody, nobody, 10.0),
        quantile(none, 0.5),
    ):
        assert (f.mean, f.low, f.high, f.n) == (None, None, None, 0), f
    alone = mean_of(np.ones(3), np.zeros(3, dtype=np.int64), 10.0)
    assert (alone.mean, alone.low) == (1.0, None), "one question has no variance to speak of"
