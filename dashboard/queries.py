"""What pages read, through the service's store; nothing is written from a page."""

from typing import Any

from service.report.build import build_report
from service.store import Store, reads


def run_names(database: str) -> list[str]:
    """Names of the stored runs, newest first.

    Raises:
        StoreError: no database, or one that cannot be read.
    """
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            return [run.name for run in reversed(reads.all_runs(connection))]
    finally:
        store.close()


def report(database: str, name: str) -> dict[str, Any]:
    """The report of one run."""
    store = Store.open(database, create=False, read_only=True)
    try:
        with store.read() as connection:
            return build_report(connection, reads.get_run(connection, name))
    finally:
        store.close()
