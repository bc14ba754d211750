"""In which style of speech (상대 높임) an answer's sentences end.

Only the last words of sentences are looked at, outside of quotations, code and, where there is other text, lists. An
ending that fits several styles speaks against none of them; a sentence without a predicate says nothing.
"""

import re
from collections import Counter
from dataclasses import dataclass

from judge.checks.result import CheckResult
from judge.checks.sentences import Sentence, sentences
from questions.types import RegisterCheck

SHARE = 0.8
"""So much of the sentences whose style shows must be in the asked one."""

_TRAILING = re.compile(r"[^가-힣]+$")
_LAUGHTER = re.compile(r"[ㄱ-ㅎㅏ-ㅣ\s.!?…~^]+$")
_QUOTATION = re.compile(r"“[^”]*”|‘[^’]*’|「[^」]*」|『[^』]*』|\"[^\"]*\"")
_ASIDE = re.compile(r"\([^()]*\)|（[^（）]*）")
_LAST_WORD = re.compile(r"[가-힣]+$")


def _ending_in(final: int) -> str:
    """The syllables with one final consonant, by its number in Unicode's composition."""
    return "".join(chr(code) for code in range(0xAC00 + final, 0xD7A4, 28))


_B_FINAL, _N_FINAL = _ending_in(17), _ending_in(4)
_FORMAL = re.compile(rf"[{_B_FINAL}](?:니다|니까|시다|디다|디까)$|시오$")
_POLITE = re.compile(r"[요죠]$")
_QUESTION = re.compile(rf"[{_N_FINAL}]가$")
_INTIMATE = re.compile(r"(?:[어아야여해네군래걸봐줘돼와워써꺼져쳐려셔켜겨텨펴쪄떠커데게서대나가]|거든)$")
_EITHER = re.compile(r"(?:[냐니자라마까지]|구나|겠다)$")
_NOMINAL = re.compile(r"(?:[함됨임봄있없했됐]음?|음|할\s?것|바람)$")

_PLAIN = {"해체", "한다체"}
_NOT_ENDINGS = {
    *("필요", "중요", "주요", "수요", "소요", "개요", "동요", "강요", "월요", "일요", "고요", "바다", "마다", "보다"),
    *("전부다", "네", "예", "응", "그래", "아니", "아니요", "아니오", "사다", "국가", "평가", "작가", "증가", "추가"),
    *("휴가", "물가", "참가", "허가", "대가", "전문가", "불가"),
}


@dataclass(frozen=True, slots=True)
class RegisterReport:
    """How many sentences show each style; one that fits two styles counts as `A·B`."""

    styles: dict[str, int]

    @property
    def polite(self) -> int:
        """Sentences in 존댓말."""
        return self.styles.get("하십시오체", 0) + self.styles.get("해요체", 0)

    @property
    def plain(self) -> int:
        """Sentences in 반말, or in the style of writing that addresses nobody."""
        return sum(n for name, n in self.styles.items() if set(name.split("·")) <= _PLAIN)

    @property
    def mixed(self) -> bool:
        """Whether 존댓말 and 반말 alternate: of both two sentences or more, and a fifth of all or more."""
        fewer = min(self.polite, self.plain)
        return fewer >= 2 and fewer >= (1 - SHARE) * (self.polite + self.plain)


def report_register(answer: str) -> RegisterReport:
    """The styles that the answer's sentences end in."""
    found = (sentence_styles(sentence) for sentence in _spoken(answer))
    return RegisterReport(dict(Counter("·".join(sorted(styles)) for styles in found if styles)))


def check_register(check: RegisterCheck, answer: str) -> CheckResult:
    """Whether `SHARE` of the sentences end in the asked style; undecided where no sentence shows its style."""
    found = [styles for sentence in _spoken(answer) if (styles := sentence_styles(sentence))]
    if not found:
        return CheckResult(None, "말끝을 알아볼 문장이 없음")
    hits = sum(check.style in styles for styles in found)
    share = hits / len(found)
    detail = f"{check.style} 문장 {len(found)}개 가운데 {hits}개"
    if share < SHARE:
        others = Counter("·".join(sorted(styles)) for styles in found if check.style not in styles)
        detail += f"(다른 말끝: {', '.join(f'{name} {count}개' for name, count in others.most_common(2))})"
    return CheckResult(share >= SHARE, detail)


def _spoken(answer: str) -> list[Sentence]:
    every = sentences(answer)
    return [sentence for sentence in every if not sentence.listed] or every


def sentence_styles(sentence: Sentence) -> frozenset[str]:
    """The styles that a sentence's ending fits; empty when it shows none."""
    text = _TRAILING.sub("", _LAUGHTER.sub("", _ASIDE.sub("", _QUOTATION.sub("", sentence.text))))
    word = _LAST_WORD.search(text)
    if word is None or word.group() in _NOT_ENDINGS:
        return frozenset()
    if _FORMAL.search(text):
        return frozenset({"하십시오체"})
    if _POLITE.search(text):
        return frozenset({"해요체"})
    if sentence.closed and _EITHER.search(text):
        return frozenset({"해체", "한다체"})
    if text.endswith("다"):
        return frozenset({"한다체"})
    if not sentence.closed:
        return frozenset()  # a title or a label
    if _NOMINAL.search(text):
        return frozenset({"음슴체"})
    if _QUESTION.search(text):
        return frozenset({"한다체", "해체"})
    return frozenset({"해체"}) if _INTIMATE.search(text) else frozenset()
