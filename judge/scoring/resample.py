"""The cluster bootstrap: questions are drawn with replacement, and all that belongs to one goes with it."""

import math

import numpy as np
from numpy.typing import NDArray

from judge.scoring.quantiles import Z95, t95

SEED = 20_260_101
_FEW_QUESTIONS = 10_000
"""Above this, drawing questions one by one is ten times as fast as a multinomial."""


def question_draws(random: np.random.Generator, questions: int, size: int) -> NDArray[np.float64]:
    """How often each question is drawn, shape (size, questions)."""
    if questions <= _FEW_QUESTIONS:
        return random.multinomial(questions, np.full(questions, 1 / questions), size=size).astype(np.float64)
    draws = np.empty((size, questions))
    for row in draws:
        row[:] = np.bincount(random.integers(questions, size=questions, dtype=np.int32), minlength=questions)
    return draws


def limits(drawn: NDArray[np.float64], value: float, clusters: int) -> tuple[float | None, float | None]:
    """95 % limits of a figure of this `value` from its draws, shape (draws,); None on a side that is open.

    Percentiles, moved away from the value by sqrt(C / (C - 1)) * t(0.975, C - 1) / z(0.975): drawing few clusters again
    varies too little, as a standard deviation that is divided by C does. A draw in which the figure does not exist
    (NaN) could have been anything: it counts as the lowest for the lower limit and as the highest for the upper one.
    """
    if clusters < 2:
        return None, None
    missing = np.isnan(drawn)
    low = np.percentile(np.where(missing, -np.inf, drawn), 2.5, method="lower")
    high = np.percentile(np.where(missing, np.inf, drawn), 97.5, method="higher")
    wider = math.sqrt(clusters / (clusters - 1)) * t95(clusters - 1) / Z95
    return _moved(value, float(low), wider), _moved(value, float(high), wider)


def _moved(value: float, limit: float, wider: float) -> float | None:
    return value + (limit - value) * wider if math.isfinite(limit) else None
