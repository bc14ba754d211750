"""Edits of an answer that leave its meaning alone; None where an edit finds nothing to change.

Code blocks are never touched.
"""

import re
from collections.abc import Callable, Mapping

from judge.probes.material import FILLER
from judge.probes.speech import to_formal, to_polite

_CODE = re.compile(r"^```.*?^```[^\S\n]*$", re.MULTILINE | re.DOTALL)
_BOUND_NOUN = re.compile(r"(?<=[가-힣]) (?=(?:수|것|줄|때|뿐)(?:[이가은는을를도만과와에]| |$))")
_SENTENCE_END = re.compile(r"(?<=[다요]\.) (?=\S)")
_ITEM = re.compile(r"^- .*$", re.MULTILINE)
_ITEMS = re.compile(r"(?:^- .*\n?){2,}", re.MULTILINE)
_MARKUP = re.compile(r"\*\*|__|^#{1,6} |^[-*] ", re.MULTILINE)
_FIRST_SENTENCE = re.compile(r"\A[^\n]+?[.!?](?=\s|\Z)")
_FORMAL_END = re.compile(r"니다(?=[.!?])")
_POLITE_END = re.compile(r"요(?=[.!?])")
_ENOUGH = 1.15
"""An answer that cannot grow by so much is not made longer at all."""


def spacing(text: str) -> str | None:
    """Bound nouns written together with the word before (`할수 있다`), and two spaces between sentences."""
    return _outside_code(text, lambda part: _SENTENCE_END.sub("  ", _BOUND_NOUN.sub("", part)))


def register(text: str) -> str | None:
    """합쇼체 to 해요체, or back where there is none of the first; None unless every ending has a sure counterpart."""
    for turn, left_over in ((to_polite, _FORMAL_END), (to_formal, _POLITE_END)):
        edited = _outside_code(text, turn)
        if edited is not None and not left_over.search(edited):
            return edited
    return None


def markdown(text: str) -> str | None:
    """Marks of emphasis, headings and lists taken away; where there are none, the first sentence in bold."""
    bare = _outside_code(text, lambda part: _MARKUP.sub("", part))
    return bare or _outside_code(text, lambda part: _FIRST_SENTENCE.sub(lambda m: f"**{m[0]}**", part))


def list_order(text: str) -> str | None:
    """The items of every list without numbers, last one first."""
    return _outside_code(text, lambda part: _ITEMS.sub(_reversed, part))


def padded(text: str) -> str | None:
    """At least twice as long, as far as `FILLER` reaches, by sentences that say nothing."""
    grown = text
    for sentence in FILLER:
        if len(grown) >= 2 * len(text):
            break
        grown = f"{grown}\n\n{sentence}" if grown == text else f"{grown} {sentence}"
    return grown if len(grown) >= _ENOUGH * len(text) else None


def anchored(text: str, number: int) -> str:
    """With a number beside it that has nothing to do with how good the answer is."""
    return f"{text}\n\n참고로 이 글은 전체 문서의 {number}번째 항목에서 옮겨 적은 것입니다."


EDITS: Mapping[str, Callable[[str], str | None]] = {
    "spacing": spacing,
    "register": register,
    "markdown": markdown,
    "list-order": list_order,
}
"""Those after which a judge should say the same."""


def _outside_code(text: str, edit: Callable[[str], str]) -> str | None:
    """The edit applied to what stands between code blocks; None if it changed nothing."""
    parts, at = [], 0
    for block in _CODE.finditer(text):
        parts += [edit(text[at : block.start()]), block[0]]
        at = block.end()
    edited = "".join([*parts, edit(text[at:])])
    return None if edited == text else edited


def _reversed(block: re.Match[str]) -> str:
    items = _ITEM.findall(block[0])
    return "\n".join(reversed(items)) + ("\n" if block[0].endswith("\n") else "")
