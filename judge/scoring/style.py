"""What length and looks are worth to a judge of pairs, estimated together with the strengths of the models.

    logit P(a wins) = theta_a - theta_b + sum_f beta_f z_f

    z of length    tanh(d / sd(d))         d = characters of a less those of b; beyond a few sd more makes no difference
    z of the rest  d / sd(d)               d = headers, list items, bold parts per 1000 characters of a less of b

(AlpacaEval's length control, Dubois et al. 2024, arXiv 2404.04475, and Arena-Hard's style control, with the difference
itself in place of its ratio.) A tie is half a win. beta is estimated, never assumed: 0 is a judge that does not care,
below 0 one that prefers the shorter answer. Beside each beta stands how often one of two equally good models wins when
only its answers are one sd longer (have one sd more of it). The controlled win rate is
1 / (1 + exp(-(theta_a - theta_b))): of a against b had their answers been alike in all of z.

Intervals are of a cluster bootstrap over questions that fits everything anew, but keeps the units of z.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.agreement import Agreement
from judge.scoring.bradley_terry import anchors, strengths
from judge.scoring.pairwise import ComparisonTable, outcomes
from judge.scoring.resample import SEED, limits, question_draws

FEATURES = ("length", "headers", "lists", "bold")
RESAMPLES = 500
_MOST_STEPS = 60
_TOLERANCE = 1e-9
_ENORMOUS = 15.0
"""Log-odds that no amount of data of this kind can tell from infinity."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """`effect` in log-odds for each unit of z; `one_sd` the win rate it makes of 50 %. `sd` is that of d."""

    feature: str
    sd: float
    effect: Agreement
    one_sd: Agreement


@dataclass(frozen=True, slots=True)
class ControlledPair:
    """`win_rate`: of model a at equal style; None where it is not finite, or the effects are not."""

    model_a: str
    model_b: str
    raw: float | None
    win_rate: Agreement


@dataclass(frozen=True, slots=True)
class StyleControl:
    """`effects` of the features that vary; `without_answers` comparisons could not be looked at."""

    effects: tuple[Effect, ...]
    pairs: tuple[ControlledPair, ...]
    n: int
    without_answers: int


def style_control(table: ComparisonTable, styles: Floats, resamples: int = RESAMPLES) -> StyleControl | None:
    """`styles` of shape (models, places, features), NaN where an answer is not known: characters, then counts per 1000.

    None where no answers are known, or none differ in anything.
    """
    pairs = np.array(table.pairs).reshape(-1, 2)
    both = pairs[table.pair]
    gap = styles[both[:, 0], table.place] - styles[both[:, 1], table.place]
    known = ~np.isnan(gap).any(axis=1)
    gap, pair = gap[known], table.pair[known]
    spread = gap.std(axis=0, ddof=1) if gap.shape[0] > 1 else np.zeros(gap.shape[1])
    varies = np.flatnonzero(spread > 0)
    if not varies.size:
        return None
    z = gap[:, varies] / spread[varies]
    if varies[0] == 0:
        z[:, 0] = np.tanh(z[:, 0])
    won = (outcomes(table.forward, table.swapped)[known] + 1) / 2
    question = np.unique(table.question[known], return_inverse=True)[1]
    data = _Data(won, pair, pairs, z, len(table.models))
    theta, beta, beats = _fit(data, np.ones(won.size), None)
    clusters = int(question.max()) + 1
    draws = question_draws(np.random.default_rng(SEED), clusters, resamples)
    fits = [_fit(data, row[question], (theta, beta)) for row in draws]
    n = int(won.size)
    return StyleControl(
        effects=tuple(
            _effect(FEATURES[f], float(spread[f]), beta[i], np.array([b[i] for _, b, _ in fits]), n, clusters)
            for i, f in enumerate(varies)
        ),
        pairs=tuple(
            ControlledPair(
                table.models[a],
                table.models[b],
                float(won[pair == number].mean()) if (pair == number).any() else None,
                _controlled(theta, beats, fits, (int(a), int(b)), int((pair == number).sum()), clusters),
            )
            for number, (a, b) in enumerate(pairs)
        ),
        n=n,
        without_answers=int((~known).sum()),
    )


@dataclass(frozen=True, slots=True)
class _Data:
    won: Floats
    pair: NDArray[np.integer]
    pairs: NDArray[np.integer]
    z: Floats
    models: int


_Fit = tuple[Floats, Floats, NDArray[np.bool_]]
"""(theta, beta, who took something from whom); all NaN where there is no finite maximum."""


def _fit(data: _Data, weight: Floats, start: tuple[Floats, Floats] | None) -> _Fit:
    size = data.pairs.shape[0]
    games = _summed(data.pair, weight, size)[None]
    points = _summed(data.pair, weight * data.won, size)[None]
    found = strengths(points, games, data.pairs, data.models)
    beats, together = found.beats[0], found.together[0]
    a, b = data.pairs[:, 0], data.pairs[:, 1]
    used = weight * together[a, b][data.pair]
    held = np.diag(anchors(found.beats)[0].astype(np.float64))
    features = data.z.shape[1]
    lost = (np.full(data.models, np.nan), np.full(features, np.nan), beats)
    theta, beta = found.theta[0], np.zeros(features)
    if start is not None and not np.isnan(start[1]).any() and together.all():
        theta, beta = start[0] - start[0][np.flatnonzero(held.diagonal())[0]], start[1]
    for _ in range(_MOST_STEPS):
        p = 1 / (1 + np.exp(-((theta[a] - theta[b])[data.pair] + data.z @ beta)))
        gradient, hessian = _derivatives(data, used, p)
        hessian[: data.models, : data.models] += held
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:  # a feature that says the same as the others here
            return lost
        step /= max(1.0, float(np.abs(step).max()))
        theta, beta = theta + step[: data.models], beta + step[data.models :]
        if np.abs(beta).max() > _ENORMOUS:
            return lost
        if np.abs(step).max() < _TOLERANCE:
            return theta, beta, beats
    return lost


def _derivatives(data: _Data, weight: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Gradient and negative Hessian of the log likelihood, strengths first."""
    k, size = data.models, data.pairs.shape[0]
    a, b = data.pairs[:, 0], data.pairs[:, 1]
    left, v = weight * (data.won - p), weight * p * (1 - p)
    gradient = np.zeros(k + data.z.shape[1])
    hessian = np.zeros((gradient.size, gradient.size))
    rest = _summed(data.pair, left, size)
    np.add.at(gradient, a, rest)
    np.subtract.at(gradient, b, rest)
    gradient[k:] = data.z.T @ left
    per_pair = _summed(data.pair, v, size)
    for row, column, sign in ((a, a, 1), (b, b, 1), (a, b, -1), (b, a, -1)):
        np.add.at(hessian, (row, column), sign * per_pair)
    for f in range(data.z.shape[1]):
        mixed = _summed(data.pair, v * data.z[:, f], size)
        np.add.at(hessian[:, k + f], a, mixed)
        np.subtract.at(hessian[:, k + f], b, mixed)
    hessian[k:, :k] = hessian[:k, k:].T
    hessian[k:, k:] = (data.z * v[:, None]).T @ data.z
    return gradient, hessian


def _summed(pair: NDArray[np.integer], values: Floats, size: int) -> Floats:
    return np.asarray(np.bincount(pair, weights=values, minlength=size), dtype=np.float64)


def _effect(feature: str, sd: float, value: float, drawn: Floats, n: int, clusters: int) -> Effect:
    one = np.tanh(1.0) if feature == "length" else 1.0
    nothing = Agreement(None, None, None, n)
    if np.isnan(value):
        return Effect(feature, sd, nothing, nothing)
    low, high = limits(drawn, float(value), clusters)
    at, bottom, top = (None if x is None else _share(one * x) for x in (value, low, high))
    return Effect(feature, sd, Agreement(float(value), low, high, n), Agreement(at, bottom, top, n))


def _controlled(
    theta: Floats, beats: NDArray[np.bool_], fits: list[_Fit], pair: tuple[int, int], n: int, clusters: int
) -> Agreement:
    value = _log_odds(theta, beats, *pair)
    if not np.isfinite(value):
        return Agreement(None, None, None, n)
    drawn = np.array([_log_odds(again, reach, *pair) for again, _, reach in fits])
    low, high = limits(drawn, value, clusters)
    ends = (0.0 if low is None else _share(low), 1.0 if high is None else _share(high))
    return Agreement(_share(value), *ends, n)


def _log_odds(theta: Floats, beats: NDArray[np.bool_], a: int, b: int) -> float:
    """Of a beating b; infinite where one never lost anything to the other, NaN where nothing tells."""
    if beats[a, b] and beats[b, a]:
        return float(theta[a] - theta[b])
    return np.inf if beats[a, b] else -np.inf if beats[b, a] else np.nan


def _share(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
