"""The draw: reproducible, extendable, by chance in every block, and its probabilities are true."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.review.draw import RANDOM_SHARE, SHARED, Candidate, draw


def population(models: int = 4, questions: int = 100, suspicious: int = 5, top: int = 3) -> list[Candidate]:
    """Two turns a question; every `suspicious`-th turn is so, every `top`-th has full marks."""
    found = []
    for model in range(models):
        for n in range(questions * 2):
            reason = "repeats" if n % suspicious == 0 else "top" if n % top == 0 else None
            found.append(Candidate((model, n // 2, 0, n % 2 + 1), "quality" if n % 4 else "harm", reason))
    return found


def test_the_same_seed_draws_the_same_and_another_does_not():
    everything = population()
    first = draw(everything, 200, 1)
    assert draw(everything[::-1], 200, 1) == first
    assert {d.unit for d in draw(everything, 200, 2)} != {d.unit for d in first}


def test_three_fifths_are_random_and_the_rest_is_suspicious():
    drawn = draw(population(), 200, 1)
    assert len({d.unit for d in drawn}) == 200
    strata = Counter(d.stratum for d in drawn)
    assert strata == {"random": 120, "targeted": 80}
    reasons = Counter(d.reason for d in drawn if d.stratum == "targeted")
    assert reasons == {"repeats": 60, "top": 20}
    shared = [d for d in drawn if d.shared]
    assert len(shared) == round(SHARED * 200)
    assert {d.stratum for d in shared} == {"random"}


def test_every_block_has_its_part():
    drawn = [d for d in draw(population(), 200, 3) if d.stratum == "random"]
    for block, taken in Counter((d.rubric, d.unit[0]) for d in drawn).items():
        size = 150 if block[0] == "quality" else 50
        assert abs(taken - 120 * size / 800) <= 1, (block, taken)
        assert {d.inclusion_prob for d in drawn if (d.rubric, d.unit[0]) == block} == {taken / size}


def test_a_larger_sample_holds_the_smaller_one_of_random_turns():
    everything = population()
    small, large = ({d.unit for d in draw(everything, n, 1) if d.stratum == "random"} for n in (100, 200))
    assert small < large


def test_every_turn_is_drawn_as_often_as_its_probability_says():
    everything = population(models=2, questions=15)
    drawn: Counter[str] = Counter()
    promised: Counter[str] = Counter()
    seeds = 2000
    for seed in range(seeds):
        for d in draw(everything, 30, seed):
            if d.stratum == "random":
                drawn[f"{d.unit}"] += 1
                promised[d.rubric] += 1
    for rubric, times in promised.items():
        units = [c for c in everything if c.rubric == rubric]
        for c in units:
            assert drawn[f"{c.unit}"] == pytest.approx(times / len(units), rel=0.15), c


@given(st.integers(1, 40), st.integers(1, 60), st.integers(1, 30), st.integers(1, 30), st.integers(0, 10**6))
def test_any_sample_is_one_of_the_candidates(questions: int, size: int, suspicious: int, top: int, seed: int):
    everything = population(1, questions, suspicious, top)
    drawn = draw(everything, size, seed)
    units = [d.unit for d in drawn]
    assert len(set(units)) == len(units) <= min(size, len(everything))
    assert set(units) <= {c.unit for c in everything}
    assert all(0 < d.inclusion_prob <= 1 for d in drawn)
    assert sum(d.stratum == "random" for d in drawn) >= round(RANDOM_SHARE * min(size, len(everything)))


def test_where_nothing_is_suspicious_chance_fills_the_sample():
    everything = [Candidate((0, n, 0, 1), "quality", None) for n in range(50)]
    assert Counter(d.stratum for d in draw(everything, 20, 1)) == {"random": 20}
    assert len(draw(everything, 99, 1)) == 50
