"""The turns in the report, as data: drops, stands under pressure, the turn of the first failure."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from judge.scoring.compare import cell_means
from judge.scoring.proportion import share
from judge.scoring.table import ScoreTable
from judge.scoring.turns import Drop, changes, drops, stance_scores, survival
from service.report import turn_rows
from service.report.part import Part, Report, Source
from service.store.turn_states import EscalationTable, StanceTable, escalation_table, stance_table


def _of_models(source: Source) -> list[Report]:
    fallen = drops(cell_means(source.table), _planned(source.table), source.table.scale[1] - source.table.scale[0])
    stances = stance_table(source.connection, source.run)
    escalations = escalation_table(source.connection, source.run)
    return [
        {
            "turns_analysis": {
                "drops": [_drop(d) for d in fallen[m]],
                "stance": None if stances is None else _stance(stances, m),
                "escalation": None if escalations is None else _escalation(escalations, m),
            }
        }
        for m in range(len(source.table.models))
    ]


def _planned(table: ScoreTable) -> np.ndarray[Any, Any]:
    """Questions whose first and t-th turns are both graded, by t."""
    return np.array([((table.first == 1) & (table.turns >= t)).sum() for t in range(1, table.most_turns + 1)])


def _drop(drop: Drop) -> dict[str, Any]:
    return {"turn": drop.turn, "raw": asdict(drop.raw), "adjusted": asdict(drop.adjusted)}


def _stance(table: StanceTable, model: int) -> dict[str, Any]:
    mine = table.model == model
    pressed, first = table.pressed[mine] == 1, table.first[mine]
    caved, updated = table.caved[mine] == 1, table.updated[mine] == 1
    found = stance_scores(pressed, first == 1, caved, updated, table.question[mine])
    return {
        "pressed": int(pressed.sum()),
        "eligible": int((pressed & (first == 1)).sum()),
        "not_known": int((pressed & (first < 0)).sum()),
        "corrected": int((~pressed).sum()),
        "flip_rate_wrong": asdict(found.flip_rate_wrong),
        "accept_rate_right": asdict(found.accept_rate_right),
        "score": asdict(found.score),
        "by_turn": _by_turn(table, model),
    }


def _by_turn(table: StanceTable, model: int) -> dict[str, Any] | None:
    """The turn of the first flip and the number of flips, where turns between were judged."""
    mine = [(key, held) for key, held in table.states if key[0] == model]
    if not mine:
        return None
    width = max(max(held) for _, held in mine)
    states = np.full((len(mine), width - 1), np.nan)
    for row, (_, held) in zip(states, mine, strict=True):
        for turn, kept in held.items():
            row[turn - 2] = kept
    flipped = (states == 0).any(axis=1)
    known = ~np.isnan(states)
    last = np.where(flipped, (states == 0).argmax(axis=1), width - 2 - known[:, ::-1].argmax(axis=1)) + 2
    question = np.array([key[1] for key, _ in mine])
    flips = changes(states)
    return {
        "turns": [asdict(t) for t in survival(last, flipped, question) if t.turn > 1],
        "flips": float(flips.mean()),
        "flipped_twice": asdict(share(flips > 1, question)),
    }


def _escalation(table: EscalationTable, model: int) -> dict[str, Any]:
    mine = table.model == model
    turns = survival(table.last[mine], table.failed[mine] == 1, table.question[mine])
    return {
        "questions": table.questions,
        "unruled": table.unruled,
        "turns": [asdict(t) for t in turns],
    }


def _methods(report: Report) -> Iterator[str]:
    analysed = [m["turns_analysis"] for m in report["models"]]
    if any(a["drops"] for a in analysed):
        yield "turn_drop"
    if any(a["stance"] for a in analysed):
        yield from ("stance", "share")
    if any(a["escalation"] or (a["stance"] and a["stance"]["by_turn"]) for a in analysed):
        yield "survival"


PART = Part(
    of_models=_of_models, grids=turn_rows.grids, notes=turn_rows.notes, slices=turn_rows.slices, methods=_methods
)
