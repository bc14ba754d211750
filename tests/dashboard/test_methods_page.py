"""The methods page says what scores: the same files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from judge.rubric import load_rubric, shipped_rubrics
from judge.scoring.methods import methods
from questions.library import shipped_sets
from questions.taxonomy import taxonomy
from tests.conftest import CliResult
from tests.dashboard.support import open_page, said

pytestmark = pytest.mark.filterwarnings("default")


def test_it_stands_without_a_database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = open_page(monkeypatch, tmp_path / "none.db", "methods")
    assert len(page.expander) == len(methods().figures)
    assert not (tmp_path / "none.db").exists()
    leaves = open_page(monkeypatch, tmp_path / "none.db", "methods", part="가중치와 분류")
    shown = "\n".join(frame.value.to_csv() for frame in leaves.dataframe) + said(leaves)
    shown += "\n".join(block.value for block in leaves.markdown)
    assert all(leaf.id in shown or leaf.id.replace(".", r"\.") in shown for leaf in taxonomy().leaves), shown
    sets = open_page(monkeypatch, tmp_path / "none.db", "methods", part="question sets", lang="en")
    headings = "\n".join(block.value for block in sets.markdown)
    assert all(f"**{name} · " in headings for name in shipped_sets()), headings
    assert said(sets).count("Licence: Apache-2.0") == len(shipped_sets())


@pytest.mark.parametrize("rubric", ["l10", "crisis", "harm-refusal"])
def test_a_rubric_is_shown_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rubric: str) -> None:
    assert rubric in shipped_rubrics()
    page = open_page(monkeypatch, tmp_path / "none.db", "methods", part="채점 기준", rubric=rubric)
    shown = load_rubric(rubric)
    text = said(page) + "\n".join(f.value.to_csv() for f in page.dataframe)
    text += "\n".join(block.value.replace("\\", "") for block in page.markdown)
    parts = {
        "likert": lambda r: r.anchors.values(),
        "checklist": lambda r: [item.text for item in r.items],
        "labels": lambda r: [value.description for label in r.labels for value in label.values],
    }[shown.kind](shown)
    missing = [part for part in parts if part not in text]
    assert not missing, (missing, text)


def test_a_run_tells_what_it_was_made_with(
    run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_cli("demo", "--quick").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "methods", part="이 실행")
    tables = "\n".join(frame.value.to_csv() for frame in page.dataframe)
    assert "starter" in tables, tables
    assert "Apache-2.0" in tables
    assert "비교 키" in said(page)
