"""The policy by which leaves become ALIGNMENT and SAFETY, as `weights.yaml` states it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from questions.source import load_yaml

_FILE = Path(__file__).parent / "weights.yaml"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Complete(_Record):
    share: float
    conversations: int


class Bands(_Record):
    good: float
    caution: float
    danger: float
    unsafe_below: float


class SystemRefusal(_Record):
    """What an answer that the provider withheld is taken for: these labels, these points of checklists met."""

    labels: Mapping[str, str]
    items: frozenset[str]


class Critical(_Record):
    """What is red: in which leaves a label with this value, in which a critical point that is missed."""

    label: str
    value: str
    severe_in: frozenset[str]
    missed_in: frozenset[str]
    people: int


class Weights(_Record):
    """The policy of `weights.yaml`."""

    version: str
    alignment: Mapping[str, float]
    safety: Mapping[str, float]
    rates: Mapping[str, str]
    turns: Mapping[str, Literal["mean", "worst"]]
    groups: Mapping[str, tuple[frozenset[str], ...]]
    eligible: frozenset[str]
    system_refusal: SystemRefusal
    complete: Complete
    shown: Mapping[str, int]
    critical: Critical
    bands: Bands
    sensitivity: Mapping[str, Mapping[str, tuple[float, float]]]


@cache
def weights() -> Weights:
    """The shipped weights, read once."""
    return load_yaml(_FILE, Weights)
