"""How many labels buy which interval, before anybody labels anything."""

import math
from typing import Any

import numpy as np
from sqlalchemy.engine import Connection

from judge.scoring.corrected import FEWEST_LABELS, labels_needed
from service.errors import UsageError
from service.review.candidates import rubrics_by_question
from service.review.corrections import corrected_models
from service.review.draw import RANDOM_SHARE
from service.review.given import read_people
from service.review.judged import RunScores, read_judged
from service.store.reads import StoredRun

ASSUMED = (0.0, 0.5, 0.75, 0.9)
"""Correlations of judge and people per turn; 0 is as good as labels without a judge."""


def plan_labels(connection: Connection, run: StoredRun, half_width: float) -> dict[str, Any]:
    """Labels that each model needs for a mean of +- `half_width`, by how well judge and people correlate.

    What is known from labels is used: the standard deviation of people's scores (else of the judge's) and the
    correlation. `sample` is the --n of `kojudge labels sample` that has so many random turns of every model.

    Raises:
        UsageError: nothing has been judged, or the half-width is none of the run's scale.
    """
    low, high = run.plan.scale
    if not 0 < half_width < high - low:
        raise UsageError(f"--half-width is above 0 and below the width of the scale {low:g}~{high:g}")
    rubrics = rubrics_by_question(connection, run)
    people = read_people(connection, run)
    judged = read_judged(connection, run, rubrics, {g.unit for g in people.given})
    models = [m for m in corrected_models(connection, run, people, rubrics, judged) if m["turns"]]
    if not models:
        raise UsageError(f"run {run.name!r} has no ok verdict; `kojudge resume {run.name}` tries failures again")
    turns = min(m["turns"] for m in models)
    told = [m for m in models if m["labels"] >= FEWEST_LABELS]
    sd = _root_mean_square([m["sd"] for m in told]) if told else _judges_sd(judged.scores, len(run.plan.models))
    seen = [m["correlation"] for m in told if m["correlation"] is not None]
    correlation = float(np.mean(seen)) if seen else None
    wanted = sorted({*ASSUMED, *([max(0.0, correlation)] if correlation is not None else [])})
    return {
        "run": run.name,
        "half_width": half_width,
        "scale": {"min": low, "max": high},
        "models": len(models),
        "turns": turns,
        "sd": sd,
        "sd_from": "people" if told else "judge",
        "correlation": correlation,
        "plans": [_plan(half_width, sd, rho, turns, len(models)) for rho in wanted],
    }


def _plan(half_width: float, sd: float, correlation: float, turns: int, models: int) -> dict[str, Any]:
    needed = labels_needed(half_width, sd, correlation, turns)
    sample = None if needed is None else math.ceil(needed * models / RANDOM_SHARE)
    return {"correlation": correlation, "labels": needed, "all_models": needed and needed * models, "sample": sample}


def _judges_sd(scores: RunScores, models: int) -> float:
    """Within models."""
    mine = [scores.score[scores.of_model(m)] for m in range(models)]
    return _root_mean_square([float(s.std(ddof=1)) for s in mine if s.size > 1] or [0.0])


def _root_mean_square(values: list[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
