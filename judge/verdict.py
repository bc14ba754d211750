"""From a judge's words to a score, or to a typed failure; never a guess.

An output contract owns both the instruction in the prompt and the parser of the reply, so the two cannot
drift. A score counts only where it stands as the final score: on a line that is nothing but the label and
the number, or closing the line after a finished sentence. Criterion scores ("정확성 점수: 3") are not final
scores; two different final scores are a failure, not a choice.
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from judge.rubric import Scale
from providers.types import ResponseSchema

_MAX_CHARS = 200_000
_MAX_OBJECTS = 50


@dataclass(frozen=True, slots=True)
class Parsed:
    score: float
    rationale: str


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

    def parse(self, text: str) -> Parsed | Unparsed: ...


@dataclass(frozen=True, slots=True)
class TextContract:
    """`평가: …` and then `점수: N` on a line of its own."""

    scale: Scale
    name: str = "text"

    def instruction(self) -> str:
        return (
            "다음 형식으로만 답합니다. 점수는 맨 마지막 줄에 한 번만 씁니다.\n"
            "평가: (근거를 세 문장에서 다섯 문장으로)\n"
            f"점수: ({self.scale.text()} 사이의 {'정수' if self.scale.step == 1 else '수'} 하나)"
        )

    def response_schema(self) -> ResponseSchema | None:
        return None

    def parse(self, text: str) -> Parsed | Unparsed:
        if '"score"' in text:
            from_json = JsonContract(self.scale).parse(text)
            if isinstance(from_json, Parsed):
                return from_json
        return _parse_text(text, self.scale)


@dataclass(frozen=True, slots=True)
class JsonContract:
    """A JSON object `{"evaluation", "score"}`, reasons before the number."""

    scale: Scale
    name: str = "json"

    def instruction(self) -> str:
        number = "정수" if self.scale.step == 1 else "수"
        return (
            "다음 JSON 객체 하나로만 답합니다.\n"
            '{"evaluation": "근거를 세 문장에서 다섯 문장으로", '
            f'"score": {self.scale.text()} 사이의 {number} 하나}}'
        )

    def response_schema(self) -> ResponseSchema | None:
        whole = self.scale.step == 1
        score: dict[str, Any] = {"type": "integer" if whole else "number"}
        if whole:
            score["enum"] = list(range(int(self.scale.min), int(self.scale.max) + 1))
        properties = {"evaluation": {"type": "string"}, "score": score}
        # No optional key: OpenAI's and Solar's strict subsets want every property required.
        schema = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return ResponseSchema("verdict", schema)

    def parse(self, text: str) -> Parsed | Unparsed:
        found = [obj for obj in _objects(text[:_MAX_CHARS]) if "score" in obj]
        if not found:
            return Unparsed("no JSON object with a score")
        scores = {repr(obj["score"]) for obj in found}
        if len(scores) > 1:
            return Unparsed("several JSON objects with different scores")
        number = _number(found[-1]["score"])
        if number is None:
            return Unparsed("the score is not a number")
        if not self.scale.holds(number):
            return Unparsed(f"the score is off the scale {self.scale.text()}")
        return Parsed(number, str(found[-1].get("evaluation", "")).strip())


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost JSON objects in a text, prose and fences around them ignored."""
    decoder = json.JSONDecoder()
    position = text.find("{")
    for _ in range(_MAX_OBJECTS):
        if position < 0:
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position = text.find("{", position + 1)
            continue
        if isinstance(value, dict):
            yield value
        position = text.find("{", end)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,6}(?:\.\d{1,6})?", value.strip()):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


_LABEL = re.compile(
    r"(?:^|(?<=[.!?。\n)\]\"'”’|]))[\s>#\-–—•|_(\[]*(?:\d{1,2}[.)]\s*)?"
    r"(?:최종|총|종합|전체|합계|final|overall)?[\s_-]{0,2}(?:점수|평점|총점|score|rating)\s*(?:는|은)?\s*[:=|]\s*",
    re.I | re.M,
)
_HEADING = re.compile(
    r"^[\s>#\-•_\[(]*(?:최종|총|종합|final|overall)?\s?(?:점수|평점|총점|score)\s*[\])]?\s*:?\s*\n+\s*(?=[\[(]*-?\d)",
    re.I | re.M,
)
_VALUE = re.compile(
    r"[\[(<{\s_]*(?P<number>[-+]?\d{1,6}(?:\.\d{1,6})?)\s*점?\s*(?:[/／]\s*(?P<of>\d{1,6}(?:\.0+)?))?\s*점?\s*"
    r"(?:만점)?\s*(?:입니다|이다|임|을\s*부여합니다|드립니다)?[\s\])>}_.!~|]*$"
)


def _parse_text(text: str, scale: Scale) -> Parsed | Unparsed:
    # NFKC folds full-width digits and colons; emphasis marks are dressing.
    plain = unicodedata.normalize("NFKC", text[:_MAX_CHARS]).replace("*", "").replace("`", "").replace("\r", "")
    scores: set[float] = set()
    first: int | None = None
    unclear = False
    for start, end in _labels(plain):
        line_end = plain.find("\n", end)
        value = _VALUE.match(plain[end : line_end if line_end >= 0 else len(plain)][:200])
        if value is None or (value["of"] is not None and float(value["of"]) != scale.max):
            unclear = True
            continue
        scores.add(float(value["number"]))
        first = start if first is None else first
    if not scores:
        return Unparsed("the score is not a plain number" if unclear else "no final score")
    if len(scores) > 1:
        return Unparsed("several different final scores")
    score = scores.pop()
    if not scale.holds(score):
        return Unparsed(f"the score is off the scale {scale.text()}")
    return Parsed(score, re.sub(r"^\s*(?:평가|evaluation)\s*:\s*", "", plain[:first], flags=re.I).strip())


def _labels(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_LABEL, _HEADING):
        for match in pattern.finditer(text):
            yield match.start(), match.end()
