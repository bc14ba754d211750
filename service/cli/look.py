"""Commands that only read: `runs`, `show`, `report`."""

import json
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.engine import Connection

from service.cli.conversation_view import print_conversation
from service.cli.emit import emit
from service.cli.options import Language, ListFormat, ReportFormat
from service.cli.terminal import out, table
from service.errors import UsageError
from service.interchange.export import conversations
from service.report.cells import safe
from service.report.kept import report_of
from service.store import Store, reads
from service.store.comparisons import comparison_totals


def print_report(
    name: str,
    database: str,
    report_format: ReportFormat,
    output: Path | None,
    language: Language,
    reference: str | None = None,
) -> None:
    store = Store.open(database, create=False, read_only=True)
    try:
        report = report_of(store, name, reference)
    finally:
        store.close()
    emit(report, report_format, output, language)


def list_runs(database: str, list_format: ListFormat) -> None:
    store = Store.open(database, create=False, read_only=True)
    with store.read() as connection:
        listed = [_run_line(connection, run) for run in reads.all_runs(connection)]
    store.close()
    if list_format is ListFormat.json:
        typer.echo(json.dumps({"runs": listed}, ensure_ascii=False, indent=2))
        return
    head = ["Run", "Kind", "Status", "Models", "Judges", "Questions", "Verdicts ok", "Started"]
    body = [
        [
            safe(r["run"]),
            r["kind"],
            r["status"],
            str(len(r["models"])),
            safe(", ".join(r["judges"])),
            str(r["questions"]),
            f"{r['ok']}/{r['planned']}",
            r["created_at"][:16].replace("T", " "),
        ]
        for r in listed
    ]
    out().print(table(None, head, body))


def _run_line(connection: Any, run: reads.StoredRun) -> dict[str, Any]:
    planned = run.plan.verdicts
    ended, ok = reads.verdict_totals(connection, run.id)
    pending = run.plan.comparisons - comparison_totals(connection, run.id)[0]
    return {
        "run": run.name,
        "kind": run.kind,
        "status": "complete" if ended >= planned and not pending else "incomplete",
        "models": [m.label for m in run.plan.models],
        "judges": [j.label for j in run.plan.judges],
        "questions": run.plan.questions.n,
        "ok": ok,
        "planned": planned,
        "created_at": run.created_at,
    }


def show_conversation(name: str, wanted: str, database: str, list_format: ListFormat) -> None:
    store = Store.open(database, create=False, read_only=True)
    with store.read() as connection:
        run = reads.get_run(connection, name)
        found = find_conversations(connection, run, wanted)
    store.close()
    if list_format is ListFormat.json:
        typer.echo(json.dumps({"conversations": found}, ensure_ascii=False, indent=2))
        return
    for conversation in found:
        print_conversation(conversation)


def find_conversations(connection: Connection, run: reads.StoredRun, wanted: str) -> list[dict[str, Any]]:
    """The conversations that QUESTION, MODEL#QUESTION or MODEL#QUESTION#SAMPLE names; an id may hold no #.

    Raises:
        UsageError: there is none.
    """
    found = []
    seen: set[int] = set()
    for place in (-1, -2):
        parts = wanted.split("#")
        question = parts[place] if len(parts) >= -place else ""
        position = reads.question_position(connection, run.id, question)
        if position is not None and position not in seen:
            seen.add(position)
            found += [c for c in conversations(connection, run, position) if wanted in _names(c)]
    if not found:
        ids = [q.id for q in next(reads.question_chunks(connection, run.id, 13)).values()]
        raise UsageError(
            f"run {run.name!r} has no conversation {wanted!r}; name QUESTION or MODEL#QUESTION. "
            f"Questions: {', '.join(ids[:12])}{' …' if len(ids) > 12 else ''}; "
            f"models: {', '.join(m.label for m in run.plan.models[:6])}"
        )
    return found


def _names(conversation: dict[str, Any]) -> tuple[str, ...]:
    question = conversation["question_id"]
    full = f"{conversation['model']}#{question}"
    return question, full, f"{full}#{conversation['sample']}"
