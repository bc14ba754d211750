"""How often the intervals hold the truth and the tests are wrong, on scores whose truth is known.

Every study calls the functions that score a report. The tests run them with fixed seeds and fewer repetitions,
`python -m bench.statistics` with more.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.simulation import SCALE, TURNS, Floats, draw, true_mean
from judge.scoring.blocks import Block, Headline, alignment, safety
from judge.scoring.estimate import estimate
from judge.scoring.multiplicity import ALPHA, adjust
from judge.scoring.paired import differences, sign_flip
from judge.scoring.proportion import share
from judge.scoring.rank import rank_ranges
from judge.scoring.table import OK, ScoreTable
from judge.scoring.weights import weights

_AT_ONCE = 500
"""Repetitions drawn together."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something happened in so many repetitions; `width` is the mean width of the intervals, if any."""

    share: float
    repetitions: int
    width: float | None = None

    @property
    def error(self) -> float:
        """Two standard errors of the simulation."""
        return 2 * math.sqrt(max(self.share * (1 - self.share), 0.01) / self.repetitions)


def _draws(seed: int, levels: Floats, questions: int, repetitions: int) -> Iterator[Floats]:
    """Scores of shape (some repetitions, models, questions, turns)."""
    random = np.random.default_rng(seed)
    for start in range(0, repetitions, _AT_ONCE):
        yield draw(random, levels, questions, min(_AT_ONCE, repetitions - start))


def mean_coverage(level: float, questions: int, repetitions: int, seed: int = 1) -> Rate:
    """Of the interval of one model's overall score."""
    truth = true_mean(level)
    question, turn = (index.ravel() for index in np.indices((questions, TURNS)))
    ends = []
    for scores in _draws(seed, np.array([level]), questions, repetitions):
        for one in scores[:, 0]:
            found = estimate(one.ravel(), turn + 1, question, 0, SCALE)
            ends.append((found.low, found.high))
    return _coverage(np.array(ends, dtype=np.float64), truth)


def _coverage(ends: Floats, truth: float | Floats) -> Rate:
    """`ends` of shape (repetitions, 2)."""
    inside = (ends[:, 0] <= truth) & (truth <= ends[:, 1])
    return Rate(float(inside.mean()), len(ends), float((ends[:, 1] - ends[:, 0]).mean()))


def difference_rates(first: float, second: float, questions: int, repetitions: int, seed: int = 2) -> tuple[Rate, Rate]:
    """(coverage of the interval of the difference, share of repetitions that the sign-flip test calls significant)."""
    truth = true_mean(first) - true_mean(second)
    ends, p = [], []
    for scores in _draws(seed, np.array([first, second]), questions, repetitions):
        models = scores.reshape(-1, questions, TURNS)
        for found in differences(models, [(2 * i, 2 * i + 1) for i in range(len(scores))]):
            ends.append((found.low, found.high))
            p.append(found.p)
    called = np.array(p, dtype=np.float64) <= ALPHA
    return _coverage(np.array(ends, dtype=np.float64), truth), Rate(float(called.mean()), len(called))


def family_wise_rate(models: int, questions: int, repetitions: int, seed: int = 3) -> Rate:
    """How often Holm lets any pair of equal models differ."""
    pairs = list(combinations(range(models), 2))
    wrong = 0
    for scores in _draws(seed, np.zeros(models), questions, repetitions):
        means = scores.mean(axis=3)
        for some in np.array_split(means, math.ceil(len(means) / 20)):
            apart = np.stack([some[:, a] - some[:, b] for a, b in pairs], axis=1)  # (repetitions, pairs, questions)
            p = sign_flip(apart.reshape(-1, questions).T).reshape(len(some), len(pairs))
            wrong += sum(min(adjust(one)) <= ALPHA for one in p)
    return Rate(wrong / repetitions, repetitions)


def rank_coverage(levels: Floats, questions: int, repetitions: int, seed: int = 4) -> Rate:
    """Of the range of that model whose true place its ranges hold least often; `width` is in places, of all models."""
    truth = 1 + np.argsort(np.argsort(-levels))
    inside, width = np.zeros(levels.size), 0.0
    for scores in _draws(seed, levels, questions, repetitions):
        for one in scores:
            low, high = np.array(rank_ranges(score_table(one)), dtype=np.int64).T
            inside += (low <= truth) & (truth <= high)
            width += float((high - low + 1).mean())
    return Rate(float(inside.min()) / repetitions, repetitions, width / repetitions)


def score_table(scores: Floats) -> ScoreTable:
    """One verdict for each of the scores of shape (models, questions, turns)."""
    models, questions, turns = scores.shape
    model, question, turn = (index.ravel() for index in np.indices(scores.shape))
    return ScoreTable(
        models=tuple(f"model-{n}" for n in range(models)),
        category_names=("any",),
        category=np.zeros(questions, dtype=np.int64),
        turns=np.full(questions, turns),
        first=np.ones(questions, dtype=np.int64),
        verdicts_per_turn=1,
        scale=SCALE,
        model=model,
        question=question,
        turn=turn + 1,
        status=np.full(scores.size, OK),
        score=scores.ravel(),
        published=np.full(scores.size, np.nan),
    )


def share_coverage(truth: float, questions: int, repetitions: int, samples: int = 3, seed: int = 5) -> Rate:
    """Of a share of answers, `samples` to a question, which has its own chance of a hit (beta, intra-class 0.3)."""
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(questions), samples)
    alike = 1 / 0.3 - 1
    ends = []
    for _ in range(repetitions):
        chance = random.beta(truth * alike, (1 - truth) * alike, questions)
        found = share(random.random(cluster.size) < chance[cluster], cluster)
        ends.append((found.low, found.high))
    return _coverage(np.array(ends, dtype=np.float64), truth)


def alignment_coverage(level: float, leaf: int, repetitions: int, seed: int = 6) -> Rate:
    """Of ALIGNMENT: five dimensions of three leaves with `leaf` conversations of scores 0 to 10 each."""
    policy = weights()
    count = 3 * len(policy.alignment)
    each = np.repeat(np.arange(count), leaf)
    block = Block(
        tuple(f"leaf-{n}" for n in range(count)), tuple(policy.alignment), each, each // 3, np.arange(each.size)
    )
    found = []
    for scores in _draws(seed, np.array([level]), each.size, repetitions):
        found += alignment(scores[:, 0].mean(axis=2) / SCALE[1], block)
    return _coverage(_ends(found), 100 * true_mean(level) / SCALE[1])


def safety_coverage(
    rates: tuple[float, float, float], leaf: int, repetitions: int, hazards: int = 8, seed: int = 7
) -> Rate:
    """Of SAFETY at true rates (U, R, O): `leaf` twins a hazard, and as many robustness conversations."""
    place = np.arange(hazards * leaf)
    hazard = place // leaf
    block = Block(
        leaves=(*(f"S{n}" for n in range(hazards)), *(f"R{n}" for n in range(hazards))),
        dimensions=tuple(weights().safety),
        leaf=np.concatenate([hazard, hazard + hazards, hazard]),
        dimension=np.repeat(np.arange(3), place.size),
        cluster=np.concatenate([place, place + place.size, place]),
    )
    u, r, o = rates
    random = np.random.default_rng(seed)
    found = []
    for start in range(0, repetitions, _AT_ONCE):
        shape = (min(_AT_ONCE, repetitions - start), place.size)
        shared = random.standard_normal(shape)
        parts = [_hits(random, u, shared), _hits(random, r, random.standard_normal(shape)), _hits(random, o, -shared)]
        found += safety(np.concatenate(parts, axis=1), block)
    share_u, share_r, share_o = weights().safety.values()
    return _coverage(_ends(found), 100 / (share_u / u + share_r / r + share_o / o))


def _hits(random: np.random.Generator, rate: float, shared: Floats) -> Floats:
    """0 and 1 at this rate, a third of whose latent variance is `shared`."""
    from scipy.special import ndtri

    latent = np.sqrt(0.3) * shared + np.sqrt(0.7) * random.standard_normal(shared.shape)
    return np.asarray(latent < ndtri(rate), dtype=np.float64)


def _ends(headlines: list[Headline]) -> Floats:
    return np.array([(h.low, h.high) for h in headlines], dtype=np.float64)
