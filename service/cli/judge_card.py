"""`judge probe` and `judge card`."""

import json
import os
import sys
from pathlib import Path

import typer
from rich.text import Text

from service import event_loop
from service.card.probe import KIND, Probe, ProbeOptions, material_of_run, plan_probe, shipped_material
from service.cli.announce import announce, check_priced
from service.cli.emit import emit_text
from service.cli.failures import OK, SOME_FAILED
from service.cli.options import CardFormat, Language
from service.cli.progress import Totals, run_progress
from service.cli.terminal import err, print_document
from service.errors import UsageError
from service.judge_pack import is_pack, open_pack
from service.running import execute, find_same_run, remaining
from service.store import Store, ledger, reads


def probe_judge(
    judge: str,
    on: str | None,
    limit: int | None,
    options: ProbeOptions,
    database: str,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    """Try a judge, or go on trying it: what it has said before is not asked again."""
    store = Store.open(database)
    try:
        both = plan_probe(
            judge, material_of_run(store, on, limit) if on else shipped_material(limit), os.environ, options
        )
        for probe in both:
            check_priced(probe.run.plan)
        if dry_run:
            for probe in both:
                announce(probe.run)
            return OK
        _confirm(both, yes=yes)
        failed = sum(_run(store, probe, options, _spent(store, both)) for probe in both)
    finally:
        store.close()
    name = both[0].run.name
    if failed:
        err().print(Text(f"{failed} verdicts or comparisons failed; the same command tries them again."))
    err().print(Text(f"Probe {name} is stored. Next: kojudge judge card --judge {judge}"))
    return SOME_FAILED if failed else OK


def _spent(store: Store, both: tuple[Probe, Probe]) -> float:
    with store.read() as connection:
        stored = [reads.find_run(connection, probe.run.name) for probe in both]
        return sum(ledger.run_cost(connection, run.id) for run in stored if run is not None)


def _run(store: Store, probe: Probe, options: ProbeOptions, spent: float) -> int:
    """Ask what is missing of one of the two runs; how much of it failed."""
    run, plan = probe.run, probe.run.plan
    stored = find_same_run(store, run.name, plan)
    open_ = remaining(store, plan, stored.id)[1] if stored is not None else plan.verdicts + plan.comparisons
    if open_:
        if plan.max_cost is not None:  # one cap for both: what the other run cost is taken off
            mine = 0.0
            if stored is not None:
                with store.read() as connection:
                    mine = ledger.run_cost(connection, stored.id)
            plan = plan.model_copy(update={"max_cost": max(0.0, plan.max_cost - (spent - mine))})
        whole = plan.verdicts + plan.comparisons
        totals = Totals(plan.answers, whole - plan.comparisons, plan.answers, 0, plan.comparisons)
        with run_progress(totals) as progress:
            work = execute(
                store,
                run.name,
                plan,
                os.environ,
                progress,
                questions=run.questions,
                concurrency=plan.concurrency,
                kind=KIND,
                seed=probe.seed,
            )
            event_loop.run(work)
    stored = find_same_run(store, run.name, plan)
    assert stored is not None, "the run was made before anything was asked"
    return remaining(store, plan, stored.id)[1]


def _confirm(both: tuple[Probe, Probe], *, yes: bool) -> None:
    """On a terminal, ask before the first call that costs money."""
    price = both[0].run.plan.judges[0].price()
    if yes or not sys.stdin.isatty() or price is None or price.is_free:
        return
    for probe in both:
        announce(probe.run)
    typer.confirm("Go ahead?", default=True, abort=True, err=True)


def show_card(
    judge: str,
    names: list[str],
    database: str,
    card_format: CardFormat,
    language: Language,
    output: Path | None,
    *,
    yes: bool,
    max_cost: float | None,
) -> int:
    """Print the card of a judge; with `yes` or a cap a judge that was never tried is tried first."""
    from service.card.build import build_card
    from service.card.document import card_document
    from service.card.source import find_subject
    from service.report.formats import as_markdown
    from service.report.page import as_html

    asked = judge
    if is_pack(judge):
        judge = open_pack(Path(judge)).pack.judges[0]
    if yes or max_cost is not None:
        _try_first(asked, judge, database, max_cost)
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            card = build_card(connection, find_subject(connection, judge, names))
    finally:
        store.close()
    if card_format is CardFormat.json:
        emit_text(json.dumps(card, ensure_ascii=False, indent=2, allow_nan=False) + "\n", output)
        return OK
    document = card_document(card, language.value)
    if card_format is CardFormat.html:
        emit_text(as_html(document), output)
    elif card_format is CardFormat.markdown or output is not None:
        emit_text(as_markdown(document), output)
    else:
        print_document(document)
    return OK


def _try_first(asked: str, judge: str, database: str, max_cost: float | None) -> None:
    """Try a judge on the shipped answers if it never was, or go on where that was begun."""
    from service.card.source import find_subject

    options = ProbeOptions(max_cost=max_cost)
    store = Store.open(database)
    try:
        with store.read() as connection:
            probe = find_subject(connection, judge).probe
    except UsageError:
        probe = None
    finally:
        store.close()
    shipped = plan_probe(asked, shipped_material(None), os.environ, options)[0].run.name
    if probe is None or probe.run.name == shipped:
        probe_judge(asked, None, None, options, database, dry_run=False, yes=True)
