"""Corrections by human labels, against simulated truth."""

import numpy as np
import pytest

from judge.scoring.corrected import corrected_mean, corrected_share, labels_needed

SCALE = (0.0, 10.0)


def judged_population(random: np.random.Generator, units: int, rho: float) -> tuple[np.ndarray, np.ndarray]:
    """People's scores and those of a judge that is too kind by 0.8."""
    truth = random.normal(0, 1, units)
    judge = rho * truth + np.sqrt(1 - rho**2) * random.normal(0, 1, units)
    return 5 + 1.5 * truth, 5.8 + 1.5 * judge


@pytest.mark.parametrize("labels", [30, 60, 100])
def test_the_interval_covers_the_truth_and_is_narrower_than_the_labels_alone(labels: int):
    random = np.random.default_rng(labels)
    covered, width, plain, rounds = 0, 0.0, 0.0, 3000
    for _ in range(rounds):
        people, judge = judged_population(random, 660, 0.75)
        got = corrected_mean(people[:labels], judge[:labels], judge[labels:], SCALE)
        assert got is not None
        covered += got.low <= 5 <= got.high
        width += got.high - got.low
        plain += 2 * 1.96 * people[:labels].std(ddof=1) / np.sqrt(labels)
    assert 0.935 <= covered / rounds <= 0.965, covered / rounds
    assert width / plain <= 0.75, width / plain


def test_a_judge_that_sees_nothing_does_no_harm():
    random = np.random.default_rng(2)
    widths = []
    for _ in range(500):
        people, judge = judged_population(random, 500, 0.0)
        got = corrected_mean(people[:50], judge[:50], judge[50:], SCALE)
        assert got is not None
        widths.append((got.high - got.low) / (2 * 2.01 * people[:50].std(ddof=1) / np.sqrt(50)))
    assert np.mean(widths) == pytest.approx(1, abs=0.03)


def test_without_unlabelled_units_the_labels_speak_alone():
    people = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    got = corrected_mean(people, people + 1, np.empty(0), SCALE)
    assert got is not None
    assert (got.mean, got.weight, got.raw) == (5.5, 0.0, 6.5)


def test_too_few_labels_are_no_figure():
    assert corrected_mean(np.ones(9), np.ones(9), np.ones(100), SCALE) is None


def test_the_interval_stays_on_the_scale():
    random = np.random.default_rng(3)
    people = np.clip(random.normal(9.9, 0.4, 12), 0, 10)
    got = corrected_mean(people, people, np.clip(random.normal(9.9, 0.4, 50), 0, 10), SCALE)
    assert got is not None
    assert got.high <= 10


def test_rogan_gladen_is_the_published_formula():
    got = corrected_share(30, 200, 45, 50, 95, 100)
    assert got is not None
    assert got.mean == pytest.approx((0.15 + 0.95 - 1) / (0.9 + 0.95 - 1))
    assert got.low < got.mean < got.high


def test_the_corrected_share_covers_the_truth():
    random = np.random.default_rng(4)
    covered, rounds = 0, 2000
    for _ in range(rounds):
        unsafe = random.random(800) < 0.2
        said = np.where(unsafe, random.random(800) < 0.85, random.random(800) < 0.06)
        labelled, rest = slice(0, 200), slice(200, None)
        got = corrected_share(
            int(said[rest].sum()),
            600,
            int((said & unsafe)[labelled].sum()),
            int(unsafe[labelled].sum()),
            int((~said & ~unsafe)[labelled].sum()),
            int((~unsafe)[labelled].sum()),
        )
        assert got is not None
        covered += got.low <= 0.2 <= got.high
    assert 0.93 <= covered / rounds <= 0.98, covered / rounds


def test_a_coin_corrects_nothing():
    got = corrected_share(50, 100, 10, 20, 10, 20)
    assert got is not None
    assert (got.mean, got.low, got.high) == (None, 0.0, 1.0)
    assert corrected_share(5, 10, 0, 0, 3, 5) is None


def test_the_planner_promises_what_labels_deliver():
    needed = labels_needed(0.3, 1.5, 0.75, 660)
    assert needed is not None
    random = np.random.default_rng(5)
    halves = []
    for _ in range(300):
        people, judge = judged_population(random, 660, 0.75)
        got = corrected_mean(people[:needed], judge[:needed], judge[needed:], SCALE)
        assert got is not None
        halves.append((got.high - got.low) / 2)
    assert np.mean(halves) == pytest.approx(0.3, rel=0.06), (needed, np.mean(halves))
    without = labels_needed(0.3, 1.5, 0.0, 660)
    assert without is not None
    assert without > 1.5 * needed
    assert labels_needed(0.001, 1.5, 0.5, 100) is None
