"""Labels, each one of a few values: `이름: 값` lines, or a JSON object of enumerations."""

from dataclasses import dataclass
from functools import cached_property

from judge.contracts import evidence
from judge.contracts.base import Parsed, Unparsed, closed_schema
from judge.contracts.fields import Field, FieldReader
from judge.contracts.values import ValueReader
from judge.rubric import LabelSet, LabelsRubric
from providers.types import ResponseSchema

_UNITS = ("단계", "수준", "점", "등급", "모델의 답변", "답변", "answer")
_BEFORE = ("수준", "단계", "등급", "level", "label")


def _reader(label: LabelSet) -> ValueReader:
    names = {name: value.id for value in label.values for name in (value.name, value.id)}
    return ValueReader(names, [name for name in names if len(name) > 1], _UNITS, _BEFORE)


@dataclass(frozen=True)
class _Labels:
    rubric: LabelsRubric

    @cached_property
    def _reader(self) -> FieldReader:
        return FieldReader([Field(label.id, (label.name,), _reader(label)) for label in self.rubric.labels])

    def parse(self, text: str) -> Parsed | Unparsed:
        found = self._reader.read(text)
        if isinstance(found, Unparsed):
            return found
        labels = dict(found.values)
        return Parsed(self.rubric.score(labels), found.rationale, {"labels": labels}, evidence.quotes(text))

    def _listed(self) -> str:
        parts = []
        for label in self.rubric.labels:
            parts.append(f"{label.id} ({label.name}): {label.asks}")
            parts += [
                f"- {value.id} ({value.name})" + (f": {value.description}" if value.description else "")
                for value in label.values
            ]
        return "\n".join(parts)


@dataclass(frozen=True)
class LabelsText(_Labels):
    """`평가: …`, `인용: …` and then a line for each label."""

    name: str = "text"

    def instruction(self) -> str:
        lines = "\n".join(f"{label.id}: (위 값 가운데 하나)" for label in self.rubric.labels)
        return (
            f"정할 표지\n{self._listed()}\n\n"
            "다음 형식으로만 답합니다. 표지마다 한 줄에 값 하나만 씁니다.\n"
            f"평가: (근거를 두 문장에서 네 문장으로)\n{evidence.TEXT_LINE}\n{lines}"
        )

    def response_schema(self) -> ResponseSchema | None:
        return None


@dataclass(frozen=True)
class LabelsJson(_Labels):
    """A JSON object `{"evaluation", "evidence", LABEL: VALUE, ...}`."""

    name: str = "json"

    def instruction(self) -> str:
        fields = ", ".join(f'"{label.id}": "위 값 가운데 하나"' for label in self.rubric.labels)
        return (
            f"정할 표지\n{self._listed()}\n\n"
            "다음 JSON 객체 하나로만 답합니다.\n"
            f'{{"evaluation": "근거를 두 문장에서 네 문장으로", "evidence": {evidence.JSON_VALUE}, {fields}}}'
        )

    def response_schema(self) -> ResponseSchema | None:
        properties: dict[str, object] = {"evaluation": {"type": "string"}, "evidence": evidence.JSON_PROPERTY}
        for label in self.rubric.labels:
            properties[label.id] = {"type": "string", "enum": [value.id for value in label.values]}
        return ResponseSchema("verdict", closed_schema(properties))
