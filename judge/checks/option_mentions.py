"""Where a text names one of several options: by the option's own words, or by its number or letter.

Numbers and letters count only where an answer is stated ("정답은 3번"), so they are looked for separately.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# What may follow a word without being part of a longer one: particles, copula, verbs of saying.
_PARTICLE = (
    r"(?:은|는|이|가|을|를|의|에|께|로|와|과|랑|도|만|뿐|까지|부터|보다|처럼|라|란|고|며|면|다|입|임|였|예|야|여|죠|지|인|일|쪽|님"
    r"|씨|요|나|든|대신|말고|아니|밖|조차|마저|한테|네|으로|하고|하면|하는|한|합|해|때문|등|및|또는|번|중|습|어|없|있|기|므로|정도|역시|측|들|시)"
)
_YES_OR_NO = dict.fromkeys(("예", "네"), "예|네") | dict.fromkeys(("아니요", "아니오", "아뇨"), "아니[요오]|아뇨")
_UNKNOWN_OPTION = re.compile(
    r"없|모르|모른|모름|불가|불명|어렵|어려움|힘듦|부족|불분명|지\s*않(?:음|다|았음|았다|습니다|아요)$"
    r"|\bunknown\b|\bundetermined\b|\bnot (?:enough|known|answerable)|\bcan(?:not|'t| not)\b",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"(?:알|판단할|판별할|확인할|특정할|단정할|구별할|구분할|정할|결정할|추론할|답할|말할|가릴|고를)\s*수(?:는|가|도|조차)?\s*없(?!는|던)"
    r"|(?:알|판단하|특정하|단정하|확인하)기(?:는|가|에는)?\s*(?:어렵|힘들)|(?:판단|확인|특정|식별)\s*(?:불가|불능)"
    r"|(?:정보|근거|단서)[가는도]?\s*(?:없(?!는)|부족[하합해](?!지만))|모릅니다|모른다|모르겠|알지\s*못"
)


_Labels = tuple[re.Pattern[str], dict[str, int]]
_HANGUL = "가나다라마바사아자차"


def _labels(pattern: str, names: str) -> _Labels:
    return re.compile(pattern), {name: place for place, name in enumerate(names)}


_FOLLOWS = r"(?=번|\)|\]|[.,](?!\d)|[\s\"'”’]|$|은|는|이|가|을|를|입|으?로|라|예|야|의|과|와|도|뿐|:)"
_CIRCLED = _labels("(?P<name>[①②③④⑤⑥⑦⑧⑨⑩])", "①②③④⑤⑥⑦⑧⑨⑩")
_JAMO = _labels("(?<![ㄱ-ㅎ])(?P<name>[ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊ])(?![ㄱ-ㅎ])", "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊ")
_NUMBERS = _labels(rf"(?<![\w.])\(?(?P<name>[1-9])\)?{_FOLLOWS}(?!\s*(?:명|개|가지|단계))", "123456789")
_LETTERS = "ABCDEFGHIJKLMNOPQRST"
_LATIN = _labels(rf"(?<![A-Za-z])\(?(?P<name>[A-Ta-t])\)?(?![A-Za-z0-9]){_FOLLOWS}", _LETTERS)
_HANGUL_LETTERS = _labels(
    rf"(?:\((?=[{_HANGUL}]\))|(?<![\w(])(?=[{_HANGUL}](?:번|[.)]|\s*$|입니다)))(?P<name>[{_HANGUL}])", _HANGUL
)
_ORDINALS = (
    re.compile(
        r"(?<![가-힣])(?P<name>첫|두|둘|세|셋|네|넷)\s*(?:번째|째)(?=\s*(?:보기|것|선택지|문장|답|가|이|입|을|를|[.!]|$))"
    ),
    {"첫": 0, "두": 1, "둘": 1, "세": 2, "셋": 2, "네": 3, "넷": 3},
)


@dataclass(frozen=True, slots=True)
class Mention:
    """`option` (from 0) is named at `start` to `end`, by its words or by a `label`."""

    option: int
    start: int
    end: int
    label: bool = False


class OptionFinder:
    """Finds mentions of a list of options; `unknown` is the one that says that it cannot be known, if there is one."""

    def __init__(self, options: Sequence[str]) -> None:
        self.options = [_clean(option) for option in options]
        # The longer first: "알 수 없음" also stands inside "이 글로는 알 수 없음".
        order = sorted(range(len(options)), key=lambda place: -len(self.options[place]))
        self._words = [(place, re.compile(_words_pattern(self.options[place]), re.IGNORECASE)) for place in order]
        self.unknown = _unknown_place(self.options)
        self._labels = _label_patterns(self.options)

    def words(self, text: str) -> list[Mention]:
        """The mentions of options by their words, in order and disjoint."""
        patterns = list(self._words)
        if self.unknown is not None:
            patterns.append((self.unknown, _UNKNOWN))
        taken = bytearray(len(text))
        found: list[Mention] = []
        for option, pattern in patterns:
            found += _untaken((Mention(option, *match.span()) for match in pattern.finditer(text)), taken)
        return sorted(found, key=lambda mention: mention.start)

    def labels(self, text: str) -> list[Mention]:
        """The mentions of options by number or letter, in order: `3번`, `③`, `(C)`, `다`, `둘째`."""
        found = [
            Mention(places[match["name"].upper()], *match.span(), label=True)
            for pattern, places in self._labels
            for match in pattern.finditer(text)
            if places[match["name"].upper()] < len(self.options)
        ]
        return sorted(found, key=lambda mention: mention.start)

    def both(self, text: str) -> list[Mention]:
        """Mentions by words and by labels; a label inside of an option's words is none."""
        taken = bytearray(len(text))
        found = [*_untaken(iter(self.words(text)), taken), *_untaken(iter(self.labels(text)), taken)]
        return sorted(found, key=lambda mention: mention.start)


def _unknown_place(options: Sequence[str]) -> int | None:
    """ "알 수 없음" before "문신이 없는 남자": what only holds such a word counts where no option says it outright."""
    for pattern in (_UNKNOWN, _UNKNOWN_OPTION):
        found = [place for place, option in enumerate(options) if pattern.search(option)]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _untaken(mentions: Iterator[Mention], taken: bytearray) -> Iterator[Mention]:
    """Those that overlap none before them."""
    for mention in mentions:
        if not any(taken[mention.start : mention.end]):
            taken[mention.start : mention.end] = b"\1" * (mention.end - mention.start)
            yield mention


def _label_patterns(options: Sequence[str]) -> list[_Labels]:
    """Each way of numbering, but for those that the options themselves are written in."""
    plain = [re.sub(r"[\s().번]", "", option).upper() for option in options]
    patterns = [_CIRCLED, _ORDINALS, _JAMO]
    if not any(re.match(r"\d", option) for option in plain):
        patterns.append(_NUMBERS)
    if not any(option in _LETTERS for option in plain):
        patterns.append(_LATIN)
    if not any(option in _HANGUL for option in plain):
        patterns.append(_HANGUL_LETTERS)
    return patterns


def _clean(option: str) -> str:
    return unicodedata.normalize("NFC", option).strip()


def _words_pattern(option: str) -> str:
    if not option:
        return r"(?!)"
    if option in _YES_OR_NO:
        return rf"(?<![가-힣])(?:{_YES_OR_NO[option]})(?![가-힣])|(?<![가-힣])(?:{_YES_OR_NO[option]})(?={_PARTICLE})"
    # "근거가 없음" is also said as "근거가 없습니다".
    stem = option[:-1] if len(option) >= 5 and option[-1] in "다음함임됨" else option
    spaced = re.sub(r"(?<=\d)(?=[가-힣])", " ", stem)
    body = r"\s*".join(re.escape(word) for word in spaced.split())
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
