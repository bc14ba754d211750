"""What people say of a run, as the pages of review read it."""

from typing import Any

import streamlit as st

from service.review.people import people_report
from service.store import Store, reads
from service.store.revisions import revision


def agreement(store: Store, name: str) -> dict[str, Any] | None:
    """What `kojudge judge agree NAME --format json` says as it stands now; None without a label."""
    with store.read() as connection:
        run = reads.get_run(connection, name)
        return _agreement(store, name, revision(connection, run.id))


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Store: id})
def _agreement(store: Store, name: str, revision: int) -> dict[str, Any] | None:
    with store.read() as connection:
        return people_report(connection, reads.get_run(connection, name))
