"""What the rules see in the answers of a run: read from the store a few conversations at a time, never kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.engine import Connection

from judge.checks.observations import Observations, observe
from service.store import reads

GroupBy = Literal["model", "category"]


@dataclass(frozen=True, slots=True)
class ObservedAnswer:
    """One stored answer; `observations` is None where the server gave none."""

    model: str
    question_id: str
    category: str
    sample: int
    turn: int
    observations: Observations | None

    @property
    def conversation(self) -> str:
        """As `kojudge show` takes it."""
        return f"{self.model}#{self.question_id}#{self.sample}"


@dataclass(slots=True)
class GroupCounts:
    """Of a model or category: answers looked at, answers that do not exist, and answers by kind of finding."""

    name: str
    answers: int
    missing: int
    found: dict[str, int]


def observed_answers(connection: Connection, run: reads.StoredRun) -> Iterator[ObservedAnswer]:
    """Every answer of the run, models first."""
    for c in reads.conversations(connection, run.id, len(run.plan.models)):
        for row, text in c.answers:
            # An empty answer may be stored without its text.
            said = "" if text is None and row.status == "empty" else text
            yield ObservedAnswer(
                run.plan.models[c.model].label,
                c.question.id,
                c.question.category,
                c.sample,
                row.turn,
                None if said is None else observe(c.question, row.turn, said),
            )


def count_findings(connection: Connection, run: reads.StoredRun, by: GroupBy) -> list[GroupCounts]:
    """The counts by model (in the order of the plan) or by category (as they come)."""
    groups: dict[str, GroupCounts] = {}
    for answer in observed_answers(connection, run):
        name = answer.model if by == "model" else answer.category
        group = groups.setdefault(name, GroupCounts(name, 0, 0, {}))
        if answer.observations is None:
            group.missing += 1
            continue
        group.answers += 1
        for kind in answer.observations.found():
            group.found[kind] = group.found.get(kind, 0) + 1
    return list(groups.values())
