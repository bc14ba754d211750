"""Comparisons of all models of a table, held against scipy and statsmodels, and what becomes of too little."""

from itertools import combinations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from judge.scoring.compare import Comparison, cell_means, compare
from judge.scoring.multiplicity import MOST_GROUPS, tied_groups
from judge.scoring.paired import sign_flip
from judge.scoring.table import OK, STATUSES, ScoreTable

UNPARSED = STATUSES.index("unparsed")


def table_of(scores: np.ndarray, categories: int = 1) -> ScoreTable:
    """From (models, questions, turns), NaN for a verdict that failed."""
    model, question, turn = np.indices(scores.shape)
    asked = scores.shape[1]
    return ScoreTable(
        models=tuple(f"m{n}" for n in range(scores.shape[0])),
        category_names=tuple(f"c{n}" for n in range(categories)),
        category=np.arange(asked) % categories,
        turns=np.full(asked, scores.shape[2]),
        first=np.ones(asked, dtype=int),
        verdicts_per_turn=1,
        scale=(0.0, 10.0),
        model=model.ravel(),
        question=question.ravel(),
        turn=turn.ravel() + 1,
        status=np.where(np.isnan(scores.ravel()), UNPARSED, OK),
        score=scores.ravel(),
        published=np.full(scores.size, np.nan),
    )


def like_logickor(models: int, questions: int, seed: int) -> np.ndarray:
    """Ceiling, floor, and turns that belong together; models about a point apart."""
    random = np.random.default_rng(seed)
    ability = np.linspace(8, 3, models)[:, None, None]
    hard = random.normal(0, 2, (1, questions, 1))
    mood = random.normal(0, 1.5, (models, questions, 1))
    return np.clip(np.round(ability + hard + mood + random.normal(0, 1.5, (models, questions, 2))), 0, 10)


def by_pair(found: Comparison) -> dict[tuple[int, int], object]:
    return {(p.first, p.second): p for p in found.pairs}


def test_every_figure_is_that_of_scipy_and_statsmodels():
    scores = like_logickor(5, 12, seed=1)
    found = compare(table_of(scores))
    p_values = []
    for pair in found.pairs:
        apart = scores[pair.first] - scores[pair.second]
        fit = sm.OLS(apart.ravel(), np.ones(24)).fit(
            cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(12), 2), "use_correction": False}, use_t=True
        )
        half = stats.t.ppf(0.975, 11) * fit.bse[0] * np.sqrt(12 / 11)
        exact = stats.permutation_test(
            (apart.mean(axis=1),), np.mean, permutation_type="samples", vectorized=True, n_resamples=10_000
        )
        got = pair.overall.difference
        expected = (fit.params[0], fit.params[0] - half, fit.params[0] + half, exact.pvalue)
        assert (got.mean, got.low, got.high, got.p) == pytest.approx(expected, abs=1e-9), pair
        mean = apart.mean(axis=1)
        assert (pair.wins, pair.ties, pair.losses) == ((mean > 0).sum(), (mean == 0).sum(), (mean < 0).sum()), pair
        p_values.append(exact.pvalue)
    for method, name in (("holm", "holm"), ("bh", "fdr_bh")):
        adjusted = [p.overall.p_adjusted for p in compare(table_of(scores), method=method).pairs]
        assert adjusted == pytest.approx(list(multipletests(p_values, method=name)[1]), abs=1e-9), method


def test_the_better_model_stands_first_and_groups_follow_from_the_pairs():
    scores = like_logickor(6, 42, seed=2)
    found = compare(table_of(scores[::-1]))
    means = scores[::-1].mean(axis=(1, 2))
    assert list(found.order) == sorted(range(6), key=lambda m: -means[m])
    assert all(p.overall.difference.mean >= 0 for p in found.pairs)
    assert found.groups is not None
    for pair in found.pairs:
        together = any({pair.first, pair.second} <= set(group) for group in found.groups)
        assert together is not pair.overall.differs, (pair, found.groups)
    assert any(p.overall.differs for p in found.pairs)
    assert not all(p.overall.differs for p in found.pairs)


def test_a_baseline_is_compared_with_all_others_and_swapping_flips_the_sign():
    table = table_of(like_logickor(3, 30, seed=3))
    of_first, of_last = compare(table, baseline=0), compare(table, baseline=2)
    assert [(p.first, p.second) for p in of_first.pairs] == [(1, 0), (2, 0)]
    assert of_first.groups is None
    one = by_pair(of_first)[2, 0].overall.difference
    other = by_pair(of_last)[0, 2].overall.difference
    assert (one.mean, one.low, one.high, one.sd) == (-other.mean, -other.high, -other.low, other.sd)


def test_a_model_does_not_differ_from_its_copy():
    own = like_logickor(1, 20, seed=4)
    (pair,) = compare(table_of(np.concatenate([own, own]))).pairs
    d = pair.overall.difference
    assert (d.mean, d.p, pair.overall.p_adjusted) == (0.0, 1.0, 1.0)
    # Twenty questions without a difference do not promise that the next has none.
    assert -0.2 < d.low == -d.high < 0
    assert (pair.wins, pair.ties, pair.losses) == (0, 20, 0)


def test_what_shares_too_few_questions_is_not_tested():
    scores = like_logickor(3, 14, seed=5)
    scores[1, 9:] = np.nan
    pairs = by_pair(compare(table_of(scores)))
    assert not pairs[0, 1].comparable
    d = pairs[0, 1].overall.difference
    assert (d.n, d.p, pairs[0, 1].overall.p_adjusted) == (9, None, None)
    assert d.mean == pytest.approx((scores[0, :9] - scores[1, :9]).mean())
    assert not pairs[0, 1].overall.differs
    # What is not tested makes no other comparison dearer.
    assert pairs[0, 2].overall.p_adjusted == pairs[0, 2].overall.difference.p


def test_models_of_other_judges_are_not_tested_against_each_other():
    found = compare(table_of(like_logickor(3, 20, seed=6)), judges=["a", "b", "a"])
    comparable = {pair: p.comparable for pair, p in by_pair(found).items()}
    assert comparable == {(0, 1): False, (0, 2): True, (1, 2): False}


def test_categories_are_a_family_of_their_own():
    table = table_of(like_logickor(3, 36, seed=7), categories=3)
    found = compare(table)
    raw = [p.categories[c].difference.p for c in table.category_names for p in found.pairs]
    adjusted = [p.categories[c].p_adjusted for c in table.category_names for p in found.pairs]
    assert adjusted == pytest.approx(list(multipletests(raw, method="holm")[1]), abs=1e-12)
    assert not compare(table, by_category=False).pairs[0].categories


def test_cells_are_means_over_samples_and_know_what_failed():
    table = table_of(np.array([[[4.0, np.nan]], [[6.0, 8.0]]]))
    assert np.array_equal(cell_means(table), np.array([[[4.0, np.nan]], [[6.0, 8.0]]]), equal_nan=True)


@pytest.mark.parametrize(("n", "low", "high"), [(18, 1.0, 1.0), (20, 0.7, 1.8)])
@pytest.mark.parametrize("kind", ["normal", "points", "binary"])
def test_rare_p_values_are_those_of_all_patterns(kind: str, n: int, low: float, high: float):
    random = np.random.default_rng(8)
    tests = 30
    weights = {
        "normal": random.normal(0.8, 1, (n, tests)),
        "points": random.integers(-2, 6, (n, tests)) / 2,
        "binary": (random.random((n, tests)) < 0.93) * 2.0 - 1,
    }[kind]
    signs = (np.arange(2**n)[:, None] >> np.arange(n) & 1) * 2.0 - 1
    exact = (np.abs(signs @ weights) >= np.abs(weights.sum(axis=0)) - 1e-9).mean(axis=0)
    got = sign_flip(weights)
    rare = exact < 0.004
    assert rare.sum() > 5
    ratio = got[rare] / exact[rare]
    assert ratio.min() >= low - 1e-9, ratio
    assert ratio.max() <= high + 1e-9, ratio


def test_clear_differences_are_found_among_thousands_of_comparisons():
    random = np.random.default_rng(9)
    weights = random.normal(0, 1, (42, 3000))
    weights[:, 0] += 1.2
    p = sign_flip(weights)
    assert p[0] * 3000 < 0.05, p[0]
    assert 0.03 < (p <= 0.05).mean() < 0.07


@given(
    st.integers(1, 9).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(list(combinations(range(9), 2)))))
    )
)
@settings(max_examples=80)
def test_two_models_share_a_group_where_they_do_not_differ_and_only_there(case: tuple[int, set[tuple[int, int]]]):
    n, pairs = case
    differ = np.zeros((n, n), dtype=bool)
    for a, b in pairs:
        if max(a, b) < n:
            differ[a, b] = differ[b, a] = True
    groups = tied_groups(range(n), differ)
    assert groups is not None
    for a, b in combinations(range(n), 2):
        assert any({a, b} <= set(g) for g in groups) is not bool(differ[a, b]), (a, b, groups)
    assert {m for g in groups for m in g} == set(range(n))
    for g in groups:  # maximal: nobody else fits in
        assert all(any(differ[m, k] for k in g) for m in set(range(n)) - set(g)), (g, groups)


def test_more_groups_than_anybody_reads_are_none():
    differ = np.zeros((24, 24), dtype=bool)
    for a in range(0, 24, 2):  # twelve pairs that differ and nothing else: 2^12 groups
        differ[a, a + 1] = differ[a + 1, a] = True
    assert MOST_GROUPS < 2**12
    assert tied_groups(range(24), differ) is None
