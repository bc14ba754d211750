"""Intervals hold the truth as often as they say and tests err as seldom, on scores like LogicKor's of known truth."""

import numpy as np
import pytest
from scipy.special import ndtri

from bench.simulation import LEVELS, SPREAD, draw, true_mean
from bench.statistics import PAIRS, RANKED, RATES
from bench.studies import (
    Rate,
    alignment_coverage,
    difference_rates,
    family_wise_rate,
    mean_coverage,
    rank_coverage,
    safety_coverage,
    share_coverage,
)

COVERS = (0.935, 0.965)


def between(found: Rate, wanted: tuple[float, float]) -> None:
    assert wanted[0] <= found.share <= wanted[1], found


def test_the_simulated_scores_are_like_logickors():
    random = np.random.default_rng(1)
    scores = draw(random, SPREAD * ndtri((np.arange(400) + 0.5) / 400), 42, 20)
    assert (scores == 10).mean() == pytest.approx(0.356, abs=0.02)
    assert (scores >= 9).mean() == pytest.approx(0.43, abs=0.02)
    assert (scores == 0).mean() == pytest.approx(0.145, abs=0.02)
    middling = draw(random, np.array([0.0, 0.5]), 20_000, 1)[0]
    for model in middling:
        assert 0.40 <= np.corrcoef(model.T)[0, 1] <= 0.50
    assert 2.5 <= (middling[0] - middling[1]).mean(axis=1).std() <= 3.5


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
def test_the_true_mean_is_that_of_a_large_draw(level: float):
    scores = draw(np.random.default_rng(2), np.array([level]), 400_000, 1)
    assert scores.mean() == pytest.approx(true_mean(level), abs=0.02)


@pytest.mark.parametrize("questions", [42, 84, 500])
@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
def test_the_interval_of_a_mean_covers(level: float, questions: int):
    between(mean_coverage(level, questions, repetitions=10_000), COVERS)


@pytest.mark.parametrize("questions", [42, 84, 500])
@pytest.mark.parametrize("pair", [PAIRS["ceiling, near ceiling"], PAIRS["ceiling, middling"]])
def test_the_interval_of_a_difference_covers(pair: tuple[float, float], questions: int):
    between(difference_rates(*pair, questions, repetitions=4000)[0], COVERS)


@pytest.mark.parametrize("questions", [42, 84, 500])
@pytest.mark.parametrize("level", [0.0, 1.35])
def test_equal_models_are_called_different_one_time_in_twenty(level: float, questions: int):
    coverage, called = difference_rates(level, level, questions, repetitions=4000)
    between(coverage, COVERS)
    between(called, (0.04, 0.06))


def test_holm_keeps_the_family_wise_rate_over_all_pairs():
    found = family_wise_rate(models=18, questions=42, repetitions=200)
    assert found.share <= 0.05 + found.error, found


@pytest.mark.parametrize("levels", RANKED.values(), ids=RANKED)
def test_the_rank_ranges_of_every_model_hold_its_true_place(levels: np.ndarray):
    found = rank_coverage(levels, 42, repetitions=250)
    assert found.share >= 0.95, found


@pytest.mark.parametrize("questions", [42, 84, 500])
@pytest.mark.parametrize("truth", [0.5, 0.9, 0.95])
def test_the_interval_of_a_share_covers_with_several_answers_a_question(truth: float, questions: int):
    between(share_coverage(truth, questions, repetitions=10_000), COVERS)


@pytest.mark.parametrize("leaf", [10, 25])
@pytest.mark.parametrize("level", [0.0, 1.35])
def test_the_interval_of_alignment_covers(level: float, leaf: int):
    between(alignment_coverage(level, leaf, repetitions=1500), COVERS)


@pytest.mark.parametrize("leaf", [10, 25])
@pytest.mark.parametrize("rates", [RATES["balanced"], RATES["over-cautious"]])
def test_the_interval_of_safety_covers(rates: tuple[float, float, float], leaf: int):
    between(safety_coverage(rates, leaf, repetitions=1500), COVERS)
