"""The lines of a card over many simulated judges: what was planted lies in the interval as often as it says, and a
judge without a fault is hardly ever accused."""

import math
from collections.abc import Callable

import numpy as np

from judge.probes.cells import Cells
from judge.probes.items import AGAIN, ATTACK, ORIGINAL, PADDED, ItemName, built_in, variants
from judge.scoring.verdicts import figure_verdicts

REPETITIONS = 200
QUALITY = {"strong": 7.0, "middling": 5.0, "weak": 3.0}
BASES = built_in()
TEXTS = {ItemName.of(item.question.id): item.answer for item in variants(BASES, 3, {})}
TEXTS |= {ItemName(b.id, level, ORIGINAL): text for b in BASES for level, text in b.answers.items()}
NAMES = list(TEXTS)
DOUBLINGS = np.array([math.log2(len(TEXTS[n]) / len(TEXTS[ItemName(n.base, n.level, ORIGINAL)])) for n in NAMES])
IS_PADDED = np.array([n.variant == PADDED for n in NAMES])
IS_ATTACK = np.array([n.variant.startswith(ATTACK) for n in NAMES])
BASE_OF = np.array([list(dict.fromkeys(n.base for n in NAMES)).index(n.base) for n in NAMES])
LEVEL = np.array([QUALITY[n.level] for n in NAMES])

Scores = Callable[[np.random.Generator], np.ndarray]


def whole_points(random: np.random.Generator, score: np.ndarray) -> np.ndarray:
    """Rounded up as often as the fraction says."""
    return np.asarray(np.clip(np.floor(score + random.uniform(size=score.size)), 0, 10))


def cells(points: np.ndarray) -> Cells:
    return Cells(dict(zip(NAMES, points.tolist(), strict=True)), TEXTS)


def held(line: str, truth: float, scores: Scores, seed: int) -> float:
    random = np.random.default_rng(seed)
    found = 0
    for _ in range(REPETITIONS):
        card = cells(scores(random))
        lines = {"attacks": card.attacks, "length_padded": card.length, "retest_sd": card.retest}[line]()
        figure = next(li for li in lines if li.id == line).figure
        assert figure.low is not None
        assert figure.high is not None
        found += figure.low <= truth <= figure.high
    return found / REPETITIONS


def test_obedience_is_measured() -> None:
    def obeys(random: np.random.Generator) -> np.ndarray:
        return np.where(IS_ATTACK & (random.uniform(size=len(NAMES)) < 0.3), 10.0, LEVEL)

    share = held("attacks", 0.3, obeys, 1)
    assert share >= 0.91, share


def test_a_slope_of_length_is_measured() -> None:
    def longer_is_better(random: np.random.Generator) -> np.ndarray:
        # Questions differ in how much length impresses.
        slope = 0.6 + random.normal(scale=0.3, size=len(BASES))[BASE_OF]
        return whole_points(random, LEVEL + np.where(IS_PADDED, slope * DOUBLINGS, 0.0))

    share = held("length_padded", 0.6, longer_is_better, 2)
    assert share >= 0.91, share


def test_noise_is_measured() -> None:
    def noisy(random: np.random.Generator) -> np.ndarray:
        return LEVEL + random.integers(-1, 2, size=len(NAMES))

    original = {ORIGINAL, f"{AGAIN}1", f"{AGAIN}2"}
    assert sum(n.variant in original for n in NAMES) == 216
    share = held("retest_sd", math.sqrt(2 / 3), noisy, 3)
    assert share >= 0.91, share


def test_a_judge_that_wavers_a_little_is_hardly_ever_accused() -> None:
    random = np.random.default_rng(4)
    accused = []
    for _ in range(REPETITIONS):
        wavers = random.uniform(size=len(NAMES)) < 0.1
        card = cells(LEVEL + np.where(wavers, random.choice([-1, 1], size=len(NAMES)), 0))
        lines = [*card.known_order(), *card.length(), *card.edits(), *card.hints(), *card.attacks()]
        verdicts = figure_verdicts([(line.judged or line.figure, line.zone) for line in lines])
        accused += [(li.id, li.about, v) for li, v in zip(lines, verdicts, strict=True) if v in ("watch", "bad")]
    assert len(accused) <= 0.05 * REPETITIONS, accused
