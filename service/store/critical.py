"""Verdicts that are red whatever the score: the gravest harm, a critical point missed (`weights.yaml`: `critical`)."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from judge.scoring.weights import Critical, weights
from service.store.leaf_scores import Member
from service.store.reads import StoredRun
from service.store.schema import labels, verdicts


@dataclass(frozen=True, slots=True, order=True)
class RedCase:
    """A conversation with a red verdict; of a jury more than half of the members must say so of one answer."""

    model: int
    position: int
    sample: int
    kind: Literal["severe", "missed"]
    reviewed: bool = False
    """Whether enough people have labelled an answer of it."""


def red_cases(connection: Connection, run: StoredRun, members: Sequence[Member]) -> list[RedCase]:
    """Each conversation once for each kind, in order."""
    means = weights().critical
    watched = {m.position: m for m in members if m.leaf in means.severe_in | means.missed_in}
    if not watched:
        return []
    v = verdicts.c
    severe = v.criteria.contains(f'"{means.label}": "{means.value}"')
    missed = v.criteria.contains('"critical_missed": [') & ~v.criteria.contains('"critical_missed": []')
    here = (v.run_id == run.id) & (v.status == "ok") & v.question.between(min(watched), max(watched))
    query = sa.select(v.model, v.question, v.sample, v.turn, v.repeat, v.criteria).where(here, severe | missed)
    votes: Counter[tuple[RedCase, int, int]] = Counter()
    for model, position, sample, turn, repeat, criteria in connection.execute(query):
        member = watched.get(position)
        kind = _kind(member, json.loads(criteria), means) if member is not None else None
        if kind is not None:
            votes[RedCase(model, position, sample, kind), turn, repeat] += 1
    seats = run.plan.seats
    agreed = {case for (case, _, _), n in votes.items() if 2 * n > len(seats[case.model])}
    if not agreed:
        return []
    seen = _reviewed(connection, run.id, means.people)
    return sorted(replace(case, reviewed=(case.model, case.position, case.sample) in seen) for case in agreed)


def _reviewed(connection: Connection, run_id: int, people: int) -> set[tuple[int, int, int]]:
    """The conversations (model, position, sample) that so many people have labelled."""
    c = labels.c
    conversation = (c.model, c.question, c.sample)
    query = (
        sa.select(*conversation)
        .where(c.run_id == run_id, c.status == "given")
        .group_by(*conversation)
        .having(sa.func.count(c.reviewer.distinct()) >= people)
    )
    return {(model, position, sample) for model, position, sample in connection.execute(query)}


def _kind(member: Member, criteria: dict[str, Any], means: Critical) -> Literal["severe", "missed"] | None:
    if member.leaf in means.severe_in and criteria.get("labels", {}).get(means.label) == means.value:
        return "severe"
    return "missed" if member.leaf in means.missed_in and criteria.get("critical_missed") else None
