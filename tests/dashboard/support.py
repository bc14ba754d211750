"""Pages run by Streamlit's own test runner."""

import warnings
from pathlib import Path

import pytest

import dashboard

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from streamlit.testing.v1 import AppTest

FOLDER = Path(dashboard.__file__).parent


def open_page(monkeypatch: pytest.MonkeyPatch, database: Path, page: str = "overview", **parameters: str) -> AppTest:
    """A page of the dashboard at an address with these parameters; it must not have raised."""
    monkeypatch.setenv("KOJUDGE_DATABASE_URL", f"sqlite:///{database}")
    test = AppTest.from_file(str(FOLDER / "entry" / "script.py"), default_timeout=60)
    for name, value in parameters.items():
        test.query_params[name] = value
    test.run()
    if page != "overview":
        test.switch_page(str(FOLDER / "pages" / f"{page}.py")).run()
    assert not test.exception, [e.value for e in test.exception]
    return test


def said(page: AppTest) -> str:
    """All the plain text on a page."""
    return "\n".join(text.value for text in page.text)
