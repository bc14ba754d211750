"""Reviewing through the page: everything that a page hands to the browser, and what is stored of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToJson

from service.store import Store, labels, reads


def sent(page: Any) -> str:
    """Every element of a page, the sidebar and what is folded in included, as it goes to the browser."""
    return "\n".join(MessageToJson(element.proto, ensure_ascii=False) for element in _elements(page._tree))


def _elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _elements(child)
        if getattr(child, "proto", None) is not None and child.type != "column":  # a column is but a width
            yield child


def press(page: Any, shortcut: str) -> Any:
    """The button that this key presses, pressed."""
    (button,) = [b for b in page.button if b.proto.shortcut == shortcut.lower()]
    assert not button.disabled, (shortcut, button.label)
    button.click().run()
    assert not page.exception, [e.value for e in page.exception]
    return page


def stored(database: Path, run: str) -> list[Any]:
    """Every label of a run, in the order they were given."""
    store = Store.open(f"sqlite:///{database}")
    with store.read() as connection:
        found = labels.all_labels(connection, reads.get_run(connection, run).id)
    store.close()
    return found
