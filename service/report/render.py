"""The report of a run for people: one document from all parts, and the long form for spreadsheets."""

import csv
import io
from collections.abc import Callable

from service.report.build import PARTS
from service.report.cells import csv_cell, safe
from service.report.document import Document, Language, speaker
from service.report.formats import as_markdown
from service.report.methods import methods_document, run_document
from service.report.page import as_html
from service.report.part import Report

_STATUS = {"complete": "완료", "incomplete": "미완료"}
_FIGURE = ("mean", "low", "high", "n", "failed")


def report_document(report: Report, language: Language = "en") -> Document:
    """What every format for people shows of it."""
    say = speaker(language)
    name, status = safe(report["run"]), report["status"]
    return Document(
        language,
        title=say(f"Run {name}: {status}", f"실행 {name}: {_STATUS[status]}"),
        lines=[line for part in PARTS for line in part.lines(report, say)],
        findings=[line for part in PARTS for line in part.findings(report, say)],
        grids=[grid for part in PARTS for grid in part.grids(report, say)],
        notes=[line for part in PARTS for line in part.notes(report, say)],
        details=[
            run_document(report, language),
            methods_document(language, [figure for part in PARTS for figure in part.methods(report)]),
        ],
        label=say("Contains content generated and graded by AI", "AI가 생성·채점한 내용 포함"),
    )


def as_csv(report: Report) -> str:
    """Long form: one line per model (or judge) and slice (overall, turn, category, those of the other parts)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["run", "comparability_key", "model", "slice", "value", *_FIGURE])
    for part in PARTS:
        for whose, kind, value, e in part.slices(report):
            line = [report["run"], report["comparability_key"], whose, kind, value, *(e[k] for k in _FIGURE)]
            writer.writerow([csv_cell(c) for c in line])
    return out.getvalue()


TEXT_FORMATS: dict[str, Callable[[Report, Language], str]] = {
    "markdown": lambda report, language: as_markdown(report_document(report, language)),
    "html": lambda report, language: as_html(report_document(report, language)),
    "csv": lambda report, _: as_csv(report),
}
