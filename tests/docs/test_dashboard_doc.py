"""The guide to the dashboard shows every page that there is."""

from pathlib import Path

import pytest

from dashboard.frame import Page
from dashboard.pages import discover
from tests.browser.screenshots import MOST_BYTES

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDE = (DOCS / "dashboard.md").read_text("utf-8")
PAGES = [page for page, _ in discover()]
REMAKE = "add a section, and make the picture: python -m tests.browser.screenshots"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_has_a_section_and_a_small_picture(page: Page) -> None:
    title, _ = page.title
    assert f"\n### {title}\n" in GUIDE, f"{page.name}: {REMAKE}"
    assert page.question[0] in " ".join(GUIDE.split()), f"{page.name}: {REMAKE}"
    assert f"![{title}](img/{page.name}.png)" in GUIDE, f"{page.name}: {REMAKE}"
    picture = DOCS / "img" / f"{page.name}.png"
    assert picture.is_file(), f"{page.name}: {REMAKE}"
    assert picture.stat().st_size <= MOST_BYTES, (page.name, picture.stat().st_size)
