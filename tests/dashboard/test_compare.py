"""The page of comparisons shows what `kojudge compare` prints, seen from either side."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.stored_runs import store_run
from tests.dashboard.support import open_page, said

pytestmark = pytest.mark.filterwarnings("default")


def rows(page: Any, number: int = 0) -> dict[str, dict[str, Any]]:
    """{name: cells} of a table."""
    frame = page.dataframe[number].value
    return {str(row.iloc[0]): dict(row) for _, row in frame.iterrows()}


def drawn(page: Any) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in page.get("vega_lite_chart") + page.get("arrow_vega_lite_chart")]


@pytest.fixture
def demo(run_cli: Any, tmp_path: Path) -> Path:
    assert run_cli("demo").code == 0
    return tmp_path / "kojudge.db"


def test_figures_are_those_of_the_command(run_cli, demo, monkeypatch):
    page = open_page(monkeypatch, demo, "compare", base="scripted:weak")
    printed = json.loads(run_cli("compare", "demo", "--baseline", "scripted:weak", "--format", "json").out)
    table = rows(page)
    assert list(table) == ["scripted:good", "scripted:drifting"]
    for pair in printed["differences"]["pairs"]:
        cells, d = table[pair["model_a"]], pair["difference"]
        assert cells["차이 [95 % 구간]"] == f"{d['mean']:.2f} [{d['low']:.2f}, {d['high']:.2f}]", cells
        assert cells["함께 답한 문항(n)"] == d["n"] == 12
        assert cells["보정한 p"] == f"{pair['p_adjusted']:.4f}"
        assert cells["문항 승 · 무 · 패"] == f"{pair['wins']} · {pair['ties']} · {pair['losses']}"
        assert cells["판독"] == ("기준보다 높음" if pair["differs"] else "구분되지 않음"), pair
    # Two questions a category are too few to compare anything.
    assert set(rows(page, 1)["추론"].values()) >= {"–", "비교 불가"}
    assert "10개부터 비교합니다" in said(page)
    assert "triangle-right" in json.dumps(drawn(page)[0]), "differences are told apart by shape"


def test_from_the_other_side_only_the_sign_changes(demo, monkeypatch):
    pair = ("scripted:good", "scripted:weak")
    page = open_page(monkeypatch, demo, "compare", base=pair[0], models=pair[1])
    down = rows(page)[pair[1]]
    next(button for button in page.button if button.label == "기준과 상대 바꾸기").click().run()
    up = rows(page)[pair[0]]
    figures = [[float(n.strip("[],")) for n in cells["차이 [95 % 구간]"].split()] for cells in (down, up)]
    assert figures[0] == [-figures[1][0], -figures[1][2], -figures[1][1]]
    assert down["보정한 p"] == up["보정한 p"]
    assert down["문항 승 · 무 · 패"].split(" · ") == up["문항 승 · 무 · 패"].split(" · ")[::-1]
    assert (down["판독"], up["판독"]) == ("기준보다 낮음", "기준보다 높음")


def test_a_model_beside_itself_small_differences_and_unknown_names(demo, monkeypatch):
    page = open_page(monkeypatch, demo, "compare", base="scripted:good", models="scripted:good")
    assert "자기 자신과 비교하면 차이는 정의상 0입니다" in said(page)
    page = open_page(monkeypatch, demo, "compare", base="scripted:good", least="9.5")
    assert "더 작은 차이 2건은 뺐습니다" in said(page)
    assert not page.dataframe
    page = open_page(monkeypatch, demo, "compare", base="nobody", lang="en")
    assert "The address asks for nobody, which is not here" in said(page)
    assert list(rows(page)) == ["scripted:drifting", "scripted:weak"]
    assert "Difference [95 % CI]" in page.dataframe[0].value


def test_runs_that_agree_are_compared_and_others_are_not(run_cli, tmp_path, monkeypatch):
    for name, model, more in (("few", "weak", ["--limit", "6"]), ("second", "weak", []), ("first", "good", [])):
        words = ["-m", f"scripted:{model}", "-j", "scripted:rules", "-q", "starter", "--name", name, *more]
        assert run_cli("run", *words).code == 0
    database = tmp_path / "kojudge.db"
    page = open_page(monkeypatch, database, "compare", run="first")
    assert "모델이 하나뿐" in said(page)
    page = open_page(monkeypatch, database, "compare", **{"run": "first", "with": "second"})
    printed = json.loads(run_cli("compare", "first", "second", "--baseline", "scripted:good", "--format", "json").out)
    d = printed["differences"]["pairs"][0]["difference"]
    assert rows(page)["scripted:weak"]["차이 [95 % 구간]"] == f"{d['mean']:.2f} [{d['low']:.2f}, {d['high']:.2f}]"
    page = open_page(monkeypatch, database, "compare", **{"run": "first", "with": "few"})
    assert "비교할 수 없습니다" in page.error[0].value
    assert "문항" in rows(page), rows(page)
    assert not drawn(page)


def test_very_many_models_stand_beside_the_baseline(tmp_path, monkeypatch):
    database = tmp_path / "many.db"
    store_run(f"sqlite:///{database}", models=400, questions=12, words=4)
    assert "모델이 400개로 너무 많아" in said(open_page(monkeypatch, database))
    page = open_page(monkeypatch, database, "compare", base="model-00", models="model-399")
    assert list(rows(page)) == ["model-399"]
    assert rows(page)["model-399"]["함께 답한 문항(n)"] == 12
