"""Named values in a judge's reply: `이름: 값` lines, or the keys of a JSON object.

A value counts where a line begins with the name (its dressing aside) and a separator, and where the reader of values
makes something certain of what follows. All values that a reply gives for one name must agree.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from judge.contracts import evidence
from judge.contracts.base import Unparsed
from judge.contracts.doubts import corrected
from judge.contracts.json_objects import JsonObject, objects
from judge.contracts.plain import plain, plainly, without_draft
from judge.contracts.values import loosely

Reader = Callable[[str], str | None]
"""What stands after a name, as the value that it certainly is, or None."""

_LINE_START = r"^[ \t>•\-–#|(\[{<\"'“‘「【0-9.)]{0,30}"
_AFTER_NAME = r"[ \t\]}>\"'”’」】]{0,10}(?:\([^()\n]{0,80}\))?[ \t\])}>\"'”’」】]{0,10}(?:[:=|]|->|→)[ \t|]{0,10}"
_REASONS = ("evaluation", "평가", "rationale", "reason", "explanation", "이유", "근거")
_EVALUATION_LABEL = re.compile(r"[\s#>*-]{0,20}(?:평가|evaluation)[\s*]{0,5}[:：][\s*]{0,5}", re.IGNORECASE)
_ID_KEYS = ("id", "item", "name", "항목", "기준", "label")
_VALUE_KEYS = ("met", "value", "answer", "result", "verdict", "판정", "충족", "값", "label")
_MAX_VALUE_CHARS = 300


@dataclass(frozen=True, slots=True)
class Field:
    """A name under which a value is expected, with other names for the same."""

    id: str
    names: tuple[str, ...]
    read: Reader

    def pattern(self) -> str:
        return "|".join(loosely(name) for name in sorted((self.id, *self.names), key=len, reverse=True))


@dataclass(frozen=True, slots=True)
class Found:
    """The value of every field, and the reasons given before them."""

    values: Mapping[str, str]
    rationale: str


class FieldReader:
    """Reads the values of a fixed list of fields."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._fields = fields
        self._lines = [
            re.compile(f"{_LINE_START}(?:{f.pattern()}){_AFTER_NAME}(?P<value>.*)$", re.IGNORECASE | re.MULTILINE)
            for f in fields
        ]
        names = "|".join(field.pattern() for field in fields)
        self._wanted = re.compile(rf"[\"'](?:{names})[\"']", re.IGNORECASE)
        self._keys = [re.compile(field.pattern(), re.IGNORECASE) for field in fields]

    def read(self, reply: str) -> Found | Unparsed:
        """Any text is accepted."""
        whole = without_draft(reply)
        if whole is None:
            return Unparsed("the reply ends inside its reasoning")
        text = whole
        verdicts = list(objects(text, self._wanted))
        outside = evidence.masked(_without(text, verdicts))
        plain_text = plain(outside)
        values: dict[str, str] = {}
        first, last = len(text), -1
        for field, line, key in zip(self._fields, self._lines, self._keys, strict=True):
            matches = list(line.finditer(plain_text))
            said = {field.read(m["value"][:_MAX_VALUE_CHARS].strip()) for m in matches}
            said |= {field.read(v) for _, _, verdict in verdicts for v in _values(verdict, key)}
            said.discard(None)
            if not said:
                return Unparsed(f"no value for {field.id}")
            if len(said) > 1:
                return Unparsed(f"different values for {field.id}")
            values[field.id] = str(said.pop())
            first = min([first, *(m.start() for m in matches)])
            last = max([last, *(m.start() for m in matches)])
        if last >= 0 and corrected(plain_text, last):
            return Unparsed("a value is taken back")
        return Found(values, _rationale(outside, first, verdicts))


def _without(text: str, verdicts: Sequence[tuple[int, int, JsonObject]]) -> str:
    """The text with the objects blanked, positions kept."""
    for start, end, _ in verdicts:
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]
    return text


def _values(found: JsonObject, key: re.Pattern[str]) -> list[str]:
    """What an object, or one inside it, says under a key; also in a list of `{"id": ..., "met": ...}`."""
    said: list[str] = []
    waiting: list[Any] = [found]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, list):
            waiting += inner
        elif isinstance(inner, JsonObject):
            said += [_spelled(value) for name, value in inner.pairs if key.fullmatch(name) and not _nested(value)]
            named = any(isinstance(inner.get(k), str) and key.fullmatch(inner[k]) for k in _ID_KEYS)
            if named:
                said += [_spelled(inner[k]) for k in _VALUE_KEYS if k in inner and not _nested(inner[k])]
            for name, value in inner.pairs:
                if isinstance(value, JsonObject) and key.fullmatch(name):
                    said += [_spelled(value[k]) for k in _VALUE_KEYS if k in value and not _nested(value[k])]
                elif _nested(value):
                    waiting.append(value)
    return said


def _nested(value: object) -> bool:
    return isinstance(value, JsonObject | list)


def _spelled(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return plainly(str(value)).strip()[:_MAX_VALUE_CHARS]


def _rationale(text: str, first: int, verdicts: Sequence[tuple[int, int, JsonObject]]) -> str:
    for _, _, verdict in verdicts:
        for key in _REASONS:
            if isinstance(verdict.get(key), str):
                return str(verdict[key]).strip()
    body = text[:first].strip()
    label = _EVALUATION_LABEL.match(body)
    return body[label.end() if label else 0 :].strip()
