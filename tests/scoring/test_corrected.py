"""Corrections by human labels, against simulated truth."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

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
    covered, width, alone, rounds = 0, 0.0, 0.0, 3000
    t = stats.t.ppf(0.975, labels - 1)
    for _ in range(rounds):
        people, judge = judged_population(random, 1200, 0.75)
        got = corrected_mean(people[:labels], judge[:labels], judge[labels:], SCALE)
        assert got is not None
        covered += got.low <= 5 <= got.high
        width += got.high - got.low
        alone += 2 * t * people[:labels].std(ddof=1) / np.sqrt(labels)
    assert 0.935 <= covered / rounds <= 0.965, covered / rounds
    assert width / alone <= 0.75, width / alone


CUTS = np.array([-1.08, -0.9, -0.8, -0.7, -0.55, -0.4, -0.25, -0.1, 0.1, 0.36])
"""Of a normal variable: scores of 0 to 10 with 14 % at 0 and 36 % at 10, as LogicKor's judge gives them."""
CUT_MEAN = float(stats.norm.sf(CUTS).sum())


def crowded(random: np.random.Generator, rounds: int, questions: int) -> tuple[np.ndarray, np.ndarray]:
    """People's scores and a judge's of two turns a question, both of shape (rounds, questions * 2).

    Half of the variance is the question's, in what is true and in what the judge gets wrong; they correlate at 0.74.
    """

    def turns() -> np.ndarray:
        shared = random.normal(size=(rounds, questions, 1))
        return np.sqrt(0.5) * (shared + random.normal(size=(rounds, questions, 2)))

    truth = turns()
    judge = 0.81 * truth + np.sqrt(1 - 0.81**2) * turns() + 0.2
    return tuple(np.searchsorted(CUTS, x).reshape(rounds, -1).astype(float) for x in (truth, judge))


@pytest.mark.parametrize(("questions", "labels"), [(42, 30), (42, 60), (330, 30), (330, 60), (330, 100)])
def test_it_covers_where_turns_belong_together_and_scores_crowd_at_the_ends(questions: int, labels: int):
    random = np.random.default_rng(questions + labels)
    question, covered, rounds = np.repeat(np.arange(questions), 2), 0, 3000
    for people, judge in zip(*crowded(random, rounds, questions), strict=True):
        order = random.permutation(question.size)
        mine, rest = order[:labels], order[labels:]
        got = corrected_mean(people[mine], judge[mine], judge[rest], SCALE, (question[mine], question[rest]))
        assert got is not None
        covered += got.low <= CUT_MEAN <= got.high
    assert 0.935 <= covered / rounds <= 0.965, covered / rounds


def test_the_estimate_is_the_published_one():
    random = np.random.default_rng(8)
    people, judge = judged_population(random, 500, 0.6)
    y, f, g = people[:50], judge[:50], judge[50:]
    got = corrected_mean(y, f, g, SCALE)
    assert got is not None
    weight = np.cov(y, f)[0, 1] / ((1 + 50 / 450) * judge.var(ddof=1))
    assert got.weight == pytest.approx(weight, abs=1e-9)
    assert got.mean == pytest.approx(weight * g.mean() + (y - weight * f).mean(), abs=1e-9)
    # The jackknife by hand: leave out one unit after the other.
    left_out = []
    for i in range(500):
        kept = np.arange(500) != i
        a, b, c = y[kept[:50]], f[kept[:50]], g[kept[50:]]
        w = np.cov(a, b)[0, 1] / ((1 + a.size / c.size) * judge[kept].var(ddof=1))
        left_out.append(w * c.mean() + (a - w * b).mean())
    with_label, others = np.split(np.array(left_out), [50])
    se = np.sqrt(49 * with_label.var() + 449 * others.var())
    assert (got.high - got.low) / 2 == pytest.approx(stats.t.ppf(0.975, 49) * se, abs=1e-9)


def test_weights_make_it_a_mean_of_turn_means():
    random = np.random.default_rng(9)
    people, judge = judged_population(random, 90, 0.9)
    weight = np.where(np.arange(90) % 3 == 0, 2.0, 1.0)
    got = corrected_mean(people[:40], judge[:40], judge[40:], SCALE, weights=(weight[:40], weight[40:]))
    twice = np.repeat(np.arange(90), weight.astype(int))
    mine, rest = twice[twice < 40], twice[twice >= 40]
    again = corrected_mean(people[mine], judge[mine], judge[rest], SCALE, (mine, rest))
    assert got is not None
    assert again is not None
    assert got.raw == pytest.approx(np.average(judge, weights=weight), abs=1e-9)
    assert (got.mean, got.low, got.high) == pytest.approx((again.mean, again.low, again.high), abs=0.02)


def test_people_and_judge_who_always_say_the_same_leave_wilsons_doubt():
    got = corrected_mean(np.full(40, 10.0), np.full(40, 10.0), np.full(60, 10.0), SCALE)
    assert got is not None
    assert (got.mean, got.high) == (10, 10)
    assert got.low == pytest.approx(10 * proportion_confint(40, 40, method="wilson")[0], abs=1e-9)


def test_labels_of_two_questions_are_no_figure():
    ones = np.arange(20) % 3 + 1.0
    assert corrected_mean(ones, ones, ones, SCALE, (np.arange(20) % 2, np.arange(20))) is None


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
