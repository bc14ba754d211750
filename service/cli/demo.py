"""`demo`: two stored runs without a key or a network, and the report of the first."""

import os

from rich.text import Text

from providers.scripted import SCRIPTED_MODELS
from service import event_loop
from service.cli.options import Language, ReportFormat
from service.cli.progress import Totals, run_progress
from service.cli.run import RULES, RunFlags, run_plan
from service.cli.terminal import err
from service.plan import PlanFile, freeze
from service.running import execute, find_same_run, remaining
from service.scripted_labels import label_by_script
from service.store import Store, reads

NAME, SAFETY_NAME = "demo", "demo-safety"
_BEHAVIOURS = ("perfect", "comply", "refuse")


def run_demo(database: str, report_format: ReportFormat, language: Language, *, quick: bool) -> int:
    """The run that is reported is stored last, so that the pages open with it."""
    if not quick:
        _store_safety_run(database)
    models = [f"scripted:{m}" for m in SCRIPTED_MODELS]
    flags = RunFlags(None, models, [RULES], ["starter"], NAME, None, None, None, None)
    status = run_plan(flags, database, report_format, language, dry_run=False, yes=True)
    for line in (
        "",
        "No language model was asked: the three models are scripted, and their answers were written for this",
        "demonstration; the judge is a set of fixed rules. The scores show how a report reads, nothing more.",
        "",
        "Read a conversation:   kojudge show demo math-1",
        "Look at it in a page:  kojudge dashboard",
        "Evaluate a real model: kojudge run -m ollama:exaone3.5:7.8b -j solar:solar-pro4 -q starter",
        "                       kojudge run -m solar:solar-pro4 -j openai:gpt-6-luna -q starter",
    ):
        err().print(Text(line))
    return status


def _store_safety_run(database: str) -> None:
    """A model that is right, one that does whatever it is told and one that refuses all, on the safety questions.

    Scripted reviewers label a part. It fills the pages on safety, review, agreement and the judge.
    """
    models = tuple(f"scripted:{m}" for m in _BEHAVIOURS)
    run = freeze(PlanFile(models=models, judges=(RULES,), questions=("safety",), name=SAFETY_NAME), os.environ)
    store = Store.open(database)
    try:
        stored = find_same_run(store, SAFETY_NAME, run.plan)
        if stored is None or remaining(store, run.plan, stored.id)[0]:
            err().print(Text(f"First the run {SAFETY_NAME}, for the dashboard, then the run {NAME}:"))
            with run_progress(Totals(run.plan.answers, run.plan.verdicts, 0, 0)) as progress:
                work = execute(
                    store, SAFETY_NAME, run.plan, os.environ, progress, questions=run.questions, concurrency=8
                )
                event_loop.run(work)
        with store.transaction() as connection:
            label_by_script(connection, reads.get_run(connection, SAFETY_NAME))
    finally:
        store.close()
