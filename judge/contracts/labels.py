"""Labels, each one of a few values: `이름: 값` lines, or a JSON object of enumerations."""

import re
from dataclasses import dataclass
from functools import cached_property

from judge.contracts import evidence
from judge.contracts.base import Parsed, Unparsed, closed_schema
from judge.contracts.fields import Field, FieldReader
from judge.rubric import LabelSet, LabelsRubric
from providers.types import ResponseSchema

_OPEN = r"^[ \t\[({<\"'“‘「【]*(?:(?:수준|단계|등급|level|label)[ \t]*)?"
_END = r"(?:[ \t]?(?:단계|수준|점|등급))?(?![가-힣A-Za-z0-9/~]|\.[0-9])[ \t\])}>\"'”’」】.]{0,10}"


class _LabelReader:
    """Reads one label: an id or a name of a value, and nothing beside it that is another value."""

    def __init__(self, label: LabelSet) -> None:
        names = {name.casefold(): value.id for value in label.values for name in (value.name, value.id)}
        self._values = {_squeezed(name): value for name, value in names.items()}
        known = "|".join(_loosely(name) for name in sorted(names, key=len, reverse=True))
        self._value = re.compile(rf"{_OPEN}(?P<value>{known}){_END}(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)
        self._another = re.compile(rf"^(?P<between>[ \t/~,(\[:또는혹or-]*)(?P<value>{known})(?![가-힣A-Za-z0-9])", re.I)

    def __call__(self, text: str) -> str | None:
        found = self._value.match(text)
        if found is None:
            return None
        value = self._values[_squeezed(found["value"])]
        another = self._another.match(found["rest"])
        if another is not None and self._values[_squeezed(another["value"])] != value:
            return None
        return value


def _loosely(name: str) -> str:
    return r"[ \t_-]*".join(re.escape(part) for part in re.split(r"[\s_-]+", name))


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.casefold())


@dataclass(frozen=True)
class _Labels:
    rubric: LabelsRubric

    @cached_property
    def _reader(self) -> FieldReader:
        return FieldReader([Field(label.id, (label.name,), _LabelReader(label)) for label in self.rubric.labels])

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
