"""`questions list|formats|show|lint|convert|new`."""

import json
from collections.abc import Mapping
from pathlib import Path

import typer
from rich.text import Text

from judge.checks.references import program_findings, reference_findings
from questions.findings import Finding
from questions.library import is_picked, load_set, load_shipped, shipped_sets
from questions.lint import lint
from questions.lint_shipped import lint_shipped
from questions.readers import READERS
from questions.source import quote
from questions.types import QuestionSet
from questions.writing import as_folder, as_json_lines, as_yaml, starting_file, starting_folder
from service import event_loop
from service.cli.failures import OK, SOME_FAILED
from service.cli.options import ListFormat
from service.cli.terminal import err, out, plain, table
from service.code_execution import open_runner
from service.errors import UsageError
from service.files import refuse_existing, write_folder, write_lines
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


def list_formats(list_format: ListFormat) -> None:
    if list_format is ListFormat.json:
        listed = [{"reader": r.name, "reads": r.about, "trap": r.trap} for r in READERS]
        typer.echo(json.dumps({"formats": listed}, ensure_ascii=False, indent=2))
        return
    out().print(table(None, ["Reader", "Reads", "To know"], [[r.name, r.about, r.trap] for r in READERS]))
    plain("A format is recognised by its columns; READER:FILE or --as READER says which it is.")


def show_set(name: str, reader: str | None, columns: list[str], list_format: ListFormat) -> None:
    loaded = _load(name, reader, columns)
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


def _load(name: str, reader: str | None = None, columns: list[str] | None = None) -> QuestionSet:
    """The set, with what is to be known of its file on stderr."""
    loaded = load_set(name, reader, _mapping(columns or []))
    for notice in loaded.notices:
        err().print(Text(safe(notice)))
    return loaded


def _mapping(columns: list[str]) -> dict[str, str]:
    pairs = [pair for text in columns for pair in text.split(",")]
    wrong = next((pair for pair in pairs if not all(pair.partition("="))), None)
    if wrong is not None:
        raise UsageError(f"--map {quote(wrong)}: expected PART=COLUMN, such as prompt=질문")
    return {part.strip(): column.strip() for part, _, column in (pair.partition("=") for pair in pairs)}


def convert_set(name: str, target: Path, reader: str | None, columns: list[str], *, force: bool) -> None:
    if target.suffix not in ("", ".yaml", ".yml", ".jsonl"):
        raise UsageError(f"{target}: a set is written as .yaml, as .jsonl or as a folder; name it so")
    if target.suffix:
        refuse_existing(target, force=force)
    loaded = _load(name, reader, columns)
    if not target.suffix:
        write_folder(target, as_folder(loaded))
    elif target.suffix == ".jsonl":
        write_lines(target, as_json_lines(loaded))
    else:
        write_lines(target, as_yaml(loaded).rstrip("\n").split("\n"))
    plain(f"{target}: {len(loaded.questions)} conversations")
    err().print(Text(f"Next: kojudge questions lint {target}"))


def new_set(path: Path, *, folder: bool) -> None:
    if not folder and path.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{path}: name a file that ends in .yaml, or give --folder")
    if folder:
        files = starting_folder(path.name)
        write_folder(path, files)
    else:
        if path.exists():
            raise UsageError(f"{path} is there already; name a new file")
        write_lines(path, starting_file(path.stem).rstrip("\n").split("\n"))
    for written in (path / name for name in files) if folder else (path,):
        plain(str(written))
    err().print(Text(f"Next: write your questions over the examples, then kojudge questions lint {path}"))


def lint_sets(
    names: list[str],
    reader: str | None = None,
    columns: list[str] | None = None,
    *,
    allow_code_execution: bool = False,
) -> int:
    """Prints a line a finding; names shipped sets and files, all shipped sets where there are none."""
    shipped = shipped_sets()
    sets = {name: _load(name, reader, columns) for name in names} if names else load_shipped()
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
