"""Reading JSON lines: one JSON object a line, each checked against a model."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from questions.source import SourceError, quote, text_lines
from questions.validation import complaints, first_problem, found
from questions.yaml_tree import shown_path

_HALF = re.compile(r"\\u[dD][89a-fA-F]")

HALF_CHARACTER = "holds half a character (a \\ud800-\\udfff escape without its partner); delete it"

Model = TypeVar("Model", bound=BaseModel)


def read_json_lines(path: Path | str, model: type[Model]) -> Iterator[tuple[int, Model]]:
    """The rows of a file with their line numbers (from 1), one after the other; blank lines are passed over.

    Errors: `SourceError` at the first line that is no such object, and for a file without rows.
    """
    for line, data in read_json_objects(path):
        try:
            yield line, model.model_validate(data)
        except ValidationError as error:
            mistakes = complaints(error, model, data)
            owner = shown_path(mistakes[0].owner)
            raise SourceError.at(path, first_problem(mistakes), line=line, path=owner) from error


def read_json_objects(path: Path | str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a file as they stand, with their line numbers; errors as `read_json_lines`."""
    # Only "\n" ends a row: splitlines would also cut at U+2028 and U+0085, which JSON allows inside text.
    lines = ((number, line) for number, line in enumerate(text_lines(path), 1) if line.strip())
    current = next(lines, None)
    if current is None:
        raise SourceError.at(path, "the file is empty; expected one JSON object a line", line=1)
    while current is not None:
        following = next(lines, None)
        number, line = current
        data = _decode(path, number, line, is_last=following is None)
        if not isinstance(data, dict):
            raise SourceError.at(path, f"expected a JSON object, found {found(data)}", line=number)
        yield number, data
        current = following


def _decode(path: Path | str, line: int, text: str, *, is_last: bool) -> Any:
    try:
        data = json.loads(text, object_pairs_hook=unique_keys, parse_constant=no_constant)
        refuse_half_characters(text, data)
        return data
    except json.JSONDecodeError as error:
        if is_last and _looks_cut(text, error):
            problem = "the line stops in the middle; the file was cut off, fetch it again or delete this line"
        else:
            problem = f"not valid JSON: {error.msg} (character {error.pos + 1})"
        raise SourceError.at(path, problem, line=line) from error
    except UnicodeEncodeError as error:
        raise SourceError.at(path, HALF_CHARACTER, line=line) from error
    except RecursionError as error:
        raise SourceError.at(path, "not usable JSON: nested too deeply", line=line) from error
    except ValueError as error:
        raise SourceError.at(path, f"not usable JSON: {error}", line=line) from error


def _looks_cut(text: str, error: json.JSONDecodeError) -> bool:
    """Whether an object begins and the line ends inside it, perhaps inside a word such as `nul`."""
    text = text.rstrip()
    if not text.startswith("{") or error.msg == "Extra data":
        return False
    missing = error.msg.startswith("Unterminated string") or error.pos >= len(text)
    return missing or (not text.endswith("}") and error.pos >= len(text) - 6)


def refuse_half_characters(text: str, data: Any) -> None:
    """Raise `UnicodeEncodeError` when what was read from `text` holds half of a surrogate pair."""
    if _HALF.search(text):
        json.dumps(data, ensure_ascii=False).encode()


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A hook for `json` that refuses a key that stands twice in an object."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {quote(key)} appears twice")
        result[key] = value
    return result


def no_constant(name: str) -> NoReturn:
    """A hook for `json` that refuses NaN and Infinity."""
    raise ValueError(f"{name} is no JSON number; use null")
