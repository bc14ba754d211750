"""What a deterministic check found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Whether the check holds (None where rules cannot tell), and a short Korean note of what was found."""

    passed: bool | None
    detail: str
