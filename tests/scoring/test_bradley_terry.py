"""Ratings from pairs, against closed forms, statsmodels and simulations of known truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.scoring.bradley_terry import rate
from judge.scoring.pairwise import TIE, A, B
from tests.scoring.comparison_tables import comparison_table, played


def test_two_models_have_the_log_odds_of_their_win_rate():
    rows = [(q, 0, outcome, q) for q, outcome in enumerate([A] * 6 + [B] * 2 + [TIE] * 3)]
    found = rate(comparison_table(rows, 2), baseline=1)
    assert found is not None
    share = (6 + 1.5) / 11
    first, second = found.models
    assert first.rating.value == pytest.approx(math.log(share / (1 - share)), abs=1e-9)
    assert first.win_probability.value == pytest.approx(share, abs=1e-9)
    assert (second.rating.value, second.rating.low, second.rating.high) == (0.0, 0.0, 0.0)
    assert (first.n, found.connection, found.parts) == (11, "finite", (("m0", "m1"),))
    centred = rate(comparison_table(rows, 2))
    assert centred is not None
    assert centred.models[0].rating.value == pytest.approx(math.log(share / (1 - share)) / 2, abs=1e-9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_ratings_are_those_of_a_binomial_model_on_the_same_design():
    import statsmodels.api as sm

    random = np.random.default_rng(5)
    table = played(random, [0.0, 0.7, -0.4, 1.2, 0.1], 60, ties=0.2)
    design = np.zeros((table.pair.size, 5))
    for row, pair in enumerate(table.pair):
        a, b = table.pairs[pair]
        design[row, a], design[row, b] = 1, -1
    fitted = sm.GLM((table.forward + 1) / 2, design[:, 1:], family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    expected = np.concatenate([[0.0], fitted.params])
    found = rate(table, baseline=0, resamples=50)
    assert found is not None
    assert [m.rating.value for m in found.models] == pytest.approx(expected.tolist(), abs=1e-8)
    centred = rate(table, resamples=50)
    assert centred is not None
    assert [m.rating.value for m in centred.models] == pytest.approx((expected - expected.mean()).tolist(), abs=1e-8)


def test_a_model_that_never_lost_has_no_number():
    rows = [(q, 0, A, q) for q in range(6)] + [(q, 1, A, q) for q in range(6)]
    rows += [(q, 2, A if q % 2 else B, q) for q in range(6)]
    found = rate(comparison_table(rows, 3))
    assert found is not None
    assert (found.connection, found.parts) == ("separated", (("m0",), ("m1", "m2")))
    assert [m.rating.value for m in found.models] == [None, None, None]
    assert found.models[0].rank == (1, 1)
    assert [m.rank for m in found.models[1:]] == [(2, 3), (2, 3)]
    against = rate(comparison_table(rows, 3), baseline=1)
    assert against is not None
    assert against.models[0].rating.value is None
    assert against.models[2].rating.value == pytest.approx(0.0, abs=1e-9)


def test_what_nothing_connects_is_said_and_not_ranked():
    rows = [(q, number, A if q % 2 else B, q) for q in range(8) for number in (0, 5)]
    found = rate(comparison_table(rows, 4))
    assert found is not None
    assert (found.connection, found.parts) == ("disconnected", (("m0", "m1"), ("m2", "m3")))
    assert {m.rating.value for m in found.models} == {None}
    assert [m.rank for m in found.models] == [(1, 4)] * 4


def test_an_interval_is_open_where_other_questions_could_leave_a_model_without_a_loss():
    rows = [(q, 0, B if q == 0 else A, q) for q in range(8)]
    found = rate(comparison_table(rows, 2), baseline=1)
    assert found is not None
    first = found.models[0]
    assert first.rating.value == pytest.approx(math.log(7))
    assert first.rating.low is not None
    assert first.rating.high is None
    assert first.win_probability.high == 1.0
    assert found.unrated_draws > 0.2


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.permutations(range(4)))
def test_the_order_of_the_models_changes_nothing(seed, order):
    random = np.random.default_rng(seed)
    table = played(random, [0.0, 0.5, 1.0, -0.5], 6, ties=0.3)
    rows, pairs = [], [(a, b) for a in range(4) for b in range(a + 1, 4)]
    for question, pair, outcome in zip(table.question, table.pair, table.forward, strict=True):
        a, b = (order[m] for m in table.pairs[pair])
        rows.append((question, pairs.index((min(a, b), max(a, b))), outcome if a < b else -outcome, question))
    one, other = rate(table, resamples=20), rate(comparison_table(rows, 4), resamples=20)
    assert one is not None
    assert other is not None
    for place, model in enumerate(one.models):
        assert other.models[order[place]].rating.value == pytest.approx(model.rating.value, abs=1e-8)
        assert other.models[order[place]].rank == model.rank


def test_intervals_cover_the_truth_where_questions_are_clusters():
    """One question gives six comparisons that share the luck of four answers."""
    random = np.random.default_rng(11)
    strengths, spread = [0.6, 0.2, -0.2, -0.6], 1.0
    # The marginal strengths, with the luck averaged out: many questions tell them.
    long_run = rate(played(random, strengths, 20_000, spread=spread), resamples=1)
    assert long_run is not None
    truth = [m.rating.value for m in long_run.models]
    covered, trials = 0, 120
    for _ in range(trials):
        found = rate(played(random, strengths, 60, spread=spread), resamples=300)
        assert found is not None
        covered += sum(m.rating.low < t < m.rating.high for m, t in zip(found.models, truth, strict=True))
    share = covered / (4 * trials)
    assert 0.92 <= share <= 0.98, f"{covered} of {4 * trials} intervals hold the truth ({share:.3f})"


def test_there_are_no_ratings_without_comparisons_and_no_ranks_with_one_question():
    assert rate(comparison_table([], 2)) is None
    found = rate(comparison_table([(0, 0, A, 0), (0, 0, B, 1)], 2))
    assert found is not None
    assert [m.rank for m in found.models] == [None, None]
