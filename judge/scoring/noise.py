"""Why paired differences vary: other questions, other answers to them, other verdicts on those.

With omega^2 of the questions, K answers to each and J verdicts on every answer (Miller, arXiv 2411.00640, section 5):

    variance of a question's difference = omega^2 + (s_A^2 + s_B^2) / K + (j_A^2 + j_B^2) / (K * J)

s^2 and j^2 are the variances within a question between answers, and within an answer between verdicts. More questions
shrink every part, more answers or verdicts only theirs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.paired import Difference


@dataclass(frozen=True, slots=True)
class Noise:
    """The parts of the variance, of a typical pair, both models together: those of one answer and of one verdict.

    `answers` and `verdicts` are None where there is one only: what they add is then part of `questions` (verdicts of
    one answer each: of `answers`).
    """

    questions: float
    answers: float | None
    verdicts: float | None
    samples: int
    repeats: int

    def sd(self, samples: int | None = None, repeats: int | None = None) -> float:
        """Standard deviation of a question's difference with so many answers and verdicts, by default the run's."""
        k, j = samples or self.samples, repeats or self.repeats
        return math.sqrt(self.questions + (self.answers or 0.0) / k + (self.verdicts or 0.0) / (k * j))


def noise(repeated: NDArray[np.float64], tested: Sequence[tuple[tuple[int, int], Difference]]) -> Noise | None:
    """The parts of the mean variance over the tested pairs; None where none has a standard deviation.

    `repeated` of shape (models, questions, samples, repeats) has the mean over the turns of a question, NaN where one
    is missing.
    """
    pairs = [(pair, d.sd) for pair, d in tested if d.sd is not None]
    if not pairs:
        return None
    samples, repeats = repeated.shape[2:]
    total = sum(sd**2 for _, sd in pairs) / len(pairs)
    of_verdicts = _of_both(_within(repeated), pairs)
    of_answers = _of_both(_within(_mean(repeated)[..., None].swapaxes(2, 3)), pairs)
    if of_answers is not None and of_verdicts is not None:
        of_answers = max(0.0, of_answers - of_verdicts / repeats)
    rest = total - (of_answers or 0.0) / samples - (of_verdicts or 0.0) / (samples * repeats)
    return Noise(max(0.0, rest), of_answers, of_verdicts, samples, repeats)


def _within(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean variance over the last axis for each model, shape (models,); NaN where nothing is there twice."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    mean = _mean(values)
    squared = np.where(known, np.square(values - mean[..., None]), 0.0).sum(axis=-1)
    twice = count > 1
    variance = np.divide(squared, count - 1, out=np.zeros(squared.shape), where=twice)
    axes = tuple(range(1, variance.ndim))
    of_model = twice.sum(axis=axes)
    return np.asarray(
        np.divide(variance.sum(axis=axes), of_model, out=np.full(of_model.shape, np.nan), where=of_model > 0)
    )


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _of_both(of_model: NDArray[np.float64], pairs: Sequence[tuple[tuple[int, int], float]]) -> float | None:
    """Mean over pairs of the sum of both models' variances."""
    found = np.array([of_model[a] + of_model[b] for (a, b), _ in pairs])
    found = found[~np.isnan(found)]
    return float(found.mean()) if found.size else None
