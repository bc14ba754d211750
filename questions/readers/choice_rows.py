"""From rows of a multiple-choice data set to questions; what the data sets share."""

import ast
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from questions.multiple_choice import LETTERS, SEED, Item, UnusableItem
from questions.packed import PackedQuestions
from questions.readers.reader import Head, Reader
from questions.readers.rows import Row, cell, read_rows, row_error, row_place
from questions.source import SourceError, one_line, quote
from questions.types import Question, QuestionSet

_SPLIT = re.compile(r"(?:(?:^|[-_.])(?:test|train|dev|validation|valid|val|\d{4,5}(?:-of-\d+)?))+$", re.IGNORECASE)
_MAX_NAME_CHARS = 50
"""Of an id and of a file's name: together, with the reader's, they must still be an id."""
_NO_ID = re.compile(r"[\s#\x00-\x1f\x7f-\x9f]+")


class BadRow(ValueError):
    """A row that cannot be what its data set says; the message says why."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A data set: how its files are known, and what one of its rows asks.

    `telling`: the place of the right option gives it away, so options are shuffled without being asked to. `pairs`: the
    name under which the same items are asked in two languages; `id` or, where there is none, the place of the row says
    which is which. `by_file`: a file holds one subject and is named by it.
    """

    name: str
    about: str
    detects: Callable[[Head], bool]
    item: Callable[[Row], Item]
    trap: str = ""
    telling: bool = False
    pairs: str | None = None
    by_file: bool = False

    def reader(self) -> Reader:
        return Reader(self.name, self.about, self.detects, self.read, self.trap, self.read)

    def read(self, path: Path, seed: int | None = None) -> QuestionSet:
        """The items of a file, their options shuffled by `seed`. Errors: `SourceError` naming the row."""
        if seed is None and self.telling:
            seed = SEED
        return read_choices(path, self, seed)


def read_choices(path: Path, profile: Profile, seed: int | None) -> QuestionSet:
    """The items of a file. Errors: `SourceError` naming the row."""
    left_out: list[int] = []
    packed = PackedQuestions(_questions(path, profile, seed, left_out))
    if not len(packed):
        raise SourceError.at(path, "no item can be used: in every row two options are the same")
    notices = []
    name = profile.name
    if seed is not None:
        name = f"{name}@{seed}"
        notices.append(f"{path}: options are shuffled with seed {seed}; {profile.name}@N:FILE shuffles with another")
    if left_out:
        rows = ", ".join(row_place(path, number) for number in left_out[:3]) + (", ..." if len(left_out) > 3 else "")
        notices.append(f"{path}: {len(left_out)} items left out, two of their options are the same ({rows})")
    return QuestionSet(set=f"{name}:{_file_name(path)}", questions=packed).noticing(*notices)


def _file_name(path: Path) -> str:
    """The file's name without its ending; of one that is named by its split alone, also the folder's."""
    name = path.stem if not _SPLIT.fullmatch(path.stem) else f"{path.parent.name}-{path.stem}"
    return _NO_ID.sub("-", name).strip("-")[:_MAX_NAME_CHARS] or "items"


def _subject(path: Path) -> str:
    """The subject that the name of a file or folder says, without its split; "" where it says none."""
    return _SPLIT.sub("", _file_name(path)).strip("-_. ")


def _questions(path: Path, profile: Profile, seed: int | None, left_out: list[int]) -> Iterator[Question]:
    seen: set[str] = set()
    subject = (profile.by_file and _subject(path)) or profile.name
    for count, (number, row) in enumerate(read_rows(path), 1):
        try:
            item = profile.item(row)
            key = _NO_ID.sub("-", item.id)[:_MAX_NAME_CHARS]
            wanted = key or f"row-{number}"
            facts = (f"item:{profile.pairs}/{key or count}", *item.facts) if profile.pairs else item.facts
            item = replace(
                item,
                id=wanted if wanted not in seen else f"{wanted}.row-{number}",
                category=item.category or subject,
                facts=facts,
            )
            seen.add(item.id)
            yield item.question(profile.name, seed)
        except UnusableItem:
            left_out.append(number)
        except BadRow as error:
            raise row_error(path, number, str(error)) from error
        except ValidationError as error:
            raise row_error(path, number, one_line(error)) from error


# ── what a row holds ──


def text(row: Row, column: str) -> str:
    """A cell that must hold something."""
    value = cell(row, column)
    if not value:
        raise BadRow(f"{column} is missing or empty")
    return value


def texts(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Cells that must all hold something."""
    return tuple(text(row, column) for column in columns)


def listed(row: Row, column: str) -> tuple[str, ...]:
    """A cell that is a list of texts: a list, or (in csv and tsv) one written as JSON or as a Python literal."""
    return tuple(_words(column, structured(row, column)))


def structured(row: Row, column: str) -> Any:
    """A cell that is a list or a mapping, or one written as JSON or as a Python literal."""
    value = row.get(column)
    if not isinstance(value, str):
        return value
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    raise BadRow(f"{column} is {quote(value)}, expected a list or a mapping")


def _words(column: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str | int | float) for word in value):
        raise BadRow(f"{column} is {quote(str(value))}, expected a list of texts")
    return [str(word).strip() for word in value]


# ── the key ──


def numbered(row: Row, column: str, options: int, *, base: int) -> int:
    """The place (from 0) that a numeric key names; `base` is the number of the first option."""
    value = text(row, column)
    if not re.fullmatch(r"\d{1,3}", value) or not base <= int(value) < base + options:
        raise BadRow(f"{column} is {quote(value)}, expected a number from {base} to {base + options - 1}")
    return int(value) - base


def lettered(row: Row, column: str, options: int) -> int:
    """The place that a key such as `C` or `(C)` names."""
    value = text(row, column)
    letter = value.strip("() .").upper()
    if len(letter) != 1 or letter not in LETTERS[:options]:
        raise BadRow(f"{column} is {quote(value)}, expected a letter from A to {LETTERS[options - 1]}")
    return LETTERS.index(letter)


def spelled(row: Row, column: str, options: tuple[str, ...]) -> int:
    """The place of the option that a key repeats."""
    value = text(row, column)
    if value not in options:
        raise BadRow(f"{column} {quote(value)} is none of the options")
    return options.index(value)
