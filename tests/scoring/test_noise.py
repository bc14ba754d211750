"""The parts of the variance against a simulation of known parts."""

from itertools import combinations

import numpy as np
import pytest

from judge.scoring.noise import noise
from judge.scoring.paired import differences

QUESTIONS, ANSWERS, VERDICTS = 2.0, 1.5, 1.0
"""Standard deviations of a model's part."""


def simulated(samples: int, repeats: int, seed: int = 1, models: int = 4, questions: int = 1500) -> np.ndarray:
    random = np.random.default_rng(seed)
    shape = (models, questions, samples, repeats)
    return (
        random.normal(0, QUESTIONS, (*shape[:2], 1, 1))
        + random.normal(0, ANSWERS, (*shape[:3], 1))
        + random.normal(0, VERDICTS, shape)
    )


def parts(repeated: np.ndarray):
    cells = np.nanmean(repeated, axis=(2, 3))[:, :, None]
    pairs = list(combinations(range(cells.shape[0]), 2))
    tested = list(zip(pairs, differences(cells, pairs), strict=True))
    found = noise(repeated, tested)
    assert found is not None
    return found, tested


def test_all_parts_are_found_and_add_up():
    found, tested = parts(simulated(3, 2))
    assert found.questions == pytest.approx(2 * QUESTIONS**2, rel=0.1)
    assert found.answers == pytest.approx(2 * ANSWERS**2, rel=0.1)
    assert found.verdicts == pytest.approx(2 * VERDICTS**2, rel=0.1)
    assert found.sd() ** 2 == pytest.approx(np.mean([d.sd**2 for _, d in tested]), rel=1e-9)


def test_what_more_answers_and_verdicts_would_give_is_what_they_give():
    found, _ = parts(simulated(3, 2))
    more, _ = parts(simulated(6, 4, seed=2))
    assert found.sd(6, 4) == pytest.approx(more.sd(), rel=0.05)
    assert found.sd(1, 1) > found.sd() > found.sd(100, 100)


def test_what_was_done_once_is_not_known():
    once, _ = parts(simulated(1, 1))
    assert (once.answers, once.verdicts) == (None, None)
    assert once.sd(5, 5) == once.sd()
    judged_twice, _ = parts(simulated(1, 2))
    assert judged_twice.answers is None
    assert judged_twice.verdicts == pytest.approx(2 * VERDICTS**2, rel=0.1)
    answered_twice, _ = parts(simulated(2, 1))
    assert answered_twice.verdicts is None
    assert answered_twice.answers == pytest.approx(2 * (ANSWERS**2 + VERDICTS**2), rel=0.1)


def test_missing_answers_leave_the_rest():
    repeated = simulated(3, 2)
    repeated[0, ::5, 1] = np.nan
    found, _ = parts(repeated)
    assert found.answers == pytest.approx(2 * ANSWERS**2, rel=0.1)
    assert noise(repeated, []) is None
