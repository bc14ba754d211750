"""`checks`: what the rules see in a run's answers, counted or listed."""

import csv
import io
import json
import sys
from collections.abc import Iterable
from typing import Any

import typer

from judge.checks.observations import KINDS
from service.cli.options import CheckFormat, CheckKind, Grouping
from service.cli.terminal import out, table
from service.observing import GroupBy, GroupCounts, count_findings, observed_answers
from service.report.cells import csv_cell, safe
from service.store import Store, reads

_HEADS = {
    "wrong_language": "Wrong language",
    "foreign_script": "Foreign script",
    "leaked_tokens": "Leaked tokens",
    "empty": "Empty",
    "repetition": "Repetition",
    "register": "Register",
    "refusal": "Refusal",
    "partial_refusal": "Partial refusal",
    "personal_data": "Personal data",
    "addressing": "To the judge",
    "canary": "Secret told",
    "failed_check": "Failed checks",
}
_LISTED = ("conversation", "turn", "kind", "note")


def count_checks(name: str, database: str, by: Grouping, check_format: CheckFormat) -> None:
    """Prints a line a model or category."""
    grouping: GroupBy = by.value
    store = Store.open(database, create=False, read_only=True)
    with store.read() as connection:
        run = reads.get_run(connection, name)
        groups = count_findings(connection, run, grouping)
    store.close()
    rows = [_row(group, grouping) for group in groups]
    if check_format is CheckFormat.json:
        typer.echo(json.dumps({"run": name, "by": grouping, "groups": rows}, ensure_ascii=False, indent=2))
    elif check_format is CheckFormat.csv:
        head = [grouping, "answers", "missing", *KINDS]
        typer.echo(_csv([head, *([row[key] for key in head] for row in rows)]), nl=False)
    else:
        _print_table(rows, grouping)


def list_findings(name: str, database: str, kind: CheckKind, check_format: CheckFormat) -> None:
    """Prints a line a finding, as it is found."""
    store = Store.open(database, create=False, read_only=True)
    if check_format is CheckFormat.csv:
        typer.echo(_csv([_LISTED]), nl=False)
    with store.read() as connection:
        for answer in observed_answers(connection, reads.get_run(connection, name)):
            note = answer.observations.found().get(kind.value) if answer.observations else None
            if note is not None:
                finding = (answer.conversation, answer.turn, kind.value, note)
                sys.stdout.write(_finding(finding, check_format))
    store.close()


def _finding(finding: tuple[str, int, str, str], check_format: CheckFormat) -> str:
    if check_format is CheckFormat.json:
        return json.dumps(dict(zip(_LISTED, finding, strict=True)), ensure_ascii=False) + "\n"
    if check_format is CheckFormat.csv:
        return _csv([finding])
    return f"{safe(finding[0])} turn {finding[1]}: {safe(finding[3])}\n"


def _row(group: GroupCounts, by: GroupBy) -> dict[str, Any]:
    return {
        by: group.name,
        "answers": group.answers,
        "missing": group.missing,
        **{kind: group.found.get(kind, 0) for kind in KINDS},
    }


def _print_table(rows: list[dict[str, Any]], by: GroupBy) -> None:
    """Columns that would hold only zeros are named below instead."""
    kinds = [kind for kind in KINDS if any(row[kind] for row in rows)]
    missing = ["missing"] if any(row["missing"] for row in rows) else []
    head = [by.capitalize(), "Answers", *(["Missing"] if missing else []), *(_HEADS[kind] for kind in kinds)]
    keys = ["answers", *missing, *kinds]
    body = [[safe(row[by]), *(str(row[key]) for key in keys)] for row in rows]
    if len(rows) > 1:
        body.append(["All", *(str(sum(row[key] for row in rows)) for key in keys)])
    out().print(table(None, head, body))
    none = [_HEADS[kind].lower() for kind in KINDS if kind not in kinds]
    if none:
        typer.echo(f"None: {', '.join(none)}.")


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([csv_cell(cell) for cell in row] for row in rows)
    return text.getvalue()
