"""Whatever the database holds, every page opens and says something that helps."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.pages import discover
from tests.conftest import CliResult
from tests.dashboard import states
from tests.dashboard.support import open_page
from tests.servers.model_server import ModelServer

pytestmark = pytest.mark.filterwarnings("default")

PAGES = [page for page, _ in discover()]
SAID = {
    "absent": "kojudge demo",
    "empty": "아직 실행 기록이 없습니다",
    "folder": "is a folder",
    "no_database": "is not a database of kojudge",
    "damaged": "damaged",
    "newer": "newer",
}
"""What pages that need a run say where there is none."""
RUN = {"many_runs": {"run": "demo"}}


def shown(page: AppTest) -> str:
    """Every text on a page that a reader sees."""
    kinds = (page.text, page.caption, page.markdown, page.info, page.warning, page.error, page.code, page.metric)
    parts = [str(block.value) for kind in kinds for block in kind]
    return "\n".join([*parts, *(frame.value.to_csv() for frame in page.dataframe)])


@pytest.mark.parametrize("state", states.STATES, ids=lambda state: state.__name__)
def test_every_page_opens(
    state: Callable[[Path, Callable[..., CliResult], ModelServer], None],
    run_cli: Callable[..., CliResult],
    model_server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    state(tmp_path / "kojudge.db", run_cli, model_server)
    for page in PAGES:
        text = shown(open_page(monkeypatch, tmp_path / "kojudge.db", page.name, **RUN.get(state.__name__, {})))
        assert len(text.strip()) > 40, (page.name, text)
        if page.needs_run:
            assert SAID.get(state.__name__, "") in text, (page.name, text)


def test_every_page_speaks_english(
    run_cli: Callable[..., CliResult], model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    states.ended(tmp_path / "kojudge.db", run_cli, model_server)
    for page in PAGES:
        english = open_page(monkeypatch, tmp_path / "kojudge.db", page.name, lang="en")
        assert [title.value for title in english.title] == [page.title[0]], page.name
