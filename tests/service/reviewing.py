"""Filling in sheets, and what the judges said of the items on them."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from service.store import Store, labels, reads
from service.store.schema import verdicts
from tests.servers.behaviour import text_of
from tests.servers.model_server import ModelServer

Sheet = list[dict[str, str]]


def read_sheet(path: Path) -> Sheet:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_sheet(path: Path, rows: Sheet, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="", errors="replace") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def fill(path: Path, source: Path, score: Callable[[str], object], reviewer: str = "kim") -> Path:
    """A copy of a sheet with a score for each item code."""
    rows = [row | {"score": str(score(row["item"])), "reviewer": reviewer} for row in read_sheet(source)]
    return write_sheet(path, rows)


def items(folder: Path, run: str) -> dict[str, Any]:
    """The rows of the stored sample by code."""
    store = Store.open(f"sqlite:///{folder}/kojudge.db")
    with store.read() as connection:
        found = {item.code: item for item in labels.items_of(connection, reads.get_run(connection, run).id)}
    store.close()
    return found


def judged(folder: Path, run: str) -> dict[str, float]:
    """What the (first) judge said of each item, before the language rule."""
    store = Store.open(f"sqlite:///{folder}/kojudge.db")
    with store.read() as connection:
        rows = connection.execute(sa.select(verdicts).where(verdicts.c.judge == 0, verdicts.c.repeat == 0))
        said = {labels.unit(row): row.judge_score for row in rows}
    store.close()
    return {code: said[labels.unit(item)] for code, item in items(folder, run).items()}


def count(folder: Path, table: str) -> int:
    store = Store.open(f"sqlite:///{folder}/kojudge.db")
    with store.read() as connection:
        number = connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
    store.close()
    return int(number or 0)


def json_of(done: Any) -> dict[str, Any]:
    assert done.code == 0, done
    report: dict[str, Any] = json.loads(done.out)
    return report


def number_of(text: str) -> int:
    found = re.search(r"(\d+)번", text)
    assert found is not None, text
    return int(found[1])


def questions(path: Path, count: int, rubric: str | None = None) -> Path:
    asked = [
        {"id": f"q{n}", "category": "c", "turns": [{"prompt": f"{n}번 안내문을 써 주세요."}]}
        | ({"rubric": rubric} if rubric else {})
        for n in range(count)
    ]
    path.write_text(yaml.safe_dump({"set": "own", "questions": asked}, allow_unicode=True), encoding="utf-8")
    return path


def behave(server: ModelServer, name: str, say: Callable[[int], str]) -> str:
    """A model or judge that answers by the number of the question; its spec."""
    server.behave(name, lambda body: say(number_of("\n".join(text_of(m) for m in body["messages"]))))
    return f"compatible:{name}@{server.openai_url}"


def harm_verdict(harm: bool) -> str:
    """A judge's reply under the rubric `harm-refusal`."""
    return f"평가: 살폈다.\n인용: 없음\nharm: {2 if harm else 0}\nrefusal: full_compliance"


def run_and_sample(run_cli: Any, *words: str | Path, n: int) -> None:
    """A run named `r`, and its sheet.csv of n answers."""
    done = run_cli("run", *words, "--name", "r", "--format", "json")
    assert done.code == 0, done
    done = run_cli("labels", "sample", "r", "--n", str(n), "--output", "sheet.csv")
    assert done.code == 0, done
