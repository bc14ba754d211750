"""Letters of scripts that nobody asked for: a Korean answer that slips into Han characters, kana or Cyrillic.

A gloss in brackets (as in 상선약수 and, behind it, its Chinese characters, or the reverse), code and formulas are no
slip, nor is a script that the prompts hold or ask for.
"""

import re
from dataclasses import dataclass

from judge.checks.text import HANGUL, prose
from questions.types import ExpectedLanguage

MIN_CHARS = 2
"""So many letters of one script in an answer; a single one (`美`, `の`, an emoticon) is a way of writing."""

_SHOWN = 5

_LETTERS = {
    "Han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
    "Kana": "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\uff66-\uff6f\uff71-\uff9d",
    "Cyrillic": "\u0400-\u052f",
    "Arabic": "\u0620-\u065f\u066e-\u06ff",
    "Thai": "\u0e01-\u0e5b",
    "Devanagari": "\u0904-\u0939\u0958-\u0961",
    "Hebrew": "\u05d0-\u05ea",
}
_RUNS = {script: re.compile(f"[{chars}]+") for script, chars in _LETTERS.items()}
_ANY = re.compile(f"[{''.join(_LETTERS.values())}]")
_CHINESE = r"중국어|한자|한문|간체|번체|사자성어|고사성어|한시\b|Chinese|일본어|Japanese"
_ASKED = {
    "Han": re.compile(_CHINESE, re.IGNORECASE),
    "Kana": re.compile("일본어|가나 문자|히라가나|가타카나|Japanese", re.IGNORECASE),
    "Cyrillic": re.compile("러시아어|우크라이나어|키릴|불가리아어|몽골어|Russian|Cyrillic", re.IGNORECASE),
    "Arabic": re.compile("아랍어|아랍 문자|페르시아어|우르두어|Arabic|Persian", re.IGNORECASE),
    "Thai": re.compile("태국어|타이어|Thai", re.IGNORECASE),
    "Devanagari": re.compile("힌디|산스크리트|네팔어|Hindi|Sanskrit", re.IGNORECASE),
    "Hebrew": re.compile("히브리|Hebrew", re.IGNORECASE),
}
_GLOSS = re.compile(r"\([^()\n]{1,200}\)|（[^（）\n]{1,200}）|\[[^\[\]\n]{1,200}\]|〈[^〈〉\n]{1,200}〉")
_HAN_WITH_READING = re.compile(rf"[{_LETTERS['Han']}]{{1,20}} ?[(（][{HANGUL}, ]{{1,40}}[)）]")


@dataclass(frozen=True, slots=True)
class ForeignScript:
    """Letters of each script that leaked, and the first runs of them."""

    letters: dict[str, int]
    runs: tuple[str, ...]


def find_foreign_script(answer: str, expected: ExpectedLanguage, prompt: str = "") -> ForeignScript | None:
    """The scripts that leaked into `answer`; None when there is no such leak.

    `prompt` is everything the candidate was shown. Where any language may be used, nothing can leak.
    """
    if expected == "any" or _ANY.search(answer) is None:
        return None
    text = _GLOSS.sub(" ", _HAN_WITH_READING.sub(" ", prose(answer)))
    letters: dict[str, int] = {}
    runs: list[str] = []
    for script, pattern in _RUNS.items():
        found = pattern.findall(text)
        count = sum(map(len, found))
        if count >= MIN_CHARS and not pattern.search(prompt) and not _ASKED[script].search(prompt):
            letters[script] = count
            runs += found
    return ForeignScript(letters, tuple(run[:40] for run in runs[:_SHOWN])) if letters else None
