"""HAE-RAE Bench: on the hub a whole prompt with its options inside (`query`, `answer`), before that columns A to E.

The key is a letter in brackets. The prompt of a query ends in "### 정답" and lists its options as "(A) ...", mostly one
a line.
"""

import re

from questions.multiple_choice import LETTERS, Item
from questions.readers.choice_rows import BadRow, Profile, lettered, text, texts
from questions.readers.reader import Head
from questions.readers.rows import Row, cell, first_filled

_OPTION = re.compile(r"^[ \t]*\((?P<letter>[A-E])\)[ \t]*(?P<option>.*?)[ \t]*$", re.MULTILINE)
_OPTION_IN_LINE = re.compile(r"\((?P<letter>[A-E])\)[ \t]*(?P<option>[^\n]*?)[ \t]*(?=\([A-E]\)|###|\n|\Z)")
_SECTION = re.compile(r"^[ \t]*#{1,4}[ \t]*(?:선택지|보기|정답|답)[ \t]*:?[ \t]*$", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*#{1,4}[ \t]*(?P<name>[^\n:]{1,20})[ \t]*:[ \t]*", re.MULTILINE)


def _query(row: Row) -> Item:
    query = text(row, "query")
    options, begins = _options(query)
    stem = _HEADING.sub("", _SECTION.sub("", query[:begins])).strip()
    if not stem:
        raise BadRow("query holds nothing but options")
    right = lettered(row, "answer", len(options))
    return Item(id=cell(row, "id"), category=cell(row, "category"), ask=stem, options=options, right=right)


def _options(query: str) -> tuple[tuple[str, ...], int]:
    """The options that a query lists, A first, and where they begin."""
    for pattern in (_OPTION, _OPTION_IN_LINE):
        found = list(pattern.finditer(query))
        starts = [place for place, match in enumerate(found) if match["letter"] == "A"]
        listed = found[starts[-1] :] if starts else []
        letters = "".join(match["letter"] for match in listed)
        if len(listed) > 1 and letters == LETTERS[: len(listed)] and all(match["option"] for match in listed):
            return tuple(match["option"] for match in listed), listed[0].start()
    raise BadRow("query lists no options (A), (B), ...")


def _columns(row: Row) -> Item:
    options = texts(row, tuple(letter for letter in "ABCDE" if cell(row, letter)))
    if len(options) < 2:
        raise BadRow("A to E hold no two options")
    right = lettered(row, "answer", len(options))
    return Item(
        id=cell(row, "id"),
        category=first_filled(row, ("categories", "category")),
        ask=text(row, "question"),
        options=options,
        right=right,
    )


def _detects_columns(head: Head) -> bool:
    return head.has("question", "A", "B", "C", "D", "E", "answer") and "cot" not in head.row


READERS = (
    Profile(
        "hae-rae",
        "HAE-RAE Bench: query with its options inside, answer",
        lambda head: head.has("query", "answer"),
        _query,
        "key: a letter in brackets, (A) to (E); options are taken out of the query",
        by_file=True,
    ).reader(),
    Profile(
        "hae-rae-columns",
        "HAE-RAE Bench of the first release: question, A to E, answer",
        _detects_columns,
        _columns,
        "key: a letter, with or without brackets",
        by_file=True,
    ).reader(),
)
