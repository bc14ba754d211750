"""Labels from files and to files. A file is taken in whole or not at all."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection, Row

from questions.readers.rows import read_rows, row_error
from service.errors import UsageError
from service.files import write_lines
from service.review.rows import LabelRow, RowReader
from service.review.sheet import csv_line
from service.store import labels
from service.store.labels import NewLabel, unit
from service.store.reads import StoredRun, question_ids
from service.store.writes import TurnKey


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows said something new, how many were known already, and how many were not filled in."""

    new: int
    known: int
    empty: int


def import_labels(connection: Connection, run: StoredRun, path: Path, reviewer: str | None) -> Imported:
    """Take in a filled sheet or an exported file, inside the caller's transaction.

    A row that says what its reviewer's current label says adds nothing, nor does one whose key is stored.

    Raises:
        SourceError: one line on the first row that cannot be taken.
    """
    reader = RowReader(connection, run, reviewer)
    current = labels.current_labels(connection, run.id)
    new = known = empty = 0
    for number, row in read_rows(path):
        try:
            said = reader.read(row)
            if said is None:
                empty += 1
            elif _save(connection, run, said, current.get((said.turn, said.who))):
                new += 1
            else:
                known += 1
        except ValueError as error:
            raise row_error(path, number, str(error)) from error
    return Imported(new, known, empty)


def _save(connection: Connection, run: StoredRun, said: LabelRow, before: Row[Any] | None) -> bool:
    turn = TurnKey(run.id, *said.turn)
    if said.status == "adjudicated":
        key = said.key or _key(run, said, None)
        return labels.save_adjudication(
            connection, turn, said.rubric, said.who, said.value or {}, key, note=said.note, created_at=said.created_at
        )
    if not said.key and before is not None and _says(said) == (before.status, _parsed(before.value), before.note):
        return False
    label = NewLabel(
        turn,
        said.rubric,
        said.who,
        said.stratum,
        said.inclusion_prob,
        said.status,
        said.value,
        said.blind,
        said.key or _key(run, said, before),
        said.seconds,
        said.note,
        said.created_at,
    )
    return labels.save_label(connection, label)


def _says(said: LabelRow) -> tuple[object, ...]:
    return said.status, said.value, said.note


def _key(run: StoredRun, said: LabelRow, before: Row[Any] | None) -> str:
    """The same for the same words after the same label, so that one may go back to what one said before."""
    parts = [run.name, run.created_at, said.turn, said.who, _says(said), before.id if before is not None else None]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _parsed(value: str | None) -> Any:
    return None if value is None else json.loads(value)


def export_labels(connection: Connection, run: StoredRun, path: Path) -> int:
    """Write every label and adjudication, superseded ones too, as .jsonl or .csv; how many there were.

    Raises:
        UsageError: the file has another ending, there is no label, or it cannot be written.
    """
    if path.suffix.lower() not in (".jsonl", ".csv"):
        raise UsageError(f"labels are written as .jsonl or .csv; name such a file instead of {path.name}")
    rows = list(exported(connection, run))
    if not rows:
        raise UsageError(
            f"run {run.name!r} has no label yet; `kojudge labels sample {run.name}` makes a sheet to fill in"
        )
    if path.suffix.lower() == ".jsonl":
        write_lines(path, (json.dumps(row, ensure_ascii=False) for row in rows))
    else:
        cells = ([as_cell(row[name]) for name in rows[0]] for row in rows)
        write_lines(path, [csv_line(rows[0]), *map(csv_line, cells)])
    return len(rows)


def exported(connection: Connection, run: StoredRun) -> Iterator[dict[str, Any]]:
    """Every label in the order they were given, then every adjudication, in the form that `import_labels` reads."""
    codes = {unit(item): item.code for item in labels.items_of(connection, run.id)}
    ids = question_ids(connection, run.id)

    def about(row: Row[Any]) -> dict[str, Any]:
        where = {"item": codes.get(unit(row)), "model": run.plan.models[row.model].label, "question": ids[row.question]}
        return {**where, "sample": row.sample, "turn": row.turn, "rubric": row.rubric}

    for label in labels.all_labels(connection, run.id):
        yield {
            **about(label),
            "reviewer": label.reviewer,
            "stratum": label.stratum,
            "inclusion_prob": label.inclusion_prob,
            "status": label.status,
            "value": _parsed(label.value),
            "blind": label.blind,
            "seconds": label.seconds,
            **_when(label),
        }
    for decision in labels.all_adjudications(connection, run.id):
        nothing = dict.fromkeys(("stratum", "inclusion_prob", "blind", "seconds"))
        said = {"status": "adjudicated", "value": _parsed(decision.value)}
        yield {**about(decision), "reviewer": decision.decided_by, **nothing, **said, **_when(decision)}


def _when(row: Row[Any]) -> dict[str, Any]:
    return {"note": row.note, "key": row.idempotency_key, "created_at": row.created_at}


def as_cell(value: object) -> object:
    """A value of a row as a cell of a CSV file."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else value
