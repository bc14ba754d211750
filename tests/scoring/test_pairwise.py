"""Win rates and steadiness from comparisons, against what can be counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.scoring.pairwise import TIE, A, B, ComparisonTable, summarise_pairs


def table(rows: list[tuple[int, int]], *, planned: int | None = None, per_question: int = 2) -> ComparisonTable:
    """One pair and one judge; rows are (outcome with a first, outcome with b first)."""
    n = len(rows)
    forward = np.array([row[0] for row in rows], dtype=np.int8)
    swapped = np.array([row[1] for row in rows], dtype=np.int8)
    zeros = np.zeros(n, dtype=np.int16)
    return ComparisonTable(
        models=("하나", "둘"),
        judges=("심판",),
        pairs=((0, 1),),
        planned=np.array([[n if planned is None else planned]]),
        pair=zeros,
        judge=zeros,
        question=np.arange(n) // per_question,
        place=np.arange(n),
        forward=forward,
        swapped=swapped,
        said_forward=forward,
        said_swapped=swapped,
    )


def test_only_agreement_wins_and_disagreement_is_a_tie():
    rows = [(A, A), (A, A), (B, B), (TIE, TIE), (A, B), (A, TIE), (TIE, B), (B, A)]
    scores = summarise_pairs(table(rows))
    (pair,), (judge,) = scores.pairs, scores.judges
    assert (pair.wins, pair.ties, pair.losses, pair.inconsistent) == (2, 5, 1, 4)
    assert pair.win_rate.mean == (2 + 2.5) / 8
    assert judge.swap_consistency.mean == 0.5
    # First: (A, A) 1 of 2, twice; (B, B) 1 of 2; (A, B) 2 of 2; (A, TIE) 1 of 1; (TIE, B) 1 of 1; (B, A) 0 of 2.
    assert (judge.first_position.mean, judge.first_position.n) == (7 / 12, 12)
    assert pair.bounds is None


def test_failed_comparisons_are_no_part_of_the_rate_but_of_its_bounds():
    (pair,) = summarise_pairs(table([(A, A), (B, B)], planned=4)).pairs
    assert (pair.win_rate.mean, pair.win_rate.n, pair.win_rate.failed) == (0.5, 2, 2)
    assert pair.bounds == (0.25, 0.75)


def test_without_any_comparison_there_is_no_figure():
    scores = summarise_pairs(table([], planned=3))
    assert scores.pairs[0].win_rate.mean is None
    assert scores.judges[0].swap_consistency.mean is None
    assert scores.judges[0].first_position.n == 0
    assert (scores.pairs[0].win_rate.failed, scores.judges[0].failed) == (3, 3)


@given(st.lists(st.tuples(*[st.sampled_from([A, TIE, B])] * 2), min_size=1, max_size=40))
def test_who_is_called_a_changes_only_the_side(rows):
    (pair,), (judge,) = (scores := summarise_pairs(table(rows))).pairs, scores.judges
    turned = summarise_pairs(table([(-swapped, -forward) for forward, swapped in rows]))
    (other,), (same) = turned.pairs, turned.judges[0]
    assert (other.wins, other.ties, other.losses) == (pair.losses, pair.ties, pair.wins)
    assert other.inconsistent == pair.inconsistent
    assert pair.wins + pair.ties + pair.losses == len(rows)
    assert other.win_rate.mean == pytest.approx(1 - pair.win_rate.mean)
    assert (other.win_rate.low, other.win_rate.high) == pytest.approx((1 - pair.win_rate.high, 1 - pair.win_rate.low))
    assert same.swap_consistency == judge.swap_consistency
    assert same.first_position.n == judge.first_position.n
    assert pair.win_rate.low <= pair.win_rate.mean <= pair.win_rate.high


def test_the_interval_of_a_win_rate_holds_the_truth_nineteen_times_in_twenty():
    """Questions differ in which model suits them: turns of a question go together."""
    random = np.random.default_rng(7)
    hits, rounds = 0, 400
    for _ in range(rounds):
        leaning = np.repeat(random.beta(2, 1, size=60), 2)
        won = random.random(120) < leaning
        (pair,) = summarise_pairs(table([(A, A) if w else (B, B) for w in won])).pairs
        hits += pair.win_rate.low <= 2 / 3 <= pair.win_rate.high
    assert 0.92 <= hits / rounds <= 0.98, hits / rounds
