"""What a judge quotes from an answer, and whether the answer says so."""

import re
import unicodedata
from collections.abc import Sequence

from judge.contracts.json_objects import Spelled, objects
from judge.contracts.plain import without_draft

MOST_QUOTES = 20
MAX_QUOTE_CHARS = 500

JSON_PROPERTY = {"type": "array", "items": {"type": "string"}}
TEXT_LINE = "인용: (답변에서 글자 그대로 옮긴 구절, 한두 개. 따옴표로 묶음)"
JSON_VALUE = '["답변에서 글자 그대로 옮긴 구절, 한두 개"]'

_KEY = re.compile(r"[\"'](?:evidence|인용|quotes?)[\"']\s*:", re.IGNORECASE)
_KEYS = ("evidence", "인용", "quotes", "quote")
_LINE = re.compile(
    r"^[ \t>*_#-]{0,20}(?:\d{1,3}[.)][ \t*_]{0,5})?(?:근거[ \t]?)?(?:인용|evidence|quotes?)[*_]{0,3} ?[:：](.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile("|".join(f"{o}([^{c}\n]{{1,500}}){c}" for o, c in ("“”", '""', "「」", "『』", "‘’")))
_MARKS = re.compile(r"[\"'“”‘’`*_「」『』«»]+")
_NONE = re.compile(r"\W*(?:없음|해당 없음|none|n/?a)\W*", re.IGNORECASE)


def quotes(reply: str) -> tuple[str, ...]:
    """The quotations that a reply names as its evidence, in any form."""
    text = without_draft(reply) or ""
    found: list[str] = []
    for _, _, verdict in objects(text, _KEY):
        for key in _KEYS:
            value = verdict.get(key)
            found += [v for v in (value if isinstance(value, list) else [value]) if _is_text(v)]
    if not found:
        for line in _LINE.findall(text):
            marked = ["".join(groups) for groups in _QUOTED.findall(line)]
            found += marked or [line.strip("*_ \t")]
    kept = (quote.strip()[:MAX_QUOTE_CHARS] for quote in found if quote.strip() and not _NONE.fullmatch(quote))
    return tuple(dict.fromkeys(kept))[:MOST_QUOTES]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not isinstance(value, Spelled)


def masked(text: str) -> str:
    """The text with its lines of quotations blanked, positions kept: what a judge quotes it does not say."""
    return _LINE.sub(lambda line: " " * len(line[0]), text)


def unfound(evidence: Sequence[str], answer: str) -> list[str]:
    """The quotations that do not literally occur in the answer; white space and quotation marks do not count."""
    folded = _folded(answer)
    return [quote for quote in evidence if _folded(quote) not in folded]


def _folded(text: str) -> str:
    return "".join(_MARKS.sub("", unicodedata.normalize("NFC", text)).split())
