"""Batches in the store: a work key is in one open batch at most, and a result is entered once."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from providers.types import ChatCompletion
from service.store import Store, batches
from service.store.batches import Opening
from service.store.schema import completions, runs
from service.store.writes import Purchase

W1, W2, W3 = ("1" * 64, "2" * 64, "3" * 64)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/k.db")
    with opened.transaction() as connection:
        for name in ("a", "b"):
            connection.execute(runs.insert().values(name=name, kind="x", plan="{}", code_version="", created_at=""))
    yield opened
    opened.close()


def take(store: Store, run_id: int, works: Sequence[str]) -> Opening:
    opening = Opening()
    write = batches.open_batch(
        opening,
        run_id=run_id,
        label=f"label-{run_id}-{'-'.join(works)}",
        endpoint="e",
        role="judge",
        sent_params={"seed": 1},
        models=dict.fromkeys(works, run_id),
    )
    with store.transaction() as connection:
        write(connection)
    return opening


def purchase(work: str) -> Purchase:
    return Purchase(work, "openai:m", "judge", ChatCompletion("답", "m"), 0.5)


def test_work_in_an_open_batch_is_in_no_other_until_that_is_closed(store: Store):
    first, second, third = take(store, 1, [W1, W2]), take(store, 2, [W2, W3]), take(store, 2, [W1])
    assert first.taken == {W1, W2}
    assert second.taken == {W3}
    assert (third.id, third.taken) == (None, set())
    with store.read() as connection:
        assert batches.carrier(connection, W2) == first.id
        assert [b.requests for b in batches.open_batches(connection, 2)] == [1]
        assert batches.carrying_runs(connection, {first.id or 0}) == ["a"]
    with store.transaction() as connection:
        batches.close_batch(first.id or 0, "expired", item_errors={W1: "not_processed: late"})(connection)
        assert batches.carrier(connection, W1) is None
    assert take(store, 2, [W1, W2]).taken == {W1, W2}


def test_a_result_is_entered_once_and_charged_to_the_run_that_handed_it_in(store: Store):
    opening = take(store, 1, [W1, W2])
    kept: set[str] = set()
    for given, new in (([W1, "unknown"], {W1}), ([W1, W2], {W2}), ([W1, W2], set())):
        with store.transaction() as connection:
            batches.keep_results(opening.id or 0, 1, [purchase(work) for work in given], kept)(connection)
        assert kept == new
    with store.read() as connection:
        rows = connection.execute(sa.select(completions.c.work_key, completions.c.run_id, completions.c.model)).all()
        assert sorted(rows) == [(W1, 1, 1), (W2, 1, 1)]
        assert batches.batch_works(connection, opening.id or 0) == {W1: True, W2: True}


def test_looking_up_work_does_not_read_every_item(store: Store):
    seen: list[str] = []
    with store.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *args: seen.append(args[2]))
        batches.carrier(connection, W1)
        plan = connection.execute(
            sa.text(f"EXPLAIN QUERY PLAN {seen[0].replace('?', ':w')}"), {"w": bytes.fromhex(W1)}
        ).all()
    assert "batch_items_open" in str(plan)
