"""An item analysis for people: rows of a table, Markdown, CSV."""

import csv
import io
from typing import Any

from service.report import formats
from service.report.cells import csv_cell, interval, safe
from service.report.document import Document, Grid

Report = dict[str, Any]

_FEW_MODELS = 20
_CSV = {
    "difficulty": ("mean", "low", "high", "n", "failed"),
    "correlation": ("r", "low", "high", "attainable", "order", "p_negative", "q_negative"),
    "strong": ("mean", "elsewhere", "n"),
    "held": ("times", "of"),
}


def headline(report: Report) -> list[str]:
    """What was analysed, and what can be known from it."""
    models, independent = len(report["models"]), report["independent_models"]
    lines = [
        f"Items of {', '.join(safe(r) for r in report['runs'])}: {report['n_items']} "
        f"({'whole questions' if report['by'] == 'question' else 'one a turn'}), {models} models"
        + (f", {independent} of them independent" if independent != models else ""),
        "Scores are shares of the scale, before the language rule; intervals are 95 %, clustered by model.",
    ]
    if not report["comparable"]:
        lines.append("These runs are not comparable; they were pooled because --mixed was given.")
    if report["unshared_questions"]:
        lines.append(f"{report['unshared_questions']} questions are not in all of these runs and were left out.")
    if independent < report["fewest_models"]:
        lines.append(
            f"Too few models: with {independent} independent ones it cannot be known which items are sound, "
            f"{report['fewest_models']} are needed. Give more runs of the same questions."
        )
        return lines
    found = ", ".join(f"{n} {name}" for name, n in report["found"].items() if n) or "nothing"
    lines.append(f"Found: {found}. Sound items would give: {_by_chance(report)}.")
    if independent < _FEW_MODELS:
        lines.append(f"With {independent} independent models, findings are places to look at, not proofs.")
    return lines


def _by_chance(report: Report) -> str:
    chance = report["by_chance"]
    return (
        f"about {chance['strong_fail']:.1f} strong_fail, up to {chance['unrelated']:.1f} unrelated, "
        "5 % of those reversed (Benjamini-Hochberg)"
    )


def item_table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Head and rows, an item a row."""
    head = ["Question", "Turn", "Category", "Mean 0–1 [95 % CI]", "n", "Item–rest r [95 % CI]"]
    head += ["Best third", "Best − worst", "Ceiling", "Floor", "Spread", "Findings"]
    if report["by"] == "question":
        head.remove("Turn")
    return head, [_row(item) for item in report["items"]]


def _row(item: Report) -> list[str]:
    r, strong = item["correlation"], item["strong"]
    left_out = {"foreign": item["wrong_language"], "failed": item["failed"]}
    lost = "".join(f" (+{n} {name})" for name, n in left_out.items() if n)
    return [
        safe(item["question"]),
        *([] if item["turn"] is None else [str(item["turn"])]),
        safe(item["category"]),
        interval(item["difficulty"]),
        f"{item['difficulty']['n']}{lost}",
        interval(r | {"mean": r["r"]}) if r else "–",
        _figure(strong and strong["mean"]),
        _figure(item["discrimination"]),
        _share(item["at_ceiling"]),
        _share(item["at_floor"]),
        _figure(item["spread"]),
        ", ".join(item["findings"]),
    ]


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def explanations(report: Report) -> list[str]:
    """A sentence for every suspicious item that is listed."""
    return [f"{name(item)}: {item['explanation']}." for item in report["items"] if item["suspicious"]]


def name(item: Report) -> str:
    """`39 turn 2`, or `39`."""
    return safe(item["question"]) + ("" if item["turn"] is None else f" turn {item['turn']}")


def as_markdown(report: Report) -> str:
    title, *lines = headline(report)
    grid = Grid(None, *item_table(report))
    return formats.as_markdown(Document("en", title, lines, findings=explanations(report), grids=[grid]))


def as_csv(report: Report) -> str:
    """One line an item; nested figures as `difficulty_mean` and so on."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    plain = ["discrimination", "at_ceiling", "at_floor", "spread", "range", "doubt", "independent_models"]
    plain += ["wrong_language", "failed", "suspicious"]
    nested = [(outer, key) for outer, keys in _CSV.items() for key in keys]
    writer.writerow(
        ["runs", "question", "turn", "category", *(f"{o}_{k}" for o, k in nested), *plain, "findings", "explanation"]
    )
    for item in report["items"]:
        line = [", ".join(report["runs"]), item["question"], item["turn"], item["category"]]
        line += [None if item[outer] is None else item[outer][key] for outer, key in nested]
        line += [item[key] for key in plain] + [" ".join(item["findings"]), item["explanation"]]
        writer.writerow([csv_cell(value) for value in line])
    return out.getvalue()
