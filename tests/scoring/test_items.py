"""Item analysis on simulated scores of which the truth is known, and against scipy."""

import numpy as np
import pytest
from scipy import stats

from judge.scoring.estimate import clustered_mean
from judge.scoring.item_findings import item_findings, robustness
from judge.scoring.items import ItemScores, difficulty, item_statistics

STEP = 0.1
MODELS, SOUND = 24, 60
PLANTED = {"reversed": 0, "ceiling": 1, "floor": 2, "noise": 3, "same": 4, "wrong_key": 5}


def sound_items(random: np.random.Generator, models: int, items: int) -> np.ndarray:
    """Scores 0 to 10 in whole numbers: better models score higher, items differ in how hard they are."""
    ability = np.linspace(-1.5, 1.5, models)[:, None]
    hard = random.normal(0, 1, items)[None, :]
    return np.round(10 / (1 + np.exp(-(2 * (ability - hard) + random.normal(0, 0.7, (models, items))))))


def planted(seed: int, models: int = MODELS) -> np.ndarray:
    """Sound items, the first of them replaced by those of PLANTED."""
    random = np.random.default_rng(seed)
    scores = sound_items(random, models, SOUND)
    level = np.linspace(0, 10, models)
    scores[:, PLANTED["reversed"]] = np.clip(np.round(10 - level + random.normal(0, 1.5, models)), 0, 10)
    scores[:, PLANTED["ceiling"]] = 10
    scores[:, PLANTED["floor"]] = 0
    scores[0, PLANTED["ceiling"]], scores[-1, PLANTED["floor"]] = 7, 4
    scores[:, PLANTED["noise"]] = random.integers(0, 11, models)
    scores[:, PLANTED["same"]] = 6
    # Whoever is right is marked down; who is wrong now and then says what the reference says.
    scores[:, PLANTED["wrong_key"]] = random.choice([0, 2, 3, 5], models, p=[0.3, 0.4, 0.2, 0.1])
    return scores


def items(scores: np.ndarray, family: np.ndarray | None = None, per_question: int = 1) -> ItemScores:
    question = np.arange(scores.shape[1]) // per_question
    return ItemScores(scores / 10, question, np.arange(len(scores)) if family is None else family, STEP)


@pytest.mark.parametrize("seed", range(12))
def test_every_planted_fault_is_named(seed: int):
    scores = items(planted(seed))
    got = item_findings(item_statistics(scores), STEP).found
    where = {name: np.flatnonzero(which).tolist() for name, which in got.items()}
    assert where["reversed"] == [PLANTED["reversed"]], where
    assert PLANTED["ceiling"] in where["ceiling"], where
    assert PLANTED["floor"] in where["floor"], where
    assert PLANTED["same"] in where["separates_none"], where
    assert PLANTED["noise"] in where["unrelated"] + where["strong_fail"], where
    assert PLANTED["wrong_key"] in where["strong_fail"], where
    # None of the three is the same complaint as another.
    assert PLANTED["same"] not in where["ceiling"] + where["floor"], where
    assert PLANTED["ceiling"] not in where["strong_fail"] + where["unrelated"] + where["reversed"], where


def test_sound_items_are_seldom_suspected():
    suspected = {"reversed": 0, "strong_fail": 0, "unrelated": 0}
    expected = dict.fromkeys(suspected, 0.0)
    for seed in range(100, 140):
        scores = items(sound_items(np.random.default_rng(seed), MODELS, SOUND))
        got = item_findings(item_statistics(scores), STEP)
        for name in suspected:
            suspected[name] += int(got.found[name].sum())
            expected[name] += got.by_chance.get(name, 0.0)
    assert suspected["reversed"] == 0, suspected
    for name in ("strong_fail", "unrelated"):
        assert suspected[name] <= 1.3 * expected[name], (suspected, expected)


def test_the_correlation_is_scipys_over_the_other_questions():
    random = np.random.default_rng(5)
    raw = sound_items(random, 15, 20)
    got = item_statistics(items(raw, per_question=2))
    for item in range(20):
        others = [i for i in range(20) if i // 2 != item // 2]
        known = stats.pearsonr(raw[:, item], raw[:, others].mean(axis=1))
        assert got.correlation[item] == pytest.approx(known.statistic, abs=1e-12)
        interval = known.confidence_interval(0.95)
        assert (got.correlation_low[item], got.correlation_high[item]) == pytest.approx(interval, abs=1e-9)
        less = stats.pearsonr(raw[:, item], raw[:, others].mean(axis=1), alternative="less")
        assert got.p_negative[item] == pytest.approx(less.pvalue, abs=1e-9)


def test_the_attainable_correlation_is_that_of_the_sorted_scores():
    raw = sound_items(np.random.default_rng(13), 15, 20)
    raw[2, 4] = np.nan
    got = item_statistics(items(raw))
    centred = raw - np.nanmean(raw, axis=0)
    for item in (3, 4):
        known = ~np.isnan(raw[:, item])
        rest = np.nanmean(np.delete(centred, item, axis=1), axis=1)[known]
        own = raw[known, item]
        assert got.correlation[item] == pytest.approx(np.corrcoef(own, rest)[0, 1])
        assert got.attainable[item] == pytest.approx(np.corrcoef(np.sort(own), np.sort(rest))[0, 1])
    assert np.nanmax(got.order) <= 1 + 1e-9, got.order


def test_the_mean_and_its_interval_are_those_of_any_mean():
    raw = sound_items(np.random.default_rng(6), 12, 3)
    scores = items(raw)
    for item in range(3):
        share = raw[:, item] / 10
        got = difficulty(scores, item)
        expected = clustered_mean(share, np.arange(12), 0, (0.0, 1.0))
        assert (got.mean, got.low, got.high) == (expected.mean, expected.low, expected.high)
        assert got.mean == pytest.approx(share.mean(), abs=1e-9)


def test_noise_is_called_reversed_as_often_as_the_test_promises():
    random = np.random.default_rng(8)
    p = [item_statistics(items(random.integers(0, 11, (10, 30)).astype(float))).p_negative for _ in range(60)]
    share = float((np.concatenate(p) < 0.05).mean())
    assert 0.035 <= share <= 0.075, f"{share:.3f} of the items of noise have p < 0.05"


def test_prompts_of_one_model_are_no_further_witnesses():
    raw = sound_items(np.random.default_rng(9), 8, 30)
    once = item_statistics(items(raw))
    thrice = item_statistics(items(np.repeat(raw, 3, axis=0), np.repeat(np.arange(8), 3)))
    for name in ("independent", "correlation", "correlation_low", "correlation_high", "p_negative"):
        assert getattr(thrice, name) == pytest.approx(getattr(once, name), nan_ok=True), name
    assert set(thrice.models.tolist()) == {24}


def test_with_four_models_nothing_is_claimed():
    raw = sound_items(np.random.default_rng(10), 4, 30)
    raw[:, 0], raw[:, 1] = [10, 7, 3, 0], 10
    statistics = item_statistics(items(raw))
    got = item_findings(statistics, STEP)
    assert np.isnan(statistics.correlation).all()
    assert np.isnan(statistics.strong).all()
    assert not any(which.any() for which in got.found.values()), got.found
    assert got.typical is None
    assert robustness(items(raw)) is None
    # Five rows of four models are four.
    five = np.vstack([raw, raw[:1]])
    assert not item_findings(item_statistics(items(five, np.array([0, 1, 2, 3, 0]))), STEP).suspicious.any()


def test_a_model_that_missed_the_hard_items_is_not_taken_for_a_better_one():
    random = np.random.default_rng(11)
    raw = sound_items(random, 20, 60)
    whole = item_statistics(items(raw)).correlation
    hard = raw.mean(axis=0) < np.median(raw.mean(axis=0))
    missing = raw.copy()
    missing[:4, hard] = np.nan
    got = item_statistics(items(missing)).correlation
    easy = ~hard
    assert np.nanmedian(np.abs(got[easy] - whole[easy])) < 0.05
    assert np.nanmin(got[easy] - whole[easy]) > -0.3


def test_a_question_is_the_mean_of_its_turns():
    raw = np.array([[10.0, 4.0, 8.0], [6.0, np.nan, 2.0]])
    whole = ItemScores(raw / 10, np.array([0, 0, 1]), np.arange(2), STEP).by_question()
    assert whole.value == pytest.approx(np.array([[0.7, 0.8], [np.nan, 0.2]]), nan_ok=True)


def test_a_wrong_key_stays_doubtful_whichever_model_is_left_out():
    scores = items(planted(3))
    held = robustness(scores)
    assert held is not None
    assert held.parts == 20
    assert held.held[PLANTED["wrong_key"]] == held.parts, held.held
    assert held.held[PLANTED["reversed"]] == held.parts, held.held
    assert held.held[PLANTED["ceiling"]] == 0


def test_items_without_any_score_are_unknown_not_wrong():
    raw = sound_items(np.random.default_rng(12), 10, 20)
    raw[:, 3] = np.nan
    statistics = item_statistics(items(raw))
    got = item_findings(statistics, STEP)
    assert statistics.models[3] == 0
    assert np.isnan(statistics.mean[3])
    assert np.isnan(got.doubt[3])
    assert not any(which[3] for which in got.found.values())
    assert difficulty(items(raw), 3).mean is None
