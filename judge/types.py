"""The nouns of judging: what is graded, and the verdict that comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from judge.checks.language import LanguageReport, check_turn_language
from providers.types import ChatCompletion
from questions.types import Question

VerdictStatus = Literal["ok", "unparsed", "refused", "truncated", "filtered", "provider_error", "skipped"]


@dataclass(frozen=True, slots=True)
class GradedTurn:
    """Turn `turn` (1-based) of a conversation, with the candidate's answers up to and including it.

    `language` is what the language rule says of the answer, where somebody has asked it already.
    """

    question: Question
    turn: int
    answers: tuple[str, ...]
    language: LanguageReport | None = None

    @property
    def answer(self) -> str:
        return self.answers[self.turn - 1]

    @property
    def expected_language(self) -> str:
        return self.question.turns[self.turn - 1].expected_language

    def language_report(self) -> LanguageReport:
        """What the language rule says of the answer."""
        return self.language or check_turn_language(self.question, self.turn, self.answer)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judge's word on one turn. `score` exists only when `status` is ok, and lies inside the rubric's scale.

    `judge_score` is what the judge said; `score` is that after the deterministic rules (language).
    """

    status: VerdictStatus
    score: float | None = None
    judge_score: float | None = None
    rationale: str | None = None
    evidence: tuple[str, ...] = ()
    criteria: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    language: LanguageReport | None = None
    completion: ChatCompletion | None = None

    def __post_init__(self) -> None:
        if (self.score is not None) != (self.status == "ok"):
            raise ValueError(f"a verdict with status {self.status!r} cannot have score {self.score!r}")


class Grader(Protocol):
    """Grades one turn. Never raises for what a model said: that becomes a typed status."""

    async def grade(self, turn: GradedTurn, repeat: int) -> Verdict: ...
