"""A report to the terminal, a pipe or a file."""

import json
import os
from pathlib import Path
from secrets import token_hex
from typing import Any

import typer
from rich.text import Text

from service.cli.options import Language, PageFormat, ReportFormat
from service.cli.terminal import err, print_document
from service.errors import UsageError
from service.report.document import Document
from service.report.formats import as_markdown
from service.report.page import as_html
from service.report.render import TEXT_FORMATS, report_document


def emit(
    report: dict[str, Any], report_format: ReportFormat, output: Path | None, language: Language = Language.en
) -> None:
    """Print a report, or write it to a file."""
    if report_format is ReportFormat.table and output is None:
        print_document(report_document(report, language.value))
        return
    if report_format is ReportFormat.json:
        text = json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    else:
        text = TEXT_FORMATS.get(report_format.value, TEXT_FORMATS["markdown"])(report, language.value)
    emit_text(text, output)


def emit_document(document: Document, page_format: PageFormat, output: Path | None) -> None:
    """Print a document, or write it to a file."""
    if page_format is PageFormat.table and output is None:
        print_document(document)
        return
    emit_text(as_html(document) if page_format is PageFormat.html else as_markdown(document), output)


def emit_text(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file, which is never left half written.

    Raises:
        UsageError: the file cannot be written; what stood there is as it was.
    """
    if output is None:
        typer.echo(text, nl=False)
        return
    if output.is_dir():
        raise UsageError(f"cannot write {output}: it is a folder; name a file in it, such as {output / 'report'}")
    try:
        if output.exists() and not output.is_file():  # a pipe or a device has nothing to replace
            output.write_text(text, encoding="utf-8")
        else:
            _replace(output.resolve(), text)
    except OSError as error:
        raise UsageError(f"cannot write {output}: {error.strerror}") from error
    err().print(Text(f"wrote {output}"))


def _replace(path: Path, text: str) -> None:
    draft = path.with_name(f".kojudge-{token_hex(8)}")
    try:
        with draft.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            draft.chmod(path.stat().st_mode & 0o7777)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
