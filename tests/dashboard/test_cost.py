"""The page of costs adds up to the ledger."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CliResult
from tests.dashboard.support import open_page, said
from tests.servers.model_server import ModelServer
from tests.service.support import logickor_questions, specs, write_jsonl, write_plan

pytestmark = pytest.mark.filterwarnings("default")


def test_sums_are_those_of_the_ledger(
    run_cli: Callable[..., CliResult], model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(3))
    _, model, _, judge = map(str, specs(model_server))
    price = {"price": {"input": 1000.0, "output": 3000.0}}
    plan = write_plan(
        tmp_path / "p.yaml",
        models=[model],
        judges=[judge],
        questions=[str(file)],
        endpoints={model: price, judge: price},
    )
    assert run_cli("run", plan, "--yes").code == 0
    with sqlite3.connect(tmp_path / "kojudge.db") as connection:
        cost, calls = connection.execute("SELECT sum(cost_usd), count(*) FROM completions").fetchone()
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "cost", cost_table="true")
    assert [m.value for m in page.metric] == [f"${cost:.4f}", "0", "0"]
    by_model, by_endpoint = (frame.value for frame in page.dataframe)
    assert by_model["비용(USD)"].sum() == pytest.approx(cost)
    assert by_endpoint["호출(n)"].sum() == calls == 12


def test_a_run_that_bought_nothing_says_so(
    run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "r.jsonl").write_text(
        '{"model": "m", "question": {"id": "q", "category": "c", "turns": [{"prompt": "무엇인가요?"}]}, '
        '"turns": [{"prompt": "무엇인가요?", "answer": "답입니다."}]}\n',
        encoding="utf-8",
    )
    assert run_cli("run", "-m", "replay:r.jsonl", "-j", "scripted:rules", "--name", "x").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "cost")
    text = said(page) + "".join(str(frame.value) for frame in page.dataframe)
    assert "$0.0000" in text or "산 것이 없습니다" in text, text
