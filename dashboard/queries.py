"""What pages read, through the service's store."""

import os
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import streamlit as st

from service.report.kept import report_of
from service.report.part import Report
from service.store import DEFAULT_URL, Store
from service.store.explorer import ConversationIndex, conversation_index
from service.store.reads import StoredRun
from service.store.revisions import revision
from service.store.schema import runs
from service.store.text_search import TextSearch

_RECENT_S = 60.0
_BUSY_S = 3.0
"""A visitor is told that the file is held, and asks again, rather than wait for it."""
_SEOUL = ZoneInfo("Asia/Seoul")


def open_store() -> Store:
    """The database that the dashboard was started for; opened once.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    return _store(os.environ.get("KOJUDGE_DATABASE_URL", DEFAULT_URL))


@st.cache_resource(max_entries=4, show_spinner=False)
def _store(url: str) -> Store:
    return Store.open(url, create=False, read_only=True, busy_s=_BUSY_S)


def run_names(store: Store) -> list[str]:
    """Names of the stored runs, newest first."""
    return list(run_numbers(store))


def run_numbers(store: Store) -> dict[str, int]:
    """The numbers of the stored runs by name, newest first."""
    with store.read() as connection:
        newest_first = sa.select(runs.c.name, runs.c.id).order_by(runs.c.id.desc())
        return dict(connection.execute(newest_first).all())


def report(store: Store, name: str) -> Report:
    """The report of a run as it stands now, or of a run at work as it stood lately.

    The database keeps it, so that a page need not compute it; a run at work would need another for every click.
    """
    return report_of(store, name, within_s=_RECENT_S)


def conversation_scores(store: Store, run: StoredRun) -> ConversationIndex:
    """The index of a run's conversations as it stands now."""
    with store.read() as connection:
        return _index(store, run, run.id, revision(connection, run.id))


# A run at work has a new index with every look at it; few of them are worth keeping.
@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={Store: id})
def _index(store: Store, _run: StoredRun, run_id: int, revision: int) -> ConversationIndex:
    with store.read() as connection:
        return conversation_index(connection, _run)


def text_search(store: Store, run: StoredRun, text: str) -> TextSearch:
    """The search for a text in the run's answers: this visitor's last one if it is the same and has not ended."""
    present = conversation_scores(store, run)
    search: TextSearch | None = st.session_state.get("text_search")
    # One that has begun keeps its index: a run at work has another one every second, and it would never end.
    if search is None or search.asked != (run.id, text) or (search.is_complete and search.index is not present):
        search = st.session_state["text_search"] = TextSearch(run, present, text)
    return search


def local_time(stamp: str) -> str:
    """`2026-11-25 10:03 KST`, from a stored time."""
    return datetime.fromisoformat(stamp).astimezone(_SEOUL).strftime("%Y-%m-%d %H:%M KST")
