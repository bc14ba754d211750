"""`judge agree`."""

import json
from collections.abc import Iterator
from typing import Any

import typer
from rich.text import Text

from service.cli.options import ListFormat
from service.cli.terminal import out, plain, table
from service.errors import UsageError
from service.report.cells import interval, safe
from service.review.people import people_report
from service.store import Store, reads

_COEFFICIENTS = {
    "weighted_kappa": "Weighted κ",
    "alpha": "Krippendorff α",
    "ac1": "Gwet AC1",
    "spearman": "Spearman",
}
_LEFT_OUT = {
    "targeted": "of targeted answers",
    "not_blind": "given with the verdict in sight",
    "skipped": "skipped",
    "unsure": "unsure",
}

_Rows = tuple[list[str], list[list[str]]]


def show_agreement(name: str, database: str, list_format: ListFormat) -> None:
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            report = people_report(connection, reads.get_run(connection, name))
    finally:
        store.close()
    if report is None:
        raise UsageError(f"run {name!r} has no label yet; `kojudge labels sample {name} -o sheet.csv` makes a sheet")
    if list_format is ListFormat.json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False))
        return
    plain(_headline(report))
    console = out()
    for title, (head, rows) in _tables(report):
        console.print(table(title, head, rows))
    for line in _notes(report):
        console.print(Text(line))


def _headline(report: dict[str, Any]) -> str:
    counts = report["labels"]
    left = [f"{n} {_LEFT_OUT[why]}" for why, n in counts["left_out"].items() if n]
    who = len(report["reviewers"])
    return (
        f"{report['run']}: {counts['random']} labels of {counts['turns']} answers drawn at random, by {who} "
        f"{'person' if who == 1 else 'people'}; left out: {', '.join(left) or 'none'}"
    )


def _tables(report: dict[str, Any]) -> Iterator[tuple[str, _Rows]]:
    for judge in report["judges"]:
        name = safe(judge["judge"])
        if judge["agreement"]:
            yield f"{name} and people [95 % CI]", _agreement_rows(judge["agreement"])
        found = [row for row in judge["agreement"] if row["detection"]]
        if found:
            yield f"What {name} finds of what people find", _detection_rows(found)
        for row in judge["agreement"]:
            if row["confusion"]:
                yield f"{_of(row)}: people (rows) and {name} (columns)", _confusion_rows(row["confusion"])
        if judge["unsafe"]:
            yield f"Unsafe answers, as {name} counts them and corrected", _unsafe_rows(judge["unsafe"])
    if report["people"]:
        yield "People among themselves: no judge can be asked for more", _agreement_rows(report["people"])
    yield "Scores, as judged and corrected by people [95 % CI]", _model_rows(report["models"])


def _of(row: dict[str, Any]) -> str:
    return f"{safe(row['rubric'] or 'all rubrics')} / {safe(row['measure'])}"


def _agreement_rows(rows: list[dict[str, Any]]) -> _Rows:
    head = ["Rubric / measure", "n", *_COEFFICIENTS.values(), "Equal"]
    return head, [[_of(row), str(row["n"]), *_coefficients(row), _share(row["exact"])] for row in rows]


def _coefficients(row: dict[str, Any]) -> list[str]:
    if row["coefficients"] is None:
        return ["too few"] * len(_COEFFICIENTS)
    return [_share(row["coefficients"][name], "value") for name in _COEFFICIENTS]


def _share(e: dict[str, Any], key: str = "mean") -> str:
    """`0.75 [0.60, 0.86]`, as much of it as there is."""
    if e[key] is None:
        return "–"
    return f"{e[key]:.2f}" + ("" if e["low"] is None else f" [{e['low']:.2f}, {e['high']:.2f}]")


def _detection_rows(rows: list[dict[str, Any]]) -> _Rows:
    head = ["Rubric / measure", "Found when", "Sensitivity", "n", "Specificity", "n"]
    body = []
    for row in rows:
        d = row["detection"]
        parts = (x for kind in (d["sensitivity"], d["specificity"]) for x in (_share(kind), str(kind["n"])))
        body.append([_of(row), d["positive"], *parts])
    return head, body


def _confusion_rows(found: dict[str, Any]) -> _Rows:
    names = [f"{value:g}" for value in found["values"]]
    rows = [[name, *map(str, counts)] for name, counts in zip(names, found["counts"], strict=True)]
    return ["", *names], rows


def _unsafe_rows(rows: list[dict[str, Any]]) -> _Rows:
    body = []
    for row in rows:
        corrected = "–" if row["corrected"] is None else _share(row["corrected"])
        body.append([safe(row["model"]), f"{row['raw']:.3f}", str(row["n"]), corrected])
    return ["Model", "Judged", "n", "Corrected"], body


def _model_rows(models: list[dict[str, Any]]) -> _Rows:
    body = []
    for m in models:
        corrected = "too few labels" if m["corrected"] is None else interval(m["corrected"])
        raw = "–" if m["raw"] is None else f"{m['raw']:.2f}"
        body.append([safe(m["model"]), raw, corrected, str(m["labels"]), str(m["turns"])])
    return ["Model", "Judged", "Corrected", "Labelled turns", "Judged turns"], body


def _notes(report: dict[str, Any]) -> Iterator[str]:
    few = report["fewest_labels"]
    rows = [row for judge in report["judges"] for row in judge["agreement"]] + report["people"]
    if any(row["coefficients"] is None for row in rows):
        yield f"Coefficients are given from {few['coefficients']} labels on; corrected scores from {few['corrected']}."
    for judge in report["judges"]:
        name, test = safe(judge["judge"]), judge["alt_test"]
        if test is None:
            yield f"{name}: the alternative annotator test needs three people with 30 answers in common with others."
        else:
            verdict = "may stand in for a person" if test["passed"] else "may not stand in for a person"
            yield (
                f"{name} {verdict}: it does as well as {test['winning_rate']:.0%} of {test['annotators']} people "
                "(alternative annotator test, ε 0.2, half of them are needed)."
            )
    if not report["people"]:
        yield "No answer has labels of two people: how far people agree among themselves is not known."
    yield "κ and α: above 0.8 reliable, from 0.67 for tentative conclusions (Krippendorff); compare with people's own."
