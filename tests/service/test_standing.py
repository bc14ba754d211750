"""Where a run stands, against its report and its ledger."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.store import Store, reads
from service.store.holder import Holder
from service.store.monitor import coverage, is_at_work, last_events, standing
from service.store.schema import completions, leases, verdicts
from tests.conftest import CliResult


@pytest.fixture
def store(run_cli: Callable[..., CliResult], tmp_path: Path) -> Iterator[Store]:
    assert run_cli("demo", "--quick").code == 0
    store = Store.open(f"sqlite:///{tmp_path / 'kojudge.db'}", create=False)
    yield store
    store.close()


def test_stages_and_coverage_are_those_of_the_report(store: Store, run_cli: Callable[..., CliResult]) -> None:
    with store.transaction() as connection:
        first = (verdicts.c.model == 1) & (verdicts.c.question == 0)
        connection.execute(verdicts.update().where(first).values(status="unparsed", score=None, error="no score"))
        connection.execute(verdicts.delete().where((verdicts.c.model == 2) & (verdicts.c.question == 3)))
    report = json.loads(run_cli("report", "demo", "--format", "json").out)
    with store.read() as connection:
        run = reads.get_run(connection, "demo")
        stages = {(s.name, s.model): s for s in standing(connection, run).stages}
        ok, planned, has_ended = coverage(connection, run)
    by_model = {m["model"]: (m["overall"], m["failures"]) for m in report["models"]}
    for model, (overall, failures) in by_model.items():
        stage = stages["verdicts", model]
        assert stage.by_status.get("ok") == overall["n"], model
        ended = {status: n for status, n in failures.items() if n and status != "pending"}
        assert {status: n for status, n in stage.by_status.items() if status != "ok"} == ended, model
        assert stage.planned == overall["n"] + overall["failed"], model
    assert ok == sum(overall["n"] for overall, _ in by_model.values())
    assert planned == sum(overall["n"] + overall["failed"] for overall, _ in by_model.values())
    assert (report["status"], has_ended) == ("incomplete", False)


def test_deliveries_are_counted_since_a_process_works_on_the_run(store: Store) -> None:
    c = completions.c
    with store.read() as connection:
        run = reads.get_run(connection, "demo")
        assert standing(connection, run).rates == ()
        moments = list(connection.scalars(sa.select(c.created_at).order_by(c.id)))
    for back, delivered in ((timedelta(days=1), len(moments)), (-timedelta(days=1), 0)):
        taken_at = datetime.fromisoformat(moments[-1]) - back
        with store.transaction() as connection:
            connection.execute(leases.delete())
            mine = {"run_id": run.id, "token": "t", "holder": Holder.this_process().to_json(), "beats": 0}
            connection.execute(leases.insert().values(**mine, taken_at=taken_at.isoformat(timespec="milliseconds")))
        with store.read() as connection:
            assert is_at_work(connection, run.id)
            rates = standing(connection, run).rates
        # The shortest window may have passed since the demo on a busy machine.
        counted = [rate.per_s * rate.window_s for rate in rates[1:]]
        assert counted == pytest.approx([delivered, delivered]), (taken_at, rates)


def test_the_last_deliveries_are_the_newest_of_the_ledger(store: Store) -> None:
    c = completions.c
    with store.read() as connection:
        run = reads.get_run(connection, "demo")
        newest = list(connection.scalars(sa.select(c.created_at).order_by(c.id.desc()).limit(7)))
        assert [event.at for event in last_events(connection, run.id, 7)] == newest
        assert last_events(connection, run.id + 1, 7) == []
