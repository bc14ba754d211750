"""The multiple-choice part of a report as data."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from judge.scoring.choices import BiasScores, DatasetScores, LanguageScores, ModelChoices, summarise_choices
from judge.scoring.proportion import Share
from service.report.choice_rows import BIAS_FIGURES, choice_grids, choice_notes, choice_slices
from service.report.part import Part, Report, Source
from service.store.choices import choice_table


def _of_models(source: Source) -> list[Report]:
    """`choices` is None for every model if the run has no multiple-choice turn."""
    table = choice_table(source.connection, source.run)
    if table is None:
        return [{"choices": None}] * len(source.run.plan.models)
    return [{"choices": _model(scores)} for scores in summarise_choices(table)]


def _model(scores: ModelChoices) -> dict[str, Any]:
    return {
        "datasets": [_dataset(d) for d in scores.datasets],
        "languages": [_language(s) for s in scores.languages],
        "gap": _share(scores.gap) if scores.gap else None,
    }


def _dataset(scores: DatasetScores) -> dict[str, Any]:
    return {
        "dataset": scores.dataset,
        "languages": list(scores.languages),
        "n": scores.accuracy.n,
        "failed": scores.failed,
        "accuracy": _share(scores.accuracy),
        "bounds": {"worst": scores.bounds[0], "best": scores.bounds[1]} if scores.bounds else None,
        "out_of_choice": _share(scores.out_of_choice),
        "bias": _bias(scores.bias) if scores.bias else None,
    }


def _bias(scores: BiasScores) -> dict[str, Any]:
    return {name: _share(getattr(scores, name)) for name in BIAS_FIGURES} | {"dropped": scores.dropped}


def _language(scores: LanguageScores) -> dict[str, Any]:
    return {
        "language": scores.language,
        "turn": scores.turn,
        "n": scores.accuracy.n,
        "failed": scores.failed,
        "accuracy": _share(scores.accuracy),
        "out_of_choice": _share(scores.out_of_choice),
        "answered": scores.answered,
    }


def _share(value: Share) -> dict[str, Any]:
    return asdict(value)


def _methods(report: Report) -> Iterator[str]:
    found = [m["choices"] for m in report["models"] if m["choices"]]
    if found:
        yield from ("accuracy", "share")
    if any(d["bias"] for choices in found for d in choices["datasets"]):
        yield "bias"


PART = Part(of_models=_of_models, grids=choice_grids, notes=choice_notes, slices=choice_slices, methods=_methods)
