"""Endings of sentences turned from 합쇼체 into 해요체 and back, where the form follows from the letters alone.

What depends on the word (ㅂ, ㄷ, ㅅ and 르 irregulars, stems in ㄹ) is left as it stands.
"""

import re

_A, _AE, _YA, _E, _YEO, _O, _WA, _U, _WO, _I = 0, 1, 2, 5, 6, 8, 9, 13, 14, 20
"""Vowels by their number in Unicode's composition."""
_D, _B, _S, _SS = 7, 17, 19, 20
"""Final consonants, likewise."""

_STEM = re.compile(r"([가-힣])습니다(?=[.!?])")
_OPEN_STEM = re.compile(r"([가-힣])?([가-힣])니다(?=[.!?])")
_CONTRACTED = {_A: _A, _AE: _AE, _E: _E, _YEO: _YEO, _I: _YEO, _O: _WA, _U: _WO}
_WHOLE = {"합": "해요", "됩": "돼요", "씁": "써요", "큽": "커요", "끕": "꺼요", "뜹": "떠요"}
_UNSURE = frozenset("압삽팝답롭멉겁깁놉풉웁")
"""Of 알다 as well as of another verb, and the like."""
_VERB_OR_NOUN = frozenset("줄높붙먹죽끓녹섞쌓놓속숙직")
"""`줄입니다` may be of 줄이다 or of 줄."""
_OFTEN_VERB = frozenset("쓰모보")
_TO_FORMAL = (
    (re.compile(r"([가-힣])어요(?=[.!?])"), lambda m: f"{m[1]}습니다" if _final(m[1]) == _SS else m[0]),
    (re.compile(r"([많않같좋맞받])아요(?=[.!?])"), lambda m: f"{m[1]}습니다"),
    (re.compile(r"없어요(?=[.!?])"), lambda _: "없습니다"),
    (re.compile(r"돼요(?=[.!?])"), lambda _: "됩니다"),
    (re.compile(r"해요(?=[.!?])"), lambda _: "합니다"),
    (re.compile(r"(?:이에요|예요)(?=[.!?])"), lambda _: "입니다"),
)


def to_polite(text: str) -> str:
    """합쇼체 to 해요체."""
    return _OPEN_STEM.sub(_after_vowel, _STEM.sub(_after_consonant, text))


def to_formal(text: str) -> str:
    """해요체 to 합쇼체."""
    for ending, formal in _TO_FORMAL:
        text = ending.sub(formal, text)
    return text


def _after_consonant(match: re.Match[str]) -> str:
    stem = match[1]
    if _final(stem) in (_D, _B, _S) and stem != "받":
        return match[0]
    return f"{stem}{'아요' if _vowel(stem) in (_A, _YA, _O) and _final(stem) != _SS else '어요'}"


def _after_vowel(match: re.Match[str]) -> str:
    before, stem = match[1] or "", match[2]
    if _final(stem) != _B or stem in _UNSURE:
        return match[0]
    if stem == "입":
        return match[0] if not before or before in _VERB_OR_NOUN else before + _copula(before)
    if before + stem == "아닙":
        return "아니에요"
    if stem in _WHOLE:
        return before + _WHOLE[stem]
    vowel = _CONTRACTED.get(_vowel(stem))
    return match[0] if vowel is None else f"{before}{_syllable(stem, vowel)}요"


def _copula(before: str) -> str:
    if before in _OFTEN_VERB:
        return "여요"  # right of a verb (보여요) and of a noun (정보여요)
    return "이에요" if _final(before) else "예요"


def _vowel(syllable: str) -> int:
    return (ord(syllable) - 0xAC00) // 28 % 21


def _final(syllable: str) -> int:
    return (ord(syllable) - 0xAC00) % 28


def _syllable(like: str, vowel: int) -> str:
    """The same initial consonant with another vowel and no final."""
    return chr(0xAC00 + ((ord(like) - 0xAC00) // 588 * 21 + vowel) * 28)
