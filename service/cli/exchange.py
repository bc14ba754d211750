"""`import` and `export`."""

from pathlib import Path

from rich.text import Text

from service.cli.options import ExportKind, ImportKind
from service.cli.terminal import err, plain
from service.interchange.export import EXPORTS
from service.interchange.logickor import import_logickor
from service.report.build import build_report
from service.store import Store, reads

_IMPORTS = {ImportKind.logickor: import_logickor}


def import_results(kind: ImportKind, path: Path, name: str | None, database: str) -> None:
    store = Store.open(database)
    try:
        run_name, new = _IMPORTS[kind](store, path, name)
        with store.read() as connection:
            report = build_report(connection, reads.get_run(connection, run_name))
    finally:
        store.close()
    verdicts = sum(m["overall"]["n"] + m["overall"]["failed"] for m in report["models"])
    failed = sum(m["overall"]["failed"] for m in report["models"])
    word = "Imported" if new else "Already there:"
    plain(
        f"{word} run {run_name}: {len(report['models'])} models, {verdicts} verdicts, "
        f"{failed} of them failures that were published as scores"
    )
    err().print(Text(f"Next: kojudge report {run_name}"))


def export_run(kind: ExportKind, name: str, folder: Path, database: str) -> None:
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            written = EXPORTS[kind.value](connection, reads.get_run(connection, name), folder)
    finally:
        store.close()
    for path in written:
        plain(str(path))
