"""Databases in every state that a page may meet, made by name."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

from service.store import Store
from tests.conftest import CliResult
from tests.servers.model_server import ModelServer
from tests.service.support import logickor_questions, specs, write_jsonl
from tests.service.test_migrations import old_database

Run = Callable[..., CliResult]
MANY_RUNS = 1000
MANY_MODELS = 1000


def absent(_file: Path, _run: Run, _server: ModelServer) -> None:
    """Nothing is there."""


def empty(file: Path, _run: Run, _server: ModelServer) -> None:
    Store.open(f"sqlite:///{file}").close()


def folder(file: Path, _run: Run, _server: ModelServer) -> None:
    file.mkdir()


def no_database(file: Path, _run: Run, _server: ModelServer) -> None:
    file.write_text("이것은 데이터베이스가 아닙니다.", encoding="utf-8")


def damaged(file: Path, run: Run, server: ModelServer) -> None:
    ended(file, run, server)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def older(file: Path, _run: Run, _server: ModelServer) -> None:
    old_database(file, "0007")


def newer(file: Path, run: Run, server: ModelServer) -> None:
    empty(file, run, server)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()


def ended(file: Path, run: Run, _server: ModelServer) -> None:
    assert run("demo", "--quick", "--database", f"sqlite:///{file}").code == 0


def stopped(file: Path, run: Run, server: ModelServer) -> None:
    """A part of the verdicts is there."""
    server.inject("judge", *["ok"] * 3, then="quota")
    _asked(file, run, server)


def unjudged(file: Path, run: Run, server: ModelServer) -> None:
    """No verdict at all, and no answer."""
    server.inject("candidate", then="quota")
    _asked(file, run, server)


def failed(file: Path, run: Run, server: ModelServer) -> None:
    """No verdict can be read."""
    server.inject("judge", then="unparsable")
    _asked(file, run, server)


def _asked(file: Path, run: Run, server: ModelServer) -> None:
    questions = write_jsonl(file.with_name("questions.jsonl"), logickor_questions(4))
    words = ["run", *map(str, specs(server)), "-q", str(questions), "--name", "r", "--concurrency", "1"]
    done = run(*words, "--database", f"sqlite:///{file}")
    assert done.code != 0, done


def imported(file: Path, run: Run, _server: ModelServer) -> None:
    rows = [
        {
            "id": n,
            "category": "추론",
            "questions": ["하나를 풀어 줘.", "다시 설명해 줘."],
            "references": [None, None],
            "outputs": ["답은 하나입니다.", "다시 말해 하나입니다."],
            "query_single": {"judge_message": "좋다", "judge_score": 8.0},
            "query_multi": {"judge_message": "Impossible to judge due to repetition.", "judge_score": 0.0},
        }
        for n in (1, 2)
    ]
    write_jsonl(file.parent / "evaluated" / "acme" / "default.jsonl", rows)
    done = run("import", "logickor", str(file.parent / "evaluated"), "--name", "x", "--database", f"sqlite:///{file}")
    assert done.code == 0, done


def many_runs(file: Path, run: Run, server: ModelServer) -> None:
    ended(file, run, server)
    with sqlite3.connect(file) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(runs)") if row[1] not in ("id", "name")]
        columns = ", ".join(f'"{name}"' for name in names)
        copy = f"INSERT INTO runs (name, {columns}) SELECT ?, {columns} FROM runs WHERE name = 'demo'"
        connection.executemany(copy, [(f"run {n}",) for n in range(MANY_RUNS)])
    connection.close()


def many_models(file: Path, run: Run, _server: ModelServer) -> None:
    asked = [{"prompt": "무엇인가요?"}]
    question = {"id": "q", "category": "c", "turns": asked}
    rows = [
        {"model": f"조직/모델-{n}", "question": question, "turns": [{**asked[0], "answer": f"답입니다. {n}"}]}
        for n in range(MANY_MODELS)
    ]
    write_jsonl(file.with_name("many.jsonl"), rows)
    words = ["run", "-m", f"replay:{file.with_name('many.jsonl')}", "-j", "scripted:rules", "--name", "many"]
    done = run(*words, "--database", f"sqlite:///{file}", "--format", "json")
    assert done.code == 0, done
    assert len(json.loads(done.out)["models"]) == MANY_MODELS


def read_only(file: Path, run: Run, server: ModelServer) -> None:
    ended(file, run, server)
    file.chmod(0o444)


STATES = (
    absent,
    empty,
    folder,
    no_database,
    damaged,
    older,
    newer,
    ended,
    stopped,
    unjudged,
    failed,
    imported,
    many_runs,
    many_models,
    read_only,
)
