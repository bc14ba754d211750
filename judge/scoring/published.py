"""What FastChat, Arena-Hard and AlpacaEval print of their own files, in their own units, and what they leave out.

Each function computes a tool's aggregate as the tool does, so that a published number can be recognised:

    FastChat single    plain mean of the scores that are not -1; the others are dropped without a word
    FastChat pairs     wins, losses and wins + ties / 2 over the rows in which neither game is an error
    Arena-Hard         mean over games in percent, a game with ">>" or "<<" counted three times; rows with a null game
                       are dropped; 90 % interval of 100 resamples of games, as if they were independent
    AlpacaEval         mean preference - 1 in percent and its standard error; what is no preference is dropped

Beside it stands, where the tool gives an interval, that of the same figure at 95 % with whole questions resampled.
Arena-Hard draws without a seed: its limits are met within its own noise.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from judge.scoring.estimate import clustered_mean
from judge.scoring.published_figure import PublishedFigure
from judge.scoring.resample import SEED, limits, question_draws

STRONG = 3
"""How often Arena-Hard counts a game that was won by far."""
_ROUNDS = 100
_RESAMPLES = 1000

Floats = NDArray[np.float64]


class SingleScore(NamedTuple):
    model: str
    turn: int
    score: float | None


def fastchat_single(rows: Iterable[SingleScore]) -> list[PublishedFigure]:
    """`turn 1`, `turn 2` and `average` of each model."""
    by_slice: dict[tuple[str, str], list[float | None]] = defaultdict(list)
    for row in rows:
        by_slice[row.model, f"turn {row.turn}"].append(row.score)
        by_slice[row.model, "average"].append(row.score)
    figures = []
    for (model, figure), scores in sorted(by_slice.items()):
        kept = [score for score in scores if score is not None and score != -1]
        value = float(np.mean(kept)) if kept else None
        figures.append(
            PublishedFigure(
                model=model, figure=figure, unit="points", value=value, n=len(kept), dropped=len(scores) - len(kept)
            )
        )
    return figures


class PairGames(NamedTuple):
    """The winners that both games name: `model_1`, `model_2`, `tie` or `error`."""

    model_1: str
    model_2: str
    g1_winner: str
    g2_winner: str


def fastchat_pairs(rows: Iterable[PairGames]) -> list[PublishedFigure]:
    """`win_rate`, `loss_rate` and `win_rate_adjusted` of each model, over everybody that it met."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        both = (row.model_1, row.model_2)
        if "error" in (row.g1_winner, row.g2_winner):
            results = ("dropped", "dropped")
        elif row.g1_winner == "tie" or row.g1_winner != row.g2_winner:
            results = ("tie", "tie")
        else:
            results = ("win", "loss") if row.g1_winner == "model_1" else ("loss", "win")
        for model, result in zip(both, results, strict=True):
            counts[model][result] += 1
    figures = []
    for model, found in sorted(counts.items()):
        n = found["win"] + found["loss"] + found["tie"]
        points: dict[str, float] = {"win_rate": found["win"], "loss_rate": found["loss"]}
        points["win_rate_adjusted"] = found["win"] + 0.5 * found["tie"]
        figures += [
            PublishedFigure(
                model=model, figure=name, unit="share", value=p / n if n else None, n=n, dropped=found["dropped"]
            )
            for name, p in points.items()
        ]
    return figures


ARENA_HARD: dict[str, tuple[float, ...]] = {
    "A>>B": (1.0,) * STRONG,
    "A>B": (1.0,),
    "A=B": (0.5,),
    "B=A": (0.5,),
    "B>A": (0.0,),
    "A<B": (0.0,),
    "B>>A": (0.0,) * STRONG,
    "A<<B": (0.0,) * STRONG,
    "B<A": (1.0,),
    "B<<A": (1.0,) * STRONG,
}
"""What a label is worth to A, as often as it counts."""


class ArenaGames(NamedTuple):
    """The labels of both games: A is the baseline in the first, the model in the second."""

    model: str
    question: int
    category: str
    first: str | None
    second: str | None


def arena_hard(rows: Sequence[ArenaGames]) -> list[PublishedFigure]:
    """The score of each model in each category, in percent."""
    figures = []
    for category in dict.fromkeys(row.category for row in rows):
        mine = [row for row in rows if row.category == category]
        whole = [row for row in mine if row.first in ARENA_HARD and row.second in ARENA_HARD]
        dropped = Counter(row.model for row in mine) - Counter(row.model for row in whole)
        models = list(dict.fromkeys(row.model for row in mine))
        games = [
            (models.index(row.model), row.question, worth)
            for row in whole
            for worth in (*ARENA_HARD[row.second or ""], *(1 - s for s in ARENA_HARD[row.first or ""]))
        ]
        figures += _arena_figures(category, models, games, dropped)
    return figures


def _arena_figures(
    category: str, models: list[str], games: list[tuple[int, int, float]], dropped: Counter[str]
) -> list[PublishedFigure]:
    columns = np.array(games, dtype=np.float64).reshape(-1, 3).T
    model, question, worth = columns[0].astype(np.int64), columns[1].astype(np.int64), columns[2]
    random = np.random.default_rng(SEED)
    rounds = np.full((_ROUNDS, len(models)), np.nan)
    if worth.size:
        for row in rounds:
            drawn = random.integers(worth.size, size=worth.size)
            n = np.bincount(model[drawn], minlength=len(models))
            total = np.bincount(model[drawn], weights=worth[drawn], minlength=len(models))
            np.divide(total, n, out=row, where=n > 0)
    figures = []
    for number, name in enumerate(models):
        mine = model == number
        value, low, high = None, None, None
        ends: tuple[float | None, float | None] = (None, None)
        if mine.any():
            value = 100 * float(worth[mine].mean())
            low, high = (100 * float(x) for x in np.nanquantile(rounds[:, number], [0.05, 0.95]))
            ends = _clustered(worth[mine], question[mine])
        figures.append(
            PublishedFigure(
                model=name,
                figure=category,
                unit="percent",
                value=value,
                n=int(mine.sum()),
                dropped=dropped[name],
                low=low,
                high=high,
                interval="90 %, games resampled" if mine.any() else None,
                clustered_low=ends[0],
                clustered_high=ends[1],
            )
        )
    return figures


def _clustered(worth: Floats, question: NDArray[np.int64]) -> tuple[float | None, float | None]:
    cluster = np.unique(question, return_inverse=True)[1]
    n, total = np.bincount(cluster), np.bincount(cluster, weights=worth)
    draws = question_draws(np.random.default_rng(SEED), n.size, _RESAMPLES)
    low, high = limits((draws @ total) / (draws @ n), float(worth.mean()), n.size)
    return (None if low is None else 100 * max(0.0, low)), (None if high is None else 100 * min(1.0, high))


class Preference(NamedTuple):
    """1 is the baseline's win, 2 the model's, 1.5 (in old files 0) a draw; `question` tells repeated prompts."""

    model: str
    question: int
    preference: float | None


def preferred(preference: float | None) -> float | None:
    """What a preference is worth to the model, 0 to 1; None where it is none."""
    value = 1.5 if preference == 0 else preference
    return None if value is None or not 1 <= value <= 2 else value - 1


def alpaca_eval(rows: Iterable[Preference]) -> list[PublishedFigure]:
    """`win_rate` and `discrete_win_rate` of each model, in percent."""
    by_model: dict[str, list[Preference]] = defaultdict(list)
    for row in rows:
        by_model[row.model].append(row)
    return [figure for model, mine in by_model.items() for figure in _preference_figures(model, mine)]


def _preference_figures(model: str, rows: list[Preference]) -> tuple[PublishedFigure, PublishedFigure]:
    kept = [(row.question, worth) for row in rows if (worth := preferred(row.preference)) is not None]
    question = np.array([number for number, _ in kept], dtype=np.int64)
    worths = np.array([worth for _, worth in kept], dtype=np.float64)
    n, dropped = len(kept), len(rows) - len(kept)
    whole = clustered_mean(worths, question, dropped, (0.0, 1.0))
    wins = float(((worths > 0.5) + 0.5 * (worths == 0.5)).mean()) if n else None
    return (
        PublishedFigure(
            model=model,
            figure="win_rate",
            unit="percent",
            value=100 * float(worths.mean()) if n else None,
            n=n,
            dropped=dropped,
            standard_error=100 * float(worths.std(ddof=1)) / math.sqrt(n) if n > 1 else None,
            clustered_low=None if whole.low is None else 100 * whole.low,
            clustered_high=None if whole.high is None else 100 * whole.high,
        ),
        PublishedFigure(
            model=model,
            figure="discrete_win_rate",
            unit="percent",
            value=None if wins is None else 100 * wins,
            n=n,
            dropped=dropped,
        ),
    )
