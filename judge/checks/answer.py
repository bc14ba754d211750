"""Decides a turn's `Check` records on an answer. No model is asked, and any text is accepted."""

import json
import math
import re
import unicodedata
from collections.abc import Iterator

from judge.checks.canary import check_canary
from judge.checks.choice import check_choice
from judge.checks.counting import check_count, check_line_starts
from judge.checks.register import check_register
from judge.checks.result import CheckResult
from questions.types import (
    CanaryCheck,
    Check,
    ChoiceCheck,
    CodeCheck,
    ContainsCheck,
    CountCheck,
    FormatCheck,
    LengthCheck,
    LineStartsCheck,
    NumberCheck,
    RegisterCheck,
)

__all__ = ["CheckResult", "find_numbers", "run_check"]


def run_check(check: Check, answer: str) -> CheckResult:
    """Decide one check on one answer."""
    match check:
        case ContainsCheck():
            return _contains(check, answer)
        case NumberCheck():
            return _number(check, answer)
        case LengthCheck():
            return _length(check, answer)
        case FormatCheck():
            return _format(check, answer)
        case CountCheck():
            return check_count(check, answer)
        case LineStartsCheck():
            return check_line_starts(check, answer)
        case ChoiceCheck():
            return check_choice(check, answer)
        case CanaryCheck():
            return check_canary(check, answer)
        case RegisterCheck():
            return check_register(check, answer)
        case CodeCheck():
            return CheckResult(None, "프로그램은 실행하지 않음")


# ── contains ──


def _contains(check: ContainsCheck, answer: str) -> CheckResult:
    # Emphasis inside a phrase (`정답: **2**`) must not hide it; the plain text still serves `SELECT *`.
    texts = (answer, answer.replace("*", "").replace("`", ""))
    haystacks = [_fold(apart) for text in texts for apart in (text, _GAP.sub(_BREAK, text))]

    def holds(phrase: str) -> bool:
        wanted = _fold(phrase)
        before = _NO_NUMBER_BEFORE if wanted[:1].isdigit() else ""
        after = _NO_NUMBER_AFTER if wanted[-1:].isdigit() else ""
        pattern = re.compile(before + re.escape(wanted) + after)
        return any(pattern.search(haystack) for haystack in haystacks)

    missing = [phrase for phrase in check.all_of if not holds(phrase)]
    if missing:
        return CheckResult(False, f"{_quoted(missing)} 없음")
    if check.any_of and not any(holds(phrase) for phrase in check.any_of):
        among = " 가운데 하나도" if len(check.any_of) > 1 else ""
        return CheckResult(False, f"{_quoted(check.any_of)}{among} 없음")
    unwanted = [phrase for phrase in check.none_of if holds(phrase)]
    if unwanted:
        return CheckResult(False, f"쓰지 말아야 할 {_quoted(unwanted)} 있음")
    found = [*check.all_of, *[phrase for phrase in check.any_of if holds(phrase)][:1]]
    if found:
        return CheckResult(True, f"{_quoted(found)} 있음")
    return CheckResult(True, f"{_quoted(check.none_of)} 없음" if check.none_of else "찾을 말이 정해지지 않음")


# A number is not found inside a longer one: "정답: 41" is not said by "정답: 410" or "정답: 41.5". White space before a
# digit may keep two numbers apart ("41, 42"), so texts are also searched with a mark in its place.
_BREAK = "\N{SYMBOL FOR UNIT SEPARATOR}"
_GAP = re.compile(r"(?<=[\d.,])[\s\u200b\ufeff]+(?=\d)")
_NO_NUMBER_BEFORE = r"(?<!\d)(?<!\d[.,])"
_NO_NUMBER_AFTER = r"(?!\d|[.,]\d)"


def _fold(text: str) -> str:
    """NFC, without case and without any white space (also zero-width), so only the letters count."""
    return re.sub(r"[\s\u200b\ufeff]+", "", unicodedata.normalize("NFC", text)).casefold()


def _quoted(phrases: tuple[str, ...] | list[str], most: int = 3) -> str:
    shown = ", ".join(f"‘{phrase}’" for phrase in phrases[:most])
    return f"{shown} 등" if len(phrases) > most else shown


# ── number ──

# NFKC would turn ① into 1 and ³ into 3, so only the full-width forms are mapped.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x2212: ord("-")}
_TOKEN = re.compile(
    r"(?<![A-Za-z_0-9])"  # `x1`, `v2`: part of a name
    r"(?P<sign>(?<![\w)\]])-|마이너스\s?)?"  # not the hyphen of `10-20` or `2025-01-01`
    r"(?P<body>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)"
    r"(?P<fraction>\.[0-9]+)?"
    r"(?:\s(?=[천백십]?[만억]?(?:\s|원|명|개|$)))?"  # `180 만 원`, but not `42 만약`
    r"(?P<small>[천백십](?!분))?"
    r"(?P<big>[만억](?!큼))?"  # `3만큼` is "as much as 3"
    r"(?P<percent>\s?(?:%|퍼센트))?"
)
_SMALL = {"십": 1e1, "백": 1e2, "천": 1e3}
_BIG = {"만": 1e4, "억": 1e8}


def find_numbers(text: str) -> list[float]:
    """Every number stated in `text`: `1,200`, `-3`, `82만 5천`, `1억 2천만`, `３.５`; `34.5%` is 34.5 and 0.345."""
    # `{,}` and `\,` are how LaTeX groups digits.
    plain = text.translate(_NARROW).replace("{,}", ",").replace("\\,", ",")
    numbers: list[float] = []
    for group in _groups(plain):
        value = _value(group)
        numbers.append(value)
        if group[-1]["percent"]:
            numbers.append(value / 100)
    return numbers


def _groups(text: str) -> Iterator[list[re.Match[str]]]:
    """Tokens that make one number together, such as `1억` `2천` `5백만`: adjacent and falling in scale."""
    group: list[re.Match[str]] = []
    for token in _TOKEN.finditer(text):
        if group and not _continues(group, token, text):
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _continues(group: list[re.Match[str]], token: re.Match[str], text: str) -> bool:
    last = group[-1]
    gap = text[last.end() : token.start()]
    if gap not in ("", " ") or token["sign"] or last["percent"] or not (last["small"] or last["big"]):
        return False
    if gap and not (token["small"] or token["big"] or len(token["body"]) >= 3):
        return False  # `3만 5천` and `3만 500` go on; `3만 2번` is two numbers
    magnitude = _plain(token) * _SMALL.get(token["small"] or "", 1)
    if last["big"]:
        # After `1억` whatever stands below 억 goes on with the same number.
        bigs = [_BIG[t["big"]] for t in group if t["big"]]
        return magnitude * _BIG.get(token["big"] or "", 1) < bigs[-1]
    return magnitude < _SMALL[last["small"]]


def _value(group: list[re.Match[str]]) -> float:
    total = section = 0.0
    for token in group:
        section += _plain(token) * _SMALL.get(token["small"] or "", 1)
        if token["big"]:
            total += section * _BIG[token["big"]]
            section = 0.0
    return -(total + section) if group[0]["sign"] else total + section


def _plain(token: re.Match[str]) -> float:
    return float(token["body"].replace(",", "") + (token["fraction"] or ""))


def _number(check: NumberCheck, answer: str) -> CheckResult:
    # The margin covers the rounding of binary fractions (82.5만), nothing a reader could see.
    margin = check.tolerance + 1e-9 * max(1.0, abs(check.value))
    passed = any(abs(number - check.value) <= margin for number in find_numbers(answer))
    return CheckResult(passed, f"숫자 {_shown(check.value)} {'있음' if passed else '없음'}")


def _shown(value: float) -> str:
    return f"{int(value):,}" if math.isfinite(value) and value == int(value) else str(value)


# ── length ──


def _length(check: LengthCheck, answer: str) -> CheckResult:
    size = len(unicodedata.normalize("NFC", answer.strip()))
    if size < check.min_chars:
        return CheckResult(False, f"{size}자(최소 {check.min_chars}자)")
    if check.max_chars is not None and size > check.max_chars:
        return CheckResult(False, f"{size}자(최대 {check.max_chars}자)")
    return CheckResult(True, f"{size}자")


# ── format ──

_FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)$")
_MARKERS = {
    "numbered": re.compile(r"(\s*)(?:#{1,6}\s+)?(?:\*\*)?(?:\d{1,3}[.)](?:\*\*)?\s+\S|[①-⑳]\s*\S)"),
    "bulleted": re.compile(r"(\s*)[-*+•·‣▪◦]\s+\S"),
}


def _format(check: FormatCheck, answer: str) -> CheckResult:
    blocks, prose = _fenced(answer)
    if check.shape == "code":
        passed = any(block.strip() for block in blocks)
        return CheckResult(passed, f"코드 블록 {'있음' if passed else '없음'}")
    if check.shape == "json":
        passed = any(_is_json(text) for text in (answer, *blocks))
        return CheckResult(passed, f"올바른 JSON {'있음' if passed else '없음'}")
    counts = _list_sizes(prose)
    if check.items is None:
        return CheckResult(bool(counts), f"목록 {'있음' if counts else '없음'}")
    found = " 또는 ".join(f"{count}개" for count in counts) or "없음"
    return CheckResult(check.items in counts, f"목록 항목 {found}(요구 {check.items}개)")


def _fenced(answer: str) -> tuple[list[str], list[str]]:
    """The contents of the closed fenced blocks, and the lines outside of any fence."""
    blocks: list[str] = []
    prose: list[str] = []
    fence, block = "", [""]
    for line in answer.splitlines():
        mark = _FENCE.match(line)
        if not fence:
            if mark:
                fence, block = mark[1], []
            else:
                prose.append(line)
        elif mark and mark[1].startswith(fence) and not mark[2].strip():
            blocks.append("\n".join(block))
            fence = ""
        else:
            block.append(line)
    return blocks, prose


def _is_json(text: str) -> bool:
    """A JSON object or array; a bare number or string is prose that happens to parse."""
    try:
        return isinstance(json.loads(text, parse_constant=_refuse), dict | list)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _list_sizes(lines: list[str]) -> list[int]:
    """Top-level items of each kind of list: a numbered item may hold bullets of its own, and the reverse."""
    sizes = []
    for marker in _MARKERS.values():
        indents = [len(match[1].expandtabs(4)) for line in lines if (match := marker.match(line))]
        if indents:
            sizes.append(indents.count(min(indents)))
    return sizes
