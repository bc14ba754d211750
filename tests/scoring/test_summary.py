"""Ranks, failures and bounds of whole tables."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from judge.scoring.paired import MOST_PAIRED, difference
from judge.scoring.rank import rank_ranges
from judge.scoring.summary import summarise
from judge.scoring.table import OK, STATUSES, ScoreTable


def table(scores: np.ndarray, status: np.ndarray | None = None, published: np.ndarray | None = None) -> ScoreTable:
    """From scores of shape (models, questions, turns); NaN rows with status `pending` are left out."""
    models, questions, turns = scores.shape
    m, q, t = (a.ravel() for a in np.indices(scores.shape))
    flat = scores.ravel().astype(float)
    codes = np.zeros(flat.size, dtype=np.int64) if status is None else status.ravel()
    keep = codes >= 0
    return ScoreTable(
        models=tuple(f"m{i}" for i in range(models)),
        category_names=("나", "가"),
        category=np.arange(questions) % 2,
        turns=np.full(questions, turns),
        first=np.ones(questions, dtype=int),
        verdicts_per_turn=1,
        scale=(0.0, 10.0),
        model=m[keep],
        question=q[keep],
        turn=t[keep] + 1,
        status=codes[keep],
        score=np.where(codes == 0, flat, np.nan)[keep],
        published=(np.full(flat.size, np.nan) if published is None else published.ravel())[keep],
    )


def test_clearly_different_models_have_one_place_each():
    random = np.random.default_rng(1)
    scores = np.stack([random.integers(low, low + 2, (30, 2)) for low in (8, 5, 1)])
    assert rank_ranges(table(scores)) == [(1, 1), (2, 2), (3, 3)]


def test_equal_models_share_every_place():
    same = np.random.default_rng(2).integers(0, 11, (20, 2))
    assert rank_ranges(table(np.stack([same, same, same]))) == [(1, 3)] * 3


def test_indistinguishable_models_get_ranges_that_overlap():
    random = np.random.default_rng(3)
    first, second = rank_ranges(table(random.integers(0, 11, (2, 40, 2))))
    assert first == (1, 2)
    assert second == (1, 2)


def test_failures_are_counted_by_kind_and_never_score():
    scores = np.full((1, 4, 2), 8.0)
    status = np.zeros((1, 4, 2), dtype=np.int64)
    status[0, 0, 0] = STATUSES.index("unparsed")
    status[0, 1, 1] = STATUSES.index("provider_error")
    status[0, 3, :] = -1
    (got,) = summarise(table(scores, status))
    assert got.failures == {"pending": 2, "provider_error": 1, "unparsed": 1}
    assert (got.overall.mean, got.overall.n, got.overall.failed) == (8.0, 4, 4)
    assert got.bounds is not None
    assert (got.bounds.worst, got.bounds.best) == pytest.approx((4.0, 9.0))
    assert sum(e.n + e.failed for e in got.categories.values()) == 8
    assert sum(e.n + e.failed for e in got.turns.values()) == 8


def test_a_model_without_any_score_has_no_rank():
    scores = np.full((2, 3, 1), 5.0)
    status = np.zeros((2, 3, 1), dtype=np.int64)
    status[1] = STATUSES.index("refused")
    first, second = summarise(table(scores, status))
    assert first.rank == (1, 1)
    assert second.rank is None
    assert second.overall.mean is None


def test_as_published_counts_what_was_published():
    scores = np.full((1, 2, 2), 10.0)
    status = np.zeros((1, 2, 2), dtype=np.int64)
    status[0, 0, 1] = STATUSES.index("unparsed")
    published = scores.copy()
    published[0, 0, 1] = 0.0
    (got,) = summarise(table(scores, status, published))
    assert got.overall.mean == 10.0
    assert got.as_published == pytest.approx(7.5)


def test_few_verdicts_do_not_lift_a_model_to_the_top_nor_put_it_anywhere():
    scores = np.stack([np.full((12, 1), value) for value in (9.0, 8.0, 10.0)])
    status = np.zeros((3, 12, 1), dtype=np.int64)
    status[2, 1:] = STATUSES.index("unparsed")
    assert rank_ranges(table(scores, status)) == [(1, 2), (2, 3), (1, 3)]


def test_small_numbers_are_enough_for_every_code():
    random = np.random.default_rng(4)
    status = np.where(random.random((3, 40, 2)) < 0.2, STATUSES.index("refused"), 0)
    wide = table(random.integers(0, 11, (3, 40, 2)), status)
    narrow = dataclasses.replace(
        wide,
        **{name: getattr(wide, name).astype(np.int8) for name in ("category", "turns", "model", "turn", "status")},
        question=wide.question.astype(np.int32),
    )
    assert summarise(narrow) == summarise(wide)


def test_every_category_is_reported_also_one_without_a_score():
    status = np.zeros((1, 4, 1), dtype=np.int64)
    status[0, 1::2] = STATUSES.index("filtered")
    (got,) = summarise(table(np.full((1, 4, 1), 6.0), status))
    assert {name: (e.mean, e.n, e.failed) for name, e in got.categories.items()} == {
        "나": (6.0, 2, 0),
        "가": (None, 0, 2),
    }


def test_many_questions_rank_as_few_do():
    random = np.random.default_rng(5)
    level = np.array([8.0, 5.0, 5.0])[:, None, None]
    many = table(level + random.normal(0, 1, (3, 10_001, 1)))
    assert rank_ranges(many) == [(1, 1), (2, 3), (2, 3)]


def test_the_pairs_of_many_models_are_never_held_at_once():
    scores = np.random.default_rng(6).integers(0, 11, (24, 20_000, 1))
    many = table(scores)
    tracemalloc.start()
    rank_ranges(many)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150e6, f"{peak / 1e6:.0f} MB at the peak; the 276 pairs are {276 * 20_000 * 8 / 1e6:.0f} MB each time"


def test_very_many_models_have_no_ranks():
    assert rank_ranges(table(np.full((MOST_PAIRED + 1, 12, 1), 5.0))) == [None] * (MOST_PAIRED + 1)


def test_the_only_model_with_a_score_is_first_whatever_the_number_of_questions():
    status = np.zeros((2, 300_000, 1), dtype=np.int64)
    status[0] = STATUSES.index("refused")
    assert rank_ranges(table(np.full((2, 300_000, 1), 5.0), status)) == [None, (1, 1)]


def test_one_question_leaves_no_ranks():
    scores = np.array([[[8.0, 9.0]], [[2.0, 1.0]]])
    assert rank_ranges(table(scores)) == [None, None]


def test_a_rank_is_what_the_comparisons_of_the_model_say():
    random = np.random.default_rng(7)
    level = np.array([8.5, 8.0, 6.5, 6.3, 3.0])[:, None, None]
    scores = np.clip(level + random.normal(0, 2.5, (5, 60, 2)), 0, 10)
    for model, (best, worst) in enumerate(rank_ranges(table(scores))):
        others = [other for other in range(5) if other != model]
        found = [difference(scores[model], scores[other]) for other in others]
        adjusted = multipletests([d.p for d in found], method="holm")[1]
        lost = sum(p <= 0.05 and d.mean < 0 for p, d in zip(adjusted, found, strict=True))
        won = sum(p <= 0.05 and d.mean > 0 for p, d in zip(adjusted, found, strict=True))
        assert (best, worst) == (1 + lost, 5 - won), model


def test_bounds_weigh_every_question_alike():
    scores = np.full((1, 4, 2), 6.0)
    status = np.zeros((1, 4, 2), dtype=np.int64)
    status[0, 0] = STATUSES.index("unparsed")
    status[0, 1, 0] = STATUSES.index("refused")
    (got,) = summarise(table(scores, status))
    assert got.bounds is not None
    assert (got.bounds.worst, got.bounds.best) == pytest.approx(((0 + 3 + 6 + 6) / 4, (10 + 8 + 6 + 6) / 4))


def test_a_graded_conversation_counts_as_one_question():
    """Two questions graded on each of two turns, one as a whole on its last turn, one with a single turn."""
    planned = ScoreTable(
        models=("m",),
        category_names=("가",),
        category=np.zeros(4, dtype=int),
        turns=np.array([2, 2, 2, 1]),
        first=np.array([1, 1, 2, 1]),
        verdicts_per_turn=1,
        scale=(0.0, 10.0),
        model=np.zeros(6, dtype=int),
        question=np.array([0, 0, 1, 1, 2, 3]),
        turn=np.array([1, 2, 1, 2, 2, 1]),
        status=np.array([OK, OK, OK, STATUSES.index("unparsed"), OK, OK]),
        score=np.array([8.0, 4.0, 9.0, np.nan, 2.0, 7.0]),
        published=np.full(6, np.nan),
    )
    (got,) = summarise(planned)
    assert got.overall.mean == pytest.approx((6 + 9 + 2 + 7) / 4)
    assert (got.overall.n, got.overall.failed) == (5, 1)
    assert got.bounds is not None
    assert (got.bounds.worst, got.bounds.best) == pytest.approx(((6 + 4.5 + 2 + 7) / 4, (6 + 9.5 + 2 + 7) / 4))
    assert (got.turns[1].mean, got.turns[2].mean) == pytest.approx((8.0, 3.0))
