"""`judge rubrics`."""

import json
from typing import Any

import typer
from rich.text import Text

from judge.prompt import RubricPrompt, template_hash
from judge.rubric import Rubric, load_rubric, load_shipped_rubrics
from questions.taxonomy import taxonomy
from service.cli.options import ListFormat
from service.cli.terminal import out, table
from service.report.cells import safe, safe_block


def list_rubrics(list_format: ListFormat) -> None:
    graded = _graded()
    rubrics = [_summary(rubric, graded.get(name, [])) for name, rubric in load_shipped_rubrics().items()]
    if list_format is ListFormat.json:
        typer.echo(json.dumps({"rubrics": rubrics}, ensure_ascii=False, indent=2))
        return
    head = ["Rubric", "Kind", "Scale", "Version", "Hash", "Title", "Grades"]
    out().print(table(None, head, [_row(r) for r in rubrics]))


def show_rubric(name: str, list_format: ListFormat) -> None:
    """The rubric and, for people, the system message that a judge without a JSON schema gets."""
    rubric = load_rubric(name)
    summary = _summary(rubric, _graded().get(rubric.id, []))
    if list_format is ListFormat.json:
        whole = {**summary, "prompt_hash": template_hash(rubric), "rubric": rubric.model_dump(mode="json")}
        typer.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    console = out()
    console.rule(Text(safe(f"{rubric.id}  {rubric.title}"), style="bold"), align="left")
    _, kind, scale, version, _, _, leaves = _row(summary)
    console.print(Text(f"{kind} {scale}, version {version}, hash {rubric.digest()}"))
    console.print(Text(f"language rule: {rubric.language_rule}; grades every {rubric.grades}"))
    if leaves:
        console.print(Text(f"questions of {leaves}"))
    console.print(Text(safe_block(RubricPrompt.of(rubric, "text").system.content)))
    for turns, note in (("first turn", rubric.first_turn), ("later turns", rubric.later_turns)):
        if note:
            console.print(Text(f"[{turns}] {safe(note)}"))


def _graded() -> dict[str, list[str]]:
    """By rubric: the leaves that it grades, `LEAF:POLICY` where only some policies of one."""
    graded: dict[str, list[str]] = {}
    for leaf in taxonomy().leaves:
        by_policy = {policy: leaf.rubric_for(policy) for policy in leaf.allowed_policies}
        for name in dict.fromkeys(by_policy.values()):
            policies = [policy for policy, rubric in by_policy.items() if rubric == name]
            whole = len(policies) == len(by_policy)
            if name is not None:
                graded.setdefault(name, []).extend([leaf.id] if whole else [f"{leaf.id}:{p}" for p in policies])
    return graded


def _summary(rubric: Rubric, leaves: list[str]) -> dict[str, Any]:
    return {
        "id": rubric.id,
        "kind": rubric.kind,
        "scale": {"min": rubric.scale.min, "max": rubric.scale.max},
        "version": rubric.version,
        "digest": rubric.digest(),
        "title": rubric.title,
        "leaves": leaves,
    }


def _row(summary: dict[str, Any]) -> list[str]:
    scale = f"{summary['scale']['min']:g}–{summary['scale']['max']:g}"
    leaves = ", ".join(summary["leaves"])
    named = (summary["version"], summary["digest"][:8], summary["title"])
    return [safe(str(cell)) for cell in (summary["id"], summary["kind"], scale, *named, leaves)]
