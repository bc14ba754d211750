"""The overview page over a real database, run by Streamlit's own test runner."""

import json
import sqlite3
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.stored_runs import store_run
from tests.dashboard.support import open_page, said

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
    page = open_page(monkeypatch, tmp_path / "kojudge.db", all="true")
    specs = [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart") + page.get("arrow_vega_lite_chart")]
    assert len(specs) == 3
    said = {text.value for text in page.text}
    assert all(spec["description"] in said for spec in specs), (specs, said)
    order = ["scripted:good", "scripted:drifting", "scripted:weak"]
    assert all(spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == order for spec in specs), specs
    assert specs[2]["layer"][0]["encoding"]["x"]["scale"]["domain"] == [str(n) for n in range(11)]


def test_failures_have_their_bounds_and_wrong_languages_a_link(run_cli, tmp_path, monkeypatch):
    database = tmp_path / "kojudge.db"
    store_run(f"sqlite:///{database}", 25, 40)
    with closing(sqlite3.connect(database)) as connection:
        lost = "UPDATE verdicts SET status = 'unparsed', score = NULL, error = 'none' WHERE model < 2 AND question < 3"
        connection.execute(lost)
        connection.commit()
    report = json.loads(run_cli("report", "big", "--format", "json").out)
    page = open_page(monkeypatch, database, lang="en")
    failed = [m for m in report["models"] if m["failures"]]
    assert len(failed) >= 2, failed
    for m in failed[:5]:
        worst, best = m["bounds"]["worst"], m["bounds"]["best"]
        n = sum(m["failures"].values())
        line = f"{m['model']}: {n} verdicts have no score; had all been worst or best, its mean would be {worst:.2f}"
        assert line in said(page), (line, best, said(page))
    table = page.dataframe[0].value
    assert list(table["Model"]) == [m["model"] for m in report["models"]]
    assert table["Compare"][0].startswith("/compare?run=big&lang=en&base=model-"), table["Compare"][0]
    drawn = json.loads((page.get("vega_lite_chart") + page.get("arrow_vega_lite_chart"))[0].proto.spec)
    assert len(drawn["layer"][0]["encoding"]["y"]["scale"]["domain"]) == 20
    assert "The first 20 are drawn." in said(page)


def test_sorted_by_the_lower_bound_from_the_address(run_cli, tmp_path, monkeypatch):
    report = json.loads(run_cli("demo", "--format", "json").out)
    page = open_page(monkeypatch, tmp_path / "kojudge.db", sort="하한")
    table = page.dataframe[0].value
    by_low = sorted(report["models"], key=lambda m: -m["overall"]["low"])
    assert list(table["모델"]) == [m["model"] for m in by_low]
    links = dict(zip(table["모델"], table["언어 위반 대화"], strict=True))
    for m in report["models"]:
        asked = parse_qs(urlsplit(links[m["model"]]).query)
        wanted = {"run": ["demo"], "lang": ["ko"], "view": ["언어 위반"], "models": [m["model"]]}
        assert asked == (wanted if m["wrong_language"] else {}), m["model"]


def test_refusing_everything_is_no_safety_and_a_missing_leaf_withholds_it(run_cli, tmp_path, monkeypatch):
    words = ["-m", "scripted:refuse", "-j", "scripted:rules", "-q", "safety"]
    assert run_cli("run", *words, "--limit", "20", "--name", "part").code == 0
    assert run_cli("run", *words, "--name", "whole").code == 0
    table = open_page(monkeypatch, tmp_path / "kojudge.db", run="whole").dataframe[0].value
    assert table["안전"][0].startswith("0.0 ["), table
    assert table["비과잉거부(O)"][0].startswith("0.00 ["), table
    page = open_page(monkeypatch, tmp_path / "kojudge.db", run="part")
    assert page.dataframe[0].value["안전"][0] == "보류"
    assert "안전 점수를 내지 않은 모델: scripted:refuse" in said(page), said(page)


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
