"""The pictures of docs/dashboard.md: `python -m tests.browser.screenshots [FOLDER]`.

A fresh demo is shown by a dashboard of its own in headless Chromium, in Korean and the light theme. `--review` writes
every page in both themes and at the width of a telephone instead, for people to look at.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from dashboard.pages import discover
from tests.browser.conftest import find_chromium, free_port, wait_for_dashboard
from tests.conftest import clean_environment

DOCS = Path(__file__).resolve().parents[2] / "docs" / "img"
WIDTH, HEIGHT = 1280, 900
MOST_BYTES = 80_000
_RUNS = {"safety": "demo-safety", "judge": "demo-safety", "review": "demo-safety", "agreement": "demo-safety"}
"""Pages that show more of another run than of the newest."""
_QUERIES = {
    "conversation": "&question=math-1&models=scripted%3Agood&models=scripted%3Aweak",
    "review": "&queue=1&reviewer=%EB%88%84%EB%A6%AC",
}
_SETTLED_MS = 1000
_BUSY = "[data-testid=stStatusWidget], [data-testid=stSkeleton]"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("folder", type=Path, nargs="?", default=DOCS)
    parser.add_argument("--review", action="store_true")
    parser.add_argument("--page", action="append", help="only this one")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    pages = [page.name for page, _ in discover() if not given.page or page.name in given.page]
    with tempfile.TemporaryDirectory() as scratch, _dashboard(Path(scratch)) as address, _browser() as browser:
        for name in pages:
            if given.review:
                for scheme in ("light", "dark"):
                    for width in (WIDTH, 390):
                        picture = _picture(browser, address, name, width, scheme, whole=True)
                        (given.folder / f"{name}-{scheme}-{width}.png").write_bytes(picture)
            else:
                picture = _picture(browser, address, name, WIDTH, "light", whole=False)
                (given.folder / f"{name}.png").write_bytes(small(picture))


def small(picture: bytes) -> bytes:
    """The picture in as many colours of a palette as fit into the limit."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in (128, 64, 32, 16):
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            break
    return out.getvalue()


def _place(name: str) -> str:
    return f"{name if name != 'overview' else ''}?run={_RUNS.get(name, 'demo')}{_QUERIES.get(name, '')}"


@contextmanager
def _dashboard(scratch: Path) -> Iterator[str]:
    environment = clean_environment({"KOJUDGE_DATABASE_URL": f"sqlite:///{scratch / 'kojudge.db'}"})
    command = [sys.executable, "-m", "service.cli", "demo"]
    subprocess.run(command, cwd=scratch, env=environment, check=True, capture_output=True)
    port, log = free_port(), scratch / "dashboard.log"
    with log.open("wb") as out:
        serve = [sys.executable, "-m", "dashboard", "--port", str(port)]
        process = subprocess.Popen(serve, cwd=scratch, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_for_dashboard(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    executable = find_chromium()
    if executable is None:
        sys.exit("there is no Chromium; tests/browser/install.sh installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def _picture(browser: Any, address: str, name: str, width: int, scheme: str, *, whole: bool) -> bytes:
    viewport = {"width": width, "height": HEIGHT}
    context = browser.new_context(viewport=viewport, locale="ko-KR", color_scheme=scheme)
    tab = context.new_page()
    tab.goto(f"{address}/{_place(name)}")
    tab.get_by_role("heading", level=1).first.wait_for(timeout=60_000)
    _settle(tab)
    if whole:  # the page scrolls inside; a window as tall as its content shows all of it
        inner = tab.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        tab.set_viewport_size({"width": width, "height": min(int(inner) + 20, 6000)})
        _settle(tab)
    taken: bytes = tab.screenshot()
    context.close()
    return taken


def _settle(tab: Any) -> None:
    tab.wait_for_timeout(_SETTLED_MS)
    tab.wait_for_function(f"!document.querySelector('{_BUSY}')", timeout=60_000)
    tab.wait_for_timeout(_SETTLED_MS)


if __name__ == "__main__":
    main()
