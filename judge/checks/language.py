"""Which language an answer is written in, decided by its letters.

The share of Hangul is counted in letters a writer types: a syllable is the two or three jamo it is made of, a
Chinese character or kana counts two, a Latin letter one. So `AI 모델의 GPU memory usage는 12 GB입니다` is half
Hangul, as a reader would say, and decomposed (NFD) text counts the same as composed text.

Share alone would call an English essay about Korean words Korean, so a Korean answer must also not hold more
letters in English clauses than in Hangul; English terms inside Korean sentences are not clauses.

Only words count: a single Latin letter (`x`, `점 A`), an identifier (`max_len`, `getName`, `f(x)`) or a unit glued
to a number is no evidence of English.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Any

from judge.checks.text import HANGUL, compose_hangul, prose, without_quotes
from questions.types import ExpectedLanguage, Question

KO_MIN_SHARE = 0.25
"""Below this share of Hangul an answer is not Korean; Korean prose about code or mathematics lies far above."""

MIN_LETTERS = 30
"""Fewer letters than this are too little to call an answer foreign (`B`, `x = 4`, `GET, POST, PUT`)."""

CLAUSE_WORDS = 4
"""So many Latin words in a row are a clause, one fewer when a full stop ends them; a term or gloss is shorter."""

EN_MIN_WORDS = 8
"""So many words in clauses are English sentences, whatever stands beside them."""

_WIDE_CHARS = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U00031fff"
_WIDE = re.compile(f"[{_WIDE_CHARS}]+")
_HANGUL_PHRASE = re.compile(f"([{HANGUL}]+(?: [{HANGUL}]+)*)")

# Words of an alphabet: letters without Hangul, Han and kana, not part of an identifier or a number. The look behind
# stands after the first letter, so that a search skips at full speed what is none.
_LETTER = f"[^\\W\\d_{HANGUL}{_WIDE_CHARS}]"
_WORD = re.compile(rf"{_LETTER}(?<![A-Za-z0-9_].){_LETTER}+(?![A-Za-z0-9_(])")
_LATIN_WORD = re.compile("[A-Za-z\u00aa-\u024f\u1e00-\u1eff\uff21-\uff5a]")
_IDENTIFIER = re.compile("[a-z][A-Z]")
_RUN = re.compile("[A-Za-z][^.,!?:;()\\[\\]{}|=\n\u0250-\u200f\u2028-\U0010ffff]*([.!?]?)")
_RUN_WORD = re.compile("[A-Za-z]+(?:['’-][A-Za-z]+)*")


@dataclass(frozen=True, slots=True)
class LanguageReport:
    """What the rule saw. Shares are of `letters`; they are None without letters.

    `passed` is None when there is too little natural text to decide (code, formulas, numbers, one word).
    """

    expected: ExpectedLanguage
    passed: bool | None
    hangul_share: float | None
    latin_share: float | None
    letters: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_language(answer: str, expected: ExpectedLanguage, prompt: str = "") -> LanguageReport:
    """Whether `answer` is written in the expected language.

    `prompt` is everything the candidate was shown up to this turn; long literal quotations of it are not counted.
    `en` asks for English sentences and allows Korean beside them; `any` always passes.
    """
    text = without_quotes(prose(answer), compose_hangul(prompt))
    hangul, latin, other = _letters(text)
    letters = hangul + latin + other
    passed = _decide(text, expected, hangul, latin, letters)
    if not letters:
        return LanguageReport(expected, passed, None, None, 0)
    return LanguageReport(expected, passed, round(hangul / letters, 4), round(latin / letters, 4), letters)


def check_turn_language(question: Question, turn: int, answer: str) -> LanguageReport:
    """The rule on the answer to turn `turn` (from 1); what it quotes of any prompt so far does not count."""
    shown = "\n\n".join(asked.prompt for asked in question.turns[:turn])
    return check_language(answer, question.turns[turn - 1].expected_language, shown)


def _decide(text: str, expected: ExpectedLanguage, hangul: int, latin: int, letters: int) -> bool | None:
    if expected == "any":
        return True
    if not letters:
        return None
    words, clause_letters = _clauses(text)
    if expected == "ko":
        good = hangul >= max(KO_MIN_SHARE * letters, clause_letters)
    else:
        good = latin >= letters / 2 or words >= EN_MIN_WORDS
    if good:
        return True
    return None if letters < MIN_LETTERS else False


def _letters(text: str) -> tuple[int, int, int]:
    """Hangul, Latin and other letters as this rule counts them."""
    parts = _HANGUL_PHRASE.split(text)
    phrases = "".join(parts[1::2])
    # The canonical decomposition of a syllable is the jamo it is typed with.
    hangul = len(unicodedata.normalize("NFD", phrases)) - phrases.count(" ")
    rest = "\n".join(parts[::2])
    other = 0 if rest.isascii() else 2 * sum(map(len, _WIDE.findall(rest)))
    latin = 0
    for word in _WORD.findall(rest):
        if _LATIN_WORD.match(word):
            latin += 0 if _IDENTIFIER.search(word) else len(word)
        else:
            other += len(word)
    return hangul, latin, other


def _clauses(text: str) -> tuple[int, int]:
    """Words, and their letters, in unbroken runs of Latin words long enough to be a clause."""
    words = letters = 0
    for run in _RUN.finditer(text):
        found = _RUN_WORD.findall(run[0])
        if len(found) >= CLAUSE_WORDS - bool(run[1]):
            words += len(found)
            letters += sum(map(len, found))
    return words, letters
