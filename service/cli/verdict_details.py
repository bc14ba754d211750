"""What of a verdict stands beside its score and rationale, for people."""

from collections.abc import Iterator
from typing import Any


def verdict_details(verdict: dict[str, Any]) -> Iterator[str]:
    """Labels, points and quotations, a line each."""
    criteria = verdict["criteria"]
    if labels := criteria.get("labels"):
        yield "표지: " + ", ".join(f"{name}={value}" for name, value in labels.items())
    if items := criteria.get("items"):
        missed = criteria.get("critical_missed", [])
        yield "항목: " + ", ".join(
            f"{name} {'○' if met else '×'}{' (필수)' if name in missed else ''}" for name, met in items.items()
        )
    unfound = criteria.get("unfound_quotes", [])
    for quote in verdict["evidence"]:
        yield f"인용: “{quote}”" + (" (답변에 없는 말)" if quote in unfound else "")
