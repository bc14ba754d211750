"""What pydantic found wrong, in words a user can act on."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from questions.source_error import did_you_mean, quote

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Complaint:
    """One mistake: `path` leads to it in the user's data, `owner` is the path to show."""

    path: Path
    owner: Path
    problem: str


def complaints(error: ValidationError, model: type[BaseModel], data: Any) -> list[Complaint]:
    """The mistakes behind a validation error, at most one a place, at least one.

    Unknown keys come first: a mistyped key is also reported as a missing one, and the typing is what to mend.
    """
    found: dict[Path, Complaint] = {}
    for detail in sorted(error.errors(include_url=False), key=lambda e: e["type"] != "extra_forbidden"):
        path = _path_in(data, detail["loc"])
        owner = path
        if detail["type"] == "missing":
            path = owner = (*path, detail["loc"][-1])
            problem = "this key is required"
        elif detail["type"] == "extra_forbidden":
            owner = path[:-1]
            problem = _unknown_key(str(detail["loc"][-1]), detail["input"], _models_at(model, detail["loc"][:-1]))
        else:
            problem = _words(detail)
        found.setdefault(path, Complaint(path, owner, problem))
    return list(found.values())


def first_problem(mistakes: list[Complaint]) -> str:
    """The first mistake, and how many more there are."""
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return mistakes[0].problem + more


def one_line(error: ValidationError) -> str:
    """The first mistake of a validation error as `key.path: what is wrong`, when only the error is at hand."""
    details = error.errors(include_url=False)
    first = details[0]
    words = "this key is required" if first["type"] == "missing" else _words(first)
    if first["type"] == "extra_forbidden":
        words = "unknown key"
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return f"{where}: {words}{more}" if where else words + more


def _path_in(data: Any, loc: tuple[int | str, ...]) -> Path:
    """The part of `loc` that exists in the data: pydantic also names union members and tags in it."""
    path: list[str | int] = []
    for part in loc:
        if isinstance(data, Mapping):
            keys = [key for key in data if str(key) == str(part)]
            if keys:
                path.append(str(part))
                data = data[keys[0]]
        elif isinstance(data, list) and isinstance(part, int) and 0 <= part < len(data):
            path.append(part)
            data = data[part]
    return tuple(path)


def _unknown_key(key: str, value: object, owners: list[type[BaseModel]]) -> str:
    allowed: list[str] = []
    for owner in owners:
        allowed += [field.alias or name for name, field in owner.model_fields.items()]
    allowed = list(dict.fromkeys(allowed))
    if near := did_you_mean(key, allowed):
        return f"unknown key {quote(key)}; did you mean '{near}'?"
    if value is None:  # `{name: one, two}` is how a comma in a text looks to YAML
        return f"unknown key {quote(key)} without a value; a text with a comma inside {{...}} needs quotes"
    return f"unknown key {quote(key)}; known keys: {', '.join(allowed)}"


def _models_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[type[BaseModel]]:
    """The models that may describe the place `loc` inside `model`."""
    current = [model]
    for part in loc:
        if isinstance(part, int):
            continue
        fields = [
            field for owner in current for name, field in owner.model_fields.items() if part in (name, field.alias)
        ]
        if fields:
            inner = [found for field in fields for found in _models_in(field.annotation)]
        else:  # the tag or the class name of a union's member
            inner = [owner for owner in current if part == owner.__name__ or part in _tags(owner)]
        current = inner or current
    return current


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _tags(model: type[BaseModel]) -> set[Any]:
    fields = model.model_fields.values()
    return {
        value for field in fields if get_origin(field.annotation) is Literal for value in get_args(field.annotation)
    }


def _words(detail: ErrorDetails) -> str:
    kind = detail["type"]
    context = detail.get("ctx", {})
    for ending, words in _TYPES.items():
        if kind in ending:
            return f"must be {words}, found {found(detail['input'])}{_advice(kind, detail['input'])}"
    if kind in _SPECIAL:
        return _SPECIAL[kind](context, detail["input"])
    message = detail["msg"]
    return f"{message[:1].lower()}{message[1:]}; found {found(detail['input'])}"


_TYPES: dict[tuple[str, ...], str] = {
    ("string_type", "string_unicode", "string_sub_type"): "text",
    ("int_type", "int_parsing", "int_from_float", "int_parsing_size"): "a whole number",
    ("float_type", "float_parsing", "finite_number"): "a number",
    ("bool_type", "bool_parsing"): "true or false",
    ("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"): "a list",
    ("dict_type", "mapping_type", "model_type", "model_attributes_type"): "a mapping (key: value)",
}


def _advice(kind: str, value: object) -> str:
    quotable = isinstance(value, bool | int | float | datetime.date)
    return "; put it in quotes" if kind == "string_type" and quotable else ""


def found(value: object) -> str:
    """A user's value, named briefly and harmlessly."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        # `str` of an integer of thousands of digits is refused by Python itself.
        return f"the number {value}" if abs(value) < 10**18 else "a very large number"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, datetime.date):
        return f"a date ({value})"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else type(value).__name__


def _choice(expected: str, value: object) -> str:
    words = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
    near = did_you_mean(value, words) if isinstance(value, str) else None
    hint = f"; did you mean '{near}'?" if near else ""
    return f"must be one of {', '.join(words)}, found {found(value)}{hint}"


def _union_tag(context: Mapping[str, Any], value: object) -> str:
    key = str(context["discriminator"]).strip("'")
    given = value.get(key) if isinstance(value, Mapping) else None
    return f"{key} {_choice(context['expected_tags'], given)}"


def _too_short(context: Mapping[str, Any], _value: object) -> str:
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"needs at least {least} items"


def _text_too_short(context: Mapping[str, Any], _value: object) -> str:
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"needs at least {least} characters"


def _limit(words: str, key: str) -> Callable[[Mapping[str, Any], object], str]:
    return lambda context, value: f"must be {words} {_plain(context[key])}, found {found(value)}"


def _plain(bound: object) -> str:
    return f"{bound:g}" if isinstance(bound, float) else str(bound)


_SPECIAL: dict[str, Callable[[Mapping[str, Any], object], str]] = {
    "literal_error": lambda context, value: _choice(context["expected"], value),
    "enum": lambda context, value: _choice(context["expected"], value),
    "union_tag_invalid": _union_tag,
    "union_tag_not_found": lambda context, _: f"the key {context['discriminator']} is required",
    "too_short": _too_short,
    "string_too_short": _text_too_short,
    "too_long": lambda context, _: f"holds more than {context['max_length']} items",
    "string_too_long": lambda context, _: f"is longer than {context['max_length']} characters",
    "greater_than": _limit("greater than", "gt"),
    "greater_than_equal": _limit("at least", "ge"),
    "less_than": _limit("less than", "lt"),
    "less_than_equal": _limit("at most", "le"),
    "value_error": lambda context, _: str(context["error"]),
    "assertion_error": lambda context, _: str(context["error"]),
    "invalid_key": lambda _, value: f"a key must be text, found {found(value)}; put it in quotes",
}
