"""A report as plain data: the stable shape that `--format json` prints (documented in docs/report.md)."""

from typing import Any

from sqlalchemy.engine import Connection

from service.report import (
    choices,
    differences,
    distribution,
    endpoints,
    headlines,
    imported,
    jury,
    length,
    methods,
    pairwise,
    people,
    scores,
    turns,
)
from service.report.part import Part, Source
from service.store import reads

PARTS: tuple[Part, ...] = (
    scores.PART,
    headlines.PART,
    differences.PART,
    distribution.PART,
    imported.PART,
    turns.PART,
    choices.PART,
    jury.PART,
    length.PART,
    pairwise.PART,
    people.PART,
    endpoints.PART,
    methods.PART,
)
"""In the order in which a reader meets them."""


def build_report(connection: Connection, run: reads.StoredRun, reference: str | None = None) -> dict[str, Any]:
    """Every figure of a run, models in order of their score; `reference` is the model that bands are relative to.

    Raises:
        UsageError: the run has no such model.
    """
    source = Source(connection, run, reference)
    models: list[dict[str, Any]] = [{} for _ in run.plan.models]
    made: dict[str, Any] = {}
    for part in PARTS:
        if part.of_run is not None:
            made |= part.of_run(source)
        if part.of_models is not None:
            for model, mine in zip(models, part.of_models(source), strict=True):
                model |= mine
    models.sort(key=lambda m: -(m["overall"]["mean"] if m["overall"]["mean"] is not None else float("-inf")))
    counted = [part["failures"] for part in (*models, made["pairwise"]) if part is not None]
    low, high = run.plan.scale
    return {
        "run": run.name,
        "kind": run.kind,
        "status": "incomplete" if any(failures.get("pending") for failures in counted) else "complete",
        "stopped_because": run.stopped_because,
        "created_at": run.created_at,
        "comparability_key": run.plan.comparability_key(),
        "scale": {"min": low, "max": high},
        "questions": {
            "sets": [s.name for s in run.plan.sets],
            "n": int(source.table.turns.size),
            "samples": run.plan.samples,
        },
        "judges": [j.label for j in run.plan.judges],
        "judge_pack": run.plan.pack.model_dump() if run.plan.pack is not None else None,
        "rubrics": {
            name: {
                "kind": r.kind,
                "version": r.version,
                "scale": {"min": r.scale.min, "max": r.scale.max},
                "digest": r.digest()[:16],
                "prompt_hash": run.plan.prompt_hashes[name][:16],
            }
            for name, r in run.plan.rubrics.items()
        },
        "interval": "95 % (t after Hall's transformation, clustered by question); rank: paired sign-flip tests, Holm",
        "models": models,
        **made,
    }


def failed_units(report: dict[str, Any]) -> int:
    """Verdicts that are not ok, over all models."""
    return sum(sum(m["failures"].values()) for m in report["models"])
