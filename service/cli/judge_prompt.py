"""`judge show`: what a judge got for a stored conversation, or would get for a question and an answer."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from rich.text import Text

from judge.types import GradedTurn
from questions.source import MAX_YAML_BYTES, read_text
from questions.types import Question
from service.cli.look import find_conversations
from service.cli.options import ListFormat
from service.cli.terminal import err, out
from service.conversation import usable
from service.errors import UsageError
from service.judge_prompts import Asked, judge_prompts
from service.plan import PlanFile, RunPlan, freeze
from service.report.cells import safe, safe_block
from service.store import Store, reads

_WHAT = "kojudge judge show RUN CONVERSATION, or --question SET#ID --answer FILE --judge JUDGE"


def show_of_run(
    name: str | None,
    wanted: str | None,
    turn: int | None,
    judge: str | None,
    repeat: int,
    database: str,
    show_format: ListFormat,
) -> None:
    if name is None or wanted is None:
        raise UsageError(f"say what to show: {_WHAT}")
    store = Store.open(database, create=False, read_only=True)
    with store.read() as connection:
        run = reads.get_run(connection, name)
        if run.kind == "import":
            raise UsageError(f"run {name!r} was imported; another tool asked its judge")
        found = find_conversations(connection, run, wanted)
    store.close()
    position = {model.label: n for n, model in enumerate(run.plan.models)}
    asked = [a for conversation in found for a in _asked(conversation, position[conversation["model"]])]
    if not asked:
        raise UsageError(f"{wanted}: no turn has an answer that could be judged")
    _show(run.plan, asked, turn, judge, repeat, show_format)


def _asked(conversation: dict[str, Any], model: int) -> list[Asked]:
    """Every turn that has an answer to grade."""
    question = Question.model_validate(conversation["question"])
    answers: list[str] = []
    found = []
    for turn in conversation["turns"]:
        if not usable(turn["status"], turn["answer"]):
            break
        answers.append(turn["answer"])
        graded = GradedTurn(question, turn["turn"], tuple(answers))
        found.append(Asked(model, conversation["sample"], graded))
    return found


def show_of_question(
    name: str | None,
    question: str | None,
    files: Sequence[Path],
    turn: int | None,
    judge: str | None,
    repeat: int,
    show_format: ListFormat,
) -> None:
    if name is not None or question is None or not files or judge is None:
        raise UsageError(f"without a run, three things are needed: {_WHAT}")
    source, _, question_id = question.rpartition("#")
    if not source:
        raise UsageError(f"--question {question}: name the set too, for example starter#math-1")
    request = PlanFile(models=("scripted:perfect",), judges=(judge,), questions=(source,))
    frozen = freeze(request, os.environ)
    asked_about = next((q for q in frozen.questions if q.id == question_id), None)
    if asked_about is None:
        raise UsageError(f"{source} has no question {question_id!r}; `kojudge questions show {source}` lists them")
    if len(files) > len(asked_about.turns):
        raise UsageError(f"{question} has {len(asked_about.turns)} turns, and --answer is there {len(files)} times")
    answers = tuple(read_text(file, MAX_YAML_BYTES).removesuffix("\n") for file in files)
    turns = [GradedTurn(asked_about, n, answers[:n]) for n in range(1, len(answers) + 1)]
    _show(frozen.plan, [Asked(None, 0, t) for t in turns], turn, None, repeat, show_format)


def _show(
    plan: RunPlan, asked: list[Asked], turn: int | None, judge: str | None, repeat: int, show_format: ListFormat
) -> None:
    if repeat >= plan.judge_repeats:
        raise UsageError(f"--repeat {repeat}: every judge judges {plan.judge_repeats} times, counted from 0")
    if turn is not None:
        asked = [a for a in asked if a.turn.turn == turn]
        if not asked:
            raise UsageError(f"--turn {turn}: no such turn has an answer that could be judged")
    prompts = list(judge_prompts(plan, asked, _judges(plan, judge), repeat))
    if not prompts:
        raise UsageError("nobody is asked about this: the rubric grades another turn, or the judge not its own family")
    if {p["template_hash"] for p in prompts} - set(plan.prompt_hashes.values()):
        err().print(
            Text(
                "This version of kojudge words the prompt otherwise than the one that began the run: "
                "these are the messages that it would send now."
            )
        )
    if show_format is ListFormat.json:
        typer.echo(json.dumps({"prompts": prompts}, ensure_ascii=False, indent=2))
        return
    for prompt in prompts:
        _print(prompt)


def _judges(plan: RunPlan, wanted: str | None) -> list[int]:
    """The judges that are models, or the one of that label or spec."""
    models = [n for n, j in enumerate(plan.judges) if not j.is_rule_judge]
    if wanted is not None:
        found = [n for n, j in enumerate(plan.judges) if wanted in (j.label, str(j.spec()))]
        if not found:
            raise UsageError(f"no judge {wanted!r}; there are: {', '.join(j.label for j in plan.judges)}")
        models = [n for n in found if n in models]
    if not models:
        raise UsageError("scripted:rules reads no prompt: it looks at the checks and references of a question")
    return models


def _print(prompt: dict[str, Any]) -> None:
    console = out()
    conversation = f"{prompt['question_id']}#{prompt['sample']}"
    if prompt["model"] is not None:
        conversation = f"{prompt['model']}#{conversation}"
    title = f"{conversation} · turn {prompt['turn']} · {prompt['judge']}"
    console.rule(Text(safe(title), style="bold"), align="left")
    rubric = prompt["rubric"]
    for head, value in (
        ("rubric", f"{rubric['id']} v{rubric['version']} ({rubric['digest'][:16]})"),
        ("template hash", prompt["template_hash"]),
        ("work key", f"{prompt['work_key']} (repeat {prompt['repeat']})"),
        ("parameters", json.dumps(prompt["params"], ensure_ascii=False)),
    ):
        console.print(Text(f"{head}: {safe(value)}"))
    for message in prompt["messages"]:
        console.print(Text(f"[{message['role']}]", style="bold cyan"))
        console.print(Text(safe_block(message["content"])))
    schema = prompt["response_schema"]
    if schema is None:
        console.print(Text("[reply] free text, read by the output contract", style="bold cyan"))
    else:
        console.print(Text(f"[reply] JSON, held to the schema {schema['name']}", style="bold cyan"))
        console.print(Text(safe_block(json.dumps(schema["schema"], ensure_ascii=False))))
