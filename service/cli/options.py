"""Options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

Database = Annotated[
    str,
    typer.Option(
        "--database",
        envvar="KOJUDGE_DATABASE_URL",
        help="Database address, sqlite:///FILE.",
        show_default="sqlite:///kojudge.db",
    ),
]
DATABASE_DEFAULT = "sqlite:///kojudge.db"
RunName = Annotated[str, typer.Argument(metavar="RUN", help="The run's name; `kojudge runs` lists them.")]
Reference = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="The model of the run that the bands of safety compare with."),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of the terminal.")]


class ReportFormat(StrEnum):
    table = "table"
    json = "json"
    markdown = "markdown"
    html = "html"
    csv = "csv"


class PageFormat(StrEnum):
    table = "table"
    markdown = "markdown"
    html = "html"


class Language(StrEnum):
    en = "en"
    ko = "ko"


class ListFormat(StrEnum):
    table = "table"
    json = "json"


class CheckFormat(StrEnum):
    table = "table"
    json = "json"
    csv = "csv"


class CardFormat(StrEnum):
    table = "table"
    json = "json"
    markdown = "markdown"
    html = "html"


class Grouping(StrEnum):
    model = "model"
    category = "category"


class CheckKind(StrEnum):
    """The kinds of `judge.checks.observations`, which would take long to import for a help page."""

    wrong_language = "wrong_language"
    foreign_script = "foreign_script"
    leaked_tokens = "leaked_tokens"
    empty = "empty"
    repetition = "repetition"
    register = "register"
    refusal = "refusal"
    partial_refusal = "partial_refusal"
    personal_data = "personal_data"
    addressing = "addressing"
    canary = "canary"
    failed_check = "failed_check"


class AnalysisFormat(StrEnum):
    table = "table"
    json = "json"
    markdown = "markdown"
    csv = "csv"


class AnalysisUnit(StrEnum):
    turn = "turn"
    question = "question"


class ItemKind(StrEnum):
    suspicious = "suspicious"
    uninformative = "uninformative"


class ExportKind(StrEnum):
    jsonl = "jsonl"
    csv = "csv"
    logickor = "logickor"
    mtbench = "mtbench"


class JuryKind(StrEnum):
    mean = "mean"
    median = "median"
    majority = "majority"


class ImportKind(StrEnum):
    logickor = "logickor"
    mtbench = "mtbench"
    arena_hard = "arena-hard"
    alpaca_eval = "alpaca-eval"


ReportFormatOption = Annotated[ReportFormat, typer.Option("--format", "-f", help="How to print the report.")]
PageFormatOption = Annotated[PageFormat, typer.Option("--format", "-f", help="How to print the page.")]
ListFormatOption = Annotated[ListFormat, typer.Option("--format", "-f", help="How to print it.")]
LanguageOption = Annotated[
    Language, typer.Option("--language", envvar="KOJUDGE_LANGUAGE", help="Of what is printed: English or Korean.")
]
