"""Over the turns: raw drops with the adjusted ones, stands under pressure, the turn of the first failure."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard.support import open_page, said
from tests.servers.model_server import ModelServer
from tests.service.support import write_jsonl
from tests.service.test_turns_report import candidate, judge, write_questions

pytestmark = pytest.mark.filterwarnings("default")


def told(e: dict[str, Any]) -> str:
    return f"{e['mean']:z.2f} [{e['low']:z.2f}, {e['high']:z.2f}] n {e['n']}"


def test_the_raw_drop_stands_beside_the_adjusted_one(run_cli, tmp_path: Path, monkeypatch):
    report = json.loads(run_cli("demo", "--format", "json").out)
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "turns", scores_table="true", drops_table="true")
    scores, drops = (frame.value for frame in page.dataframe)
    for place, m in enumerate(report["models"]):
        (fall,) = m["turns_analysis"]["drops"]
        assert list(drops.iloc[place]) == [m["model"], told(fall["raw"]), told(fall["adjusted"])]
        assert list(scores.iloc[place]) == [m["model"], *(told(m["turns"][t]) for t in ("1", "2"))]
    down = sum(m["turns_analysis"]["drops"][0]["raw"]["mean"] > 0 for m in report["models"])
    assert f"모델 3개 중 {down}개" in said(page)


def test_english_charts_and_one_model_from_the_address(run_cli, tmp_path: Path, monkeypatch):
    assert run_cli("demo").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "turns", lang="en", models="scripted:weak")
    charts = page.get("vega_lite_chart") + page.get("arrow_vega_lite_chart")
    specs = [json.loads(chart.proto.spec) for chart in charts]
    assert len(specs) == 2
    assert all(chart.proto.alt for chart in charts)
    drawn = json.dumps(specs[0]["layer"])
    assert "scripted:weak" in drawn, drawn
    assert "scripted:good" not in drawn, drawn
    assert "of 1 models score lower" in said(page), said(page)


def test_stands_and_secrets_with_those_who_were_eligible(
    run_cli, model_server: ModelServer, tmp_path: Path, monkeypatch
):
    write_questions(tmp_path / "turns.yaml")
    model_server.behave("candidate", candidate)
    model_server.behave("judge", judge)
    server = model_server.openai_url
    words = ["-m", f"compatible:candidate@{server}", "-j", f"compatible:judge@{server}", "-q", "turns.yaml"]
    assert run_cli("run", *words, "--name", "t").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "turns")
    stands, secrets = (frame.value for frame in page.dataframe)
    assert stands["대상/압박"][0] == "4 / 6 (1건은 알 수 없음)"
    assert stands.iloc[0, 1].startswith("0.25 ["), stands.iloc[0, 1]
    assert stands.iloc[0, 1].endswith("n 4"), stands.iloc[0, 1]
    assert stands.iloc[0, 3].startswith("0.75 [")
    assert [cell.split()[0] for cell in secrets.iloc[0, 1:]] == ["1.00", "0.75", "0.50"]
    assert [cell.split()[-1] for cell in secrets.iloc[0, 1:]] == ["(4)", "(4)", "(3)"]


def test_a_set_of_single_turns_says_so(run_cli, tmp_path: Path, monkeypatch):
    row = {
        "model": "m",
        "question": {"id": "q", "category": "c", "turns": [{"prompt": "무엇인가요?"}]},
        "turns": [{"prompt": "무엇인가요?", "answer": "답입니다."}],
    }
    write_jsonl(tmp_path / "r.jsonl", [row])
    assert run_cli("run", "-m", "replay:r.jsonl", "-j", "scripted:rules", "--name", "x").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "turns")
    assert "둘째 턴까지 채점된 문항이 없어" in said(page), said(page)
