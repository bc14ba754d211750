"""Do the intervals hold the truth, and how often are the tests wrong? Scores like LogicKor's with a known truth.

    python -m bench.statistics [--repetitions 10000] [--json FILE] [--quick]

The studies are those of the tests, with more repetitions. Behind each rate stand two standard errors of the simulation.
About five minutes on one core.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from bench.simulation import LEVELS
from bench.studies import (
    Rate,
    alignment_coverage,
    difference_rates,
    family_wise_rate,
    mean_coverage,
    rank_coverage,
    safety_coverage,
    share_coverage,
)
from bench.tables import Table, say, write_json

QUESTIONS = (42, 84, 500)
PAIRS = {"both middling": (0.0, 0.0), "ceiling, near ceiling": (1.7, 1.35), "ceiling, middling": (1.35, -0.5)}
RATES = {"balanced": (0.95, 0.9, 0.92), "lax": (0.7, 0.5, 0.99), "over-cautious": (0.99, 0.97, 0.5)}
RANKED = {"18 models like LogicKor's": np.linspace(-1.2, 1.4, 18), "18 nearly alike": np.linspace(-0.01, 0.01, 18)}
_LEAVES = (10, 15, 25)


@dataclass(frozen=True, slots=True)
class Figure:
    """One rate; `least` and `most` are what it should be between, `n` questions or conversations of a leaf."""

    study: str
    case: str
    n: int
    rate: float
    error: float
    least: float
    most: float
    width: float | None
    repetitions: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10_000)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for a machine")
    parser.add_argument("--quick", action="store_true", help="few repetitions: does it run at all?")
    options = parser.parse_args()
    found: list[Figure] = []
    started = time.monotonic()
    for figure in figures(20 if options.quick else options.repetitions):
        found.append(figure)
        say(f"  {figure.study}, {figure.case}, n = {figure.n}: {figure.rate:.2%} ({time.monotonic() - started:.0f} s)")
    records = [asdict(figure) for figure in found]
    for table in tables(records):
        table.say()
    write_json(options.json, records)


def figures(repetitions: int) -> Iterator[Figure]:
    """Every study; the slow ones with a fifth or a tenth of the repetitions."""
    for study, case, n, least, most, measure in _studies(repetitions):
        rate = measure()
        yield Figure(study, case, n, rate.share, rate.error, least, most, rate.width, rate.repetitions)


_Study = tuple[str, str, int, float, float, Callable[[], Rate]]
_COVERS = (0.935, 0.965)


def _studies(repetitions: int) -> Iterator[_Study]:
    fifth, tenth = max(2, repetitions // 5), max(2, repetitions // 10)
    for n, (case, level) in product(QUESTIONS, LEVELS.items()):
        yield "interval of a mean", case, n, *_COVERS, partial(mean_coverage, level, n, repetitions)
    for n, (case, (a, b)) in product(QUESTIONS, PAIRS.items()):
        yield "interval of a difference", case, n, *_COVERS, partial(_interval, a, b, n, repetitions)
    for n, (case, level) in product(QUESTIONS, LEVELS.items()):
        yield "sign-flip test, equal models", case, n, 0.04, 0.06, partial(_called, level, n, repetitions)
    for n in QUESTIONS[:2]:
        yield (
            "Holm, any false claim",
            "153 pairs of 18 equal models",
            n,
            0,
            0.05,
            partial(family_wise_rate, 18, n, fifth),
        )
    for n, (case, levels) in product(QUESTIONS[:2], RANKED.items()):
        yield "rank, worst-covered model", case, n, 0.95, 1, partial(rank_coverage, levels, n, tenth)
    for n, truth in product(QUESTIONS, (0.5, 0.9, 0.95)):
        yield "share, 3 answers a question", f"{truth:.0%}", n, *_COVERS, partial(share_coverage, truth, n, repetitions)
    for n, case in product(_LEAVES, ("middling", "near the ceiling")):
        yield "ALIGNMENT", case, n, *_COVERS, partial(alignment_coverage, LEVELS[case], n, fifth)
    for n, (case, rates) in product(_LEAVES, RATES.items()):
        yield "SAFETY", case, n, *_COVERS, partial(safety_coverage, rates, n, fifth)


def _interval(first: float, second: float, questions: int, repetitions: int) -> Rate:
    return difference_rates(first, second, questions, repetitions)[0]


def _called(level: float, questions: int, repetitions: int) -> Rate:
    return difference_rates(level, level, questions, repetitions)[1]


def tables(records: Sequence[Mapping[str, Any]]) -> list[Table]:
    """All rates in one table."""
    found = [Figure(**record) for record in records]
    rows = [
        [
            figure.study,
            figure.case,
            figure.n,
            f"{figure.rate:.2%} ± {figure.error:.2%}",
            f"{figure.least:.1%} to {figure.most:.1%}",
            figure.width,
            figure.repetitions,
        ]
        for figure in found
    ]
    heads = ["figure", "case", "n", "rate", "should be", "mean width", "repetitions"]
    return [Table("How often intervals hold the truth, and tests are wrong", heads, rows)]


if __name__ == "__main__":
    main()
