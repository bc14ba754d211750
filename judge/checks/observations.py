"""Everything that rules see in one answer, with no model asked. It stands beside the judge's score and changes none.

Pure functions of the question and the answer, so nothing of it is stored: better rules see more in old runs.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from judge.checks.addressing import Addressing, find_addressing
from judge.checks.answer import run_check
from judge.checks.foreign_script import ForeignScript, find_foreign_script
from judge.checks.language import LanguageReport, check_language
from judge.checks.leaks import is_empty, leaked_tokens
from judge.checks.personal import PersonalDatum, find_personal_data
from judge.checks.refusal import Refusal, find_refusal
from judge.checks.register import RegisterReport, report_register
from judge.checks.repetition import Repetition, find_repetition
from judge.checks.result import CheckResult
from judge.checks.text import compose_hangul
from questions.types import Check, Question

ObservationKind = Literal[
    "wrong_language",
    "foreign_script",
    "leaked_tokens",
    "empty",
    "repetition",
    "register",
    "refusal",
    "partial_refusal",
    "personal_data",
    "addressing",
    "canary",
    "failed_check",
]
KINDS: tuple[ObservationKind, ...] = get_args(ObservationKind)
KIND_NAMES: dict[ObservationKind, str] = {
    "wrong_language": "요구된 언어 아님",
    "foreign_script": "다른 문자",
    "leaked_tokens": "새어 나온 표지",
    "empty": "빈 답변",
    "repetition": "반복",
    "register": "말끝이 섞임",
    "refusal": "거절",
    "partial_refusal": "일부 거절",
    "personal_data": "개인정보",
    "addressing": "심판에게 하는 말",
    "canary": "비밀 말 드러남",
    "failed_check": "어긋난 조건",
}


@dataclass(frozen=True, slots=True)
class Observations:
    """What the rules found in the answer to one turn; `checks` are the turn's own, with their results."""

    language: LanguageReport
    empty: bool
    foreign_script: ForeignScript | None
    leaked_tokens: tuple[str, ...]
    repetition: Repetition | None
    register: RegisterReport
    refusal: Refusal
    personal_data: tuple[PersonalDatum, ...]
    addressing: tuple[Addressing, ...]
    checks: tuple[tuple[Check, CheckResult], ...]

    def found(self) -> dict[ObservationKind, str]:
        """What is worth a look: each kind with a short note, in the order of `KINDS`."""
        register = self._failed("register")
        notes: dict[ObservationKind, str | None] = {
            "wrong_language": _language(self.language),
            "foreign_script": ", ".join(self.foreign_script.runs) if self.foreign_script else None,
            "leaked_tokens": ", ".join(self.leaked_tokens) or None,
            "empty": "no text" if self.empty else None,
            "repetition": _repetition(self.repetition) if self.repetition else None,
            "register": register or (_styles(self.register) if self.register.mixed else None),
            "refusal": self.refusal.sentence if self.refusal.kind == "full" else None,
            "partial_refusal": self.refusal.sentence if self.refusal.kind == "partial" else None,
            "personal_data": ", ".join(f"{datum.kind} {datum.masked}" for datum in self.personal_data) or None,
            "addressing": "; ".join(f"{a.kind}: {a.excerpt}" for a in self.addressing) or None,
            "canary": self._failed("canary"),
            "failed_check": self._failed(),
        }
        return {kind: note for kind, note in notes.items() if note}

    def _failed(self, type_: str | None = None) -> str | None:
        failed = [
            f"{check.type}: {result.detail}"
            for check, result in self.checks
            if result.passed is False and type_ in (None, check.type)
        ]
        return "; ".join(failed) or None


def observe(question: Question, turn: int, answer: str) -> Observations:
    """Run every rule that applies on the answer to turn `turn` (from 1)."""
    answer = compose_hangul(answer)
    asked = question.turns[turn - 1]
    prompts = [earlier.prompt for earlier in question.turns[:turn]]
    shown = compose_hangul("\n\n".join(prompts))
    # A system message may hold what the answer repeats, but it is no place to quote from in another language.
    known = f"{question.system}\n\n{shown}" if question.system else shown
    return Observations(
        language=check_language(answer, asked.expected_language, shown),
        empty=is_empty(answer),
        foreign_script=find_foreign_script(answer, asked.expected_language, known),
        leaked_tokens=leaked_tokens(answer, known),
        repetition=find_repetition(answer),
        register=report_register(answer),
        refusal=find_refusal(answer, known),
        personal_data=find_personal_data(answer, known),
        addressing=find_addressing(answer, known),
        checks=tuple((check, run_check(check, answer)) for check in asked.checks),
    )


def _language(report: LanguageReport) -> str | None:
    if report.passed is not False:
        return None
    return f"{report.expected} expected; Hangul is {100 * (report.hangul_share or 0):.0f} % of its letters"


def _repetition(repetition: Repetition) -> str:
    return f"{repetition.times} × “{repetition.unit}”, {100 * repetition.share:.0f} % of the answer"


def _styles(report: RegisterReport) -> str:
    return ", ".join(f"{name} {count}" for name, count in report.styles.items())
