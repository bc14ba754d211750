"""The page of agreement has the numbers of `kojudge judge agree`, and decisions stand beside the labels."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.review.gold import as_csv, as_jsonl, gold_labels
from service.store import Store, labels, reads
from tests.conftest import CliResult
from tests.dashboard.reviewing import press, stored
from tests.dashboard.support import open_page, said
from tests.service.reviewing import fill, items

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def sheet(run_cli: Callable[..., CliResult], tmp_path: Path) -> Path:
    """The demo with every answer in the sample."""
    assert run_cli("demo", "--quick").code == 0
    assert run_cli("labels", "sample", "demo", "--n", "72", "--output", "sheet.csv").code == 0
    return tmp_path / "sheet.csv"


@pytest.fixture
def labelled(sheet: Path, run_cli: Callable[..., CliResult], tmp_path: Path) -> Path:
    """Two reviewers who differ by three points on every third question, and by nothing on the others."""
    question = {code: item.question for code, item in items(tmp_path, "demo").items()}
    say = {
        "kim": lambda code: question[code] % 6,
        "=lee": lambda code: question[code] % 6 + 3 * (question[code] % 3 == 0),
    }
    for name, score in say.items():
        fill(tmp_path / "filled.csv", sheet, score, name)
        assert run_cli("labels", "import", "demo", "filled.csv").code == 0
    return tmp_path / "kojudge.db"


def gold(database: Path) -> list[dict[str, Any]]:
    store = Store.open(f"sqlite:///{database}")
    with store.read() as connection:
        rows = list(gold_labels(connection, reads.get_run(connection, "demo")))
    store.close()
    return rows


def test_the_figures_are_those_of_the_command(
    labelled: Path, run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    report = json.loads(run_cli("judge", "agree", "demo", "--format", "json").out)
    (row,) = report["people"]
    page = open_page(monkeypatch, labelled, "agreement", agreement_table="true")
    shown = page.dataframe[1].value.iloc[0]
    assert shown["답변 수(n)"] == str(row["n"])
    for name, column in (("alpha", "크리펜도르프 α"), ("weighted_kappa", "가중 κ"), ("ac1", "Gwet AC1")):
        figure = row["coefficients"][name]
        assert shown[column] == f"{figure['value']:.2f} [{figure['low']:.2f}, {figure['high']:.2f}]"
    assert shown["일치율"].startswith(f"{row['exact']['mean']:.2f} [")
    assert page.dataframe[0].value["판정"].tolist() == [72, 72]
    alpha = row["coefficients"]["alpha"]
    page = open_page(monkeypatch, labelled, "agreement")
    assert f"{alpha['value']:.2f} [{alpha['low']:.2f}, {alpha['high']:.2f}]" in said(page)
    table = page.dataframe[1].value
    assert table.drop(columns=table.columns[0]).to_numpy().sum() == row["n"]


def test_a_third_person_decides_and_labels_stay_as_they_were(labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [tuple(row) for row in stored(labelled, "demo")]
    page = open_page(monkeypatch, labelled, "agreement")
    listed = page.dataframe[2].value
    assert set(listed["차이(척도 대비)"]) == {"30%"}
    code = listed["답변"][0]
    assert len(gold(labelled)) == 48
    page = open_page(monkeypatch, labelled, "agreement", item=code, reviewer="kim")
    assert "다른 사람이 해야 합니다" in said(page)
    page.text_input(key="reviewer").set_value("park").run()
    text = said(page)
    assert "=lee: " in text
    assert "scripted:" not in text.partition("판정할 답변")[2]
    press(page, "4")
    next(b for b in page.button if b.label == "이 값으로 정하기").click().run()
    assert not page.exception, [e.value for e in page.exception]
    assert "정했습니다." in said(page)
    assert code not in set(page.dataframe[2].value["답변"])
    assert [tuple(row) for row in stored(labelled, "demo")] == before
    (row,) = [row for row in gold(labelled) if row["source"] == "adjudicated"]
    assert (row["item"], row["value"], row["decided_by"]) == (code, {"score": 4.0}, "park")
    page = open_page(monkeypatch, labelled, "agreement", which="결정됨")
    assert page.dataframe[2].value["정한 사람"].tolist() == ["park"]


def test_gold_labels_hold_no_formula_and_leave_out_what_is_disputed(labelled: Path) -> None:
    store = Store.open(f"sqlite:///{labelled}")
    with store.transaction() as connection:
        run = reads.get_run(connection, "demo")
        item = labels.items_of(connection, run.id)[0]
        turn = labels.TurnKey(run.id, *labels.unit(item))
        labels.save_adjudication(connection, turn, item.rubric, "=HYPERLINK(1)", {"score": 1.0}, "k")
    store.close()
    rows = gold(labelled)
    assert [json.loads(line) for line in as_jsonl(rows).splitlines()] == rows
    table = list(csv.DictReader(io.StringIO(as_csv(rows).removeprefix("\ufeff"))))
    assert len(table) == len(rows) in (48, 49)
    assert {row["source"] for row in table} == {"agreed", "adjudicated"}
    for row in table:
        assert not [cell for cell in row.values() if cell[:1] in ("=", "+", "@")], row
    assert as_csv([]) == "\ufeff"


def test_what_is_missing_is_told(
    sheet: Path, run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "agreement")
    assert "판정한 사람이 아직 없습니다" in said(page)
    fill(tmp_path / "kim.csv", sheet, lambda code: 7)
    assert run_cli("labels", "import", "demo", "kim.csv").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "agreement", lang="en")
    text = said(page)
    assert "A second reviewer gets the shared answers" in text
    assert "There is none." in text
    assert {row["source"] for row in gold(tmp_path / "kojudge.db")} == {"single"}
