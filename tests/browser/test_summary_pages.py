"""From a figure to the conversations behind it, as a reader clicks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.stored_runs import store_run


def test_a_cell_of_the_heatmap_opens_its_conversations(
    serve: Callable[[Path], str], open_tab: Callable[..., Any], tmp_path: Path
) -> None:
    store_run(f"sqlite:///{tmp_path / 'kojudge.db'}", 3, 60)
    tab = open_tab(serve(tmp_path / "kojudge.db") + "/heatmap?lang=en")
    figures = tab.get_by_test_id("stVegaLiteChart").get_by_text(re.compile(r"^\d\.\d\*$"))
    figures.last.wait_for()
    # What is clicked lies over the figure: forced, because the figure itself is not hit.
    figures.last.click(force=True)
    tab.get_by_role("heading", name="Conversations", exact=True).wait_for()
    tab.get_by_text("10 conversations", exact=True).wait_for()
    tab.wait_for_url("**/explorer?*models=model-00*")
    tab.reload()
    tab.get_by_text("10 conversations", exact=True).wait_for()
    assert tab.outside == []


def test_answers_in_another_language_are_two_clicks_away(
    run_process: Any, serve: Callable[[Path], str], open_tab: Callable[..., Any], tmp_path: Path
) -> None:
    assert run_process("demo").code == 0
    tab = open_tab(serve(tmp_path / "kojudge.db"))
    tab.get_by_role("link", name="요구한 언어로 쓰지 않은 답변 13건 보기").click()
    tab.get_by_role("heading", name="대화 탐색", exact=True).wait_for()
    tab.get_by_text("대화 13개", exact=True).wait_for()
    tab.wait_for_url("**/explorer?*view=*")
