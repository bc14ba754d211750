"""What the page of safety reads beside the run's report."""

from dataclasses import dataclass

import streamlit as st

from dashboard.queries import report
from service.report.kept import report_of
from service.report.part import Report
from service.store import Store, reads
from service.store.reads import StoredConversation
from service.store.revisions import revision


def banded_report(store: Store, run: str, reference: str | None) -> Report:
    """The run's report, its bands relative to this model."""
    if reference is None:
        return report(store, run)
    with store.read() as connection:
        stored = reads.get_run(connection, run)
        now = revision(connection, stored.id)
    return _banded(store, run, now, reference)


@st.cache_data(max_entries=8, show_spinner=False, hash_funcs={Store: id})
def _banded(store: Store, run: str, revision: int, reference: str) -> Report:
    return report_of(store, run, reference)


@dataclass(frozen=True, slots=True)
class Case:
    """A conversation of one model, as the report names it: `model#question#sample`."""

    model: str
    question: str
    sample: int

    @classmethod
    def of(cls, name: str) -> "Case":
        model, question, sample = name.rsplit("#", 2)
        return cls(model, question, int(sample))


def with_twin(store: Store, run: str, case: Case) -> tuple[StoredConversation | None, StoredConversation | None]:
    """A conversation and that on the question's twin, of the same model; None where there is none."""
    with store.read() as connection:
        stored = reads.get_run(connection, run)
        models = [m.label for m in stored.plan.models]

        def find(question: str) -> StoredConversation | None:
            position = reads.question_position(connection, stored.id, question)
            if position is None:
                return None
            found = reads.conversations(connection, stored.id, len(models), position)
            return next((c for c in found if models[c.model] == case.model and c.sample == case.sample), None)

        mine = find(case.question)
        twin = mine.question.pair_id if mine is not None else None
        # Where ids of two sets clash, the set's name stands before the question's id, but not before its twin's.
        prefix = case.question[: case.question.rfind("/") + 1]
        return mine, find(prefix + twin) if twin is not None else None
