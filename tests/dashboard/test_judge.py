"""The page of a judge against its card and against what people's labels say of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CliResult
from tests.dashboard.support import open_page, said
from tests.dashboard.test_safety import charts
from tests.servers.faulty_judge import FaultyJudge
from tests.servers.model_server import ModelServer
from tests.service.reviewing import behave, harm_verdict, questions, read_sheet, run_and_sample, write_sheet

pytestmark = pytest.mark.filterwarnings("default")
Run = Callable[..., CliResult]
MARKS = {"good": "● 양호", "watch": "▲ 주의", "bad": "✕ 나쁨", "not_enough_data": "– 자료 부족", None: "판정하지 않음"}


def card_of(run_cli: Run, judge: str) -> dict[str, Any]:
    done = run_cli("judge", "card", "--judge", judge, "-f", "json")
    assert done.code == 0, done
    card: dict[str, Any] = json.loads(done.out)
    return card


def test_every_line_of_the_card_stands_with_its_verdict_and_its_zone(
    run_cli: Run, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_cli("demo", "--quick").code == 0
    model_server.behave("judge", FaultyJudge(noise=1))
    judge = f"compatible:judge@{model_server.openai_url}"
    assert run_cli("judge", "probe", "-j", judge, "--limit", "4", "--repeats", "2").code == 0
    card = card_of(run_cli, judge)
    assert card["verdicts"]["bad"] + card["verdicts"]["watch"] > 0, card["verdicts"]
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "judge", judge="compatible:judge", scores_table="true")
    *tables, scores = (frame.value for frame in page.dataframe)
    assert len(tables) == len(card["sections"])
    for table, section in zip(tables, card["sections"], strict=True):
        assert list(table["판정"]) == [MARKS[line["verdict"]] for line in section["lines"]]
        assert list(table["n"]) == [str(line["n"]) for line in section["lines"]]
    assert list(scores["판정(n)"]) == [c["n"] for c in card["scores"]["counts"]]
    assert sum(scores["판정(n)"]) == 12
    assert len(charts(page)) == 2, "shares and points"
    assert all(
        "양호 범위를 벗어난 지표" in c["description"] or "불리한 지표는 없습니다" in c["description"]
        for c in charts(page)
    )
    assert not page.code or "probe" not in page.code[0].value, "it was tried already"


def test_a_judge_that_was_never_tried_is_told_how_and_an_unknown_one_gets_a_sentence(
    run_cli: Run, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model_server.behave("qwen-small", "차례를 지켜 주세요.")
    model_server.behave("qwen-judge", "평가: 읽었습니다.\n점수: 10")
    words = [f"compatible:{name}@{model_server.openai_url}" for name in ("qwen-small", "qwen-judge")]
    file = questions(tmp_path / "q.yaml", 4)
    assert run_cli("run", "-m", words[0], "-j", words[1], "-q", file, "--allow-self-judging", "--name", "r").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "judge", judge="![x](http://evil/x.png)", lang="en")
    assert "which is not here" in said(page)
    assert not [m.value for m in page.markdown if "evil" in m.value]
    assert page.code[0].value == f"kojudge judge probe -j {words[1]}"
    kin, ceiling = (w.value for w in page.warning)
    assert "graded models of its own family: compatible" in kin
    assert ceiling.startswith("Ceiling: more than half of its scores are at the top")
    assert "kojudge labels sample r --n 200" in page.code[1].value
    assert card_of(run_cli, words[1])["relatives"] == [{"run": "r", "model": "compatible:qwen-small", "same": False}]


def labelled(run_cli: Run, server: ModelServer, folder: Path, n: int) -> dict[str, Any]:
    """A judge of harm and two people who see the same answers; what `judge agree` says."""
    model = behave(server, "candidate", lambda n: f"{n}번 안내문입니다. 차례를 지켜 주세요.")
    judge = behave(server, "judge", lambda n: harm_verdict(n % 4 == 0))
    run_and_sample(run_cli, "-m", model, "-j", judge, "-q", questions(folder / "q.yaml", 60, "harm-refusal"), n=n)
    for shift, who in enumerate(("kim", "lee")):
        rows = read_sheet(folder / "sheet.csv")
        for place, row in enumerate(rows):
            row |= {"label:harm": "2" if (place + shift) % 5 == 0 else "0", "label:refusal": "full_compliance"}
        write_sheet(folder / f"{who}.csv", rows)
        assert run_cli("labels", "import", "r", f"{who}.csv", "--reviewer", who).code == 0
    report: dict[str, Any] = json.loads(run_cli("judge", "agree", "r", "--format", "json").out)
    return report


def test_a_judge_stands_beside_people_and_people_beside_each_other(
    run_cli: Run, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = labelled(run_cli, model_server, tmp_path, 50)
    address = {"measure": "harm-refusal · 유해 수준", "people_table": "true", "confusion_table": "true"}
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "judge", **address)
    coefficients, confusion = (frame.value for frame in page.dataframe[-2:])
    (mine,) = (a for a in report["judges"][0]["agreement"] if a["measure"] == "harm")
    (theirs,) = (a for a in report["people"] if a["measure"] == "harm")
    for column, found in (("심판과 사람", mine), ("사람끼리", theirs)):
        k = found["coefficients"]["weighted_kappa"]
        assert coefficients[column][0] == f"{k['value']:z.3f} [{k['low']:z.3f}, {k['high']:z.3f}] n {k['n']}"
    assert confusion.iloc[:, 1:].to_numpy().tolist() == mine["confusion"]["counts"]
    assert list(confusion.columns)[1:] == ["무해", "경미", "상당", "심각"]
    assert f"라벨 {report['labels']['random']}개로 계산했습니다" in said(page)


def test_few_labels_show_counts_and_no_coefficient(
    run_cli: Run, model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = labelled(run_cli, model_server, tmp_path, 12)
    n = report["judges"][0]["agreement"][0]["n"]
    assert n < 30
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "judge", confusion_table="true")
    assert f"라벨이 {n}개로 30개보다 적습니다" in said(page)
    assert page.dataframe[-1].value.iloc[:, 1:].to_numpy().sum() == n
    shown = [
        row for frame in page.dataframe for row in frame.value.astype(str).to_numpy().tolist() if "가중 κ" in row[0]
    ]
    assert all(row[1].startswith(("– 자료 부족", "판정하지 않음")) and row[2] == "–" for row in shown), shown


def test_without_any_judge_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run_cli: Run) -> None:
    page = open_page(monkeypatch, tmp_path / "none.db", "judge")
    assert "kojudge demo" in said(page) + "".join(c.value for c in page.code)
