"""The wording of the static parts of a judge's prompt, and how a file replaces it.

What guards the judge is no part of it: the fence with its nonce, the note about it and the neutralising of texts are
the same under every wording. The form of the reply stays with the output contract, which also reads it.
"""

import re
from pathlib import Path
from string import Formatter
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from questions.source import load_yaml, quote

Grades = Literal["turn", "conversation"]

_BETWEEN_PARAGRAPHS = re.compile(r"\n{2,}")
_SYSTEM = "{instructions}\n\n{scale}\n\n출력 형식\n{format}"
_TASK = "대화가 끝났습니다. {number}번째 답변을 채점하세요. {note}"
_CONVERSATION_TASK = "대화가 끝났습니다. 처음부터 마지막 답변까지 대화 전체를 하나로 보고 채점하세요. {note}"
_PLACEHOLDERS = {
    "system": ("instructions", "scale", "format"),
    "task": ("number", "note"),
    "conversation_task": ("note",),
}


class PromptTemplate(BaseModel):
    """The system message, and the last sentences of the user message. Every placeholder stands there exactly once.

    `system`: `instructions` and `scale` (criteria and what scores mean; empty for checklists and labels) come from the
    rubric, `format` from the output contract. A paragraph whose placeholders are all empty is left out.
    `task`: `number` is that of the answer to grade, `note` the rubric's word on first or later turns;
    `conversation_task`: instead of it, where a rubric grades a conversation as one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    system: str = _SYSTEM
    task: str = _TASK
    conversation_task: str = _CONVERSATION_TASK

    @field_validator(*_PLACEHOLDERS)
    @classmethod
    def _placeholders_are_all_there(cls, value: str, info: ValidationInfo) -> str:
        return _checked(value, _PLACEHOLDERS[str(info.field_name)])

    def system_message(self, instructions: str, scale: str, form: str) -> str:
        values = {"instructions": instructions, "scale": scale, "format": form}
        paragraphs = _BETWEEN_PARAGRAPHS.split(self.system)
        return "\n\n".join(p.format(**values) for p in paragraphs if _says_something(p, values))

    def task_of(self, grades: Grades) -> str:
        return self.task if grades == "turn" else self.conversation_task

    def task_sentence(self, grades: Grades, number: int, note: str) -> str:
        return self.task_of(grades).format(number=number, note=note).rstrip()


DEFAULT_TEMPLATE = PromptTemplate()


def load_template(path: Path | str) -> PromptTemplate:
    """The wording in a YAML file. Errors: `SourceError`."""
    return load_yaml(path, PromptTemplate)


def _says_something(paragraph: str, values: dict[str, str]) -> bool:
    named = _named(paragraph)
    return not named or any(values[name] for name in named)


def _named(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def _checked(text: str, known: tuple[str, ...]) -> str:
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise ValueError("a brace stands alone; write {{ or }} for a brace that is meant as one") from error
    listed = ", ".join(f"{{{name}}}" for name in known)
    for _, name, spec, conversion in parts:
        if name not in known or spec or conversion:
            raise ValueError(f"{quote('{' + str(name) + '}')} is no placeholder here; those there are: {listed}")
    names = [part[1] for part in parts]
    for name in known:
        if names.count(name) != 1:
            fault = "is missing" if name not in names else "stands there more than once"
            raise ValueError(f"the placeholder {{{name}}} {fault}; each of {listed} must stand there once")
    return text
