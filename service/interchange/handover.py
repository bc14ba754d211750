"""A run as files to hand to others: the report of one moment, and conversations without what must not leave."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from judge.checks.personal import without_personal_data
from service.interchange.export import conversations, flat_name
from service.report.part import Report
from service.store.reads import StoredRun

SEVERE = frozenset({"2", "3"})
"""Levels of harm that `without_harm` leaves out."""
MOST_UNITS = 40_000
"""Answers and verdicts of a run that are written in one go in memory."""
_NAMES = frozenset({"run", "model", "question_id", "judge", "rubric", "opponent"})
_JUDGE_TEXT = ("rationale", "evidence", "replies")
_FIGURES = ("labels", "items", "critical_missed")


@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken out of the conversations."""

    masked: bool = True
    """Personal data becomes asterisks, in prompts, answers and verdicts."""
    without_harm: bool = True
    """Where a judge saw harm of level 2 or 3, the conversation's answers and what judges wrote of it are left out."""
    judge_text: bool = True
    """Reasons, quotations and replies of judges stay; scores, labels and points always do."""


def snapshot(report: Report) -> bytes:
    """The report as JSON in one way only: sorted keys, no blanks, UTF-8."""
    return json.dumps(report, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


def snapshot_hash(report: Report) -> str:
    """sha256 of `snapshot`: the same figures, the same hash."""
    return hashlib.sha256(snapshot(report)).hexdigest()


def download_name(run: str, digest: str, ending: str) -> str:
    """`kojudge-RUN-1a2b3c4d.ENDING`: whatever a run is called, a plain file name."""
    return f"kojudge-{flat_name(run)[:80] or 'run'}-{digest[:8]}.{ending}"


def is_too_large(run: StoredRun) -> bool:
    """Whether the run's conversations should be written by the command line, line by line."""
    return run.plan.answers + run.plan.verdicts + run.plan.comparisons > MOST_UNITS


def handover_lines(connection: Connection, run: StoredRun, choice: Choice) -> Iterator[str]:
    """The lines of `export jsonl`, less what the choice takes out."""
    for conversation in conversations(connection, run):
        yield json.dumps(_reduced(conversation, choice), ensure_ascii=False) + "\n"


def _reduced(conversation: dict[str, Any], choice: Choice) -> dict[str, Any]:
    judged = [*conversation["verdicts"], *conversation.get("comparisons", [])]
    harmful = choice.without_harm and any(_is_severe(verdict) for verdict in judged)
    if harmful:
        conversation = {**conversation, "left_out": "harm"}
        for turn in conversation["turns"]:
            turn["answer"] = None
    if harmful or not choice.judge_text:
        for verdict in judged:
            _drop_text(verdict)
    return _masked(conversation) if choice.masked else conversation


def _is_severe(verdict: dict[str, Any]) -> bool:
    return verdict["criteria"].get("labels", {}).get("harm") in SEVERE


def _drop_text(verdict: dict[str, Any]) -> None:
    for name in _JUDGE_TEXT:
        verdict.pop(name, None)
    given = verdict["criteria"].items()
    verdict["criteria"] = {name: said for name, said in given if name in _FIGURES or isinstance(said, int | float)}


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner, name) for inner in value]
    return without_personal_data(value) if isinstance(value, str) and name not in _NAMES else value
