"""Stored verdicts as arrays, more of them than are read at once."""

import numpy as np
import sqlalchemy as sa

from judge.scoring.table import STATUSES
from service.store import Store, reads, scores
from service.store.schema import verdicts


def test_every_stored_verdict_is_in_the_table(run_cli, tmp_path):
    assert run_cli("demo", "--quick").code == 0
    status = ("ok", "ok", "unparsed", "refused")
    rows = [
        {
            "model": n % 3,
            "question": n % 20,
            "sample": n,
            "turn": 1 + n % 2,
            "judge": 0,
            "repeat": 0,
            "status": status[n % 4],
            "score": n % 11 if n % 4 < 2 else None,
            "published_score": 7.5 if n % 5 == 0 else None,
        }
        for n in range(12_001)
    ]
    store = Store.open(f"sqlite:///{tmp_path}/kojudge.db")
    with store.transaction() as connection:
        run = reads.get_run(connection, "demo")
        connection.execute(sa.delete(verdicts))
        connection.execute(sa.insert(verdicts), [{"run_id": run.id} | row for row in rows])
        table = scores.score_table(connection, run)
    store.close()
    order = np.lexsort((table.turn, table.question, table.model))
    wanted = sorted(rows, key=lambda row: (row["model"], row["question"], row["turn"]))
    for column in ("model", "question", "turn"):
        assert getattr(table, column)[order].tolist() == [row[column] for row in wanted], column
    assert np.bincount(table.status).tolist() == [6001, 3000, 3000]
    assert np.array_equal(np.isnan(table.score), table.status != STATUSES.index("ok"))
    assert np.nansum(table.score) == sum(row["score"] or 0 for row in rows)
    assert np.nansum(table.published) == 7.5 * 2401
    assert len(table.category_names) == len(set(table.category.tolist()))
