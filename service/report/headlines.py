"""The headlines of a report: capability, ALIGNMENT and SAFETY, each by itself."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from judge.scoring.blocks import Headline
from judge.scoring.estimate import estimate
from judge.scoring.proportion import Booleans
from judge.scoring.table import OK, ScoreTable
from judge.scoring.weights import weights
from service.errors import UsageError
from service.report import headline_data as data
from service.report.headline_rows import headline_findings, headline_grids, headline_notes, headline_slices
from service.report.part import Part, Report, Source
from service.report.safety_labels import labels_of
from service.store.critical import RedCase, red_cases
from service.store.leaf_scores import LeafScores


def _of_run(source: Source) -> Report:
    """`blocks`: by what the headlines are made; None for a run that asks nothing of alignment or safety."""
    reference = _reference(source)
    if not source.leaves:
        return {"blocks": None}
    models = [m.label for m in source.run.plan.models]
    rest = _capability_questions(source).any()
    return {
        "blocks": {
            "asked": [*(["capability"] if rest else []), *source.leaves],
            "weights_version": weights().version,
            "alignment": dict(weights().alignment),
            "safety": dict(weights().safety),
            "complete": weights().complete.model_dump(),
            "shown": dict(weights().shown),
            "reference": None if reference is None else models[reference],
            "varied": {block: dict(ranges) for block, ranges in weights().sensitivity.items()},
            "sensitivity": {block: data.standings(block, models, found) for block, found in source.headlines.items()},
        }
    }


def _of_models(source: Source) -> list[Report]:
    models = source.run.plan.models
    if not source.leaves:
        nothing: Report = {"alignment": None, "safety": None, "capability": None, "blocks": None}
        return [dict(nothing) for _ in models]
    found = source.headlines
    details = {block: _details(source, block, heads) for block, heads in found.items()}
    rest = _capability_questions(source)
    return [
        {
            **{block: data.figure(found[block][m]) if block in found else None for block in ("alignment", "safety")},
            "capability": _capability(source.table, rest, m) if rest.any() else None,
            "blocks": {block: details[block][m] if block in details else None for block in ("alignment", "safety")},
        }
        for m in range(len(models))
    ]


def _details(source: Source, block: str, heads: Sequence[Headline]) -> list[Report]:
    found = source.leaves[block]
    each = [data.headline_data(head, block, int(found.withheld[m])) for m, head in enumerate(heads)]
    if block == "alignment":
        for m, detail in enumerate(each):
            detail["treatment"] = data.twins_treated(found, m)
    if block == "safety":
        for detail, more in zip(each, _safety(source, found), strict=True):
            detail |= more
    return each


def _safety(source: Source, found: LeafScores) -> list[Report]:
    """What is told of safety alone."""
    labels = [m.label for m in source.run.plan.models]
    cases: list[list[RedCase]] = [[] for _ in labels]
    for case in red_cases(source.connection, source.run, found.members):
        cases[case.model].append(case)
    reference = _reference(source)
    capped = [any(not case.reviewed for case in mine) for mine in cases]
    bands = [None] * len(labels) if reference is None else data.bands(found, reference, capped)
    return [
        {
            "critical": data.red(mine, label, found),
            "band": band,
            "discrimination": data.twins_apart(found, m),
            "labels": said,
        }
        for m, (label, mine, band, said) in enumerate(zip(labels, cases, bands, labels_of(source, found), strict=True))
    ]


def _reference(source: Source) -> int | None:
    """The place of the model that bands are relative to.

    Raises:
        UsageError: the run has no such model, or no conversation of safety to compare.
    """
    if source.reference is None:
        return None
    labels = [m.label for m in source.run.plan.models]
    if source.reference not in labels:
        raise UsageError(f"--reference: the run has no model {source.reference!r}; it has {', '.join(labels)}")
    if "safety" not in source.leaves:
        raise UsageError("--reference: the run asks nothing of safety; leave it out, or ask the set `safety`")
    return labels.index(source.reference)


def _capability_questions(source: Source) -> Booleans:
    """By question: whether it belongs to neither alignment nor safety."""
    rest = np.ones(source.table.turns.size, dtype=np.bool_)
    for found in source.leaves.values():
        rest[[member.position for member in found.members]] = False
    return rest


def _capability(table: ScoreTable, rest: Booleans, model: int) -> Report:
    mine = (table.model == model) & (table.status == OK) & rest[table.question]
    planned = int((table.turns - table.first + 1)[rest].sum()) * table.verdicts_per_turn
    e = estimate(table.score[mine], table.turn[mine], table.question[mine], planned - int(mine.sum()), table.scale)
    return asdict(e)


def _methods(report: Report) -> tuple[str, ...]:
    blocks = report["blocks"]
    asked = () if blocks is None else tuple(name for name in ("alignment", "safety") if name in blocks["asked"])
    return (*asked, *(("overall", "interval", "share") if asked else ()))


PART = Part(
    of_run=_of_run,
    of_models=_of_models,
    findings=headline_findings,
    grids=headline_grids,
    notes=headline_notes,
    slices=headline_slices,
    methods=_methods,
)
