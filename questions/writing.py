"""Question sets as files of kojudge's own formats, and files to begin a set with."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from questions.source import MAX_YAML_BYTES, SourceError
from questions.types import QuestionSet

_TEMPLATES = Path(__file__).parent / "templates"
_FOLDER = ("A1.3.yaml", "A3.1.yaml")


# YAML takes them for line ends; only a quoted text with escapes brings them back.
_OTHER_LINE_ENDS = frozenset("\r\x85\u2028\u2029")


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as they are read."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    if not _OTHER_LINE_ENDS.isdisjoint(text):
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(questions: QuestionSet) -> str:
    """The set as a YAML file. Errors: `SourceError` for one that is too long to be read back."""
    told = questions.model_dump(mode="json", exclude={"questions"}, exclude_none=True)
    asked = [question.model_dump(mode="json", exclude_defaults=True) for question in questions.questions]
    text: str = yaml.dump({**told, "questions": asked}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
    if len(text.encode()) > MAX_YAML_BYTES:
        raise SourceError(f"{questions.set} is too long for one YAML file; name a file that ends in .jsonl")
    return text


def as_json_lines(questions: QuestionSet) -> Iterator[str]:
    """The questions as lines of a .jsonl file, which may be of any length; what the set says of itself stays behind."""
    for question in questions.questions:
        row: dict[str, Any] = {"question": question.model_dump(mode="json", exclude_defaults=True)}
        yield json.dumps(row, ensure_ascii=False)


def starting_file(name: str) -> str:
    """A small set to write one's own over."""
    return _template("set.yaml", name)


def starting_folder(name: str) -> dict[str, str]:
    """The files of a small set with one file a leaf, by their names."""
    return {"set.yaml": _template("folder.yaml", name), **{leaf: _template(leaf, name) for leaf in _FOLDER}}


def _template(file: str, name: str) -> str:
    return (_TEMPLATES / file).read_text(encoding="utf-8").replace("NAME", json.dumps(name, ensure_ascii=False))
