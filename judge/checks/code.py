"""Decides a `CodeCheck`: the program in an answer is run on every test, where somebody allows and does that."""

from dataclasses import dataclass
from typing import Literal, Protocol

from judge.checks.program import find_program
from judge.checks.result import CheckResult
from questions.types import CodeCheck, CodeTest

Outcome = Literal["ended", "failed", "time", "output"]
_SHOWN_CHARS = 60


class SandboxError(Exception):
    """A program could not be run at all; that says nothing about the program."""


@dataclass(frozen=True, slots=True)
class ProgramRun:
    """How one run ended: by itself, by an error of its own, out of time, or with more output than is kept."""

    outcome: Outcome
    stdout: str = ""
    error: str = ""


class CodeRunner(Protocol):
    """Runs programs that nobody has read, `places` at once."""

    places: int

    async def run(self, program: str, stdin: str) -> ProgramRun:
        """Run one program once.

        Raises:
            SandboxError: it was not run.
        """
        ...


async def check_code(check: CodeCheck, answer: str, runner: CodeRunner) -> CheckResult:
    """Passed when the program ends well with the right output on every test.

    Raises:
        SandboxError: nothing is known.
    """
    program = find_program(answer)
    if program is None:
        return CheckResult(False, "프로그램 없음")
    passed, problem, out_of_time = 0, "", False
    for number, test in enumerate(check.tests, 1):
        run = await runner.run(program, test.stdin)
        if found := _problem(test, run):
            problem = problem or f"{number}번째 시험 {found}"
        else:
            passed += 1
        if out_of_time := run.outcome == "time":
            break  # each further test might take as long
    note = f"시험 {len(check.tests)}개 중 {passed}개 통과"
    if out_of_time and number < len(check.tests):
        note += "(시간을 넘겨 나머지는 돌리지 않음)"
    return CheckResult(not problem, f"{note}; {problem}" if problem else note)


def _problem(test: CodeTest, run: ProgramRun) -> str:
    """What is wrong with one run; empty when nothing is."""
    given = f"입력 ‘{_short(test.stdin)}’"
    match run.outcome:
        case "time":
            return f"{given}: 시간 초과"
        case "output":
            return f"{given}: 출력이 너무 많음"
        case "failed":
            return f"{given}: 오류로 끝남({_short(run.error) or '까닭을 남기지 않음'})"
    if _lines(run.stdout) == _lines(test.stdout):
        return ""
    return f"{given}: 기대 ‘{_short(test.stdout)}’, 출력 ‘{_short(run.stdout)}’"


def _lines(text: str) -> list[str]:
    """What counts of an output: its lines without the space at their ends, without blank lines around."""
    return [line.rstrip() for line in text.strip().splitlines()]


def _short(text: str) -> str:
    shown = " ⏎ ".join(_lines(text))
    return shown if len(shown) <= _SHOWN_CHARS else shown[: _SHOWN_CHARS - 1] + "…"
