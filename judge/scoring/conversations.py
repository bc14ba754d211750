"""From verdicts to one score for each conversation: repeats first, then turns.

A turn's score is the mean of its verdicts (of all samples and repeats), a conversation's the mean or the worst of its
turns; it has none where a planned turn has no verdict.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from judge.scoring.proportion import Booleans
from judge.scoring.table import Integers


def turn_scores(
    model: Integers, question: Integers, turn: Integers, score: NDArray[np.float64], shape: tuple[int, int, int]
) -> NDArray[np.float64]:
    """The mean of the scores in each cell of `shape` (models, questions, turns), NaN without any; turns count from 1.

    The other arrays are per verdict, shape (n,).
    """
    cell = (model.astype(np.int64) * shape[1] + question) * shape[2] + turn - 1
    size = shape[0] * shape[1] * shape[2]
    count = np.bincount(cell, minlength=size)
    total = np.bincount(cell, weights=score, minlength=size)
    mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
    return np.asarray(mean.reshape(shape))


def over_turns(scores: NDArray[np.float64], planned: Booleans, rule: Literal["mean", "worst"]) -> NDArray[np.float64]:
    """Shape (models, questions) from (models, questions, turns); `planned` of shape (questions, turns)."""
    lacking = (np.isnan(scores) & planned).any(axis=2) | ~planned.any(axis=1)
    if rule == "worst":
        each = np.where(planned, scores, np.inf).min(axis=2, initial=np.inf)
    else:
        each = np.where(planned, scores, 0.0).sum(axis=2) / np.maximum(1, planned.sum(axis=1))
    return np.asarray(np.where(lacking, np.nan, each))
