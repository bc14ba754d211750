"""How a judge's scores lie on the scale."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.probes.card import Line
from judge.scoring.distribution import CEILING
from judge.scoring.proportion import share
from judge.scoring.table import Integers
from service.card.source import Source, codes
from service.store.judged import POINTS

_ROUNDING = 1e-9


def ends(source: Source) -> Iterator[Line]:
    """The share of scores at the top and at the bottom of the scale."""
    scores, cluster = _scores(source)
    yield Line("ceiling", share(scores >= POINTS - _ROUNDING, cluster), "share")
    yield Line("floor", share(scores <= _ROUNDING, cluster), "share")


def histogram(source: Source) -> dict[str, Any]:
    """Counts of scores from each point up to the next, and whether more than half of them are at an end."""
    scores, _ = _scores(source)
    steps = np.floor(scores + _ROUNDING).astype(np.int64)
    counts = np.bincount(np.clip(steps, 0, int(POINTS)), minlength=int(POINTS) + 1)
    return {
        "counts": [{"score": n, "n": int(count)} for n, count in enumerate(counts)],
        "ceiling": bool(scores.size and (scores >= POINTS - _ROUNDING).mean() > CEILING),
        "floor": bool(scores.size and (scores <= _ROUNDING).mean() > CEILING),
    }


def _scores(source: Source) -> tuple[NDArray[np.float64], Integers]:
    """Of ordinary runs, else of the probe's answers, with the question of each."""
    subject = source.subject
    used = subject.runs or ((subject.pairs,) if subject.pairs else ())
    points: list[NDArray[np.float64]] = [np.empty(0)]
    questions: list[str] = []
    for judged in used:
        rows, ids = source.rows(judged.run), source.ids(judged.run)
        mine = (rows.judge == judged.place) & ~np.isnan(rows.points)
        points.append(rows.points[mine])
        questions += [ids[int(q)] for q in rows.question[mine]]
    return np.concatenate(points), codes(questions)
