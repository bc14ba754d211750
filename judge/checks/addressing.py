"""Text in an answer that is meant for the judge: commands, pleas, forged verdicts, forged ends of the fence.

A flag, never a verdict: the fence keeps such text from working, and this says that somebody tried. Words about scores
alone are no sign; what counts is who is spoken to and what is asked. Where the prompts themselves are about scoring,
lines with scores are what was asked for.
"""

import re
from dataclasses import dataclass

from judge.checks.addressing_patterns import FORGED_VERDICT, PATTERNS, VERDICT_LINE, AddressingKind, Pattern
from judge.checks.text import HANGUL, compose_hangul, without_code

_ABOUT_SCORES = re.compile(
    r"점수|평점|별점|채점|루브릭|성적|시험|경기|심사|배점|등급|scor|rating|\brate\b|grade|rubric|review", re.IGNORECASE
)
_ABOUT_ATTACKS = re.compile(r"인젝션|주입 공격|탈옥|jailbreak|injection|프롬프트 공격|레드\s?팀", re.IGNORECASE)
_LOOSE: frozenset[AddressingKind] = frozenset({"demand", "anchor", "plea", "authority"})
_ALSO_IN_CODE: frozenset[AddressingKind] = frozenset({"call", "demand", "override"})
"""Programs say nothing of the kind; the others are looked for outside of code, where a comment may be innocent."""

_TAGS = re.compile("[\U000e0001-\U000e007f\U000e0100-\U000e01ef]{2,}")
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{2,8}\U000e007f")
_DIRECTION = re.compile("[\u202d\u202e\u2066-\u2068]")
_ZERO_WIDTH = "\u00ad\u034f\u115f\u1160\u180e\u200b-\u200d\u2060-\u2064\u3164\ufeff\uffa0"
_INSIDE_WORD = re.compile(f"(?<=[{HANGUL}A-Za-z])[{_ZERO_WIDTH}]+(?=[{HANGUL}A-Za-z])")
_INVISIBLE = re.compile(f"[{_ZERO_WIDTH}\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e01ef]+")
_BREAKS = re.compile(
    r"[\r\x00-\x08\x0b-\x1f\x85\u2028\u2029]+|<[|｜][^|｜<>\n]{1,40}[|｜]>|\[/?INST\]|\[\|[^|\[\]\n]{1,32}\|\]"
    r"|</?s>|</think>|<(?:start|end)_of_turn>"
)
_SPACED = re.compile("(?:[가-힣] ){3,}[가-힣](?![가-힣])")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_HIDDEN_TIMES = 3
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Addressing:
    """One kind of text meant for the judge, with the words that gave it away."""

    kind: AddressingKind
    excerpt: str


def find_addressing(answer: str, prompt: str = "") -> tuple[Addressing, ...]:
    """The kinds that `answer` holds, each with its first occurrence; what `prompt` holds too is a quotation."""
    found: dict[AddressingKind, str] = {}
    hidden = _hidden(answer)
    if hidden:
        found["hidden"] = hidden
    text, source = _readable(answer), _readable(prompt)
    about_scores = _ABOUT_SCORES.search(source) is not None
    about_attacks = _ABOUT_ATTACKS.search(source) is not None
    outside = without_code(text, closed_only=True)
    whole, prose = (text, text.lower()), (outside, outside.lower())
    _note(found, FORGED_VERDICT, *whole, source)
    if not about_scores:
        _note(found, VERDICT_LINE, *prose, source)
    for pattern in PATTERNS:
        if not (about_scores and pattern.kind in _LOOSE) and not (about_attacks and pattern.kind == "override"):
            _note(found, pattern, *(whole if pattern.kind in _ALSO_IN_CODE else prose), source)
    return tuple(Addressing(kind, excerpt) for kind, excerpt in found.items())


def _note(found: dict[AddressingKind, str], pattern: Pattern, text: str, lowered: str, prompt: str) -> None:
    # Most texts hold none of the needles, and looking for them costs a hundredth of the expression.
    if pattern.kind in found or not any(needle in lowered for needle in pattern.needles):
        return
    for match in pattern.regex.finditer(text):
        excerpt = " ".join(match[0].split())
        if excerpt and excerpt not in prompt:
            found[pattern.kind] = excerpt[:_SHOWN]
            return


def _hidden(answer: str) -> str | None:
    """Characters that a reader does not see and a model does: tags, overrides of direction, split words."""
    if answer.isascii():
        return None
    tags = _TAGS.search(_FLAG.sub("", answer))
    if tags:
        letters = "".join(chr(ord(c) - 0xE0000) for c in tags[0] if 0xE0020 <= ord(c) < 0xE007F)
        return f"U+E00xx {letters[:_SHOWN]}".strip()
    direction = _DIRECTION.search(answer)
    if direction:
        return f"U+{ord(direction[0]):04X}"
    split = _INSIDE_WORD.findall(answer)
    return f"U+{ord(split[0][0]):04X} × {len(split)}" if len(split) >= _HIDDEN_TIMES else None


def _readable(text: str) -> str:
    """Without invisible characters, full-width letters, jamo taken apart and syllables spaced out.

    Whatever may break a line, tokens of chat templates among it, breaks one.
    """
    text = _BREAKS.sub("\n", text)
    if text.isascii():
        return text
    # Tags are letters in disguise.
    text = re.sub("[\U000e0020-\U000e007e]", lambda match: chr(ord(match[0]) - 0xE0000), text)
    text = compose_hangul(_INVISIBLE.sub("", text).translate(_FULL_WIDTH))
    return _SPACED.sub(lambda match: match[0].replace(" ", ""), text)
