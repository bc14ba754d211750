"""How scoring a stored run anew grows: `kojudge report` over ten thousand verdicts up to a million.

    python -m bench.rescoring [--sizes 10000,100000,1000000] [--json FILE] [--quick]

Twenty models, two turns a question, one verdict a turn. One model comes in through `kojudge import logickor`, the
others are copies of its rows with scores of their own, written straight into the database.
"""

import argparse
import json
import random
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.kojudge import RUN, Kojudge
from bench.tables import Cell, Table, say, write_json

MODELS, TURNS = 20, 2
_CATEGORIES = ("추론", "수학", "글쓰기", "코딩", "이해", "문법")
_DATABASE = "bench.db"


@dataclass(frozen=True, slots=True)
class Rescored:
    """One `kojudge report --format json`, from the start of the process to its end."""

    verdicts: int
    questions: int
    wall_s: float
    cpu_s: float
    peak_rss_mb: float
    database_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000,1000000", help="verdicts, separated by commas")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, for a machine")
    parser.add_argument("--quick", action="store_true", help="one tiny size: does it run at all?")
    options = parser.parse_args()
    sizes = [MODELS * TURNS * 5] if options.quick else [int(size) for size in options.sizes.split(",")]
    found: list[Rescored] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found.append(_measure(Path(folder), size // (MODELS * TURNS)))
        say(f"  {found[-1].verdicts:,} verdicts scored in {found[-1].wall_s:.1f} s")
    figures = [asdict(rescored) for rescored in found]
    for table in tables(figures):
        table.say()
    write_json(options.json, figures)


def _measure(folder: Path, questions: int) -> Rescored:
    kojudge = Kojudge(folder)
    _write_evaluated(folder / "evaluated", questions)
    kojudge("import", "logickor", "evaluated", "--name", RUN).checked()
    verdicts = _fill(folder / _DATABASE)
    report = kojudge("report", RUN, "--format", "json").checked(1)
    scored = sum(model["overall"]["n"] for model in json.loads(report.out)["models"])
    if scored != verdicts:
        raise RuntimeError(f"{scored} of {verdicts} verdicts were scored")
    return Rescored(
        verdicts, questions, report.wall_s, report.cpu_s, report.peak_rss_mb, kojudge.database_bytes() / 1e6
    )


def _write_evaluated(folder: Path, questions: int) -> None:
    """The first model with all questions, the others with one."""
    scores = random.Random(1)
    for model in range(MODELS):
        file = folder / f"model-{model:02}.jsonl"
        file.parent.mkdir(exist_ok=True)
        with file.open("w", encoding="utf-8") as lines:
            for number in range(questions if model == 0 else 1):
                lines.write(json.dumps(_row(number, scores), ensure_ascii=False) + "\n")


def _row(number: int, scores: random.Random) -> dict[str, Any]:
    row: dict[str, Any] = {"id": number, "category": _CATEGORIES[number % len(_CATEGORIES)]}
    row["questions"] = [f"{number}번 물음, {turn}째 차례입니다." for turn in range(1, TURNS + 1)]
    row["references"] = [None] * TURNS
    row["outputs"] = ["답을 두 문장으로 적어 보겠습니다. 이만하면 됐습니다."] * TURNS
    for turn in ("query_single", "query_multi"):
        row[turn] = {"judge_message": "평가: 물음에 맞게 답했습니다.", "judge_score": float(scores.randint(0, 10))}
    return row


def _fill(database: Path) -> int:
    """Give every model the rows of the first one, with scores that lie 0 to 3 lower; the number of verdicts."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in ("answers", "verdicts"):
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            lower = "MAX(0.0, {0} - ABS(RANDOM()) % (2 + :model % 3))"
            values = [
                ":model" if name == "model" else lower.format(name) if name == "score" else name for name in columns
            ]
            copy = f"INSERT OR IGNORE INTO {table} SELECT {', '.join(values)} FROM {table} WHERE model = 0"
            for model in range(1, MODELS):
                connection.execute(copy, {"model": model})
        (verdicts,) = connection.execute("SELECT count(*) FROM verdicts").fetchone()
        return int(verdicts)


def tables(figures: Sequence[Mapping[str, Any]]) -> list[Table]:
    """One row a size."""
    found = [Rescored(**figure) for figure in figures]
    rows: list[list[Cell]] = [
        [f"{f.verdicts:,}", f"{f.questions:,}", f.wall_s, f.cpu_s, round(f.peak_rss_mb), round(f.database_mb)]
        for f in found
    ]
    heads = ["verdicts", "questions", "wall s", "CPU s", "peak RSS MB", "database MB"]
    return [Table(f"Scoring a stored run of {MODELS} models anew", heads, rows)]


if __name__ == "__main__":
    main()
