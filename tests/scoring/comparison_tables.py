"""Comparison tables from rows, for tests."""

from collections.abc import Sequence

import numpy as np

from judge.scoring.pairwise import ComparisonTable


def comparison_table(
    rows: Sequence[tuple[int, int, int, int]], models: int, pairs: Sequence[tuple[int, int]] | None = None
) -> ComparisonTable:
    """Rows are (question, number of the pair, outcome, place); both orders agree."""
    pairs = pairs or [(a, b) for a in range(models) for b in range(a + 1, models)]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    question, pair, outcome, place = columns
    said = outcome.astype(np.int8)
    return ComparisonTable(
        models=tuple(f"m{n}" for n in range(models)),
        judges=("judge",),
        pairs=tuple(pairs),
        planned=np.array([[int((pair == number).sum())] for number in range(len(pairs))]),
        pair=pair,
        judge=np.zeros(pair.size, dtype=np.int64),
        question=question,
        place=place,
        forward=said,
        swapped=said,
        said_forward=said,
        said_swapped=said,
    )


def played(
    random: np.random.Generator, strengths: Sequence[float], questions: int, *, spread: float = 0.0, ties: float = 0.0
) -> ComparisonTable:
    """All pairs on every question; `spread` is the sd of an effect that the models' answers to one question have."""
    models = len(strengths)
    rows = []
    for question in range(questions):
        theta = np.array(strengths) + spread * random.standard_normal(models)
        number = 0
        for a in range(models):
            for b in range(a + 1, models):
                won = random.random() < 1 / (1 + np.exp(theta[b] - theta[a]))
                outcome = 0 if random.random() < ties else 1 if won else -1
                rows.append((question, number, outcome, question))
                number += 1
    return comparison_table(rows, models)
