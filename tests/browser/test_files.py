"""Files are handed out by a real browser: they open without a network, and hold what was chosen."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_report_and_the_conversations_are_handed_out(
    run_process: Any, serve: Callable[[Path], str], open_tab: Callable[..., Any], tmp_path: Path
) -> None:
    assert run_process("demo", "--quick").code == 0
    tab = open_tab(f"{serve(tmp_path / 'kojudge.db')}/report?run=demo")

    def downloaded(name: str) -> Path:
        with tab.expect_download() as started:
            tab.get_by_role("button", name=name).click()
        path = tmp_path / started.value.suggested_filename
        started.value.save_as(path)
        return path

    page = downloaded("읽는 문서(HTML) · 한국어")
    assert re.fullmatch(r"kojudge-demo-[0-9a-f]{8}\.ko\.html", page.name), page.name
    figures = downloaded("수치(JSON)").read_bytes()
    digest = hashlib.sha256(figures).hexdigest()
    assert digest[:8] in page.name
    tab.get_by_text(digest).wait_for()
    assert json.loads(figures)["run"] == "demo"
    lines = downloaded("대화(JSONL)").read_text("utf-8").splitlines()
    assert len(lines) == 36, len(lines)
    assert "rationale" in json.loads(lines[0])["verdicts"][0]
    assert downloaded("표(CSV)").read_bytes().startswith(b"\xef\xbb\xbfrun,")
    offline = open_tab(page.as_uri())
    assert "scripted:good" in offline.inner_text("body")
    assert tab.outside == []
    assert [address for address in offline.outside if not address.startswith("file:")] == []
