"""`compare` and `power`."""

import json
from pathlib import Path

import typer

from judge.scoring.multiplicity import Method
from service.cli.emit import emit_text
from service.cli.options import Language, ListFormat, ReportFormat
from service.cli.terminal import print_document
from service.errors import UsageError
from service.report.comparison import build_comparison, comparison_csv, comparison_document
from service.report.formats import as_markdown
from service.report.page import as_html
from service.report.power import planned_power, power_document, run_power
from service.store import Store, reads


def print_comparison(
    names: list[str],
    database: str,
    report_format: ReportFormat,
    output: Path | None,
    language: Language,
    *,
    baseline: str | None,
    correction: Method,
    wished: float | None,
    mixed: bool,
) -> None:
    """Print a comparison, or write it to a file."""
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            runs = [reads.get_run(connection, name) for name in dict.fromkeys(names)]
            report = build_comparison(
                connection, runs, baseline=baseline, method=correction, wished=wished, mixed=mixed
            )
    finally:
        store.close()
    document = comparison_document(report, language.value)
    if report_format is ReportFormat.table and output is None:
        print_document(document)
        return
    if report_format is ReportFormat.json:
        text = json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    elif report_format is ReportFormat.csv:
        text = comparison_csv(report)
    else:
        text = as_html(document) if report_format is ReportFormat.html else as_markdown(document)
    emit_text(text, output)


def print_power(
    name: str | None,
    database: str,
    list_format: ListFormat,
    language: Language,
    *,
    n: int | None,
    difference: float | None,
    sd: float | None,
    samples: int | None,
    judge_repeats: int | None,
    power: float,
    alpha: float,
) -> None:
    """Print what a run, or so many questions of such a standard deviation, can show."""
    if name is None:
        if sd is None:
            raise UsageError("name a run, or give --sd, the standard deviation of the paired differences")
        if samples is not None or judge_repeats is not None:
            raise UsageError("--samples and --judge-repeats need a run: only its repeats say what they are worth")
        report = planned_power(sd, n=n, difference=difference, power=power, alpha=alpha)
    else:
        if sd is not None:
            raise UsageError("--sd stands in for a run; leave out one of them")
        store = Store.open(database, create=False, read_only=True)
        try:
            with store.read() as connection:
                report = run_power(
                    connection,
                    reads.get_run(connection, name),
                    n=n,
                    difference=difference,
                    power=power,
                    alpha=alpha,
                    samples=samples,
                    judge_repeats=judge_repeats,
                )
        finally:
            store.close()
    if list_format is ListFormat.json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print_document(power_document(report, language.value))
