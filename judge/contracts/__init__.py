"""Output contracts: one for each kind of rubric and each way to ask."""

from collections.abc import Callable
from typing import Any

from judge.contracts.base import OutputContract, Parsed, Unparsed
from judge.contracts.checklist import ChecklistJson, ChecklistText
from judge.contracts.labels import LabelsJson, LabelsText
from judge.contracts.likert import JsonContract, TextContract
from judge.rubric import Rubric
from providers.types import SchemaMode

__all__ = ["JsonContract", "OutputContract", "Parsed", "TextContract", "Unparsed", "contract_for"]

_CONTRACTS: dict[str, tuple[Callable[[Any], OutputContract], Callable[[Any], OutputContract]]] = {
    "likert": (lambda rubric: JsonContract(rubric.scale), lambda rubric: TextContract(rubric.scale)),
    "checklist": (ChecklistJson, ChecklistText),
    "labels": (LabelsJson, LabelsText),
}


def contract_for(rubric: Rubric, mode: SchemaMode) -> OutputContract:
    """JSON where the server enforces a schema, text everywhere else."""
    in_json, in_text = _CONTRACTS[rubric.kind]
    return in_json(rubric) if mode == "json_schema" else in_text(rubric)
