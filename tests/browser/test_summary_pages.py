"""From a figure to the conversations behind it, as a reader clicks."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.stored_runs import store_run


def test_from_the_overview_to_a_cell_its_conversations_and_one_that_has_an_address_of_its_own(
    serve: Callable[[Path], str], open_tab: Callable[..., Any], tmp_path: Path
) -> None:
    store_run(f"sqlite:///{tmp_path / 'kojudge.db'}", 3, 60)
    tab = open_tab(serve(tmp_path / "kojudge.db") + "/?lang=en")
    tab.get_by_role("link", name="Categories by model").click()
    figures = tab.get_by_test_id("stVegaLiteChart").get_by_text(re.compile(r"^\d\.\d\*$"))
    figures.last.wait_for()
    # What is clicked lies over the figure: forced, because the figure itself is not hit.
    figures.last.click(force=True)
    tab.get_by_role("heading", name="Conversations", exact=True).wait_for()
    tab.get_by_text("10 conversations", exact=True).wait_for()
    tab.wait_for_url("**/explorer?*models=model-00*")
    tab.reload()
    tab.get_by_text("10 conversations", exact=True).wait_for()
    table = tab.get_by_test_id("stDataFrame").first
    table.wait_for()
    place = {"x": 25, "y": 52}  # of the link in the first row: the table is a canvas
    table.hover(position=place)
    with tab.context.expect_page() as opened:
        table.click(position=place)
    conversation = opened.value
    conversation.get_by_role("heading", name="Conversation", exact=True).wait_for()
    conversation.get_by_text("Turn 2", exact=True).wait_for()
    asked = conversation.get_by_text(re.compile("번 질문입니다")).first.inner_text()
    conversation.reload()
    conversation.get_by_text(asked, exact=True).first.wait_for()
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
