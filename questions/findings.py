"""What lint finds."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a question; `turn` is 1-based, None for the whole question. The message says how to mend it."""

    turn: int | None
    rule: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault with its set and question; `question` is None where it is the set's own."""

    set: str
    question: str | None
    turn: int | None
    rule: str
    severity: Severity
    message: str

    @classmethod
    def of(cls, set_name: str, question: str | None, fault: Fault) -> "Finding":
        return cls(set_name, question, fault.turn, fault.rule, fault.severity, fault.message)

    @property
    def place(self) -> str:
        """`SET`, `SET#QUESTION` or `SET#QUESTION turn N`."""
        question = "" if self.question is None else f"#{self.question}"
        return f"{self.set}{question}" + ("" if self.turn is None else f" turn {self.turn}")

    def __str__(self) -> str:
        return f"{self.place}: {self.severity}: {self.message} [{self.rule}]"


def error(rule: str, message: str, turn: int | None = None) -> Fault:
    """A fault that makes a question unusable or unfit to be published."""
    return Fault(turn, rule, "error", message)
