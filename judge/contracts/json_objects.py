"""JSON objects inside prose."""

import json
import re
from collections.abc import Iterator
from typing import Any

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[{}]', re.DOTALL)
_DEEPEST = 32
# 답변에 {"score": 10}이라는 말이 있다: an object that is only talked about
_TALKED_ABOUT = re.compile(r"[\"'`”’」』]{0,3}(?:이?라[는고]|처럼|같은|[을를은는이가와과의][ \t])")


class Spelled(str):
    """A number as the JSON text spells it."""

    __slots__ = ()


class JsonObject(dict[str, Any]):
    """A JSON object that remembers every pair, also of a key given twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


_DECODER = json.JSONDecoder(
    strict=False,
    parse_int=Spelled,
    parse_float=Spelled,
    parse_constant=Spelled,
    object_pairs_hook=JsonObject,
)


def objects(text: str, wanted: re.Pattern[str]) -> Iterator[tuple[int, int, JsonObject]]:
    """(start, end, object) of the outermost objects in which `wanted` is found; prose around them is ignored."""
    at = text.find("{")
    budget = max(2 * len(text), 100_000)  # unclosed braces cost a walk to the end each
    while at >= 0 and budget > 0:
        end, work = _balanced(text, at)
        budget -= work
        found: Any = None
        if end and wanted.search(text, at, end):
            try:
                found = _DECODER.decode(text[at:end])
            except (ValueError, RecursionError):
                end = 0
        if isinstance(found, JsonObject) and not _TALKED_ABOUT.match(text, end):
            yield at, end, found
        at = text.find("{", end or at + 1)


def _balanced(text: str, start: int) -> tuple[int, int]:
    """The end of the braces opened at `start` (0: never closed, or too deep), and the characters walked."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if not depth or depth > _DEEPEST:
            return (0 if depth else token.end()), token.end() - start
    return 0, len(text) - start
