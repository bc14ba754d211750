"""`run`, `resume` and `demo`."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.text import Text

from questions.source import load_yaml, one_line
from service import event_loop
from service.cli.announce import announce, check_priced, tell_of_code
from service.cli.batches import check_batches, choose_lane
from service.cli.emit import emit
from service.cli.failures import OK, SOME_FAILED
from service.cli.options import Language, ReportFormat
from service.cli.progress import Totals, run_progress
from service.cli.terminal import err
from service.endpoint_plan import means
from service.errors import UsageError
from service.judge_pack import is_pack
from service.plan import FrozenRun, PlanFile, RunPlan, freeze
from service.report.cells import safe
from service.running import execute, find_same_run, open_note, remaining
from service.store import Store, reads
from service.store.comparisons import comparison_totals

RULES = "scripted:rules"


@dataclass(frozen=True, slots=True)
class RunFlags:
    """What stood on the command line; None means "not given"."""

    plan: Path | None
    models: list[str] | None
    judges: list[str] | None
    questions: list[str] | None
    name: str | None
    concurrency: int | None
    samples: int | None
    judge_repeats: int | None
    limit: int | None
    max_cost: float | None = None
    allow_unpriced: bool | None = None
    drop_unsupported: bool | None = None
    wait_s: float | None = None
    allow_code_execution: bool | None = None
    jury: str | None = None
    allow_self_judging: bool | None = None
    pairwise: str | None = None


def run_plan(
    flags: RunFlags,
    database: str,
    report_format: ReportFormat,
    language: Language = Language.en,
    *,
    dry_run: bool,
    yes: bool,
    pull: bool = False,
    batch: bool | None = None,
    wait: bool = True,
) -> int:
    request = _request(flags)
    run = freeze(request, os.environ, flags.plan.stem if flags.plan else None)
    for notice in run.notices:
        err().print(Text(safe(notice)))
    if not request.judges:
        err().print(Text(f"Every turn is multiple choice: checks decide, and {RULES} is the judge."))
    if batch:
        check_batches(run.plan)
    check_priced(run.plan)
    tell_of_code(run)
    if dry_run:
        announce(run)
        return OK
    store = Store.open(database)
    try:
        stored = find_same_run(store, run.name, run.plan)
        if stored is not None and remaining(store, run.plan, stored.id)[0] == 0 and not open_note(store, run.name):
            err().print(Text(f"Run {run.name} has ended before; nothing is asked again."))
            return _finish(store, run.name, report_format, language)
        _confirm(run, yes=yes)
        lane = choose_lane(store, run.name, run.plan, batch, wait)
        with run_progress(_totals(store, run.name, run.plan)) as progress:
            work = execute(
                store,
                run.name,
                run.plan,
                os.environ,
                progress,
                questions=run.questions,
                concurrency=request.concurrency,
                batch=lane,
                pull=pull,
            )
            event_loop.run(work)
        return _finish(store, run.name, report_format, language)
    finally:
        store.close()


def _request(flags: RunFlags) -> PlanFile:
    given: dict[str, Any] = {
        "models": flags.models,
        "judges": flags.judges,
        "questions": flags.questions,
        "name": flags.name,
        "concurrency": flags.concurrency,
        "samples": flags.samples,
        "judge_repeats": flags.judge_repeats,
        "limit": flags.limit,
        "max_cost": flags.max_cost,
        "allow_unpriced": flags.allow_unpriced,
        "drop_unsupported": flags.drop_unsupported,
        "wait_s": flags.wait_s,
        "allow_code_execution": flags.allow_code_execution,
        "jury": flags.jury,
        "allow_self_judging": flags.allow_self_judging,
        "pairwise": flags.pairwise,
    }
    given = {key: value for key, value in given.items() if value not in (None, [])}
    if flags.plan is not None:
        plan = load_yaml(flags.plan, PlanFile)
        given = {**plan.model_dump(exclude_unset=True), **given}
        if flags.models or flags.judges:  # what the file says of a model that a flag replaced means nobody
            named = [n for n in (*given["models"], *given.get("judges", ())) if not is_pack(n)]
            endpoints = given.get("endpoints", {})
            given["endpoints"] = {k: v for k, v in endpoints.items() if any(means(k, n) for n in named)}
    elif not flags.models:
        raise UsageError("name a plan file, or at least one model: kojudge run -m ollama:NAME -j solar:solar-pro4")
    try:
        return PlanFile.model_validate(given)
    except ValidationError as error:
        raise UsageError(one_line(error)) from error


def resume_run(
    name: str,
    database: str,
    report_format: ReportFormat,
    language: Language,
    concurrency: int | None,
    max_cost: float | None = None,
    *,
    allow_unpriced: bool | None = None,
    batch: bool | None = None,
    wait: bool = True,
) -> int:
    store = Store.open(database, create=False)
    try:
        with store.read() as connection:
            stored = reads.get_run(connection, name)
        if stored.kind == "import":
            raise UsageError(f"run {name!r} was imported; there is nothing to resume")
        given = {"max_cost": max_cost, "allow_unpriced": allow_unpriced}
        plan = stored.plan.model_copy(update={k: v for k, v in given.items() if v is not None})
        check_priced(plan)
        if remaining(store, plan, stored.id)[1] == 0:
            err().print(Text(f"Run {name} is complete; nothing is left to ask."))
            return _finish(store, name, report_format, language)
        lane = choose_lane(store, name, plan, batch, wait)
        with run_progress(_totals(store, name, plan)) as progress:
            places = concurrency or plan.concurrency
            event_loop.run(execute(store, name, plan, os.environ, progress, concurrency=places, batch=lane))
        return _finish(store, name, report_format, language)
    finally:
        store.close()


def _confirm(run: FrozenRun, *, yes: bool) -> None:
    """On a terminal, ask before the first call that costs money."""
    prices = [e.price() for e in (*run.plan.models, *run.plan.judges)]
    if yes or not sys.stdin.isatty() or not any(p is not None and not p.is_free for p in prices):
        return
    import typer

    announce(run)
    typer.confirm("Go ahead?", default=True, abort=True, err=True)


def _totals(store: Store, name: str, plan: RunPlan) -> Totals:
    verdicts = plan.verdicts
    with store.read() as connection:
        stored = reads.find_run(connection, name)
        if stored is None:
            return Totals(plan.answers, verdicts, 0, 0, plan.comparisons)
        answered = sum(
            statuses.get("ok", 0) + statuses.get("truncated", 0)
            for statuses in reads.answer_statuses(connection, stored.id).values()
        )
        judged = reads.verdict_totals(connection, stored.id)[1]
        compared = comparison_totals(connection, stored.id)[1]
        return Totals(plan.answers, verdicts, answered, judged, plan.comparisons, compared)


def _finish(store: Store, name: str, report_format: ReportFormat, language: Language) -> int:
    # After the run: numpy would keep the first request waiting.
    from service.report.build import build_report, failed_units
    from service.report.pairwise import failed_comparisons

    with store.read() as connection:
        report = build_report(connection, reads.get_run(connection, name))
    emit(report, report_format, None, language)
    failed, uncompared = failed_units(report), failed_comparisons(report)
    if uncompared:
        err().print(Text(f"{uncompared} comparisons have no winner; `kojudge resume {name}` tries them again."))
    if waiting := open_note(store, name):
        err().print(Text(f"{failed} verdicts have no score; {waiting}"))
    elif failed:
        undecided = report["jury"]["undecided"] if report["jury"] else 0
        if open_ := failed - undecided:
            err().print(Text(f"{open_} verdicts have no score; `kojudge resume {name}` tries them again."))
        if undecided:
            err().print(
                Text(f"{undecided} verdicts have no majority; --jury median or mean under another --name gives one.")
            )
    return SOME_FAILED if failed or uncompared else OK
