"""Scores like those LogicKor published, drawn from a model whose true means are known exactly.

A score is a cut of a normal number: level of the model + difficulty of the question (shared by all models) + what this
model makes of this question (shared by its turns) + the turn. The cuts are set so that models of levels spread like
`SPREAD` together have LogicKor's shares: 36 % tens, 43 % nines and tens, 14 % zeros. At middling levels turns correlate
0.45 to 0.49 within a question, and the questions' differences between two models have a standard deviation near 3.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

SCALE = (0.0, 10.0)
TURNS = 2
LEVELS = {"near the floor": -2.0, "middling": 0.0, "near the ceiling": 1.35}
"""Their true means are 0.91, 6.54 and 9.43 of 10."""

SPREAD = 0.9
_SHARES = (0.145, 0.03, 0.114, 0.04, 0.03, 0.02, 0.03, 0.06, 0.102, 0.073, 0.356)
"""Of the scores 0 to 10."""
_CUTS = ndtri(np.cumsum(_SHARES)[:-1]) * np.sqrt(1 + SPREAD**2)
_DIFFICULTY, _INTERACTION = 0.25, 0.30
"""Parts of the variance; the turn has the rest."""


def true_mean(level: float) -> float:
    """Of all questions that could be asked: P(score >= 1) + ... + P(score >= 10)."""
    return float(ndtr(level - _CUTS).sum())


def draw(random: np.random.Generator, levels: Floats, questions: int, repetitions: int) -> Floats:
    """Scores of shape (repetitions, models, questions, turns)."""
    shape = (repetitions, levels.size, questions, TURNS)
    latent = random.standard_normal(shape) * np.sqrt(1 - _DIFFICULTY - _INTERACTION)
    latent += np.sqrt(_INTERACTION) * random.standard_normal((*shape[:3], 1))
    latent += np.sqrt(_DIFFICULTY) * random.standard_normal((repetitions, 1, questions, 1))
    latent += levels[:, None, None]
    return np.asarray(np.searchsorted(_CUTS, latent), dtype=np.float64)
