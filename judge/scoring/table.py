"""Verdicts as parallel arrays, one entry a verdict."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from judge.types import VerdictStatus

STATUSES: tuple[str, ...] = get_args(VerdictStatus)
OK = STATUSES.index("ok")


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """All verdicts of one comparable run.

    `categories` and `turns` are per question; `model`, `question`, `turn`, `status`, `score` and
    `published` per verdict, shape (n,). `score` is NaN where the status is not ok; `published` is what
    another tool published for the verdict (NaN outside imports). `verdicts_per_turn` = samples x judges x
    repeats is how many verdicts each turn of each model was planned to get.
    """

    models: tuple[str, ...]
    categories: tuple[str, ...]
    turns: NDArray[np.int64]
    verdicts_per_turn: int
    scale: tuple[float, float]
    model: NDArray[np.int64]
    question: NDArray[np.int64]
    turn: NDArray[np.int64]
    status: NDArray[np.int64]
    score: NDArray[np.float64]
    published: NDArray[np.float64]

    def planned(self, questions: NDArray[np.bool_], turn: int | None = None) -> int:
        """How many verdicts one model was to get on these questions (on one turn of them)."""
        turns = self.turns[questions]
        units = int(turns.sum()) if turn is None else int((turns >= turn).sum())
        return units * self.verdicts_per_turn
