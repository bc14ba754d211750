"""Question sets as files of kojudge's own formats, and files to begin a set with."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from questions.readers.folder import SET_FILE
from questions.source import MAX_YAML_BYTES, SourceError, quote
from questions.taxonomy import taxonomy
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
    asked = [question.model_dump(mode="json", exclude_defaults=True) for question in questions.questions]
    text = _yaml({**_told(questions), "questions": asked})
    if len(text.encode()) > MAX_YAML_BYTES:
        raise SourceError(f"{questions.set} is too long for one YAML file; name a file that ends in .jsonl")
    return text


def as_folder(questions: QuestionSet) -> dict[str, str]:
    """The files of a set with one file a leaf, by their names; the questions of a leaf come together.

    Errors: `SourceError` for a question that no leaf file can hold.
    """
    leaves: dict[str, list[dict[str, Any]]] = {}
    for question in questions.questions:
        leaf = taxonomy().leaf(question.leaf or "")
        if leaf is None or question.category != leaf.ko or not question.id.startswith(f"{leaf.id.lower()}-"):
            problem = f"{questions.set}: {quote(question.id)} has not the leaf, category and id of a leaf file"
            raise SourceError(f"{problem}; name a file that ends in .yaml or .jsonl")
        asked = question.model_dump(mode="json", exclude_defaults=True, exclude={"leaf", "category"})
        leaves.setdefault(leaf.id, []).append(asked)
    files = {f"{leaf}.yaml": _yaml({"leaf": leaf, "questions": asked}) for leaf, asked in leaves.items()}
    return {SET_FILE: _yaml({**_told(questions), "leaves": list(leaves)}), **files}


def _told(questions: QuestionSet) -> dict[str, Any]:
    return questions.model_dump(mode="json", exclude={"questions"}, exclude_none=True)


def _yaml(content: dict[str, Any]) -> str:
    text: str = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)
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
    return {SET_FILE: _template("folder.yaml", name), **{leaf: _template(leaf, name) for leaf in _FOLDER}}


def _template(file: str, name: str) -> str:
    return (_TEMPLATES / file).read_text(encoding="utf-8").replace("NAME", json.dumps(name, ensure_ascii=False))
