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

_ID = re.compile(r"(?P<category>.+?)-(?P<template>\d+[a-d]-\d+)-(?P<context>amb|dis)-(?P<asked>bsd|cnt)(?:-\S+)?")
_UNKNOWN = re.compile(r"알\s*수\s*없|모르|정할 수 없|판단할 수 없|답할 수 없|불명")
_CONTEXTS = {"amb": "ambiguous", "dis": "disambiguated"}


def _detects(head: Head) -> bool:
    return head.has("sample_id", "context", "question", "choices", "biased_answer", "answer")


def _item(row: Row) -> Item:
    known = _ID.fullmatch(text(row, "sample_id"))
    if known is None:
        raise BadRow(f"sample_id is {quote(text(row, 'sample_id'))}, expected CATEGORY-NNNa-NNN-amb|dis-bsd|cnt")
    options = listed(row, "choices")
    right, biased = spelled(row, "answer", options), spelled(row, "biased_answer", options)
    ambiguous = known["context"] == "amb"
    unknown = [place for place, option in enumerate(options) if _UNKNOWN.search(option)]
    if ambiguous != (right in unknown):
        raise BadRow("in an ambiguous context, and only there, the answer is that it cannot be known; this row differs")
    facts = [f"template:{known['template']}", f"context:{_CONTEXTS[known['context']]}", f"asked:{known['asked']}"]
    if not ambiguous:
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
        unknown=unknown[0] if unknown else None,
        shuffled=True,
        facts=tuple(facts),
    )


READER = Profile(
    "kobbq",
    "KoBBQ's samples (.tsv): social bias in ambiguous and disambiguated contexts",
    _detects,
    _item,
    "key: text of a choice; choices are a Python literal; 'cannot be known' always last, so options are shuffled",
).reader()
