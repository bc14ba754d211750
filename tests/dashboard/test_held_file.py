"""A database that another program holds for itself: a page says so in a sentence, and does not wait for long."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CliResult
from tests.dashboard.support import open_page, said

pytestmark = pytest.mark.filterwarnings("default")


def test_a_held_database_gets_a_sentence(
    run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_cli("demo", "--quick").code == 0
    file = tmp_path / "kojudge.db"
    holder = sqlite3.connect(file, isolation_level=None)
    try:
        holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute("BEGIN EXCLUSIVE")
        page = open_page(monkeypatch, file)
        assert "locked" in said(page), said(page)
    finally:
        holder.close()
    page = open_page(monkeypatch, file)
    assert any("scripted:good" in str(frame.value) for frame in page.dataframe), said(page)
