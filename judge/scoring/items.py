"""Item analysis: what each item (a turn, or a whole question) says about the models, and what they say about it.

Classical test theory (Lord & Novick, Statistical Theories of Mental Test Scores, 1968, ch. 15) with models in the
place of persons. Scores are shares of the scale, 0 to 1. Several models may be one and the same under other prompts
or settings (a family): every row counts for a mean, but only families count as independent observations for an
interval or a test.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.scoring.estimate import Estimate, clustered_mean
from judge.scoring.quantiles import Z95
from judge.scoring.table import Integers

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FEWEST_MODELS = 5
"""With fewer independent models nothing can be said about how an item goes with the others."""


@dataclass(frozen=True, slots=True)
class ItemScores:
    """The mean score of each model on each item.

    `value` has shape (models, items), in shares of the scale, NaN where there is no usable verdict. `question` (items,)
    and `family` (models,) are codes from 0 up. `step` is the smallest difference that one verdict can express.
    """

    value: Floats
    question: Integers
    family: Integers
    step: float

    def by_question(self) -> "ItemScores":
        """One item a question: the mean of its turns, where a model has all of them."""
        size = int(self.question.max(initial=-1)) + 1
        sums = _sum_by(self.value, self.question, size)
        value = sums / np.maximum(np.bincount(self.question, minlength=size), 1)
        return ItemScores(value, np.arange(size), self.family, self.step)

    def without(self, rows: Flags) -> "ItemScores":
        """The same items without these models."""
        kept = ~rows
        return ItemScores(self.value[kept], self.question, self.family[kept], self.step)


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """Per item, all of shape (items,); NaN where it cannot be known.

    `models` have a value, and make `independent` families. `correlation` is the item-rest correlation with its 95 %
    interval; `p_negative` tests it one-sided against 0; `attainable` is the most that it could be with these scores.
    `strong` and `weak` are the item's means over the best and the worst third of the models, `strong_elsewhere` is the
    best third's mean on the other questions. `at_ceiling` and `at_floor` are shares of the models within half a step
    of the scale's end; `spread` is the standard deviation over the models, `range` from the lowest to the highest.
    """

    models: Integers
    independent: Integers
    mean: Floats
    correlation: Floats
    correlation_low: Floats
    correlation_high: Floats
    p_negative: Floats
    attainable: Floats
    strong: Floats
    weak: Floats
    strong_elsewhere: Floats
    strong_models: Integers
    at_ceiling: Floats
    at_floor: Floats
    spread: Floats
    range: Floats

    @property
    def order(self) -> Floats:
        """r as a share of the attainable: 1 if the item's scores go by the models' quality alone, 0 if not at all.

        A hard item has a low r because most models are at the floor; that is in the attainable too.
        """
        return self.correlation / self.attainable

    @property
    def discrimination(self) -> Floats:
        """Upper minus lower group mean: Kelley (1939), with thirds, since models are few."""
        return self.strong - self.weak


def item_statistics(scores: ItemScores, fewest: int = FEWEST_MODELS) -> ItemStatistics:
    """Every statistic of every item; no correlation and no thirds for items with fewer families than `fewest`."""
    value = scores.value
    present = ~np.isnan(value)
    models = present.sum(axis=0)
    independent = _families(present, scores.family)
    mean = _mean(value, present)
    rest, elsewhere = _rest(scores, mean)
    both = present & ~np.isnan(rest)
    both &= _families(both, scores.family) >= fewest
    correlation = _pearson(value, rest, both)
    low, high = _fisher_interval(correlation, independent)
    strong, weak = _thirds(rest, both)
    half_step = scores.step / 2
    lowest = np.min(value, axis=0, initial=np.inf, where=present)
    highest = np.max(value, axis=0, initial=-np.inf, where=present)
    return ItemStatistics(
        models=models,
        independent=independent,
        mean=mean,
        correlation=correlation,
        correlation_low=low,
        correlation_high=high,
        p_negative=_p_negative(correlation, independent),
        attainable=_attainable(value, rest, both),
        strong=_mean(value, strong),
        weak=_mean(value, weak),
        strong_elsewhere=_mean(elsewhere, strong),
        strong_models=strong.sum(axis=0),
        at_ceiling=_share(value >= 1 - half_step, models),
        at_floor=_share(value <= half_step, models),
        spread=np.sqrt(_mean(np.square(value - mean), present) * models / np.where(models > 1, models - 1, np.nan)),
        range=np.where(models > 0, highest - lowest, np.nan),
    )


def difficulty(scores: ItemScores, item: int) -> Estimate:
    """The item's mean share of the scale over the models (high is easy), interval clustered by family."""
    column = scores.value[:, item]
    present = ~np.isnan(column)
    return clustered_mean(column[present], scores.family[present], int((~present).sum()), (0.0, 1.0))


def _rest(scores: ItemScores, mean: Floats) -> tuple[Floats, Floats]:
    """What each model does outside an item's question, shape (models, items): (mean of centred scores, plain mean).

    The question's other turns are left out too: a slip in one turn carries over to the next. Scores are centred
    on their item's mean, so that a model is not the better for having missed the hard items; where nothing is missing,
    that shifts all models alike and changes no correlation.
    """
    present = ~np.isnan(scores.value)
    size = int(scores.question.max(initial=-1)) + 1

    def outside(filled: Floats) -> Floats:
        own = _sum_by(filled, scores.question, size)
        return np.asarray(filled.sum(axis=1, keepdims=True) - own[:, scores.question], dtype=np.float64)

    count = outside(present.astype(np.float64))
    count[count == 0] = np.nan
    return (
        outside(np.where(present, scores.value - mean, 0.0)) / count,
        outside(np.where(present, scores.value, 0.0)) / count,
    )


def _sum_by(value: Floats, code: Integers, size: int) -> Floats:
    """Columns of the same code added up, shape (rows, size)."""
    summed = np.zeros((len(value), size))
    for total, row in zip(summed, value, strict=True):
        total[:] = np.bincount(code, weights=row, minlength=size)
    return summed


def _pearson(x: Floats, y: Floats, both: Flags) -> Floats:
    """Pearson's r of each pair of columns over the rows where both are known; NaN where one does not vary."""
    dx = np.where(both, x - _mean(x, both), 0.0)
    dy = np.where(both, y - _mean(y, both), 0.0)
    xx, yy = np.square(dx).sum(axis=0), np.square(dy).sum(axis=0)
    varies = (xx > 1e-12) & (yy > 1e-12)
    r = np.divide((dx * dy).sum(axis=0), np.sqrt(xx * yy), out=np.full(xx.shape, np.nan), where=varies)
    return np.asarray(np.clip(r, -1.0, 1.0), dtype=np.float64)


def _attainable(x: Floats, y: Floats, both: Flags) -> Floats:
    """r had the best models the best of these scores, in order (as Cureton, 1959, for phi): both columns sorted."""
    x, y = (np.sort(np.where(both, column, np.nan), axis=0) for column in (x, y))
    return _pearson(x, y, ~np.isnan(x))


def _fisher_interval(r: Floats, n: Integers) -> tuple[Floats, Floats]:
    """Fisher (1921): atanh(r) is about normal with variance 1 / (n - 3)."""
    centre = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    half = Z95 / np.sqrt(np.where(n > 3, n - 3, np.nan))
    return np.tanh(centre - half), np.tanh(centre + half)


def _p_negative(r: Floats, n: Integers) -> Floats:
    """One-sided p of a correlation below 0: t = r * sqrt((n - 2) / (1 - r^2)) with n - 2 degrees of freedom."""
    # scipy.special loads in a tenth of the time of scipy.stats.
    from scipy.special import stdtr

    df = np.where(n > 2, n - 2, np.nan).astype(np.float64)
    bounded = np.clip(r, -1 + 1e-12, 1 - 1e-12)
    return np.asarray(stdtr(df, bounded * np.sqrt(df / (1 - np.square(bounded)))), dtype=np.float64)


def _thirds(rest: Floats, both: Flags) -> tuple[Flags, Flags]:
    """The best and the worst third of the models of each item by their rest, two at least."""
    n = both.sum(axis=0)
    size = np.where(n > 0, np.maximum(2, np.rint(n / 3)), 0)
    order = np.argsort(np.where(both, rest, -np.inf), axis=0, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(len(order))[:, None], axis=0)
    absent = len(order) - n
    return both & (place >= len(order) - size), both & (place < absent + size)


def _families(present: Flags, family: Integers) -> NDArray[np.int64]:
    """How many families have a model that is present, per item."""
    counted = [present[family == code].any(axis=0) for code in np.unique(family)]
    return np.sum(counted, axis=0, dtype=np.int64) if counted else np.zeros(present.shape[1], dtype=np.int64)


def _mean(value: Floats, where: Flags) -> Floats:
    count = where.sum(axis=0)
    total = np.sum(value, axis=0, where=where)
    mean: Floats = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return mean


def _share(which: Flags, of: NDArray[Any]) -> Floats:
    share: Floats = np.divide(which.sum(axis=0), of, out=np.full(of.shape, np.nan), where=of > 0)
    return share
