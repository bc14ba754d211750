"""Differences between models of a run, or of two, as `kojudge compare` finds them; found once for their revisions."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from service.report.comparison import build_comparison
from service.report.part import Report
from service.store import Store
from service.store.reads import StoredRun
from service.store.revisions import revision

_MIRRORED = {"wins": "losses", "losses": "wins"}


def comparison(store: Store, runs: Sequence[StoredRun], baseline: str) -> Report:
    """Every model less `baseline`, with its categories.

    Raises:
        UsageError: the runs are not comparable, or share no question.
    """
    with store.read() as connection:
        revisions = tuple((run.id, revision(connection, run.id)) for run in runs)
    return _comparison(store, runs, revisions, baseline)


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Store: id})
def _comparison(store: Store, _runs: Sequence[StoredRun], revisions: tuple[Any, ...], baseline: str) -> Report:
    with store.read() as connection:
        return build_comparison(connection, _runs, baseline=baseline)


def beside(pairs: Sequence[Report], baseline: str) -> dict[str, Report]:
    """{other model: its pair as the other less the baseline}."""
    found = {p["model_a"]: p for p in pairs if p["model_b"] == baseline}
    return found | {p["model_b"]: _mirrored(p) for p in pairs if p["model_a"] == baseline}


def _mirrored(pair: Report) -> Report:
    """The same pair seen from the other model."""
    turned = pair | {new: pair[old] for new, old in _MIRRORED.items()}
    turned |= {"model_a": pair["model_b"], "model_b": pair["model_a"], "difference": _negative(pair["difference"])}
    if "categories" in pair:
        parts = pair["categories"]
        turned["categories"] = {n: c | {"difference": _negative(c["difference"])} for n, c in parts.items()}
    return turned


def _negative(e: Report) -> Report:
    if e["mean"] is None:
        return e
    return e | {"mean": 0.0 - e["mean"], "low": 0.0 - e["high"], "high": 0.0 - e["low"]}
