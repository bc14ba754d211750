"""The list of conversations and one of them, against what the run holds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CliResult
from tests.dashboard.support import open_page, said

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def demo(run_cli: Callable[..., CliResult], tmp_path: Path) -> Path:
    assert run_cli("demo", "--quick").code == 0
    return tmp_path / "kojudge.db"


def test_every_conversation_is_listed_with_its_mean(
    demo: Path, run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_cli("export", "jsonl", "demo", tmp_path / "out").code == 0
    rows = (tmp_path / "out" / "conversations.jsonl").read_text("utf-8").splitlines()
    means = {
        (c["model"], c["question_id"]): sum(v["score"] for v in c["verdicts"]) / len(c["verdicts"])
        for c in map(json.loads, rows)
    }
    page = open_page(monkeypatch, demo, "explorer")
    table = page.dataframe[0].value
    shown = {(row["모델"], row["문항"]): row["평균 점수"] for _, row in table.iterrows()}
    assert shown == pytest.approx(means)
    assert "대화 36개" in said(page)
    assert not any("답변" in name for name in table.columns)


def test_filters_stand_in_the_address(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = {"view": "낮은 점수", "models": "scripted:weak", "category": "수학", "order": "낮은 점수부터"}
    page = open_page(monkeypatch, demo, "explorer", **address)
    table = page.dataframe[0].value
    assert set(table["모델"]) == {"scripted:weak"}
    assert set(table["범주"]) == {"수학"}
    assert all(table["평균 점수"] <= 2)
    link = table["열기"][0]
    assert link.startswith("/conversation?run=demo&lang=ko&question=math-"), link


def test_an_answer_is_found_by_its_words(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(monkeypatch, demo, "explorer", said="전환율을 곱해")
    assert [tuple(row) for row in page.dataframe[0].value[["모델", "문항"]].to_numpy()] == [("scripted:good", "math-1")]
    page = open_page(monkeypatch, demo, "explorer", said="이런 말은 없다")
    assert "조건을 하나씩 풀어 보세요" in said(page)


def test_a_conversation_has_every_turn_answer_and_verdict(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(monkeypatch, demo, "conversation", question="math-1", models="scripted:weak")
    text = said(page)
    for part in ("825,000원입니다", "점수 8.4 (0–10)", "심판 scripted:rules", "프롬프트 해시", "3 / 12 · 수학"):
        assert part in text, (part, text)
    page = open_page(monkeypatch, demo, "conversation", question="math-1", models="scripted:weak", lang="en")
    assert "Score 8.4 (0–10)" in said(page)


def test_a_question_that_is_not_there_gets_a_sentence(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_page(monkeypatch, demo, "conversation", question="![x](http://evil/x.png)")
    assert "문항이 없습니다" in said(page)
    assert not [m.value for m in page.markdown if "evil" in m.value]
