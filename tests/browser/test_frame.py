"""What holds for every page: language and run stand in the address, nothing is asked of anybody else."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx


def test_language_and_run_stand_in_the_address_and_nothing_leaves_the_machine(
    run_process: Any, serve: Callable[[Path], str], open_tab: Callable[..., Any], tmp_path: Path
) -> None:
    assert run_process("demo", "--quick").code == 0
    address = serve(tmp_path / "kojudge.db")
    tab = open_tab(address)
    tab.get_by_role("heading", name="개요", exact=True).wait_for()
    tab.get_by_text("en", exact=True).click()
    tab.get_by_role("heading", name="Overview", exact=True).wait_for()
    assert "lang=en" in tab.url, tab.url
    tab.reload()
    tab.get_by_role("heading", name="Overview", exact=True).wait_for()
    tab.get_by_text(re.compile("scripted:rules")).first.wait_for()
    assert tab.outside == []
    tab.goto(f"{address}/?run=nope")
    tab.get_by_text("nope(이)라는 실행이 없어 demo을(를) 보여 드립니다.").wait_for()


def test_every_response_forbids_to_load_from_elsewhere_and_foreign_names_are_refused(
    serve: Callable[[Path], str], tmp_path: Path
) -> None:
    address = serve(tmp_path / "none.db")
    for path in ("/", "/_stcore/health", "/none"):
        answer = httpx.get(address + path)
        policy = answer.headers["content-security-policy"]
        assert "img-src 'self' data: blob:" in policy, (path, policy)
        assert "frame-ancestors 'none'" in policy, (path, policy)
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["referrer-policy"] == "no-referrer", path
    assert httpx.get(address, headers={"Host": "rebound.example"}).status_code == 400
