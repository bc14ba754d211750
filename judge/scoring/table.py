"""Verdicts as parallel arrays, one entry a verdict."""

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from judge.types import VerdictStatus

STATUSES: tuple[str, ...] = (*get_args(VerdictStatus), "incomplete")
"""Of verdicts; `incomplete` is a jury of which a member has none."""

OK = STATUSES.index("ok")
INCOMPLETE = STATUSES.index("incomplete")

Integers = NDArray[np.integer[Any]]
"""Codes from 0 up (turns from 1), of any width: a million verdicts are a tenth of the size in small ones."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """All verdicts of one comparable run.

    `category` (an index into `category_names`), `turns` and `first` are per question: verdicts are planned on its turns
    from `first` on (1, or the last where the conversation is graded as a whole). `model`, `question`, `turn`, `status`,
    `score` and `published` per verdict, shape (n,). `score` is NaN where the status is not ok; `published` is what
    another tool published for the verdict (NaN outside imports). `verdicts_per_turn` = samples x judges x
    repeats is how many verdicts each turn of each model was planned to get.
    """

    models: tuple[str, ...]
    category_names: tuple[str, ...]
    category: Integers
    turns: Integers
    first: Integers
    verdicts_per_turn: int
    scale: tuple[float, float]
    model: Integers
    question: Integers
    turn: Integers
    status: Integers
    score: NDArray[np.float64]
    published: NDArray[np.float64]

    @property
    def most_turns(self) -> int:
        """Of any question."""
        return int(self.turns.max(initial=1))

    def planned(self, turn: int | None = None) -> int:
        """How many verdicts one model was to get (on one turn)."""
        if turn is None:
            units = int((self.turns - self.first + 1).sum(dtype=np.int64))
        else:
            units = int(((self.turns >= turn) & (self.first <= turn)).sum())
        return units * self.verdicts_per_turn

    def planned_by_category(self) -> list[int]:
        """How many verdicts one model was to get on the questions of each category."""
        units = np.bincount(self.category, weights=self.turns - self.first + 1, minlength=len(self.category_names))
        return [int(count) * self.verdicts_per_turn for count in units]
