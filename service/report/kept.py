"""A run's report as the database keeps it: made once for a revision of the run and for one way of scoring."""

import contextlib
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import judge.scoring
import service.report
import service.review
import service.store
from service.errors import StoreError
from service.report.build import build_report
from service.report.part import Report
from service.store import Store, reads
from service.store.monitor import is_at_work
from service.store.revisions import find_report, keep_report, revision
from service.store.writes import now


def report_of(store: Store, name: str, reference: str | None = None, *, within_s: float = 0.0) -> Report:
    """The report of a run as it stands now; made anew, and kept, only where the run changed since.

    While a process works on the run, one that was made within the last `within_s` seconds will do. With a `reference`,
    a model of the run that the bands of safety compare with, it is made for this once.

    Raises:
        StoreError: there is no such run, or the database cannot be read.
        UsageError: the run has no such model.
    """
    with store.read() as connection:
        run = reads.get_run(connection, name)
        if reference is not None:
            return build_report(connection, run, reference)
        present = revision(connection, run.id)
        kept = find_report(connection, run.id, method())
        if kept is not None and (kept[0] == present or (_age_s(kept[1]) < within_s and is_at_work(connection, run.id))):
            report: Report = json.loads(kept[2])
            return report
        report = build_report(connection, run)
    content = json.dumps(report, ensure_ascii=False, allow_nan=False)
    values = {"revision": present, "method": method(), "made_at": now(), "content": content}
    # Where nothing can be written (a read-only file, a run that holds the lock), the next reader makes it again.
    with contextlib.suppress(StoreError), store.transaction() as connection:
        keep_report(connection, run.id, values)
    return report


def _age_s(stamp: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


@cache
def method() -> str:
    """A digest of the code and the weights that make a report: others make other figures."""
    digest = hashlib.sha256()
    for package in (judge.scoring, service.report, service.review, service.store):
        for folder in package.__path__:
            for file in sorted(Path(folder).rglob("*")):
                if file.suffix in (".py", ".yaml"):
                    digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]
