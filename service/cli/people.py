"""`judge agree`."""

import json
from pathlib import Path

from service.cli.emit import emit_document, emit_text
from service.cli.options import CardFormat, Language, PageFormat
from service.errors import UsageError
from service.report.agreement import agreement_document
from service.review.people import people_report
from service.store import Store, reads


def show_agreement(name: str, database: str, how: CardFormat, language: Language, output: Path | None) -> None:
    """Print what people's labels say of a run, or write it to a file."""
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            report = people_report(connection, reads.get_run(connection, name))
    finally:
        store.close()
    if report is None:
        raise UsageError(f"run {name!r} has no label yet; `kojudge labels sample {name} -o sheet.csv` makes a sheet")
    if how is CardFormat.json:
        emit_text(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False) + "\n", output)
        return
    emit_document(agreement_document(report, language.value), PageFormat(how.value), output)
