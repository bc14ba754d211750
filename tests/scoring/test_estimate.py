"""Intervals against independent calculations and simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from judge.scoring.estimate import estimate

SCALE = (0.0, 10.0)


def one_turn(scores: list[float], questions: list[int]):
    ones = np.ones(len(scores), dtype=np.int64)
    return estimate(np.array(scores, dtype=float), ones, np.array(questions), 0, SCALE)


def test_one_verdict_a_question_is_students_t():
    scores = [7.0, 5.0, 8.0, 6.0, 9.0, 4.0]
    got = one_turn(scores, list(range(6)))
    low, high = stats.t.interval(0.95, 5, loc=np.mean(scores), scale=stats.sem(scores))
    assert (got.mean, got.low, got.high) == pytest.approx((np.mean(scores), low, high), abs=1e-9)
    assert (got.n, got.failed) == (6, 0)


def test_clusters_follow_the_published_formula():
    scores, questions = [9.0, 8.0, 2.0, 3.0, 6.0, 7.0], [0, 0, 1, 1, 2, 2]
    mean = np.mean(scores)
    sums = [sum(s - mean for s, q in zip(scores, questions, strict=True) if q == c) for c in range(3)]
    se = np.sqrt(sum(x * x for x in sums) * 3 / 2) / 6
    got = one_turn(scores, questions)
    assert got.high == pytest.approx(min(10.0, mean + stats.t.ppf(0.975, 2) * se), abs=1e-9)


def test_the_overall_is_the_mean_of_turn_means_not_of_verdicts():
    score, turn = np.array([10.0, 10.0, 10.0, 4.0]), np.array([1, 1, 1, 2])
    got = estimate(score, turn, np.array([0, 1, 2, 0]), 2, SCALE)
    assert got.mean == pytest.approx(7.0)
    assert got.failed == 2


def test_no_verdict_has_no_number():
    empty = np.array([])
    got = estimate(empty, empty.astype(int), empty.astype(int), 5, SCALE)
    assert (got.mean, got.low, got.high, got.n, got.failed) == (None, None, None, 0, 5)


def test_one_question_says_nothing_about_others():
    got = one_turn([8.0, 8.0], [0, 0])
    assert (got.low, got.high) == SCALE


def test_equal_scores_are_not_certainty():
    got = one_turn([10.0] * 7, list(range(7)))
    z2 = stats.norm.ppf(0.975) ** 2
    assert got.low == pytest.approx(10 * 7 / (7 + z2), abs=1e-6)
    assert got.high == 10.0


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


def test_intervals_cover_the_truth_with_correlated_turns_at_the_ceiling():
    """Truth by construction: question effects shared by two turns, scores rounded and cut at 10."""
    random = np.random.default_rng(7)

    def draw(questions: int):
        effect = random.normal(8.0, 2.0, questions)
        raw = effect[:, None] + random.normal(0, 1.5, (questions, 2))
        return np.clip(np.round(raw), 0, 10)

    truth = float(draw(400_000).mean())
    inside = 0
    rounds = 1500
    question, turn = np.repeat(np.arange(42), 2), np.tile([1, 2], 42)
    for _ in range(rounds):
        got = estimate(draw(42).ravel(), turn, question, 0, SCALE)
        assert got.low is not None
        assert got.high is not None
        inside += got.low <= truth <= got.high
    assert 0.93 <= inside / rounds <= 0.97, f"{inside / rounds:.3f} of the 95 % intervals hold the truth {truth:.3f}"


def test_a_turn_that_one_question_has_leaves_its_share_of_the_scale_open():
    score = np.array([4.0, 6.0, 5.0, 5.0, 9.0])
    turn, question = np.array([1, 1, 1, 1, 2]), np.array([0, 1, 2, 3, 0])
    got, first = estimate(score, turn, question, 0, SCALE), one_turn(list(score[:4]), [0, 1, 2, 3])
    assert got.mean == pytest.approx((5 + 9) / 2)
    assert got.low == pytest.approx((first.low + SCALE[0]) / 2, abs=1e-9)
    assert got.high == pytest.approx((first.high + SCALE[1]) / 2, abs=1e-9)


def test_a_turn_that_few_questions_have_widens_the_interval():
    sizes, truth, hits, trials = (60, 29, 3), 5.0, 0, 600
    question = np.concatenate([np.arange(n) for n in sizes])
    turn = np.concatenate([np.full(n, number) for number, n in enumerate(sizes, 1)])
    random = np.random.default_rng(11)
    for _ in range(trials):
        score = np.clip(np.round(truth + random.normal(0, 1, 60)[question] + random.normal(0, 2, turn.size)), 0, 10)
        got = estimate(score, turn, question, 0, SCALE)
        hits += got.low <= truth <= got.high
    assert hits / trials > 0.88, hits / trials
