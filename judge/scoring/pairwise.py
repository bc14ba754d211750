"""Pairs of models: who wins how often, and how much the order in which a judge reads decides.

A comparison is one turn of one question, sample, judge and repeat, asked in both orders. It is a win only if both
orders name the same model (Zheng et al., "Judging LLM-as-a-Judge with MT-Bench", arXiv 2306.05685, section 3.4); where
they disagree it counts as a tie, and as inconsistent. One whose two orders are not both ok is no comparison: it is
failed.

    win rate          (wins + ties / 2) / n                                                   of model a of a pair
    swap consistency  share of comparisons in which the judge named the same outcome twice    random choice: 1/3 or 1/2
    first position    share of the first shown among all choices that were no tie             no preference: 0.5

Intervals are 95 %, clustered by question. The last two are of what the judge said, before the language rule.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.estimate import Estimate, clustered_mean
from judge.scoring.proportion import Booleans, Share, share
from judge.scoring.table import Integers

A, TIE, B = 1, 0, -1
"""Codes of an outcome; minus turns it round."""


@dataclass(frozen=True, slots=True)
class ComparisonTable:
    """Comparisons with both orders ok as parallel arrays, one entry a comparison, shape (n,).

    `pair` indexes `pairs` of (model a, model b), which index `models`; `judge` indexes `judges`. `place` numbers the
    turns (of a question and sample) whose answers were compared, the same for every pair. `forward` is the outcome with
    a shown first, `swapped` with b; `said_*` is the judge's word before the language rule. Where every comparison was
    asked in one order only (`both_orders` false: another tool's), that outcome stands in both.
    `planned[pair, judge]` comparisons each pair was to get from each judge.
    """

    models: tuple[str, ...]
    judges: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    planned: Integers
    pair: Integers
    judge: Integers
    question: Integers
    place: Integers
    forward: Integers
    swapped: Integers
    said_forward: Integers
    said_swapped: Integers
    both_orders: bool = True


@dataclass(frozen=True, slots=True)
class PairScores:
    """`inconsistent` of the ties come of two orders that disagree. `win_rate` (0 to 1) is model a's.

    `bounds`: the win rate if every failed comparison had been lost, or won; None when none failed.
    """

    model_a: str
    model_b: str
    wins: int
    ties: int
    losses: int
    inconsistent: int
    win_rate: Estimate
    bounds: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class JudgeScores:
    """How steady one judge is under a swap of the two answers; nothing is known of one that was asked once."""

    judge: str
    swap_consistency: Share
    first_position: Share
    failed: int


@dataclass(frozen=True, slots=True)
class ModelWinRate:
    """Of one model over all its comparisons, whoever the others are."""

    model: str
    win_rate: Estimate


@dataclass(frozen=True, slots=True)
class PairwiseScores:
    pairs: tuple[PairScores, ...]
    models: tuple[ModelWinRate, ...]
    judges: tuple[JudgeScores, ...]


def summarise_pairs(table: ComparisonTable) -> PairwiseScores:
    """Every pair, model and judge, in the table's order."""
    return PairwiseScores(
        tuple(_pair(table, number) for number in range(len(table.pairs))),
        tuple(_model(table, number) for number in range(len(table.models))),
        tuple(_judge(table, number) for number in range(len(table.judges))),
    )


def outcomes(forward: Integers, swapped: Integers) -> NDArray[np.int8]:
    """One outcome of both orders: theirs where they agree, else a tie."""
    return np.where(forward == swapped, forward, TIE).astype(np.int8)


def _pair(table: ComparisonTable, pair: int) -> PairScores:
    mine = table.pair == pair
    forward, swapped, question = table.forward[mine], table.swapped[mine], table.question[mine]
    outcome = outcomes(forward, swapped)
    n = int(outcome.size)
    failed = max(0, int(table.planned[pair].sum()) - n)
    points = (outcome + 1) / 2
    a, b = table.pairs[pair]
    return PairScores(
        model_a=table.models[a],
        model_b=table.models[b],
        wins=int((outcome == A).sum()),
        ties=int((outcome == TIE).sum()),
        losses=int((outcome == B).sum()),
        inconsistent=int((forward != swapped).sum()),
        win_rate=clustered_mean(points, question, failed, (0.0, 1.0)),
        bounds=(float(points.sum()) / (n + failed), (float(points.sum()) + failed) / (n + failed)) if failed else None,
    )


def _model(table: ComparisonTable, model: int) -> ModelWinRate:
    pairs = np.array(table.pairs).reshape(-1, 2)
    is_a, is_b = (pairs[:, side] == model for side in (0, 1))
    side = (is_a.astype(np.int8) - is_b)[table.pair]
    mine = side != 0
    outcome = outcomes(table.forward[mine], table.swapped[mine]) * side[mine]
    failed = max(0, int(table.planned[is_a | is_b].sum()) - int(mine.sum()))
    rate = clustered_mean((outcome + 1) / 2, table.question[mine], failed, (0.0, 1.0))
    return ModelWinRate(table.models[model], rate)


def _judge(table: ComparisonTable, judge: int) -> JudgeScores:
    mine = table.judge == judge
    forward, swapped, question = table.said_forward[mine], table.said_swapped[mine], table.question[mine]
    failed = max(0, int(table.planned[:, judge].sum()) - int(forward.size))
    if not table.both_orders:
        nothing = Share(None, None, None, 0)
        return JudgeScores(table.judges[judge], nothing, nothing, failed)
    # With b shown first, it is b's win that is the first position's.
    first_won = np.concatenate([forward == A, swapped == B])
    chosen: Booleans = np.concatenate([forward != TIE, swapped != TIE])
    return JudgeScores(
        judge=table.judges[judge],
        swap_consistency=share(forward == swapped, question),
        first_position=share(first_won[chosen], np.concatenate([question, question])[chosen]),
        failed=failed,
    )
