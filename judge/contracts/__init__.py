"""Output contracts: one for each kind of rubric and each way to ask."""

from collections.abc import Callable
from typing import Any

from judge.contracts.base import OutputContract, Parsed, Unparsed
from judge.contracts.checklist import ChecklistJson, ChecklistText
from judge.contracts.doubts import without_echoes
from judge.contracts.labels import LabelsJson, LabelsText
from judge.contracts.likert import JsonContract, TextContract
from judge.rubric import Rubric
from providers.types import SchemaMode

__all__ = ["JsonContract", "OutputContract", "Parsed", "TextContract", "Unparsed", "contract_for", "read_reply"]

_CONTRACTS: dict[str, tuple[Callable[[Any], OutputContract], Callable[[Any], OutputContract]]] = {
    "likert": (lambda rubric: JsonContract(rubric.scale), lambda rubric: TextContract(rubric.scale)),
    "checklist": (ChecklistJson, ChecklistText),
    "labels": (LabelsJson, LabelsText),
}


def read_reply(contract: OutputContract, text: str, answer: str) -> Parsed | Unparsed:
    """What a judge's reply says of `answer` (all that the judge was shown of candidates).

    What stands only in a code block that repeats the answer is the answer's word, not the judge's.
    """
    parsed = contract.parse(text)
    own = without_echoes(text, answer) if isinstance(parsed, Parsed) else text
    if own == text:
        return parsed
    again = contract.parse(own)
    if not isinstance(again, Parsed):
        return Unparsed("what would be the verdict only repeats the answer")
    # The first has the reasons in full.
    return parsed if isinstance(parsed, Parsed) and parsed.score == again.score else again


def contract_for(rubric: Rubric, mode: SchemaMode) -> OutputContract:
    """JSON where the server enforces a schema, text everywhere else."""
    in_json, in_text = _CONTRACTS[rubric.kind]
    return in_json(rubric) if mode == "json_schema" else in_text(rubric)
