"""Categories by model: the report's figures in the cells, and what they rest on."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.stored_runs import store_run
from tests.dashboard.support import open_page, said

pytestmark = pytest.mark.filterwarnings("default")


def cells(page: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """{(model, category): what is drawn}."""
    chart = (page.get("vega_lite_chart") + page.get("arrow_vega_lite_chart"))[0]
    spec = json.loads(chart.proto.spec)
    if "datasets" in spec:
        rows = [row for data in spec["datasets"].values() for row in data]
    else:
        import pyarrow

        tables = [chart.proto.data.data, *(d.data.data for d in chart.proto.datasets)]
        rows = [row for data in tables if data for row in pyarrow.ipc.open_stream(data).read_all().to_pylist()]
    return {(row["row"], row["column"]): row for row in rows}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """Three models; a category has 20 verdicts of each."""
    store_run(f"sqlite:///{tmp_path / 'kojudge.db'}", 3, 60)
    return tmp_path / "kojudge.db"


def test_cells_hold_the_estimates_of_the_report(run_cli, stored, monkeypatch):
    report = json.loads(run_cli("report", "big", "--format", "json").out)
    drawn = {key: open_page(monkeypatch, stored, "heatmap", value=key) for key in ("추정값", "하한", "판정 수(n)")}
    for m in report["models"]:
        for category, e in m["categories"].items():
            shown = [cells(page)[m["model"], category]["text"] for page in drawn.values()]
            assert shown == [f"{e['mean']:.1f}*", f"{e['low']:.1f}*", f"{e['n']}"], (m["model"], category, e)
    text = said(drawn["추정값"])
    assert "판정 30건 미만" in text
    means = [e["mean"] for m in report["models"] for e in m["categories"].values()]
    assert all(f"{mean:.2f} [" in text for mean in (min(means), max(means))), text


def test_a_table_stands_in_with_links_to_the_conversations(stored, monkeypatch):
    page = open_page(monkeypatch, stored, "heatmap", table="true", model="model-01", lang="en")
    frame = page.dataframe[0].value
    assert set(frame["Model"]) == {"model-01"}
    assert len(frame) == 6
    assert frame["Open"][0].startswith("/explorer?run=big&lang=en&models=model-01&category="), frame["Open"][0]
    assert "The address asks for model-99, which is not here" in said(
        open_page(monkeypatch, stored, "heatmap", model="model-99", lang="en")
    )


def test_few_verdicts_are_counted_only(run_cli, tmp_path, monkeypatch):
    assert run_cli("demo").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "heatmap")
    assert {cell["text"] for cell in cells(page).values()} == {"– (4)"}
    assert "10건이 안 되어" in said(page)
    table = open_page(monkeypatch, tmp_path / "kojudge.db", "heatmap", table="true").dataframe[0].value
    assert set(table["평균 [95 % 구간]"]) == {"–"}
    assert set(table["판정 수(n)"]) == {4}
