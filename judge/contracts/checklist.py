"""Yes-or-no points: `id: 예` lines, or a JSON object of booleans."""

from dataclasses import dataclass
from functools import cached_property

from judge.contracts import evidence
from judge.contracts.base import Parsed, Unparsed, closed_schema
from judge.contracts.fields import Field, FieldReader
from judge.contracts.values import ValueReader
from judge.rubric import ChecklistRubric
from providers.types import ResponseSchema

_NO = (
    "충족하지 않음", "충족하지 못함", "충족하지 않는다", "충족하지 못한다", "충족하지 않습니다", "충족하지 못합니다",
    "충족되지 않음", "충족 안 됨", "충족 못 함", "미충족", "불충족", "불만족", "미달", "실패", "탈락", "아니오",
    "아니요", "아닙니다", "아니다", "아님", "not met", "unmet", "failed", "fail", "false", "no", "n", "x",
    "×", "✗", "✘", "✖", "❌", "❎", "0",
)  # fmt: skip
_YES = (
    "충족", "만족", "통과", "그렇습니다", "그렇다", "예", "네", "passed", "pass", "met", "true", "yes", "y", "o",
    "○", "◯", "⭕", "✓", "✔", "✅", "☑", "1",
)  # fmt: skip
_TELLING = ("아니오", "아니요", "미충족", "불충족", "false", "예", "true")

read_yes_or_no = ValueReader(dict.fromkeys(_NO, "no") | dict.fromkeys(_YES, "yes"), _TELLING)
"""Reads "yes" or "no"."""


@dataclass(frozen=True)
class _Checklist:
    rubric: ChecklistRubric

    @cached_property
    def _reader(self) -> FieldReader:
        return FieldReader([Field(item.id, (item.text,), read_yes_or_no) for item in self.rubric.items])

    def parse(self, text: str) -> Parsed | Unparsed:
        found = self._reader.read(text)
        if isinstance(found, Unparsed):
            return found
        met = {name: answer == "yes" for name, answer in found.values.items()}
        missed = [item.id for item in self.rubric.items if item.critical and not met[item.id]]
        criteria = {"items": met, "critical_missed": missed}
        return Parsed(self.rubric.score(met), found.rationale, criteria, evidence.quotes(text))

    def _listed(self) -> str:
        return "\n".join(
            f"- {item.id}: {item.text}" + (" (반드시 지켜야 함)" if item.critical else "") for item in self.rubric.items
        )


@dataclass(frozen=True)
class ChecklistText(_Checklist):
    """`평가: …`, `인용: …` and then a line for each point."""

    name: str = "text"

    def instruction(self) -> str:
        lines = "\n".join(f"{item.id}: (예 또는 아니오)" for item in self.rubric.items)
        return (
            f"점검할 항목\n{self._listed()}\n\n"
            "다음 형식으로만 답합니다. 항목마다 한 줄에 예 또는 아니오 하나만 씁니다.\n"
            f"평가: (항목마다 근거를 한 문장씩)\n{evidence.TEXT_LINE}\n{lines}"
        )

    def response_schema(self) -> ResponseSchema | None:
        return None


@dataclass(frozen=True)
class ChecklistJson(_Checklist):
    """A JSON object `{"evaluation", "evidence", "items": {id: true | false}}`."""

    name: str = "json"

    def instruction(self) -> str:
        items = ", ".join(f'"{item.id}": true 또는 false' for item in self.rubric.items)
        return (
            f"점검할 항목\n{self._listed()}\n\n"
            "다음 JSON 객체 하나로만 답합니다.\n"
            f'{{"evaluation": "항목마다 근거를 한 문장씩", "evidence": {evidence.JSON_VALUE}, "items": {{{items}}}}}'
        )

    def response_schema(self) -> ResponseSchema | None:
        items = closed_schema({item.id: {"type": "boolean"} for item in self.rubric.items})
        properties = {"evaluation": {"type": "string"}, "evidence": evidence.JSON_PROPERTY, "items": items}
        return ResponseSchema("verdict", closed_schema(properties))
