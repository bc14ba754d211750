"""`questions list|show|lint`."""

import json
from collections.abc import Mapping

import typer
from rich.text import Text

from judge.checks.references import program_findings, reference_findings
from questions.findings import Finding
from questions.library import is_picked, load_set, load_shipped, shipped_sets
from questions.lint import lint
from questions.lint_shipped import lint_shipped
from questions.types import QuestionSet
from service import event_loop
from service.cli.failures import OK, SOME_FAILED
from service.cli.options import ListFormat
from service.cli.terminal import err, out, plain, table
from service.code_execution import open_runner
from service.report.cells import safe, safe_block


def list_sets(list_format: ListFormat) -> None:
    sets = list(load_shipped().values())
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


def lint_sets(names: list[str], *, allow_code_execution: bool = False) -> int:
    """Prints a line a finding; names shipped sets and files, all shipped sets where there are none."""
    shipped = shipped_sets()
    sets = {name: load_set(name) for name in names} if names else load_shipped()
    programs = event_loop.run(_program_findings(sets)) if allow_code_execution else {}
    errors = 0
    for name, loaded in sets.items():
        findings = [*lint(loaded), *reference_findings(loaded), *programs.get(name, ())]
        if name in shipped:
            findings += lint_shipped(loaded, picked=is_picked(name))
        errors += sum(f.severity == "error" for f in findings)
        for f in findings:
            place = (f.question or "the set") + (f" turn {f.turn}" if f.turn else "")
            plain(f"{name}: {place}: {f.severity} [{f.rule}] {f.message}")
        err().print(Text(f"{name}: {len(loaded.questions)} conversations, {len(findings)} findings"))
    return SOME_FAILED if errors else OK


async def _program_findings(sets: Mapping[str, QuestionSet]) -> dict[str, list[Finding]]:
    runner = await open_runner()
    return {name: await program_findings(loaded, runner) for name, loaded in sets.items()}
