"""What an output contract is: the form a judge is told to answer in, and the reader of its answer, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from providers.types import ResponseSchema


@dataclass(frozen=True, slots=True)
class Parsed:
    """`score` lies on the rubric's scale; `rationale` is the judge's evaluation, perhaps empty.

    `criteria` is the structured part of the verdict, `evidence` what the judge quotes.
    """

    score: float
    rationale: str
    criteria: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unparsed:
    """`reason` is short and holds none of the judge's words."""

    reason: str


class OutputContract(Protocol):
    """How a judge is told to answer, and how its answer is read."""

    @property
    def name(self) -> str: ...

    def instruction(self) -> str: ...

    def response_schema(self) -> ResponseSchema | None: ...

    def parse(self, text: str) -> Parsed | Unparsed:
        """Any text is accepted; nothing is raised for what a judge wrote."""
        ...


def closed_schema(properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object with just these keys, all required: OpenAI's and Solar's strict subsets know no optional key."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }
