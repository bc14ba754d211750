"""What others wrote does nothing on any page: it asks nobody, runs nothing, hides nothing."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from dashboard.pages import discover
from tests.browser.hostile import HostileRun, Sink, addresses, make_run
from tests.servers.model_server import ModelServer

PAGES = [page.name for page, _ in discover()]
_FORMULA = re.compile(r"""^[\s'"\ufeff]*[=+\-@\t\r＝＋－＠]""")
_NUMBER = re.compile(r"^[+-]?[\d.,]+(e[+-]?\d+)?%?$", re.IGNORECASE)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


def settled(tab: Any) -> None:
    """Until the page has been drawn to its end."""
    tab.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    tab.wait_for_timeout(300)


def open_everything(tab: Any) -> None:
    """Switch on what can be switched on, unfold what can be unfolded, and look at every hint and list."""
    for n in range(tab.locator('[data-testid="stCheckbox"]').count()):
        box = tab.locator('[data-testid="stCheckbox"]').nth(n)
        if box.count() and box.is_visible() and not box.locator("input").is_checked():
            box.locator("label").first.click(position={"x": 8, "y": 8})
            settled(tab)
    for n in range(tab.get_by_role("tab").count()):
        tab.get_by_role("tab").nth(n).click()
    tab.evaluate("document.querySelectorAll('details:not([open]) > summary').forEach(e => e.click())")
    for hint in tab.locator('[data-testid="stTooltipIcon"]').all()[:6]:
        hint.hover()
    for box in tab.locator('[data-testid="stSelectbox"] input, [data-testid="stMultiSelect"] input').all()[:6]:
        box.focus()
        tab.keyboard.press("ArrowDown")
        tab.wait_for_timeout(100)
        tab.keyboard.press("Escape")
    settled(tab)


def harmless(tab: Any, sink: Sink) -> None:
    """What must hold of a page, whatever stands on it."""
    port = sink.url.rsplit(":", 1)[1]
    at = unquote(tab.url)[:200]
    assert tab.evaluate("window.__pwned") is None, at
    for what in (
        f'a[href*=":{port}"]',
        f'[src*=":{port}"]',
        'a[href^="javascript:"]',
        'a[href*="evil.example"]',
        "main iframe",
    ):
        found = tab.locator(what)
        assert found.count() == 0, (at, what, found.first.evaluate("e => e.outerHTML")[:500])
    words = tab.locator("body").inner_text()
    assert not re.search("[\x00\x1b\u202e]", words), at
    assert "sk-abcdefgh" not in words, at
    assert tab.locator('[data-testid="stException"]').count() == 0, (at, words[:2000])


@pytest.mark.timeout(900)
@pytest.mark.parametrize("policy", [False, True], ids=["without the policy", "with the policy"])
def test_a_hostile_run_does_nothing_on_any_page(
    policy: bool,
    sink: Sink,
    model_server: ModelServer,
    run_process: Any,
    serve: Callable[[Path], str],
    open_tab: Callable[..., Any],
    tmp_path: Path,
) -> None:
    sink.asked.clear()
    run = make_run(run_process, model_server, sink.url, tmp_path)
    root = serve(run.database)
    tab = open_tab(root, bypass_csp=not policy)
    elsewhere: list[str] = []
    tab.on(
        "request",
        lambda r: r.url.startswith((root, "data:", "blob:", root.replace("http", "ws"))) or elsewhere.append(r.url),
    )
    opened: list[str] = []
    signs = {"⟦U+202E⟧", "⟦ESC⟧[31m빨강", "sk-⟦…⟧", "![p]("} | {"localhost:"}
    signs |= set() if policy else {"[l] (", "인용 불일치"}
    seen: set[str] = set()
    tab.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    for page in PAGES:
        for address in addresses(root, page, run, sink.url, every=not policy):
            tab.goto(address)
            settled(tab)
            harmless(tab, sink)
            if not policy:
                open_everything(tab)
                harmless(tab, sink)
            words = tab.locator("body").inner_text()
            seen |= {sign for sign in signs if sign in words}
    assert (sink.asked, elsewhere, opened) == ([], [], [])
    assert seen == signs, "not all of what must be visible is"
    # The sink does hear what gets out, and the policy is what stops it where a page would ask.
    tab.evaluate("address => { new Image().src = address }", f"{sink.url}/control.png")
    tab.wait_for_timeout(1000)
    assert sink.asked == ([] if policy else ["/control.png"])


def test_what_is_exported_holds_no_formula_and_asks_for_nothing(
    sink: Sink, model_server: ModelServer, run_process: Any, browser: Any, tmp_path: Path
) -> None:
    sink.asked.clear()
    run: HostileRun = make_run(run_process, model_server, sink.url, tmp_path)
    done = run_process("export", "csv", run.run, tmp_path / "out")
    assert done.code == 0, done
    tables = {file.name: file.read_text("utf-8-sig") for file in (tmp_path / "out").glob("*.csv")}
    tables["report"] = run_process("report", run.run, "--format", "csv").out
    assert len(tables) > 1, tables.keys()
    for file, text in tables.items():
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        bad = [c for c in cells if _FORMULA.match(c) and not _NUMBER.match(c) and not c.startswith("'")]
        assert cells, file
        assert not bad, (file, bad[:3])
    for language in ("ko", "en"):
        page = tmp_path / f"{language}.html"
        words = ("--format", "html", "--language", language, "--output", str(page))
        assert (done := run_process("report", run.run, *words)).code in (0, 1), done
        tab = browser.new_context(bypass_csp=True).new_page()
        tab.goto(page.as_uri())
        tab.wait_for_timeout(1000)
        assert tab.evaluate("window.__pwned") is None
        assert tab.locator("img, iframe, a[href^=http], a[href^=javascript]").count() == 0
    assert sink.asked == []
