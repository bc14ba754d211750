"""What a judge quotes from an answer, and whether the answer says so."""

import re
from collections.abc import Sequence

from judge.contracts.json_objects import Spelled, objects
from judge.contracts.plain import folded, without_draft

MOST_QUOTES = 20
MAX_QUOTE_CHARS = 500

JSON_PROPERTY = {"type": "array", "items": {"type": "string"}}
TEXT_LINE = "인용: (답변에서 글자 그대로 옮긴 구절, 한두 개. 따옴표로 묶음)"
JSON_VALUE = '["답변에서 글자 그대로 옮긴 구절, 한두 개"]'

_KEY = re.compile(r"[\"'](?:evidence|인용|quotes?)[\"']\s*:", re.IGNORECASE)
_KEYS = ("evidence", "인용", "quotes", "quote")
_LINE = re.compile(
    r"^[ \t>*_#-]*+(?:\d{1,3}[.)][ \t*_]*+)?(?:근거[ \t]{0,3})?(?:인용|evidence|quotes?)[*_ \t]*+[:：][*_ \t]*+"
    # the rest of the line, and lines below it that begin with a quotation mark
    r"([^\n]*(?:\n[ \t]*+(?:[-•*>][ \t]*+)?[“\"「『‘][^\n]*){0,20})",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile("|".join(f"{o}([^{c}\n]{{1,500}}){c}" for o, c in ("“”", '""', "「」", "『』", "‘’")))
_WORDS = re.compile(r"[^\n]")
_NONE = re.compile(r"\W*(?:없음|해당 없음|none|n/?a)\W*", re.IGNORECASE)


def quotes(reply: str) -> tuple[str, ...]:
    """The quotations that a reply names as its evidence, in any form."""
    text = without_draft(reply) or ""
    found: list[str] = []
    for _, _, verdict in objects(text, _KEY):
        for key in _KEYS:
            value = verdict.get(key)
            values = value if isinstance(value, list) else [value]
            found += [v for v in values if isinstance(v, str) and not isinstance(v, Spelled)]
    if not found:
        for line in _LINE.findall(text):
            marked = ["".join(groups) for groups in _QUOTED.findall(line)]
            found += marked or [line.strip("*_ \t")]
    kept = (quote.strip()[:MAX_QUOTE_CHARS] for quote in found if quote.strip() and not _NONE.fullmatch(quote))
    return tuple(dict.fromkeys(kept))[:MOST_QUOTES]


def masked(text: str) -> str:
    """The text with its lines of quotations blanked, positions kept: what a judge quotes it does not say."""
    return _LINE.sub(lambda line: _WORDS.sub(" ", line[0]), text)


def unfound(evidence: Sequence[str], answer: str) -> list[str]:
    """The quotations that do not literally occur in the answer; white space and quotation marks do not count."""
    said = folded(answer)
    return [quote for quote in evidence if folded(quote) not in said]
