"""The verdicts of a jury on one conversation, made of its members' by the rule that makes those of the report."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
from sqlalchemy.engine import Row

from judge.scoring.jury import Seats, collapse
from judge.scoring.table import OK, STATUSES, ScoreTable
from service.plan import RunPlan


def jury_verdicts(
    plan: RunPlan, model: int, scale: tuple[float, float], rows: Iterable[Row[Any]]
) -> list[dict[str, Any]]:
    """One for each turn and repeat that has begun, on the rubric's own `scale`; none where the run has one judge.

    `lacking` are the seated members without a score and why; where nobody lacks and the status is `incomplete`, there
    is no majority.
    """
    if plan.jury is None:
        return []
    ordered = sorted(rows, key=lambda row: (row.turn, row.repeat, row.judge))
    sittings = itertools.groupby(ordered, key=lambda row: (row.turn, row.repeat))
    return [
        _verdict(plan, model, scale, turn, repeat, {row.judge: row for row in given})
        for (turn, repeat), given in sittings
    ]


def _verdict(
    plan: RunPlan, model: int, scale: tuple[float, float], turn: int, repeat: int, given: dict[int, Row[Any]]
) -> dict[str, Any]:
    status, score = _collapsed(plan, model, scale, turn, list(given.values()))
    stood = {judge: given[judge].status if judge in given else "pending" for judge in plan.seats[model]}
    lacking = [{"judge": plan.judges[judge].label, "status": why} for judge, why in stood.items() if why != "ok"]
    return {"turn": turn, "repeat": repeat, "status": status, "score": score, "lacking": lacking}


def _collapsed(
    plan: RunPlan, model: int, scale: tuple[float, float], turn: int, rows: list[Row[Any]]
) -> tuple[str, float | None]:
    """(status, score) of one sitting."""
    seated = np.zeros((1, len(plan.judges)), dtype=np.bool_)
    seated[0, list(plan.seats[model])] = True
    alike = np.zeros(len(rows), dtype=np.int64)
    table = ScoreTable(
        models=(plan.models[model].label,),
        category_names=("",),
        category=np.zeros(1, dtype=np.int64),
        turns=np.array([turn]),
        first=np.array([turn]),
        verdicts_per_turn=len(plan.judges),
        scale=scale,
        model=alike,
        question=alike,
        turn=alike + turn,
        status=np.array([STATUSES.index(row.status) for row in rows]),
        score=np.array([np.nan if row.score is None else row.score for row in rows]),
        published=np.full(len(rows), np.nan),
    )
    judge = np.array([row.judge for row in rows])
    one = collapse(table, Seats(tuple(j.label for j in plan.judges), seated, judge, alike), plan.jury or "mean")
    if not one.status.size:
        return "pending", None
    code = int(one.status[0])
    return STATUSES[code], float(one.score[0]) if code == OK else None
