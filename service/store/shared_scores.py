"""The verdicts of several runs on the questions that all of them asked, as one table; apart, because it needs numpy."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from judge.scoring.table import Integers, ScoreTable
from service.errors import UsageError
from service.store.reads import StoredRun
from service.store.schema import run_questions
from service.store.scores import score_table


@dataclass(frozen=True, slots=True)
class SharedScores:
    """`table` has the first run's scale and categories; its models are named by label, with the run where two clash.

    `models` are (run, label), `judges` who graded each model; `unshared` questions are not in all runs and left out.
    """

    table: ScoreTable
    models: tuple[tuple[str, str], ...]
    judges: tuple[tuple[str, ...], ...]
    unshared: int


def shared_scores(connection: Connection, runs: Sequence[StoredRun]) -> SharedScores:
    """The scores of all runs on the questions that they share.

    Raises:
        UsageError: the runs have no question in common.
    """
    tables = [score_table(connection, run) for run in runs]
    models = tuple((run.name, model.label) for run in runs for model in run.plan.models)
    judges = tuple(seat for run in runs for seat in judges_of(run))
    if len(runs) == 1:
        return SharedScores(tables[0], models, judges, 0)
    digests = [_digests(connection, run) for run in runs]
    shared = [d for d in digests[0] if all(d in of_run for of_run in digests[1:])]
    if not shared:
        raise UsageError("these runs have no question in common; there is nothing to compare")
    places = []
    for of_run in digests:
        place = np.full(len(of_run), -1, dtype=np.int64)
        place[[of_run[d] for d in shared]] = np.arange(len(shared))
        places.append(place)
    unshared = len({d for of_run in digests for d in of_run}) - len(shared)
    return SharedScores(_pooled(tables, places, _names(models)), models, judges, unshared)


def judges_of(run: StoredRun) -> list[tuple[str, ...]]:
    """Who graded each model."""
    labels = [judge.label for judge in run.plan.judges]
    return [tuple(labels[j] for j in seat) for seat in run.plan.seats]


def _digests(connection: Connection, run: StoredRun) -> dict[str, int]:
    c = run_questions.c
    listed = sa.select(c.digest, c.position).where(c.run_id == run.id).order_by(c.position)
    return {row[0]: row[1] for row in connection.execute(listed)}


def _names(models: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    often = Counter(label for _, label in models)
    return tuple(label if often[label] == 1 else f"{label} ({run})" for run, label in models)


def _pooled(tables: Sequence[ScoreTable], places: Sequence[Integers], names: tuple[str, ...]) -> ScoreTable:
    """`places` say for each question of a table where it stands among the shared ones, -1 for nowhere."""
    first = tables[0]
    kept = np.flatnonzero(places[0] >= 0)
    columns: dict[str, list[Any]] = {n: [] for n in ("model", "question", "turn", "status", "score", "published")}
    models = 0
    for table, place in zip(tables, places, strict=True):
        here = place[table.question] >= 0
        low, high = table.scale
        score = first.scale[0] + (table.score - low) / (high - low) * (first.scale[1] - first.scale[0])
        columns["model"].append(table.model[here].astype(np.int64) + models)
        columns["question"].append(place[table.question[here]])
        columns["score"].append((table.score if table.scale == first.scale else score)[here])
        for name in ("turn", "status", "published"):
            columns[name].append(getattr(table, name)[here])
        models += len(table.models)
    pooled: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
    return replace(
        first,
        models=names,
        category=first.category[kept],
        turns=first.turns[kept],
        first=first.first[kept],
        **pooled,
    )
