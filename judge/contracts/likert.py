"""A score on a scale: `평가 / 인용 / 점수`, or the same as a JSON object."""

from dataclasses import dataclass, replace
from typing import Any

from judge.contracts import evidence
from judge.contracts.base import Parsed, Unparsed, closed_schema
from judge.contracts.scores import read_score
from judge.scale import Scale
from providers.types import ResponseSchema


@dataclass(frozen=True, slots=True)
class TextContract:
    """`평가: …`, `인용: …` and then `점수: N` on a line of its own."""

    scale: Scale
    name: str = "text"

    def instruction(self) -> str:
        return (
            "다음 형식으로만 답합니다. 점수는 맨 마지막 줄에 한 번만 씁니다.\n"
            "평가: (근거를 세 문장에서 다섯 문장으로)\n"
            f"{evidence.TEXT_LINE}\n"
            f"점수: ({_numbers(self.scale)} 하나)"
        )

    def response_schema(self) -> ResponseSchema | None:
        return None

    def parse(self, text: str) -> Parsed | Unparsed:
        return _read(text, self.scale)


@dataclass(frozen=True, slots=True)
class JsonContract:
    """A JSON object `{"evaluation", "evidence", "score"}`, reasons before the number."""

    scale: Scale
    name: str = "json"

    def instruction(self) -> str:
        return (
            "다음 JSON 객체 하나로만 답합니다.\n"
            '{"evaluation": "근거를 세 문장에서 다섯 문장으로", '
            f'"evidence": {evidence.JSON_VALUE}, "score": {_numbers(self.scale)} 하나}}'
        )

    def response_schema(self) -> ResponseSchema | None:
        score: dict[str, Any] = {"type": "number"}
        if self.scale.step == 1 and self.scale.min.is_integer():
            score = {"type": "integer", "enum": list(range(int(self.scale.min), int(self.scale.max) + 1))}
        properties = {"evaluation": {"type": "string"}, "evidence": evidence.JSON_PROPERTY, "score": score}
        return ResponseSchema("verdict", closed_schema(properties))

    def parse(self, text: str) -> Parsed | Unparsed:
        return _read(text, self.scale)


def _read(text: str, scale: Scale) -> Parsed | Unparsed:
    parsed = read_score(evidence.masked(text), scale)
    return replace(parsed, evidence=evidence.quotes(text)) if isinstance(parsed, Parsed) else parsed


def _numbers(scale: Scale) -> str:
    step = scale.step
    kind = "수" if step is None else "정수" if step == 1 else f"{step:g} 단위의 수"
    return f"{scale.text()} 사이의 {kind}"
