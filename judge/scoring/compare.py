"""All models of a table compared with each other, or each with a baseline, question by question.

The comparisons that are shown are one family for the correction; those within categories are another. Models that
no comparison tells apart share a group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from judge.scoring.multiplicity import ALPHA, Method, adjust, tied_groups
from judge.scoring.paired import MOST_PAIRED, Difference, differences, unvaried
from judge.scoring.table import OK, ScoreTable

FEWEST_QUESTIONS = 10
"""With fewer shared questions nothing is tested: the difference says where to look, not who is better."""

_TIE = 1e-9
"""Means that differ by less than this share of the scale are equal: sums in another order differ in their last bits."""


@dataclass(frozen=True, slots=True)
class Part:
    """A difference, first minus second; `p_adjusted` is None where nothing was tested, and `p` of it too."""

    difference: Difference
    p_adjusted: float | None

    @property
    def differs(self) -> bool:
        """Whether the two can be told apart."""
        return self.p_adjusted is not None and self.p_adjusted <= ALPHA


@dataclass(frozen=True, slots=True)
class PairComparison:
    """`wins`, `ties` and `losses` are questions of the first model. `same_judges`: or the means are not comparable."""

    first: int
    second: int
    overall: Part
    wins: int
    ties: int
    losses: int
    same_judges: bool
    categories: dict[str, Part]

    @property
    def comparable(self) -> bool:
        return self.same_judges and self.overall.difference.n >= FEWEST_QUESTIONS


@dataclass(frozen=True, slots=True)
class Comparison:
    """`order` has the models from best to worst; `groups` are None beside a baseline, or where there are too many."""

    pairs: tuple[PairComparison, ...]
    order: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...] | None


def cell_means(table: ScoreTable) -> NDArray[np.float64]:
    """Each model's mean ok score on each turn of each question, shape (models, questions, turns); NaN where none is."""
    shape = (len(table.models), table.turns.size, table.most_turns)
    ok = table.status == OK
    cell = (table.model[ok].astype(np.int64) * shape[1] + table.question[ok]) * shape[2] + table.turn[ok] - 1
    size = int(np.prod(shape))
    total = np.bincount(cell, weights=table.score[ok], minlength=size)
    count = np.bincount(cell, minlength=size)
    mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
    return np.asarray(mean.reshape(shape), dtype=np.float64)


def compare(
    table: ScoreTable,
    *,
    baseline: int | None = None,
    method: Method = "holm",
    judges: Sequence[object] | None = None,
    by_category: bool = True,
) -> Comparison:
    """All pairs, the better model first (none of more than `MOST_PAIRED` models), or every model with the baseline.

    `judges` says for each model who graded it: models of different judges are not tested against each other.
    """
    scores = cell_means(table)
    order = _by_score(scores)
    many = baseline is None and len(order) > MOST_PAIRED
    if baseline is None:
        pairs = [] if many else list(combinations(order, 2))
    else:
        pairs = [(model, baseline) for model in order if model != baseline]
    width = table.scale[1] - table.scale[0]
    same = [judges is None or judges[a] == judges[b] for a, b in pairs]
    overall = _tested([differences(scores, pairs)], same, method, width)[0]
    named = list(enumerate(table.category_names)) if by_category and len(table.category_names) > 1 else []
    within = _tested([differences(scores[:, table.category == c], pairs) for c, _ in named], same, method, width)
    found = tuple(
        PairComparison(
            first=a,
            second=b,
            overall=overall[i],
            **_won(scores[a], scores[b], width),
            same_judges=same[i],
            categories={name: parts[i] for (_, name), parts in zip(named, within, strict=True)},
        )
        for i, (a, b) in enumerate(pairs)
    )
    return Comparison(found, tuple(order), None if baseline is not None or many else _groups(order, found))


def _by_score(scores: NDArray[np.float64]) -> list[int]:
    """Best mean over questions first; models without any score last, equal ones as they stand."""
    known = ~np.isnan(scores)
    turns = known.sum(axis=2)
    means = np.divide(np.where(known, scores, 0.0).sum(axis=2), turns, where=turns > 0, out=np.zeros(turns.shape))
    questions = (turns > 0).sum(axis=1)
    overall = np.divide(means.sum(axis=1), questions, where=questions > 0, out=np.full(questions.shape, -np.inf))
    return [int(m) for m in np.argsort(-overall, kind="stable")]


def _tested(families: list[list[Difference]], same: list[bool], method: Method, width: float) -> list[list[Part]]:
    """Everything in `families` is adjusted together; intervals are cut to what the scale allows."""
    kept = [
        [d if ok and d.n >= FEWEST_QUESTIONS else replace(d, p=None) for d, ok in zip(found, same, strict=True)]
        for found in families
    ]
    kept = [[_cut(d, width) for d in found] for found in kept]
    adjusted = iter(adjust([np.nan if d.p is None else d.p for found in kept for d in found], method))
    return [[Part(d, _known(next(adjusted))) for d in found] for found in kept]


def _cut(d: Difference, width: float) -> Difference:
    if d.mean is None:
        return d
    if d.low is None or d.high is None:  # of one question anything may be
        return replace(d, low=-width, high=width)
    if d.sd is not None and d.sd < _TIE * width:
        half = unvaried(d.n, width)
        return replace(d, low=max(d.mean - half, -width), high=min(d.mean + half, width))
    return replace(d, low=max(d.low, -width), high=min(d.high, width))


def _known(p: float) -> float | None:
    return None if np.isnan(p) else p


def _groups(order: Sequence[int], pairs: Sequence[PairComparison]) -> tuple[tuple[int, ...], ...] | None:
    differ = np.zeros((len(order), len(order)), dtype=np.bool_)
    for pair in pairs:
        differ[pair.first, pair.second] = differ[pair.second, pair.first] = pair.overall.differs
    groups = tied_groups(order, differ)
    return None if groups is None else tuple(map(tuple, groups))


def _won(first: NDArray[np.float64], second: NDArray[np.float64], width: float) -> dict[str, int]:
    """Questions by the sign of the mean difference over the turns that both have."""
    apart = first - second
    known = ~np.isnan(apart)
    shared = known.any(axis=1)
    mean = np.where(known, apart, 0.0).sum(axis=1)[shared] / known.sum(axis=1)[shared]
    wins, losses = int((mean > _TIE * width).sum()), int((mean < -_TIE * width).sum())
    return {"wins": wins, "ties": int(shared.sum()) - wins - losses, "losses": losses}
