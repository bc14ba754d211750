"""The labels of a run as they stand now, and which of them count."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection, Row

from service.store import labels
from service.store.labels import Unit, unit
from service.store.reads import StoredRun


@dataclass(frozen=True, slots=True)
class Given:
    """A label that counts: a blind one, with a value, of a turn of the random stratum."""

    unit: Unit
    reviewer: str
    value: str


@dataclass(frozen=True, slots=True)
class People:
    """What people said of a run. `decided` by adjudication; `left_out` counts the labels that do not count."""

    given: list[Given]
    decided: Mapping[Unit, str]
    left_out: Mapping[str, int]
    reviewers: list[dict[str, Any]]
    superseded: int


def read_people(connection: Connection, run: StoredRun) -> People:
    """Every reviewer's latest label of every turn, sorted into those that count and those that do not."""
    stratum = {unit(item): item.stratum for item in labels.items_of(connection, run.id)}
    everything = labels.all_labels(connection, run.id)
    current = labels.current_labels(connection, run.id).values()
    left_out: Counter[str] = Counter()
    given = []
    for label in current:
        why = _left_out(label, stratum.get(unit(label), label.stratum))
        if why is None:
            given.append(Given(unit(label), label.reviewer, label.value))
        else:
            left_out[why] += 1
    decided = {u: row.value for u, row in labels.current_adjudications(connection, run.id).items()}
    in_sample = {g.unit for g in given}
    return People(
        sorted(given, key=lambda g: (g.unit, g.reviewer)),
        {u: value for u, value in decided.items() if u in in_sample},
        {name: left_out[name] for name in ("targeted", "not_blind", "skipped", "unsure")},
        [
            {"reviewer": who, **{s: n[s] for s in ("given", "skipped", "unsure")}}
            for who, n in sorted(_by_reviewer(current).items())
        ],
        len(everything) - len(current),
    )


def _left_out(label: Row[Any], stratum: str) -> str | None:
    if label.status != "given":
        return str(label.status)
    if stratum != "random":
        return "targeted"
    return None if label.blind else "not_blind"


def _by_reviewer(current: Iterable[Row[Any]]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for label in current:
        counts.setdefault(label.reviewer, Counter())[label.status] += 1
    return counts
