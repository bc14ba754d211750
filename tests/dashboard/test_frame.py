"""A page that fails says so in a sentence."""

import pytest

from tests.dashboard.support import AppTest, said

pytestmark = pytest.mark.filterwarnings("default")


def broken() -> None:
    from dashboard.frame import Page, View, open_page

    def show(_: View) -> None:
        raise ValueError("what others wrote")

    open_page(Page("x", "trust", 1, ("X", "엑스"), ("?", "?"), needs_run=False), show)


def test_a_page_that_fails_says_so(run_cli, tmp_path, monkeypatch):
    assert run_cli("demo", "--quick").code == 0
    monkeypatch.setenv("KOJUDGE_DATABASE_URL", f"sqlite:///{tmp_path / 'kojudge.db'}")
    page = AppTest.from_function(broken, default_timeout=60).run()
    assert "이 화면을 그리지 못했습니다." in said(page)
    assert "what others wrote" not in said(page)
    assert [e.value for e in page.exception] == ["what others wrote"]  # which the settings keep off the screen
