"""Several judges on one answer: their verdicts become one, and how far apart they are is told.

A jury's verdict exists only where every seated member gave one: a mean over those that happened to answer would be the
mean of another jury. What is missing is a failure of its own, `incomplete`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.jury import Jury
from judge.scoring.estimate import Estimate, clustered_mean, estimate
from judge.scoring.proportion import Share, share
from judge.scoring.table import INCOMPLETE, OK, Integers, ScoreTable


@dataclass(frozen=True, slots=True)
class Seats:
    """Who judges whom: `seated` of shape (models, judges). `judge` and `sitting` are per verdict, shape (n,).

    `sitting` numbers the answers that were judged (conversation, sample, turn, repeat), the same for all members.
    """

    judges: tuple[str, ...]
    seated: NDArray[np.bool_]
    judge: Integers
    sitting: Integers


@dataclass(frozen=True, slots=True)
class Member:
    """One judge of a jury: its own mean over everything that it judged."""

    judge: str
    score: Estimate


@dataclass(frozen=True, slots=True)
class Dispersion:
    """How far the members are apart on the same answers, on the scale of the scores; answers with two verdicts or more.

    `sd` is the mean over answers of the standard deviation between members (n - 1), `apart` the share of answers on
    which the highest and the lowest differ by more than a quarter of the scale; both clustered by question.
    """

    sd: Share
    apart: Share


def collapse(table: ScoreTable, seats: Seats, how: Jury) -> ScoreTable:
    """One row for each sitting that has ended, in place of one for each verdict."""
    order = np.lexsort((seats.judge, seats.sitting))
    sitting = seats.sitting[order]
    starts = np.flatnonzero(np.diff(sitting, prepend=sitting[:1] - 1)) if sitting.size else np.empty(0, dtype=np.intp)
    first = order[starts]
    expected = seats.seated.sum(axis=1)[table.model[first]]
    rows = np.diff(np.append(starts, sitting.size))
    ok = table.status[order] == OK
    given = np.add.reduceat(ok, starts) if starts.size else np.empty(0, dtype=np.intp)
    score = _verdicts(np.where(ok, table.score[order], np.nan), starts, how)
    whole = (given == expected) & ~np.isnan(score)
    # Where nobody gave a verdict and all for one reason, that is the reason.
    alone = (given == 0) & _all_alike(table.status[order], starts)
    status = np.where(whole, OK, np.where(alone, table.status[first], INCOMPLETE)).astype(table.status.dtype)
    ended = rows >= expected
    kept = first[ended]
    return ScoreTable(
        models=table.models,
        category_names=table.category_names,
        category=table.category,
        turns=table.turns,
        first=table.first,
        verdicts_per_turn=table.verdicts_per_turn // max(1, len(seats.judges)),
        scale=table.scale,
        model=table.model[kept],
        question=table.question[kept],
        turn=table.turn[kept],
        status=status[ended],
        score=np.where(status[ended] == OK, score[ended], np.nan),
        published=table.published[kept],
    )


def _all_alike(status: Integers, starts: NDArray[np.intp]) -> NDArray[np.bool_]:
    if not starts.size:
        return np.empty(0, dtype=np.bool_)
    return np.asarray(np.minimum.reduceat(status, starts) == np.maximum.reduceat(status, starts))


def _verdicts(scores: NDArray[np.float64], starts: NDArray[np.intp], how: Jury) -> NDArray[np.float64]:
    """The rule over the scores of each sitting, NaN where one is missing; sittings of one size are done together."""
    result = np.full(starts.size, np.nan)
    sizes = np.diff(np.append(starts, scores.size))
    for size in np.unique(sizes):
        these = np.flatnonzero(sizes == size)
        result[these] = _RULES[how](scores[starts[these][:, None] + np.arange(size)])
    return result


def _majority(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score that more than half of the members gave, NaN where there is none."""
    votes = (scores[:, :, None] == scores[:, None, :]).sum(axis=2)
    most = votes.argmax(axis=1)
    rows = np.arange(scores.shape[0])
    return np.where(votes[rows, most] * 2 > scores.shape[1], scores[rows, most], np.nan)


_RULES: Mapping[Jury, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "mean": lambda scores: np.asarray(scores.mean(axis=1)),
    "median": lambda scores: np.asarray(np.median(scores, axis=1)),
    "majority": _majority,
}
"""From scores of shape (sittings, members) to shape (sittings,)."""


def combined(scores: Sequence[float], how: Jury) -> float | None:
    """The verdict of one sitting whose members all gave a score; None where a majority was needed and there is none."""
    value = float(_RULES[how](np.array([scores]))[0])
    return None if np.isnan(value) else value


def undecided(table: ScoreTable, seats: Seats, how: Jury) -> int:
    """Answers on which every member gave a score and the rule still finds none: no majority."""
    ok = table.status == OK
    _, at, given = np.unique(seats.sitting[ok], return_index=True, return_counts=True)
    whole = given == seats.seated.sum(axis=1)[table.model[ok][at]]
    return int(whole.sum()) - int((collapse(table, seats, how).status == OK).sum())


def members(table: ScoreTable, seats: Seats) -> list[Member]:
    """Each judge's own mean over questions, of all models that it judged."""
    found = []
    units = table.planned() // max(1, len(seats.judges))
    for place, name in enumerate(seats.judges):
        mine = (seats.judge == place) & (table.status == OK)
        planned = units * int(seats.seated[:, place].sum())
        score = estimate(
            table.score[mine], table.turn[mine], table.question[mine], planned - int(mine.sum()), table.scale
        )
        found.append(Member(name, score))
    return found


def dispersion(table: ScoreTable, seats: Seats, model: int | None = None) -> Dispersion:
    """How far the members are apart, over all models or one."""
    chosen = table.status == OK
    if model is not None:
        chosen = chosen & (table.model == model)
    score = table.score[chosen]
    _, first, place = np.unique(seats.sitting[chosen], return_index=True, return_inverse=True)
    votes = np.bincount(place)
    several = votes > 1
    cluster = table.question[chosen][first][several]
    mean = np.bincount(place, weights=score) / votes
    squared = np.bincount(place, weights=np.square(score - mean[place]))
    sd = np.sqrt(squared[several] / (votes[several] - 1))
    low, high = np.full(votes.size, np.inf), np.full(votes.size, -np.inf)
    np.minimum.at(low, place, score)
    np.maximum.at(high, place, score)
    width = table.scale[1] - table.scale[0]
    e = clustered_mean(sd, cluster, 0, (0.0, width))
    return Dispersion(Share(e.mean, e.low, e.high, e.n), share((high - low)[several] > width / 4, cluster))
