"""The pages, a file each: a module with `PAGE`, `show`, and a last line that opens it when Streamlit runs the file."""

from importlib import import_module
from pathlib import Path

from dashboard.frame import SECTIONS, Page


def discover() -> list[tuple[Page, Path]]:
    """Every page with its file, in the order of the navigation."""
    files = [file for file in Path(__file__).parent.glob("*.py") if file.stem != "__init__"]
    found = [(import_module(f"dashboard.pages.{file.stem}").PAGE, file) for file in files]
    sections = list(SECTIONS)
    return sorted(found, key=lambda pair: (sections.index(pair[0].section), pair[0].order))
