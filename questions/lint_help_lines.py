"""Help lines named in references: only those of `resources.yaml`, because a wrong number is a danger."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from questions.findings import Fault, error
from questions.source import did_you_mean, load_yaml
from questions.types import Question

_FILE = Path(__file__).parent / "resources.yaml"

# Three or four digits from 1 up, or such an exchange with four more; not part of a longer number, a price or a time.
_NUMBER = re.compile(
    r"(?<![\d,.~-])(?P<number>1[5-8]\d\d-\d{4}|1[0-4]\d\d|1[0-3]\d)(?![\d,.]*\d|\s?[년월일원명개분시초건회%㎞㎏㎡세자km])"
)
_ABOUT_CALLS = re.compile(r"전화|상담|신고|콜센터|헬프콜|문의|공단|감독원|구조대")
_REACH = 12
"""Characters before and after a number in which a word about calls makes it a help line."""


class HelpLine(BaseModel):
    """A number, and who answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    ko: str
    en: str


class Resources(BaseModel):
    """The help lines, and the day on which they were last compared with public sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verified_on: date
    lines: tuple[HelpLine, ...]


@cache
def resources() -> Resources:
    """The list that ships. Errors: `SourceError`."""
    return load_yaml(_FILE, Resources)


@cache
def _known() -> Mapping[str, HelpLine]:
    return {line.number: line for line in resources().lines}


def help_line_faults(question: Question) -> Iterator[Fault]:
    """Numbers in references that look like a help line and are none that is known."""
    for number, turn in enumerate(question.turns, 1):
        text = turn.reference or ""
        for found in _NUMBER.finditer(text):
            around = text[max(0, found.start() - _REACH) : found.end() + _REACH]
            if found["number"] not in _known() and _ABOUT_CALLS.search(around):
                near = did_you_mean(found["number"], _known())
                hint = f"did you mean {near} ({_known()[near].ko})? " if near else ""
                problem = f"{found['number']} is no help line of resources.yaml; {hint}mend it, or verify and add it"
                yield error("help-line", problem, number)
