"""A run's comparisons as arrays; apart, because it needs numpy and runs do not."""

from array import array

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from judge.scoring.pairwise import TIE, A, B, ComparisonTable
from service.store.answer_figures import Places
from service.store.reads import StoredRun
from service.store.schema import comparisons

_CODES = {"a": A, "tie": TIE, "b": B}


def comparison_table(connection: Connection, run: StoredRun) -> ComparisonTable:
    """Every comparison of which both orders (or the only one) are ok."""
    plan = run.plan
    both_orders = plan.pairwise is None or plan.pairwise.orders == 2
    pairs = {(pair.a, pair.b): number for number, pair in enumerate(plan.pairs)}
    comparing = [place for place in range(len(plan.judges)) if plan.comparisons_by(place)]
    judges = {place: number for number, place in enumerate(comparing)}
    places = Places.of_run(connection, run)
    pair, judge, question, place = array("i"), array("h"), array("i"), array("q")
    forward, swapped, said_forward, said_swapped = array("b"), array("b"), array("b"), array("b")
    for row in connection.execute(
        _BOTH_OK if both_orders else _ONE_OK, {"run": run.id}, execution_options={"yield_per": 5000}
    ):
        pair.append(pairs[row.model_a, row.model_b])
        judge.append(judges[row.judge])
        question.append(row.question)
        place.append(places.number(row.question, row.sample, row.turn))
        forward.append(_CODES[row.winner])
        swapped.append(_CODES[row.swapped_winner])
        said_forward.append(_CODES[row.judge_winner])
        said_swapped.append(_CODES[row.swapped_judge_winner])
    return ComparisonTable(
        models=tuple(m.label for m in plan.models),
        judges=tuple(plan.judges[place].label for place in comparing),
        pairs=tuple(pairs),
        planned=np.array([[plan.comparisons_of(p) * (j in p.judges) for j in comparing] for p in plan.pairs]),
        pair=np.asarray(pair),
        judge=np.asarray(judge),
        question=np.asarray(question),
        place=np.asarray(place),
        forward=np.asarray(forward),
        swapped=np.asarray(swapped),
        said_forward=np.asarray(said_forward),
        said_swapped=np.asarray(said_swapped),
        both_orders=both_orders,
    )


def _both_ok() -> sa.Select[tuple[object, ...]]:
    one, other = comparisons.alias("one"), comparisons.alias("other")
    same = ("run_id", "question", "sample", "turn", "model_a", "model_b", "judge", "repeat")
    return (
        _columns(one, other)
        .join_from(one, other, sa.and_(*(one.c[name] == other.c[name] for name in same)))
        .where(one.c.run_id == sa.bindparam("run"), one.c.swapped.is_(False), other.c.swapped.is_(True))
        .where(one.c.status == "ok", other.c.status == "ok")
    )


def _one_ok() -> sa.Select[tuple[object, ...]]:
    one = comparisons.alias("one")
    return _columns(one, one).where(one.c.run_id == sa.bindparam("run"), one.c.status == "ok")


def _columns(one: sa.FromClause, other: sa.FromClause) -> sa.Select[tuple[object, ...]]:
    names = ("model_a", "model_b", "judge", "question", "sample", "turn", "winner", "judge_winner")
    return sa.select(
        *(one.c[name] for name in names),
        other.c.winner.label("swapped_winner"),
        other.c.judge_winner.label("swapped_judge_winner"),
    )


_BOTH_OK = _both_ok()
_ONE_OK = _one_ok()
