"""`questions analyse`."""

import json
from pathlib import Path

from rich.text import Text

from service.cli.emit import emit_text
from service.cli.options import AnalysisFormat, AnalysisUnit, ItemKind
from service.cli.terminal import err, out, table
from service.report.item_render import as_csv, as_markdown, explanations, headline, item_table
from service.report.items import Report, build_item_report, chosen
from service.store import Store, reads


def analyse_items(
    names: list[str],
    database: str,
    analysis_format: AnalysisFormat,
    output: Path | None,
    *,
    unit: AnalysisUnit,
    turn: int | None,
    category: str | None,
    only: ItemKind | None,
    top: int | None,
    mixed: bool,
) -> None:
    """Print the analysis of the items of these runs, or write it to a file."""
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            runs = [reads.get_run(connection, name) for name in dict.fromkeys(names)]
            report = build_item_report(connection, runs, by_question=unit is AnalysisUnit.question, mixed=mixed)
    finally:
        store.close()
    shown = chosen(report, turn=turn, category=category, only=only and only.value, top=top)
    if analysis_format is AnalysisFormat.table and output is None:
        _print_table(shown)
        return
    if analysis_format is AnalysisFormat.json:
        text = json.dumps(shown, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    else:
        text = as_csv(shown) if analysis_format is AnalysisFormat.csv else as_markdown(shown)
    emit_text(text, output)


def _print_table(report: Report) -> None:
    console = out()
    for line in headline(report):
        console.print(Text(line))
    console.print(table(None, *item_table(report)))
    for line in explanations(report):
        console.print(Text(line))
    doubtful = next((item for item in report["items"] if item["suspicious"]), None)
    if doubtful is not None:
        err().print(Text(f"Next: kojudge show {report['runs'][0]} {doubtful['question']}"))
