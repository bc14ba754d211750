"""What the page of judges reads: each judge's card, and what people say of it, made once for a state of the runs."""

from typing import Any, NamedTuple

import sqlalchemy as sa
import streamlit as st
from sqlalchemy.engine import Connection

from judge.rubric import Rubric
from service.card.build import Card, build_card
from service.card.source import find_subject
from service.errors import UsageError
from service.report.part import Report
from service.review.people import people_report
from service.store import Store, reads
from service.store.revisions import revision
from service.store.schema import labels, runs

State = tuple[int, int, int]
"""Differs whenever something was stored that a card is made of: (runs, last run, changes)."""


def judges(store: Store) -> list[str]:
    """The names of the judges that graded a run of this database, newest first."""
    with store.read() as connection:
        return _judges(store, _state(connection))


def card(store: Store, judge: str) -> Card | None:
    """The judge's card; None where it graded nothing itself (imported verdicts are not its own here)."""
    with store.read() as connection:
        return _card(store, _state(connection), judge)


def labelled(store: Store) -> set[str]:
    """The names of the runs that people labelled."""
    with store.read() as connection:
        return set(connection.scalars(sa.select(runs.c.name).join(labels, labels.c.run_id == runs.c.id).distinct()))


class Labelled(NamedTuple):
    """What people's labels say of a run's judges, and the rubrics that it was graded under."""

    report: Report
    rubrics: dict[str, Rubric]


def people(store: Store, name: str) -> Labelled | None:
    """None without labels."""
    with store.read() as connection:
        run = reads.get_run(connection, name)
        report = _people(store, name, run.id, revision(connection, run.id))
    return None if report is None else Labelled(report, dict(run.plan.rubrics))


def _state(connection: Connection) -> State:
    c = runs.c
    row = connection.execute(sa.select(sa.func.count(), sa.func.max(c.id), sa.func.sum(c.revision))).one()
    return row[0], row[1] or 0, row[2] or 0


@st.cache_data(max_entries=4, show_spinner=False, hash_funcs={Store: id})
def _judges(store: Store, state: State) -> list[str]:
    with store.read() as connection:
        stored = reads.all_runs(connection)
    found = (judge.label for run in reversed(stored) if run.kind != "import" for judge in run.plan.judges)
    return list(dict.fromkeys(found))


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={Store: id})
def _card(store: Store, state: State, judge: str) -> Card | None:
    with store.read() as connection:
        try:
            subject = find_subject(connection, judge)
        except UsageError:
            return None
        return build_card(connection, subject)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Store: id})
def _people(store: Store, name: str, run_id: int, revision: int) -> dict[str, Any] | None:
    with store.read() as connection:
        return people_report(connection, reads.get_run(connection, name))
