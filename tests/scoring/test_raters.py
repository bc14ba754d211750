"""Judges beside people: every coefficient against independent calculation, and what is withheld."""

import krippendorff
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa, to_table
from statsmodels.stats.proportion import proportion_confint

from judge.scoring.raters import FEWEST_RATINGS, agreement, confusion, detection, people_agreement


def two_raters(seed: int, units: int = 90) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 11, units)
    return truth.astype(float), np.clip(truth + random.integers(-2, 3, units), 0, 10).astype(float)


def ac1(first: np.ndarray, second: np.ndarray) -> float:
    """Gwet (2008), equation by equation on the table of counts."""
    categories = sorted({*first, *second})
    table = np.array([[((first == a) & (second == b)).sum() for b in categories] for a in categories]) / first.size
    pi = (table.sum(axis=0) + table.sum(axis=1)) / 2
    chance = (pi * (1 - pi)).sum() / (len(categories) - 1)
    return float((np.trace(table) - chance) / (1 - chance))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_coefficient_is_that_of_an_independent_calculation(seed: int):
    first, second = two_raters(seed)
    got = agreement(first, second, np.arange(first.size) // 2)
    assert got.coefficients is not None
    expected = {
        "weighted_kappa": cohens_kappa(to_table(np.stack([first, second], axis=1), bins=11)[0], wt="quadratic").kappa,
        "alpha": krippendorff.alpha(np.stack([first, second]), level_of_measurement="ordinal"),
        "ac1": ac1(first, second),
        "spearman": stats.spearmanr(first, second).statistic,
    }
    for name, value in expected.items():
        found = got.coefficients[name]
        assert found.value == pytest.approx(value, abs=1e-9), name
        assert found.low is not None, name
        assert found.high is not None, name
        assert found.low < value < found.high, name
    assert (got.n, got.questions) == (90, 45)
    assert got.exact.mean == pytest.approx((first == second).mean(), abs=1e-9)


def test_cohens_own_kind_of_table_worked_by_hand():
    # Rows are people, columns the judge: 20 5 / 10 15. Agreement 0.7, by chance 0.5.
    people = np.repeat([0.0, 0, 1, 1], [20, 5, 10, 15])
    judge = np.repeat([0.0, 1, 0, 1], [20, 5, 10, 15])
    got = agreement(people, judge, np.arange(50))
    assert got.coefficients is not None
    assert got.coefficients["weighted_kappa"].value == pytest.approx(0.4, abs=1e-9)
    # pi = (25 + 30) / 100: chance 2 * 0.55 * 0.45.
    assert got.coefficients["ac1"].value == pytest.approx((0.7 - 0.495) / (1 - 0.495), abs=1e-9)
    table = confusion(people, judge)
    assert table is not None
    assert (table.values, table.counts) == ([0.0, 1.0], [[20, 5], [10, 15]])
    found = detection(people == 1, judge == 1, np.arange(50))
    assert (found.sensitivity.mean, found.specificity.mean) == pytest.approx((0.6, 0.8), abs=1e-9)
    for share, hits in ((found.sensitivity, 15), (found.specificity, 20)):
        assert (share.low, share.high) == pytest.approx(proportion_confint(hits, 25, method="wilson"), abs=1e-9)


def test_questions_with_many_answers_widen_the_interval():
    random = np.random.default_rng(5)
    agrees = np.repeat(random.integers(0, 2, 30), 6).astype(bool)
    first = random.integers(1, 6, 180).astype(float)
    second = np.where(agrees, first, random.integers(1, 6, 180)).astype(float)

    def width(cluster: np.ndarray) -> float:
        coefficients = agreement(first, second, cluster).coefficients
        assert coefficients is not None
        kappa = coefficients["weighted_kappa"]
        assert kappa.low is not None
        assert kappa.high is not None
        return kappa.high - kappa.low

    assert width(np.repeat(np.arange(30), 6)) > 1.3 * width(np.arange(180))


def test_few_ratings_are_shown_without_coefficients():
    first, second = two_raters(4, FEWEST_RATINGS - 1)
    got = agreement(first, second, np.arange(first.size))
    assert (got.n, got.coefficients) == (FEWEST_RATINGS - 1, None)
    assert got.exact.mean is not None
    assert confusion(first, second) is not None


def test_a_scale_of_many_values_has_no_confusion_table():
    fine = np.arange(100) / 7
    assert confusion(fine, fine) is None


def test_people_among_themselves_are_every_pair_and_the_whole_table():
    random = np.random.default_rng(6)
    truth = random.integers(1, 6, 60)
    people = np.clip(truth + random.integers(-1, 2, (3, 60)), 1, 5).astype(float)
    people[2, 40:] = np.nan  # the third saw forty
    people[1, 50:] = np.nan  # and ten were seen by one alone
    got = people_agreement(people, np.arange(60))
    assert got is not None
    assert got.n == 50
    assert got.coefficients is not None
    seen = people[:, :50]
    assert got.coefficients["alpha"].value == pytest.approx(
        krippendorff.alpha(seen, level_of_measurement="ordinal"), abs=1e-9
    )
    table = np.zeros((5, 5))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        for x, y in zip(people[a], people[b], strict=True):
            if not np.isnan(x + y):
                table[int(x) - 1, int(y) - 1] += 1
                table[int(y) - 1, int(x) - 1] += 1
    kappa = cohens_kappa(table, wt="quadratic").kappa
    assert got.coefficients["weighted_kappa"].value == pytest.approx(kappa, abs=1e-9)
    assert got.coefficients["weighted_kappa"].n == 50


def test_one_person_has_no_ceiling():
    assert people_agreement(np.arange(40.0)[None, :], np.arange(40)) is None
