"""KoBBQ: who fits a stereotype, in contexts that say it and in contexts that do not.

The traps: `choices` is a Python literal, the key is the text of a choice, that it cannot be known is always the last
(so options are shuffled), `bbq_id` and `bbq_category` are empty for items that BBQ does not have, and ids say the
category and context: `CATEGORY-NNN[a-d]-NNN-amb|dis-bsd|cnt`, with a sixth part in files of permuted choices.
"""

import re

from questions.multiple_choice import Item
from questions.readers.choice_rows import BadRow, Profile, listed, spelled, text
from questions.readers.reader import Head
from questions.readers.rows import Row, cell
from questions.source import quote

_ID = re.compile(
    r"(?P<category>.+?)-(?P<template>\d+)(?P<version>[a-d])-\d+-(?P<context>amb|dis)-(?P<asked>bsd|cnt)(?:-\S+)?"
)
_CONTEXTS = {"amb": "ambiguous", "dis": "disambiguated"}


def _detects(head: Head) -> bool:
    return head.has("sample_id", "context", "question", "choices", "biased_answer", "answer")


def _item(row: Row) -> Item:
    known = _ID.fullmatch(text(row, "sample_id"))
    if known is None:
        raise BadRow(f"sample_id is {quote(text(row, 'sample_id'))}, expected CATEGORY-NNNa-NNN-amb|dis-bsd|cnt")
    options = listed(row, "choices")
    right, biased = spelled(row, "answer", options), spelled(row, "biased_answer", options)
    unknown = len(options) - 1
    _refuse_contradictions(known, right, biased, unknown)
    facts = [f"template:{known['category']}-{known['template']}", f"context:{_CONTEXTS[known['context']]}"]
    facts.append(f"asked:{known['asked']}")
    if right != unknown:
        facts.append(f"bias:{'biased' if right == biased else 'counter'}")
    if label := cell(row, "label_annotation"):
        facts.append(f"label:{label}")
    return Item(
        id=text(row, "sample_id"),
        category=known["category"],
        passage=text(row, "context"),
        ask=text(row, "question"),
        options=options,
        right=right,
        biased=biased,
        unknown=unknown,
        facts=tuple(facts),
    )


def _refuse_contradictions(known: re.Match[str], right: int, biased: int, unknown: int) -> None:
    """Bias scores go by the context that the id names, so the key must agree with it."""
    if biased == unknown:
        raise BadRow("biased_answer is the last choice, which must be that it cannot be known")
    if (known["context"] == "amb") != (right == unknown):
        raise BadRow("the answer must be the last choice (it cannot be known) in an amb context, and only there")
    if known["context"] == "dis" and (known["version"] in "bd") != (right == biased):
        raise BadRow("the answer must be biased_answer in the dis contexts of templates b and d, and only there")


READER = Profile(
    "kobbq",
    "KoBBQ's samples (.tsv): social bias in ambiguous and disambiguated contexts",
    _detects,
    _item,
    "key: text of a choice; choices are a Python literal; 'cannot be known' always last, so options are shuffled",
    telling=True,
).reader()
