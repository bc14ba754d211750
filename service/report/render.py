"""The report for people: terminal table, Markdown, HTML, CSV."""

import csv
import html
import io
from collections.abc import Callable
from typing import Any

from service.report.cells import cost, counted, failures, interval, rank, safe
from service.report.choice_rows import choice_notes, choice_slices, choice_tables
from service.report.endpoints import endpoint_notes
from service.report.jury import jury_notes
from service.report.pairwise import pairwise_notes, pairwise_slices, pairwise_tables

Report = dict[str, Any]

_NAMED_RUBRICS = 3


def score_table(report: Report) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the main table; columns that would say nothing are left out."""
    models = report["models"]
    table: dict[str, list[str]] = {
        "Rank": [rank(m) for m in models],
        "Model": [safe(m["model"]) for m in models],
        "Overall [95 % CI]": [interval(m["overall"]) for m in models],
        "n": [counted(m["overall"]) for m in models],
    }
    for turn in models[0]["turns"] if models else ():
        table[f"Turn {turn}"] = [interval(m["turns"][turn]) for m in models]
    table["Failures"] = [failures(m) for m in models]
    table["Wrong language"] = [str(m["wrong_language"]) for m in models]
    if any(m["cost_usd"] for m in models):
        table["Cost"] = [cost(m) for m in models]
    if any("as_published" in m for m in models):
        table["As published"] = [f"{m['as_published']:.4f}" if "as_published" in m else "–" for m in models]
    return list(table), [list(row) for row in zip(*table.values(), strict=True)]


_MOST_ACROSS = 8


def category_rows(report: Report) -> tuple[list[str], list[list[str]]]:
    """Models down and categories across, or the reverse where there are more than fit on a page."""
    models = report["models"]
    names = list(models[0]["categories"]) if models else []

    def figure(model: Report, name: str) -> str:
        e = model["categories"][name]
        return f"{interval(e)} n={counted(e)}"

    if len(names) <= _MOST_ACROSS:
        return ["Model", *map(safe, names)], [[safe(m["model"]), *(figure(m, name) for name in names)] for m in models]
    head = ["Category", *(safe(m["model"]) for m in models)]
    return head, [[safe(name), *(figure(m, name) for m in models)] for name in names]


def headline(report: Report) -> list[str]:
    """What the figures are about, line by line."""
    sets = ", ".join(safe(s) for s in report["questions"]["sets"])
    judges = ", ".join(safe(j) for j in report["judges"])
    if pack := report["judge_pack"]:
        judges += f" (pack {safe(pack['name'])} v{pack['version']})"
    rubrics = _rubrics(report["rubrics"])
    lines = [
        f"Run {safe(report['run'])}: {report['status']}",
        f"Questions {sets} ({report['questions']['n']} conversations) · judge {judges} · rubric {rubrics}",
        f"Scores {report['scale']['min']:g} to {report['scale']['max']:g}, mean of turn means; "
        "intervals are 95 %, clustered by question; a rank is the range that other questions could give.",
    ]
    if report["stopped_because"]:
        lines.append(f"Stopped: {safe(report['stopped_because'])}")
    return lines


def _rubrics(rubrics: dict[str, Any]) -> str:
    if len(rubrics) > _NAMED_RUBRICS:
        return f"{len(rubrics)} rubrics, by question"
    return ", ".join(f"{safe(n)} v{r['version']} (prompt {r['prompt_hash'][:8]})" for n, r in rubrics.items())


def _scale_note(report: Report) -> list[str]:
    """Where rubrics have other scales than the means: that their scores were mapped."""
    scale = report["scale"]
    others = sorted(f"{safe(n)} {_ends(r['scale'])}" for n, r in report["rubrics"].items() if r["scale"] != scale)
    if not others:
        return []
    return [
        f"Scores of rubrics with another scale are mapped linearly onto {_ends(scale)} before they are averaged: "
        f"{', '.join(others)}."
    ]


def _ends(scale: dict[str, float]) -> str:
    return f"{scale['min']:g}–{scale['max']:g}"


def more_tables(report: Report) -> list[tuple[str, tuple[list[str], list[list[str]]]]]:
    """(title, table) of what only some runs have: multiple choice, pairs."""
    return choice_tables(report) + pairwise_tables(report)


def footnotes(report: Report) -> list[str]:
    """What to know before quoting a figure."""
    notes = [f"{r['n']} × {safe(r['error'])}" for r in report["failure_reasons"]]
    if notes:
        notes = ["Failures are never scores; the range behind them is the score had all been worst or best.", *notes]
    notes += _scale_note(report)
    if sum(m["wrong_language"] for m in report["models"]):
        notes.append("Wrong language: answers that fail the deterministic language rule of their turn.")
    if weighted := report["weighted"]:
        notes.append(
            f"Scores are weighted by the judge's probabilities in {weighted['weighted']} verdicts; in "
            f"{weighted['fell_back']} they could not be had, and the written score stands."
        )
    notes += [*jury_notes(report["jury"]), *choice_notes(report), *pairwise_notes(report)]
    return notes + [safe(note) for note in endpoint_notes(report["endpoints"])]


def as_markdown(report: Report) -> str:
    def cell(text: str) -> str:
        # Untrusted names must stay text: no table breaks, links, images or HTML.
        escaped = html.escape(text, quote=False)
        return "".join(f"\\{c}" if c in "|[]`*_~\\!" else c for c in escaped)

    def table(head: list[str], body: list[list[str]]) -> list[str]:
        return [
            "| " + " | ".join(map(cell, head)) + " |",
            "|" + "---|" * len(head),
            *("| " + " | ".join(map(cell, row)) + " |" for row in body),
        ]

    title, *lines = headline(report)
    parts = [f"# {cell(title)}", "", *(f"{cell(line)}  " for line in lines), ""]
    parts += table(*score_table(report))
    parts += ["", "## Categories", "", *table(*category_rows(report)), ""]
    for name, rows in more_tables(report):
        parts += [f"## {cell(name)}", "", *table(*rows), ""]
    parts += [f"- {cell(note)}" for note in footnotes(report)]
    return "\n".join(parts).rstrip() + "\n"


_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans KR',sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}"
    "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}"
    "th,td{border-bottom:1px solid #8886;padding:.35rem .7rem;text-align:left;white-space:nowrap}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}}"
)


def as_html(report: Report) -> str:
    def table(head: list[str], body: list[list[str]]) -> str:
        top = "".join(f"<th>{html.escape(c)}</th>" for c in head)
        lines = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in body)
        return f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"

    title, *lines = headline(report)
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{html.escape(title)}</h1>"
        + "".join(f"<p>{html.escape(line)}</p>" for line in lines)
        + table(*score_table(report))
        + "<h2>Categories</h2>"
        + table(*category_rows(report))
        + "".join(f"<h2>{html.escape(name)}</h2>" + table(*rows) for name, rows in more_tables(report))
        + "<ul>"
        + "".join(f"<li>{html.escape(note)}</li>" for note in footnotes(report))
        + "</ul></body></html>\n"
    )


def csv_cell(value: object) -> object:
    """A spreadsheet runs a text cell that starts like a formula; a quote in front keeps it text."""
    if isinstance(value, str):
        value = safe(value)
        return f"'{value}" if value[:1] in ("=", "+", "-", "@") else value
    return value


def as_csv(report: Report) -> str:
    """Long form: one line per model and slice (overall, turn, category, those of multiple choice and of pairs)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", "comparability_key", "model", "slice", "value", "mean", "low", "high", "n", "failed"])
    for m in report["models"]:
        slices = [("overall", "", m["overall"])]
        slices += [("turn", t, e) for t, e in m["turns"].items()]
        slices += [("category", c, e) for c, e in m["categories"].items()]
        slices += choice_slices(m)
        for kind, value, e in slices:
            line = [report["run"], report["comparability_key"], m["model"], kind, value]
            line += [e[k] for k in ("mean", "low", "high", "n", "failed")]
            writer.writerow([csv_cell(c) for c in line])
    for name, kind, value, e in pairwise_slices(report):
        line = [report["run"], report["comparability_key"], name, kind, value]
        writer.writerow([csv_cell(c) for c in (*line, *(e[k] for k in ("mean", "low", "high", "n", "failed")))])
    return out.getvalue()


TEXT_FORMATS: dict[str, Callable[[Report], str]] = {"markdown": as_markdown, "html": as_html, "csv": as_csv}
