"""Who may look and do what: with a login by role, without one everybody on this machine."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import CliResult
from tests.dashboard.support import FOLDER, AppTest, said

pytestmark = pytest.mark.filterwarnings("default")
SECRETS = """
[auth]
redirect_uri = "https://judge.example.kr/oauth2callback"
cookie_secret = "a secret of more than fourteen bytes"
client_id = "x"
client_secret = "x"
server_metadata_url = "https://login.example.kr/.well-known/openid-configuration"
[users]
"viewer@example.kr" = "viewer"
"Operator@example.kr" = "operator"
"""
RECORDED = (
    '{"model": "m", "question": {"id": "q", "category": "c", "turns": [{"prompt": "연락처는?"}]}, '
    '"turns": [{"prompt": "연락처는?", "answer": "제 번호는 010-4821-7733이고 메일은 kim@hanmail.net입니다."}]}\n'
)


@pytest.fixture
def database(run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    (tmp_path / "r.jsonl").write_text(RECORDED, encoding="utf-8")
    assert run_cli("run", "-m", "replay:r.jsonl", "-j", "scripted:rules", "--name", "x").code == 0
    with sqlite3.connect(tmp_path / "kojudge.db") as connection:
        connection.execute("UPDATE verdicts SET status = 'provider_error', score = NULL")
    monkeypatch.setenv("KOJUDGE_DATABASE_URL", f"sqlite:///{tmp_path / 'kojudge.db'}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "kojudge.db"


@pytest.fixture
def login(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(SECRETS, encoding="utf-8")


def look(page: str, user: dict[str, object] | None = None, **parameters: str) -> AppTest:
    test = AppTest.from_file(str(FOLDER / "entry" / "script.py"), default_timeout=60)
    if user is not None:
        test.user = user
    for name, value in parameters.items():
        test.query_params[name] = value
    test.run()
    if not test.title or test.title[0].value != "kojudge":
        test.switch_page(str(FOLDER / "pages" / f"{page}.py")).run()
    assert not test.exception, [e.value for e in test.exception]
    return test


def buttons(page: AppTest) -> set[str]:
    return {button.label for button in page.button}


def known(address: str, **more: object) -> dict[str, object]:
    return {"is_logged_in": True, "email": address, **more}


def test_without_a_login_everybody_on_this_machine_may_do_everything(database: Path) -> None:
    page = look("monitor")
    assert "로그인" not in buttons(page)
    assert "이어서 실행(실패한 것도 다시)" in buttons(page)


@pytest.mark.usefixtures("login")
def test_with_a_login_nothing_is_shown_before_it(database: Path) -> None:
    page = look("monitor", {"is_logged_in": False})
    assert buttons(page) == {"로그인"}
    assert not page.dataframe
    assert not page.metric


@pytest.mark.usefixtures("login")
@pytest.mark.parametrize(
    "user", [known("stranger@example.kr"), known("operator@example.kr", email_verified=False), known("")]
)
def test_who_is_not_listed_or_not_verified_is_told_so(database: Path, user: dict[str, object]) -> None:
    page = look("monitor", user)
    assert "계정은 볼 수 없습니다" in said(page)
    assert buttons(page) == {"로그아웃"}
    assert not page.dataframe


@pytest.mark.usefixtures("login")
def test_a_viewer_sees_but_does_nothing_and_an_operator_is_named_in_what_he_asks_for(database: Path) -> None:
    page = look("monitor", known("viewer@example.kr"))
    assert "viewer@example.kr · 열람자" in said(page)
    assert buttons(page) == {"로그아웃"}
    page = look("monitor", known("operator@example.kr"))
    next(b for b in page.button if b.label.startswith("이어서")).click().run()
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT action, asked_by FROM requests").fetchall() == [
            ("resume", "operator@example.kr")
        ]


@pytest.mark.usefixtures("login")
def test_a_login_whose_file_went_away_lets_nobody_in(
    database: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KOJUDGE_DASHBOARD_LOGIN", "1")
    (tmp_path / ".streamlit" / "secrets.toml").unlink()
    page = look("monitor", known("operator@example.kr"))
    assert "계정은 볼 수 없습니다" in said(page)


def test_personal_data_is_masked_until_it_is_asked_for(database: Path) -> None:
    page = look("conversation")
    text = said(page)
    assert "4821" not in text, text
    assert "hanmail" not in text, text
    assert "01*-****-****" in text, text
    next(t for t in page.toggle if t.label == "개인정보 보기").set_value(True).run()
    assert "010-4821-7733이고 메일은 kim@hanmail.net" in said(page)


@pytest.mark.usefixtures("login")
def test_a_viewer_is_not_offered_personal_data(database: Path) -> None:
    page = look("conversation", known("viewer@example.kr"))
    assert [t.label for t in page.toggle] == ["서식 보기"]
    assert "4821" not in said(page)
