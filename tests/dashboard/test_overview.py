"""The overview page over a real database, run by Streamlit's own test runner."""

import json

import pytest

from tests.dashboard.support import open_page

pytestmark = pytest.mark.filterwarnings("default")


def test_the_demo_is_shown_with_every_model_and_interval(run_cli, tmp_path, monkeypatch):
    assert run_cli("demo", "--quick").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db")
    scores = page.dataframe[0].value
    assert list(scores["모델"]) == ["scripted:good", "scripted:drifting", "scripted:weak"]
    assert all("[" in cell for cell in scores["전체 [95 % 구간]"])
    assert set(scores["n"]) == {"24"}
    assert any("starter" in caption.value for caption in page.caption)


def test_charts_carry_the_findings_and_the_order_of_the_report(run_cli, tmp_path, monkeypatch):
    assert run_cli("demo", "--quick").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db")
    specs = [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart") + page.get("arrow_vega_lite_chart")]
    assert len(specs) == 3
    said = {text.value for text in page.text}
    assert all(spec["description"] in said for spec in specs), (specs, said)
    order = ["scripted:good", "scripted:drifting", "scripted:weak"]
    assert all(spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == order for spec in specs), specs
    assert specs[2]["layer"][0]["encoding"]["x"]["scale"]["domain"] == [str(n) for n in range(11)]


def test_without_a_database_it_says_what_to_do(tmp_path, monkeypatch):
    page = open_page(monkeypatch, tmp_path / "none.db")
    assert "kojudge demo" in page.text[0].value
    assert not (tmp_path / "none.db").exists()


def test_hostile_names_stay_text(run_cli, tmp_path, monkeypatch):
    turns = '[{"prompt": "무엇인가요?"}]'
    line = (
        '{"model": "<img src=x onerror=alert(1)>[a](javascript:x)\\u202e", "question": {"id": "q", "category": "c", '
        f'"turns": {turns}}}, "turns": [{{"prompt": "무엇인가요?", "answer": "답입니다."}}]}}\n'
    )
    (tmp_path / "r.jsonl").write_text(line, encoding="utf-8")
    assert run_cli("run", "-m", "replay:r.jsonl", "-j", "scripted:rules", "--name", "x").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db")
    assert not any("onerror" in m.value for m in page.markdown)
    assert "\u202e" not in page.dataframe[0].value["모델"][0]
