"""Ranks as ranges: what place could each model have, judged by all questions of the kind?

A model's best place is one behind the models that are significantly better, its worst one before those that are
significantly worse: paired sign-flip tests with every other model, and Holm's correction over this model's tests, so
that its range misses its true place in at most 5 % of runs (Mogstad, Romano, Shaikh & Wilhelm, "Inference for Ranks",
Review of Economic Studies 91, 2024, with Holm in place of their bootstrap). The places that a model takes when
questions are resampled would be a narrower range and a wrong one: among 18 models that are nearly alike it holds the
true place of the best one in less than half of all runs.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from judge.scoring.estimate import question_means
from judge.scoring.multiplicity import ALPHA, adjust
from judge.scoring.paired import MOST_PAIRED, differences
from judge.scoring.table import OK, ScoreTable


def rank_ranges(table: ScoreTable) -> list[tuple[int, int] | None]:
    """(best, worst) place of each model, 1 is first.

    None for a model without any ok verdict, and for all where no two models share two questions, or where there are
    more than `MOST_PAIRED` models.
    """
    ranges: list[tuple[int, int] | None] = [None] * len(table.models)
    if len(table.models) > MOST_PAIRED:
        return ranges
    ok = table.status == OK
    scored = np.flatnonzero(np.bincount(table.model[ok], minlength=len(table.models)))
    pairs = list(combinations(range(scored.size), 2))
    compared = differences(_question_means(table, ok, scored)[:, :, None], pairs)
    if pairs and all(d.p is None for d in compared):
        return ranges
    p, better = np.full((scored.size, scored.size), np.nan), np.zeros((scored.size, scored.size), dtype=bool)
    for (a, b), found in zip(pairs, compared, strict=True):
        if found.p is not None and found.mean is not None:
            p[a, b] = p[b, a] = found.p
            better[a, b], better[b, a] = found.mean > 0, found.mean < 0
    for place, model in enumerate(scored):
        differs = np.asarray(adjust(p[place])) <= ALPHA
        above = int((differs & better[:, place]).sum())
        below = int((differs & better[place]).sum())
        ranges[int(model)] = (1 + above, scored.size - below)
    return ranges


def _question_means(table: ScoreTable, ok: NDArray[np.bool_], models: NDArray[np.intp]) -> NDArray[np.float64]:
    """Each model's mean on each question, NaN where it has none; shape (models, questions)."""
    means = np.full((models.size, table.turns.size), np.nan)
    for row, model in enumerate(models):
        mine = ok & (table.model == model)
        question = table.question[mine]
        means[row, np.unique(question)] = question_means(table.score[mine], table.turn[mine], question)
    return means
