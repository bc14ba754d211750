"""What beside a score says that it is not meant, or not the judge's own: taken back, quoted, asked for, echoed.

All patterns look at texts in plain characters (`plain`), and a doubt makes a reply unreadable, never another number.
"""

import re

from judge.contracts.plain import folded

_TAKEN_BACK = re.compile(
    r"[\s(\-–—,.\"'”’」』]*(?:이?라[고는기]|(?:은|는|을|를|이?나)\s|(?:[은는이가]\s*)?아[니닌님]|초안|임시|가안|취소|철회|무효|보류|정정"
    r"|not (?:really|final|my\b|the\b|[0-9])|no[,.]|draft|cancel|retract|void|would\b|[✗✘❌×]|x\))",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(
    r"답변(?:의 주장|이 [가-힣 ]{0,8}(?:요구|주장))|(?:요구|주장|요청)[된한] 점수"
    r"|(?:requested|claimed|demanded) (?:by|in) the answer",
    re.IGNORECASE,
)
_SPELLED = "(?:일|이|삼|사|오|육|칠|팔|구|십|한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|반)"
_DEDUCTED = re.compile(
    rf"(?:감점|차감|마이너스)[은는:]? {{0,3}}{_SPELLED} ?점|{_SPELLED} ?점[은는을를]? {{0,3}}(?:감점|차감|깎|뺀|뺌|빼)"
    r"|(?:minus|less) (?:one|two|three|four|five|half)|(?:one|two|three|four|five|half)(?: a)? points? off",
    re.IGNORECASE,
)
_WITHHELD = re.compile(
    r"[\s(\[\"'“‘]*(?:(?:해당 ?)?없(?:음|다|습니다)|미정|(?:판정|채점|평가|산정) ?(?:불가|보류)|n/?a\b|none\b|null\b)",
    re.IGNORECASE,
)
_CORRECTION = re.compile(
    r"\n[\s>#(\[\-•]*(?:(?:정정|수정|취소|철회|correction|corrected|retracted)(?:합니다|한다|함|하여|하면)?\s*[:.,)\]]"
    r"|(?:위|앞|이)의? ?점수[는를은]? ?(?:취소|철회|정정|무효))",
    re.IGNORECASE,
)
_SPOKEN_OF = re.compile(r"\s*[\"'”’」』`)\]]*\s*이?라(?:고|는|며)\s")
_MARK = re.compile(r"«[^«»\n]{0,40}답변 [0-9]{1,4} (?P<which>시작|끝)»")
_CODE = re.compile(r"(?:```|~~~)(?P<block>.*?)(?:```|~~~|\Z)|(?<!`)`(?P<span>[^`\n]{1,400})`(?!`)", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]{2}")
_QUOTES = frozenset("\"“'‘「『")
_LINE = 400
"""How far a line is looked at, in characters: one reply may hold a thousand labels on a line of a megabyte."""


def taken_back(rest: str) -> bool:
    """Whether what follows a value on its line says that it does not hold, or is not the judge's."""
    return bool(_TAKEN_BACK.match(rest) or _ASKED_FOR.search(rest, 0, 80) or _DEDUCTED.search(rest, 0, 80))


def withheld(value: str) -> bool:
    """Whether a label is followed by words that say there is no score (`점수: 없음`)."""
    return bool(_WITHHELD.match(value))


def spoken_of(following: str) -> bool:
    """Whether the lines after that of a score go on as speech about it (`점수: 10` … `이라고 적었다`)."""
    return bool(_SPOKEN_OF.match(following))


def corrected(text: str, at: int) -> bool:
    """Whether a later line than that of the value at `at` corrects or withdraws it."""
    return bool(_CORRECTION.search(text, at))


def is_quoted(text: str, at: int) -> bool:
    """Whether a label whose words begin at `at` stands in quotation marks behind other words, or in a block quote.

    A block quote that nothing but blank lines follow is a way to set off one's own verdict.
    """
    line = text[max(0, at - _LINE) : at].rpartition("\n")[2]
    if line[-1:] in _QUOTES and line.strip("\"“'‘「『 -*>#"):
        return True
    following = text[at : at + _LINE].partition("\n")[2].lstrip("\n ")
    return line.strip() == ">" and following[:1] not in ("", ">")


def echo(text: str) -> tuple[int, int]:
    """From where to where a reply repeats fenced material: its first mark that opens to its last that closes one.

    Without a mark that closes, to the end: what stands there may be the answer's, and is never left out of account.
    """
    marks = list(_MARK.finditer(text)) if "시작»" in text else []
    start = next((mark.start() for mark in marks if mark["which"] == "시작"), len(text))
    return start, marks[-1].end() if marks and marks[-1]["which"] == "끝" else len(text)


def without_echoes(text: str, answer: str) -> str:
    """The text with every code block (and span) blanked whose words occur literally in the answer, positions kept.

    White space and quotation marks do not count, nor does the name of a language behind the fence. A block of a mere
    number may be anybody's and stays.
    """
    if "`" not in text and "~~~" not in text:
        return text
    said = folded(answer)

    def blank(code: re.Match[str]) -> str:
        whole = code["span"] if code["block"] is None else code["block"]
        unnamed = whole.partition("\n")[2] if code["block"] is not None else ""
        repeated = any(_WORD.search(part) and folded(part) in said for part in (whole, unnamed))
        return re.sub(r"[^\n]", " ", code[0]) if repeated else code[0]

    return _CODE.sub(blank, text)
