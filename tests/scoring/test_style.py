"""Length and looks: planted preferences are found, absent ones are not, against statsmodels and simulations."""

import numpy as np
import pytest

from judge.scoring.length import length_slope
from judge.scoring.pairwise import ComparisonTable
from judge.scoring.style import style_control
from tests.scoring.comparison_tables import comparison_table


def judged(
    random: np.random.Generator, questions: int, beta: float, strengths: tuple[float, ...] = (0.5, 0.0, -0.3)
) -> tuple[ComparisonTable, np.ndarray]:
    """Comparisons by a judge to whom length is worth `beta`; the better models write more."""
    models = len(strengths)
    characters = 400 * np.exp(0.5 * random.standard_normal((models, questions)) + 0.4 * np.array(strengths)[:, None])
    styles = np.stack([characters, *np.zeros((3, models, questions))], axis=2)
    pairs = [(a, b) for a in range(models) for b in range(a + 1, models)]
    gaps = np.array([[characters[a, q] - characters[b, q] for a, b in pairs] for q in range(questions)])
    z = np.tanh(gaps / gaps.std(ddof=1))
    rows = []
    for q in range(questions):
        for number, (a, b) in enumerate(pairs):
            logit = strengths[a] - strengths[b] + beta * z[q, number]
            rows.append((q, number, 1 if random.random() < 1 / (1 + np.exp(-logit)) else -1, q))
    return comparison_table(rows, models), styles


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_fit_is_that_of_a_binomial_model():
    import statsmodels.api as sm

    random = np.random.default_rng(2)
    table, styles = judged(random, 80, 0.8)
    styles[:, :, 1:] = random.poisson(2.0, styles[:, :, 1:].shape)
    pairs = np.array(table.pairs)[table.pair]
    gap = styles[pairs[:, 0], table.place] - styles[pairs[:, 1], table.place]
    z = gap / gap.std(axis=0, ddof=1)
    z[:, 0] = np.tanh(z[:, 0])
    strengths = np.eye(3)[pairs[:, 0]] - np.eye(3)[pairs[:, 1]]
    design = np.hstack([strengths[:, 1:], z])
    fitted = sm.GLM((table.forward + 1) / 2, design, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=100)
    found = style_control(table, styles, resamples=20)
    assert found is not None
    assert [e.feature for e in found.effects] == ["length", "headers", "lists", "bold"]
    assert [e.effect.value for e in found.effects] == pytest.approx(fitted.params[2:].tolist(), abs=1e-7)
    assert [e.sd for e in found.effects] == pytest.approx(gap.std(axis=0, ddof=1).tolist())
    expected = 1 / (1 + np.exp(fitted.params[0]))
    assert found.pairs[0].win_rate.value == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("beta", [1.2, -0.8])
def test_a_planted_length_preference_is_found_within_its_interval(beta):
    table, styles = judged(np.random.default_rng(4), 150, beta)
    found = style_control(table, styles, resamples=200)
    assert found is not None
    (length,) = found.effects
    assert length.effect.low < beta < length.effect.high, length
    assert not length.effect.low < 0 < length.effect.high, length
    one_sd = 1 / (1 + np.exp(-np.tanh(1.0) * length.effect.value))
    assert length.one_sd.value == pytest.approx(one_sd)
    # At equal length m0 beats m1 as often as its strength says, not as often as it does at its own length.
    assert found.pairs[0].win_rate.low < 1 / (1 + np.exp(-0.5)) < found.pairs[0].win_rate.high, found.pairs[0]


def test_a_judge_that_does_not_care_for_length_is_not_accused():
    random = np.random.default_rng(8)
    accused, trials = 0, 100
    for _ in range(trials):
        found = style_control(*judged(random, 60, 0.0), resamples=100)
        assert found is not None
        effect = found.effects[0].effect
        accused += not effect.low <= 0 <= effect.high
    assert accused <= 11, f"{accused} of {trials} indifferent judges are accused at 5 %"


def test_answers_that_are_not_known_are_counted_and_without_any_there_is_nothing():
    table, styles = judged(np.random.default_rng(1), 40, 0.0)
    styles[0, :10] = np.nan
    found = style_control(table, styles, resamples=20)
    assert found is not None
    assert (found.n, found.without_answers) == (100, 20)
    assert style_control(table, np.full_like(styles, np.nan)) is None
    assert style_control(table, np.ones_like(styles)) is None


def test_a_judge_that_always_takes_the_longer_answer_has_no_finite_preference():
    table, styles = judged(np.random.default_rng(6), 40, 500.0, (0.0, 0.0, 0.0))
    found = style_control(table, styles, resamples=20)
    assert found is not None
    assert found.effects[0].effect.value is None
    assert {p.win_rate.value for p in found.pairs} == {None}


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_the_slope_of_scores_is_that_of_least_squares_with_constants():
    import statsmodels.api as sm

    random = np.random.default_rng(7)
    model, item = (grid.ravel() for grid in np.meshgrid(np.arange(4), np.arange(30), indexing="ij"))
    kept = random.random(model.size) < 0.8
    model, item = model[kept], item[kept]
    characters = np.round(300 * np.exp(random.standard_normal(model.size) + 0.5 * model))
    level = np.array([5.0, 6.0, 7.0, 8.0])[model] + np.linspace(-1, 1, 30)[item]
    score = level - 0.4 * np.log2(characters) + 0.3 * random.standard_normal(model.size)
    design = np.hstack([np.log2(characters)[:, None], np.eye(4)[model], np.eye(30)[item][:, 1:]])
    expected = sm.OLS(score, design).fit().params[0]
    found = length_slope(score, characters, model, item, item // 2)
    assert found.value == pytest.approx(expected, abs=1e-9)
    assert found.low < -0.4 < found.high
    assert found.n == model.size


def test_a_model_that_is_better_and_wordier_everywhere_shows_no_effect_of_length():
    model, item = np.repeat([0, 1], 10), np.tile(np.arange(10), 2)
    found = length_slope(np.where(model == 1, 9.0, 5.0), np.where(model == 1, 800.0, 100.0), model, item, item)
    assert (found.value, found.n) == (None, 20)
