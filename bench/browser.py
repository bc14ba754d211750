"""A tab of a headless Chromium that times what a Streamlit page does."""

import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

_EXECUTABLES = ("chromium", "chromium-browser", "google-chrome")
_SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
_WAIT_MS = 60_000
# Counts how often the script of the page has ended, which its server says in a message of its own (field 6, after a
# hash and metadata; 2 means that the script begins again at once).
_COUNT_ENDS = """
window.ends = 0;
const Native = window.WebSocket;
window.WebSocket = class extends Native {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({data}) => {
      if (!(data instanceof ArrayBuffer)) return;
      const bytes = new Uint8Array(data);
      let at = 0;
      while ((bytes[at] === 0x0a || bytes[at] === 0x12) && bytes[at + 1] < 128) at += 2 + bytes[at + 1];
      if (bytes[at] === 0x30 && bytes[at + 1] !== 2) window.ends += 1;
    });
  }
};
"""
_IDLE = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
_DRAWN = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def chromium() -> str | None:
    """Where a Chromium is, if there is one."""
    return next(filter(None, map(shutil.which, _EXECUTABLES)), None)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Tab:
    """One visitor. Every method that takes seconds returns how many."""

    def __init__(self, browser: Any) -> None:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ko-KR")
        context.add_init_script(_COUNT_ENDS)
        self.page: Any = context.new_page()
        self.page.set_default_timeout(_WAIT_MS)

    def open(self, address: str, shown: str) -> float:
        """Go to an address until what this selector names is painted."""
        start = time.monotonic()
        self.page.goto(address)
        self.page.locator(shown).first.wait_for()
        self.page.evaluate(_DRAWN)
        return time.monotonic() - start

    def settle(self) -> None:
        """Wait until the script has ended once since the page was opened."""
        self.page.wait_for_function(f"window.ends > 0 && {_IDLE}")

    def after(self, act: Callable[[Any], None]) -> float:
        """Do something to the page until its script has run and the result is painted."""
        return self.until(act, "true")

    def until(self, act: Callable[[Any], None], condition: str, *, ended: bool = True) -> float:
        """The same until a condition in JavaScript holds as well; or, unless `ended`, until either."""
        ends = self.page.evaluate("window.ends")
        start = time.monotonic()
        act(self.page)
        has_ended = f"window.ends > {ends} && {_IDLE}"
        self.page.wait_for_function(f"{has_ended} {'&&' if ended else '||'} {condition}")
        self.page.evaluate(_DRAWN)
        return time.monotonic() - start

    def heap_mb(self) -> float:
        """What the page itself holds."""
        return float(self.page.evaluate("performance.memory.usedJSHeapSize")) / 1e6

    def close(self) -> None:
        self.page.context.close()


@contextmanager
def started(executable: str) -> Iterator[Any]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_SWITCHES)
        yield browser
        browser.close()
