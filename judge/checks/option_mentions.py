"""Where a text names one of several options: by the option's own words, or by its number or letter.

Numbers and letters count only where an answer is stated ("정답은 3번"), so they are looked for separately.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
_HANGUL_LETTERS = "가나다라마바사아자차"
_JAMO_LETTERS = "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊ"
_LATIN = "ABCDEFGHIJ"

# What may follow a word without being part of a longer one: particles, copula, verbs of saying.
_PARTICLE = (
    r"(?:은|는|이|가|을|를|의|에|께|로|와|과|랑|도|만|뿐|까지|부터|보다|처럼|라|란|고|며|면|다|입|임|였|예|야|여|죠|지|인|일|쪽|님"
    r"|씨|요|나|든|대신|말고|아니|밖|조차|마저|한테|네|으로|하고|하면|하는|한|합|해|때문|등|및|또는|번|중|습|어|없|있|기|므로|정도|역시|측|들)"
)
_UNKNOWN_OPTION = re.compile(r"없|모르|모른|모름|불가|불명|어렵|부족|불분명")
_UNKNOWN = re.compile(
    r"(?:알|판단할|판별할|확인할|특정할|단정할|구별할|구분할|정할|결정할|추론할|답할|말할|가릴|고를)\s*수(?:는|가|도|조차)?\s*없(?!는|던)"
    r"|(?:알|판단하|특정하|단정하|확인하)기(?:는|가|에는)?\s*(?:어렵|힘들)|(?:판단|확인|특정|식별)\s*(?:불가|불능)"
    r"|(?:정보|근거|단서)[가는도]?\s*(?:없(?!는)|부족하(?!지만))|모릅니다|모른다|모르겠|알지\s*못"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """`option` (from 0) is named at `start` to `end`."""

    option: int
    start: int
    end: int


class OptionFinder:
    """Finds mentions of a list of options."""

    def __init__(self, options: Sequence[str]) -> None:
        self.options = [_clean(option) for option in options]
        # The longer first: "알 수 없음" also stands inside "이 글로는 알 수 없음".
        order = sorted(range(len(options)), key=lambda place: -len(self.options[place]))
        self._words = [(place, re.compile(_words_pattern(self.options[place]), re.IGNORECASE)) for place in order]
        unknown = [place for place, option in enumerate(self.options) if _UNKNOWN_OPTION.search(option)]
        self._unknown = unknown[0] if len(unknown) == 1 else None
        self._labels = self._label_patterns()

    def words(self, text: str) -> list[Mention]:
        """The mentions of options by their words, in order and disjoint."""
        found: list[Mention] = []
        patterns = list(self._words)
        if self._unknown is not None:
            patterns.append((self._unknown, _UNKNOWN))
        for option, pattern in patterns:
            for match in pattern.finditer(text):
                if all(match.end() <= other.start or other.end <= match.start() for other in found):
                    found.append(Mention(option, match.start(), match.end()))
        return sorted(found, key=lambda mention: mention.start)

    def labels(self, text: str) -> list[Mention]:
        """The mentions of options by number or letter, in order: `3번`, `③`, `(C)`, `다`."""
        found: list[Mention] = []
        for pattern, names in self._labels:
            for match in pattern.finditer(text):
                option = names.index(match["name"].upper())
                if option < len(self.options):
                    found.append(Mention(option, match.start(), match.end()))
        return sorted(found, key=lambda mention: mention.start)

    def both(self, text: str) -> list[Mention]:
        """Mentions by words and by labels; a label inside of an option's words is none."""
        words = self.words(text)
        labels = [
            label
            for label in self.labels(text)
            if all(label.end <= word.start or word.end <= label.start for word in words)
        ]
        return sorted([*words, *labels], key=lambda mention: mention.start)

    def _label_patterns(self) -> list[tuple[re.Pattern[str], str]]:
        plain = [re.sub(r"[\s().번]", "", option).upper() for option in self.options]
        numbers = any(re.search(r"^\d", option) for option in plain)
        letters = any(option in _LATIN for option in plain)
        follows = r"(?=번|\)|\]|[.,](?!\d)|[\s\"'”’]|$|은|는|이|가|을|를|입|으?로|라|예|야|의|과|와|도|:)"
        patterns = [(re.compile(rf"(?P<name>[{_CIRCLED}])"), _CIRCLED)]
        if not numbers:
            patterns.append(
                (re.compile(rf"(?<![\w.])\(?(?P<name>[1-9])\)?{follows}(?!\s*(?:명|개|가지|단계))"), "123456789")
            )
        if not letters:
            patterns.append((re.compile(rf"(?<![A-Za-z])\(?(?P<name>[A-Ja-j])\)?(?![A-Za-z0-9]){follows}"), _LATIN))
        if not any(option in _HANGUL_LETTERS for option in plain):
            letter = rf"\((?P<name>[{_HANGUL_LETTERS}])\)|"
            patterns.append((re.compile(letter.rstrip("|")), _HANGUL_LETTERS))
            patterns.append(
                (re.compile(rf"(?<![\w가-힣])(?P<name>[{_HANGUL_LETTERS}])(?=번|\.|\)|\s*$|입니다|$)"), _HANGUL_LETTERS)
            )
        patterns.append((re.compile(rf"(?<![ㄱ-ㅎ])(?P<name>[{_JAMO_LETTERS}])(?![ㄱ-ㅎ])"), _JAMO_LETTERS))
        return patterns


def _clean(option: str) -> str:
    return unicodedata.normalize("NFC", option).strip()


def _words_pattern(option: str) -> str:
    # "근거가 없음" is also said as "근거가 없습니다".
    stem = option[:-1] if len(option) >= 5 and option[-1] in "다음함임됨" else option
    body = r"\s*".join(re.escape(word) for word in stem.split())
    before = r"(?<![가-힣])" if re.match(r"[가-힣]", option) else r"(?<![A-Za-z0-9.])"
    last = option[-1]
    if stem != option:
        after = ""
    elif last.isascii() and last.isdigit():
        after = r"(?![0-9.,]*[0-9])"
    elif last.isascii() and last.isalpha():
        after = r"(?![A-Za-z0-9])"
    else:
        after = rf"(?![가-힣])|{before}{body}(?={_PARTICLE})" if re.match(r"[가-힣]", last) else ""
    return f"{before}{body}{after}"


def unique(mentions: Sequence[Mention]) -> Iterator[int]:
    """The options named, each once, in order."""
    return iter(dict.fromkeys(mention.option for mention in mentions))
