"""`questions list|show|lint`."""

import json

import typer
from rich.text import Text

from questions.library import load_set, shipped_sets
from questions.lint import lint
from service.cli.failures import OK, SOME_FAILED
from service.cli.options import ListFormat
from service.cli.terminal import err, out, plain, table
from service.report.cells import safe, safe_block


def list_sets(list_format: ListFormat) -> None:
    sets = [load_set(name) for name in shipped_sets()]
    if list_format is ListFormat.json:
        listed = [
            {
                "set": s.set,
                "version": s.version,
                "title": s.title,
                "conversations": len(s.questions),
                "turns": sum(len(q.turns) for q in s.questions),
                "licence": s.licence,
            }
            for s in sets
        ]
        typer.echo(json.dumps({"sets": listed}, ensure_ascii=False, indent=2))
        return
    body = [
        [s.set, s.version, s.title or "", str(len(s.questions)), str(sum(len(q.turns) for q in s.questions))]
        for s in sets
    ]
    out().print(table(None, ["Set", "Version", "Title", "Conversations", "Turns"], body))


def show_set(name: str, list_format: ListFormat) -> None:
    loaded = load_set(name)
    if list_format is ListFormat.json:
        shown = {"set": loaded.set, "questions": [q.model_dump(mode="json") for q in loaded.questions]}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    console = out()
    for question in loaded.questions:
        console.print(Text(safe(f"{question.id}  ({question.category})"), style="bold"))
        for number, turn in enumerate(question.turns, 1):
            console.print(Text(f"  {number}. [{turn.expected_language}] {safe_block(turn.prompt)}"))
            if turn.reference:
                console.print(Text(f"     참고 답안: {safe_block(turn.reference)}", style="dim"))


def lint_sets(names: list[str]) -> int:
    errors = 0
    for name in names or shipped_sets():
        loaded = load_set(name)
        findings = lint(loaded)
        errors += sum(f.severity == "error" for f in findings)
        for f in findings:
            place = f"{f.question}" + (f" turn {f.turn}" if f.turn else "")
            plain(f"{name}: {place}: {f.severity} [{f.rule}] {f.message}")
        err().print(Text(f"{name}: {len(loaded.questions)} conversations, {len(findings)} findings"))
    return SOME_FAILED if errors else OK
