"""What several pages do alike: rows by the page, a table in place of a chart, addresses, values of the address."""

from collections.abc import Sequence
from typing import Any, TypeVar

import streamlit as st

from dashboard.safe_text import show_text
from service.report.document import Say

T = TypeVar("T")
MOST_DRAWN = 20
"""Rows of one chart."""


def as_table(say: Say, key: str) -> bool:
    """Whether the reader wants the figures of a chart as a table; stands in the address as `key`."""
    return st.toggle(say("As a table", "표로 보기"), key=key, bind="query-params")


def page_of(rows: Sequence[T], size: int, key: str, say: Say) -> Sequence[T]:
    """The rows of one page; which one stands in the address as `key`."""
    if len(rows) <= size:
        return rows
    number = st.pagination(-(-len(rows) // size), key=key, bind="query-params")
    first = (number - 1) * size
    here = rows[first : first + size]
    show_text(
        say(
            f"{first + 1} to {first + len(here)} of {len(rows)}",
            f"전체 {len(rows)}개 중 {first + 1}–{first + len(here)}번째",
        )
    )
    return here


def pick(say: Say, title: tuple[str, str], options: dict[Any, tuple[str, str]], key: str) -> Any:
    """One of a few ways to see a page, by its own value; the address has what the reader sees."""
    shown = {say(*text): value for value, text in options.items()}
    chosen = st.segmented_control(
        say(*title), list(shown), default=next(iter(shown)), required=True, key=key, bind="query-params"
    )
    return shown[chosen]


def table_height(rows: int) -> int:
    """Pixels: all rows of a chart's page at once, more by scrolling."""
    return 35 * (min(rows, MOST_DRAWN) + 1) + 3
