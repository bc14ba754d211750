"""kojudge through its public faces: the command line, its JSON, and the database file's own integrity check."""

import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.child import Child, Used
from bench.local_server import ROOT

RUN = "bench"
_FOREIGN = ("OPENAI_", "UPSTAGE_", "OLLAMA_", "VLLM_", "KOJUDGE_")
_DATABASE = "bench.db"


def environment(additions: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything that steers a client, plus `additions`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1"} | dict(additions or {})


@dataclass(frozen=True, slots=True)
class Kojudge:
    """The program in one folder with a database of its own."""

    folder: Path
    additions: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 600.0

    def start(self, *words: str) -> Child:
        command = [sys.executable, "-m", "service.cli", *words]
        additions = {"KOJUDGE_DATABASE_URL": f"sqlite:///{_DATABASE}", **self.additions}
        return Child(command, self.folder, environment(additions), self.timeout_s)

    def __call__(self, *words: str) -> Used:
        return self.start(*words).wait()

    def database_bytes(self) -> int:
        """The database with its companions, on disk."""
        return sum(file.stat().st_size for file in self.folder.glob(f"{_DATABASE}*"))

    def integrity(self) -> str:
        """What SQLite says of a copy of the database: `ok`, its complaint, or `none` if there is no file yet."""
        files = list(self.folder.glob(f"{_DATABASE}*"))
        if not any(file.name == _DATABASE for file in files):
            return "none"
        with tempfile.TemporaryDirectory() as folder:
            for file in files:
                if not file.name.endswith("-shm"):  # an index that SQLite builds anew from the log
                    shutil.copy(file, folder)
            connection = sqlite3.connect(Path(folder) / _DATABASE)
            try:
                return "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check"))
            except sqlite3.DatabaseError as error:
                return str(error)
            finally:
                connection.close()

    def results(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The run's report and its conversations."""
        report = self.start("report", RUN, "--format", "json")
        conversations = self.conversations()
        return json.loads(report.wait().checked(1).out), conversations

    def conversations(self) -> list[dict[str, Any]]:
        """The run as `export jsonl` writes it."""
        with tempfile.TemporaryDirectory() as folder:
            self("export", "jsonl", RUN, folder).checked()
            lines = (Path(folder) / "conversations.jsonl").read_text("utf-8").split("\n")
        return [json.loads(line) for line in lines if line]


def units_of(conversations: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """What became of every answer (status, text) and verdict (status, score, reason), by where it belongs."""
    units: dict[str, Any] = {}
    for row in conversations:
        name = f"{row['model']} {row['question_id']} {row['sample']}"
        for turn in row["turns"]:
            units[f"{name} turn {turn['turn']}"] = (turn["status"], turn["answer"])
        for verdict in row["verdicts"]:
            place = f"{name} turn {verdict['turn']} {verdict['judge']} {verdict['repeat']}"
            units[place] = (verdict["status"], verdict["score"], verdict["rationale"])
    return units


def stable(report: Any) -> Any:
    """A report without what differs between two equal runs: moments and durations."""
    if isinstance(report, dict):
        return {k: stable(v) for k, v in report.items() if not k.endswith(("_at", "_s")) and "latency" not in k}
    return [stable(item) for item in report] if isinstance(report, list) else report
