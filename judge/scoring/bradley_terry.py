"""Bradley-Terry ratings: one strength a model from who beat whom (Bradley & Terry 1952).

    P(a beats b) = 1 / (1 + exp(-(rating_a - rating_b)))

A tie is half a win for each side. Ratings are log-odds: a difference of 0 is 50 %, of 1 is 73 %, of 2 is 88 %. With a
baseline they count from it, else from the mean of all models. They are the maximum of the likelihood, by Newton's
method on all resamples at once; neither a prior nor a penalty makes a number where the data give none.

A finite maximum exists only where every model, over some chain of others, both took something from and lost something
to every other (Ford 1957): the graph "took something from" is strongly connected. Where it is not, the likelihood
grows without end as parts of the graph move apart. Then probabilities between the parts are 0 or 1, or unknown where
nothing connects them, and a rating that would be infinite is not given.

Intervals and ranks are of a cluster bootstrap over questions.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from judge.scoring.agreement import Agreement
from judge.scoring.pairwise import ComparisonTable, outcomes
from judge.scoring.resample import SEED, limits, question_draws

RESAMPLES = 1000
_BLOCK_BYTES = 32 * 2**20
_MOST_STEPS = 200
_TOLERANCE = 1e-11

Floats = NDArray[np.float64]
Connection = Literal["finite", "separated", "disconnected"]


@dataclass(frozen=True, slots=True)
class Rating:
    """One model's strength; `n` comparisons.

    `rating` is in log-odds, `win_probability` the chance to beat the baseline or, without one, the mean chance to beat
    each other model. Without a finite rating both are None. `rank` is the range of places (1 is best) over resamples.
    """

    model: str
    rating: Agreement
    win_probability: Agreement
    rank: tuple[int, int] | None
    n: int


@dataclass(frozen=True, slots=True)
class Ratings:
    """`baseline` is where the scale starts (None: the mean). `parts`: models between which ratings are finite.

    `connection` is `separated` where some part never lost anything to another, `disconnected` where no comparison, not
    even over others, connects them. `unrated_draws` is the share of resamples in which not all ratings are finite.
    """

    baseline: str | None
    connection: Connection
    parts: tuple[tuple[str, ...], ...]
    models: tuple[Rating, ...]
    unrated_draws: float
    resamples: int


@dataclass(frozen=True, slots=True)
class Strengths:
    """`theta` of shape (draws, models), finite within a part; `beats[d, i, j]`: i took from j, over a chain."""

    theta: Floats
    beats: NDArray[np.bool_]

    @property
    def together(self) -> NDArray[np.bool_]:
        """Whether two models are of one part, (draws, models, models)."""
        return self.beats & self.beats.swapaxes(1, 2)

    def probabilities(self) -> Floats:
        """P(i beats j), (draws, models, models): 0 or 1 between parts that are ordered, else NaN between parts."""
        gap = self.theta[:, :, None] - self.theta[:, None, :]
        within = 1 / (1 + np.exp(-gap))
        above, below = self.beats, self.beats.swapaxes(1, 2)
        apart = np.where(above, 1.0, np.where(below, 0.0, np.nan))
        return np.where(above & below, within, apart)

    def ratings(self, baseline: int | None) -> Floats:
        """(draws, models): infinite or NaN where there is no finite one."""
        if baseline is None:
            whole = np.asarray(self.beats.all(axis=(1, 2)))[:, None]
            return np.where(whole, self.theta - self.theta.mean(axis=1, keepdims=True), np.nan)
        above, below = self.beats[:, :, baseline], self.beats[:, baseline, :]
        apart = np.where(above, np.inf, np.where(below, -np.inf, np.nan))
        return np.where(above & below, self.theta - self.theta[:, [baseline]], apart)


def rate(table: ComparisonTable, baseline: int | None = None, resamples: int = RESAMPLES) -> Ratings | None:
    """Ratings of all models of a table; None without any comparison."""
    if not table.pair.size:
        return None
    points, games = per_question(table)
    pairs = np.array(table.pairs)
    whole = strengths(points.sum(axis=0)[None], games.sum(axis=0)[None], pairs, len(table.models))
    drawn = _drawn(points, games, pairs, len(table.models), baseline, resamples)
    parts = _parts(whole.together[0])
    played = np.bincount(pairs.ravel(), weights=np.repeat(games.sum(axis=0), 2), minlength=len(table.models))
    ranks = _ranks(drawn) if points.shape[0] > 1 else None
    rated = np.isfinite(whole.ratings(baseline)[0])
    models = []
    for place, name in enumerate(table.models):
        n = int(played[place])
        rating = win_probability = Agreement(None, None, None, n)
        if rated[place]:
            rating = _figure(whole.ratings(baseline)[0, place], drawn.rating[:, place], n, points.shape[0])
            chance = _chance(whole.probabilities(), baseline)[0, place]
            win_probability = _within(_figure(chance, drawn.chance[:, place], n, points.shape[0]))
        models.append(Rating(name, rating, win_probability, ranks[place] if ranks and n else None, n))
    return Ratings(
        baseline=None if baseline is None else table.models[baseline],
        connection=_connection(whole.beats[0], games.sum(axis=0), pairs),
        parts=tuple(tuple(table.models[m] for m in part) for part in parts),
        models=tuple(models),
        unrated_draws=float(1 - np.isfinite(drawn.rating).all(axis=1).mean()),
        resamples=resamples,
    )


def per_question(table: ComparisonTable) -> tuple[Floats, Floats]:
    """Points of a and comparisons, each of shape (questions that have any, pairs)."""
    place = np.unique(table.question, return_inverse=True)[1]
    shape = (int(place.max()) + 1, len(table.pairs))
    cell = place.astype(np.int64) * shape[1] + table.pair
    won = (outcomes(table.forward, table.swapped) + 1) / 2
    size = shape[0] * shape[1]
    points = np.asarray(np.bincount(cell, weights=won, minlength=size), dtype=np.float64)
    games = np.asarray(np.bincount(cell, minlength=size), dtype=np.float64)
    return points.reshape(shape), games.reshape(shape)


def strengths(points: Floats, games: Floats, pairs: NDArray[np.integer], models: int) -> Strengths:
    """The maximum of the likelihood in each row; `points` of a and `games`, both (draws, pairs).

    `pairs` of shape (pairs, 2) are (a, b). Comparisons between parts are left out of the fit: in the limit they say
    nothing of the strengths inside one.
    """
    beats = _reach(points, games, pairs, models)
    a, b = pairs[:, 0], pairs[:, 1]
    inside = (beats & beats.swapaxes(1, 2))[:, a, b]
    return Strengths(_newton(points * inside, games * inside, pairs, anchors(beats), models), beats)


def anchors(beats: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(draws, models): the first of each part, whose strength is held at 0."""
    first = (beats & beats.swapaxes(1, 2)).argmax(axis=2)
    return np.asarray(first == np.arange(beats.shape[1]))


def _reach(points: Floats, games: Floats, pairs: NDArray[np.integer], models: int) -> NDArray[np.bool_]:
    reach = np.zeros((points.shape[0], models, models), dtype=np.float32)
    reach[:, np.arange(models), np.arange(models)] = 1
    a, b = pairs[:, 0], pairs[:, 1]
    reach[:, a, b] += points > 1e-9
    reach[:, b, a] += games - points > 1e-9
    for _ in range(max(1, int(np.ceil(np.log2(models))))):
        reach = (np.matmul(reach, reach) > 0).astype(np.float32)
    return np.asarray(reach > 0)


def _newton(points: Floats, games: Floats, pairs: NDArray[np.integer], held: NDArray[np.bool_], models: int) -> Floats:
    a, b = pairs[:, 0], pairs[:, 1]
    draws = points.shape[0]
    theta = np.zeros((draws, models))
    anchor = held[:, :, None] * np.eye(models)
    open_rows = np.arange(draws)
    for _ in range(_MOST_STEPS):
        mine = theta[open_rows]
        p = 1 / (1 + np.exp(mine[:, b] - mine[:, a]))
        gradient = _scatter(points[open_rows] - games[open_rows] * p, a, b, models)
        gradient = gradient.sum(axis=2) - gradient.sum(axis=1)
        weight = _scatter(games[open_rows] * p * (1 - p), a, b, models)
        weight = weight + weight.swapaxes(1, 2)
        hessian = anchor[open_rows] - weight
        hessian[:, np.arange(models), np.arange(models)] += weight.sum(axis=2)
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        size = np.abs(step).max(axis=1)
        # A full step can overshoot while it is large.
        theta[open_rows] = mine + step / np.maximum(1.0, size)[:, None]
        open_rows = open_rows[size > _TOLERANCE * (1 + np.abs(mine).max(axis=1))]
        if not open_rows.size:
            return theta
    raise ArithmeticError(f"{open_rows.size} of {draws} Bradley-Terry fits did not converge")


def _scatter(values: Floats, a: NDArray[np.integer], b: NDArray[np.integer], models: int) -> Floats:
    square = np.zeros((values.shape[0], models, models))
    square[:, a, b] = values
    return square


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Over resamples: `rating` and `chance` (draws, models), and how many are better, and not worse."""

    rating: Floats
    chance: Floats
    better: NDArray[np.integer]
    not_worse: NDArray[np.integer]


def _drawn(
    points: Floats,
    games: Floats,
    pairs: NDArray[np.integer],
    models: int,
    baseline: int | None,
    resamples: int,
) -> _Drawn:
    random = np.random.default_rng(SEED)
    size = max(1, _BLOCK_BYTES // (8 * max(models * models, points.shape[0])))
    blocks: list[tuple[NDArray[np.float64], ...]] = []
    for start in range(0, resamples, size):
        draws = question_draws(random, points.shape[0], min(size, resamples - start))
        found = strengths(draws @ points, draws @ games, pairs, models)
        chances = found.probabilities()
        against = chances.swapaxes(1, 2) - 0.5  # P(j beats i) at [i, j]
        better = (against > 1e-9).sum(axis=2)
        worse = (against < -1e-9).sum(axis=2)
        blocks.append((found.ratings(baseline), _chance(chances, baseline), better, models - worse))
    return _Drawn(*(np.concatenate(part) for part in zip(*blocks, strict=True)))


def _chance(probabilities: Floats, baseline: int | None) -> Floats:
    """(draws, models): against the baseline, or the mean over the other models."""
    if baseline is not None:
        return probabilities[:, :, baseline]
    others = probabilities.shape[1] - 1
    return np.asarray((probabilities.sum(axis=2) - 0.5) / others)


def _figure(value: float, drawn: Floats, n: int, clusters: int) -> Agreement:
    return Agreement(float(value), *limits(drawn, float(value), clusters), n)


def _within(chance: Agreement) -> Agreement:
    """A probability: where a side is open, up to its end."""
    low = 0.0 if chance.low is None else max(0.0, chance.low)
    high = 1.0 if chance.high is None else min(1.0, chance.high)
    return Agreement(chance.value, low, high, chance.n)


def _ranks(drawn: _Drawn) -> list[tuple[int, int]]:
    """A model that cannot be placed against another could stand above it or below."""
    low = np.percentile(drawn.better + 1, 2.5, axis=0, method="lower")
    high = np.percentile(drawn.not_worse, 97.5, axis=0, method="higher")
    return [(int(best), int(max(best, worst))) for best, worst in zip(low, high, strict=True)]


def _parts(together: NDArray[np.bool_]) -> list[list[int]]:
    first = together.argmax(axis=1)
    return [np.flatnonzero(first == part).tolist() for part in np.unique(first)]


def _connection(beats: NDArray[np.bool_], games: Floats, pairs: NDArray[np.integer]) -> Connection:
    if beats.all():
        return "finite"
    linked = _reach(games[None] / 2, games[None], pairs, beats.shape[0])
    return "separated" if linked.all() else "disconnected"
