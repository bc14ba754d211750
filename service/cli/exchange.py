"""`import` and `export`."""

from pathlib import Path
from typing import Any

from rich.text import Text

from service.cli.options import ExportKind, ImportKind
from service.cli.terminal import err, plain
from service.errors import UsageError
from service.interchange.alpaca_eval import import_alpaca_eval
from service.interchange.arena_hard import import_arena_hard
from service.interchange.export import export_csv, export_jsonl, export_logickor
from service.interchange.fastchat import import_fastchat
from service.interchange.fastchat_export import export_mtbench
from service.interchange.logickor import import_logickor
from service.report.build import build_report
from service.report.pairwise import failed_comparisons
from service.store import Store, reads

_WITH_QUESTIONS = {ImportKind.mtbench: import_fastchat, ImportKind.arena_hard: import_arena_hard}
_SELF_CONTAINED = {ImportKind.logickor: import_logickor, ImportKind.alpaca_eval: import_alpaca_eval}

_EXPORTS = {
    ExportKind.jsonl: export_jsonl,
    ExportKind.csv: export_csv,
    ExportKind.logickor: export_logickor,
    ExportKind.mtbench: export_mtbench,
}


def import_results(
    kind: ImportKind, path: Path, name: str | None, questions: Path | None, answers: Path | None, database: str
) -> None:
    if kind in _SELF_CONTAINED and (questions or answers):
        raise UsageError(f"{kind.value} files hold their questions and answers; leave out --questions and --answers")
    store = Store.open(database)
    try:
        if kind in _SELF_CONTAINED:
            run_name, new = _SELF_CONTAINED[kind](store, path, name)
        else:
            run_name, new = _WITH_QUESTIONS[kind](store, path, name, questions, answers)
        with store.read() as connection:
            report = build_report(connection, reads.get_run(connection, run_name))
    finally:
        store.close()
    plain(f"{'Imported' if new else 'Already there:'} run {run_name}: {_counted(report)}")
    err().print(Text(f"Next: kojudge report {run_name}"))


def _counted(report: dict[str, Any]) -> str:
    """`2 models, 160 verdicts, 3 of them failures that were published as scores`."""
    parts = [f"{len(report['models'])} models"]
    verdicts = sum(m["overall"]["n"] + m["overall"]["failed"] for m in report["models"])
    if verdicts:
        failed = sum(m["overall"]["failed"] for m in report["models"])
        told = "failures that were published as scores" if report["imported"] is None else "failures"
        parts.append(f"{verdicts} verdicts, {failed} of them {told}")
    if report["pairwise"]:
        parts.append(f"{report['pairwise']['planned']} comparisons, {failed_comparisons(report)} of them failures")
    return ", ".join(parts)


def export_run(kind: ExportKind, name: str, folder: Path, database: str) -> None:
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            written = _EXPORTS[kind](connection, reads.get_run(connection, name), folder)
    finally:
        store.close()
    for path in written:
        plain(str(path))
