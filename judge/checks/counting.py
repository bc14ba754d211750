"""Checks that count sentences, lines, paragraphs and words, or read how the lines begin."""

import re
import unicodedata
from collections.abc import Callable

from judge.checks.result import CheckResult
from judge.checks.sentences import lines_of, plain_line, sentences
from questions.types import CountCheck, LineStartsCheck

_NAMES = {"sentence": "문장", "line": "줄", "paragraph": "문단", "word": "어절"}
_BLANK = re.compile(r"\n\s*\n")
_LETTER = re.compile(r"\w")


def check_count(check: CountCheck, answer: str) -> CheckResult:
    """Whether the answer has as many units as asked."""
    count = _COUNTERS[check.unit](answer)
    name = _NAMES[check.unit]
    passed = check.min <= count and (check.max is None or count <= check.max)
    return CheckResult(passed, f"{name} {count}개" + ("" if passed else f"(요구 {_range(check)})"))


def _range(check: CountCheck) -> str:
    if check.max is None:
        return f"{check.min}개 이상"
    return f"{check.min}개" if check.min == check.max else f"{check.min}~{check.max}개"


def _paragraphs(answer: str) -> int:
    text = unicodedata.normalize("NFC", answer).replace("\r\n", "\n")
    return sum(bool(lines_of(block)) for block in _BLANK.split(text))


def _words(answer: str) -> int:
    return sum(bool(_LETTER.search(word)) for line in lines_of(answer) for word in plain_line(line).split())


_COUNTERS: dict[str, Callable[[str], int]] = {
    "sentence": lambda answer: len(sentences(answer)),
    "line": lambda answer: len(lines_of(answer)),
    "paragraph": _paragraphs,
    "word": _words,
}


def check_line_starts(check: LineStartsCheck, answer: str) -> CheckResult:
    """Whether there are just as many lines as `starts`, each with its beginning; list markers may stand before it."""
    lines = lines_of(answer)
    if len(lines) != len(check.starts):
        return CheckResult(False, f"줄 {len(lines)}개(요구 {len(check.starts)}개)")
    for number, (line, start) in enumerate(zip(lines, check.starts, strict=True), 1):
        if not any(_squeezed(text).startswith(_squeezed(start)) for text in (line, plain_line(line))):
            return CheckResult(False, f"{number}번째 줄이 ‘{start}’로 시작하지 않음")
    return CheckResult(True, f"{len(lines)}줄의 첫머리가 모두 맞음")


def _squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).casefold().split())
