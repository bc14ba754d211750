"""Several judges' verdicts on one answer become one, or an honest failure."""

import numpy as np
import pytest

from judge.scoring.jury import Seats, collapse, dispersion, members, undecided
from judge.scoring.table import INCOMPLETE, OK, STATUSES, ScoreTable

UNPARSED, SKIPPED = STATUSES.index("unparsed"), STATUSES.index("skipped")
NAN = float("nan")


def jury(rows: list[tuple[int, int, int, float | None, int]], judges: int = 3) -> tuple[ScoreTable, Seats]:
    """Rows (model, question, judge, score or None, status) of one turn each."""
    model, question, judge, score, status = (np.array(column) for column in zip(*rows, strict=True))
    models, questions = int(model.max()) + 1, int(question.max()) + 1
    table = ScoreTable(
        models=tuple(f"m{n}" for n in range(models)),
        category_names=("c",),
        category=np.zeros(questions, dtype=int),
        turns=np.ones(questions, dtype=int),
        first=np.ones(questions, dtype=int),
        verdicts_per_turn=judges,
        scale=(0.0, 10.0),
        model=model,
        question=question,
        turn=np.ones(len(rows), dtype=int),
        status=status,
        score=np.array([NAN if s is None else s for s in score], dtype=float),
        published=np.full(len(rows), NAN),
    )
    seated = np.ones((models, judges), dtype=bool)
    return table, Seats(tuple(f"j{n}" for n in range(judges)), seated, judge, model * questions + question)


def ok(model: int, question: int, *scores: float) -> list[tuple[int, int, int, float | None, int]]:
    return [(model, question, judge, score, OK) for judge, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("how", "scores", "expected"),
    [
        ("mean", (4, 6, 8), 6.0),
        ("median", (0, 7, 8), 7.0),
        ("majority", (7, 3, 7), 7.0),
        ("majority", (3, 3, 3), 3.0),
    ],
)
def test_the_verdict_is_the_rule_over_the_members(how, scores, expected):
    table, seats = jury(ok(0, 0, *scores))
    got = collapse(table, seats, how)
    assert (got.score.tolist(), got.status.tolist(), got.verdicts_per_turn) == ([expected], [OK], 1)


def test_without_a_majority_there_is_no_verdict():
    got = collapse(*jury(ok(0, 0, 3, 5, 7)), "majority")
    assert (got.status.tolist(), np.isnan(got.score).tolist()) == ([INCOMPLETE], [True])


def test_only_full_sittings_without_a_majority_are_undecided():
    split, agreed = ok(0, 0, 3, 5, 7), ok(0, 1, 3, 3, 7)
    failed = [(0, 2, 0, 3.0, OK), (0, 2, 1, 5.0, OK), (0, 2, 2, None, UNPARSED)]
    table, seats = jury([*split, *agreed, *failed])
    assert [undecided(table, seats, how) for how in ("majority", "median", "mean")] == [1, 0, 0]


def test_a_member_that_failed_makes_the_verdict_incomplete_and_not_another_mean():
    rows = [(0, 0, 0, 9.0, OK), (0, 0, 1, None, UNPARSED), (0, 0, 2, 9.0, OK), *ok(0, 1, 2, 2, 2)]
    got = collapse(*jury(rows), "mean")
    assert got.status.tolist() == [INCOMPLETE, OK]
    assert np.isnan(got.score[0])
    assert got.score[1] == 2


def test_where_all_failed_alike_that_is_the_reason():
    rows = [(0, 0, j, None, SKIPPED) for j in range(3)] + [
        (0, 1, j, None, UNPARSED if j else SKIPPED) for j in range(3)
    ]
    assert collapse(*jury(rows), "mean").status.tolist() == [SKIPPED, INCOMPLETE]


def test_a_sitting_that_is_not_over_is_pending():
    table, seats = jury([*ok(0, 0, 5, 5, 5), *ok(0, 1, 5, 5)])
    got = collapse(table, seats, "mean")
    assert got.question.tolist() == [0]
    assert got.planned() == 2


def test_who_is_not_seated_is_not_waited_for():
    table, seats = jury([*ok(0, 0, 4, 6, 8), (1, 0, 0, 4.0, OK), (1, 0, 2, 8.0, OK)])
    seated = seats.seated.copy()
    seated[1, 1] = False
    got = collapse(table, Seats(seats.judges, seated, seats.judge, seats.sitting), "mean")
    assert (got.model.tolist(), got.score.tolist()) == ([0, 1], [6.0, 6.0])


def test_members_keep_their_own_means_and_failures():
    table, seats = jury([*ok(0, 0, 4, 6, 8), (0, 1, 0, 6.0, OK), (0, 1, 1, None, UNPARSED), (0, 1, 2, 10.0, OK)])
    found = members(table, seats)
    assert [(m.judge, m.score.mean, m.score.n, m.score.failed) for m in found] == [
        ("j0", 5.0, 2, 0),
        ("j1", 6.0, 1, 1),
        ("j2", 9.0, 2, 0),
    ]


def test_dispersion_is_within_answers():
    table, seats = jury([*ok(0, 0, 1, 1, 1), *ok(0, 1, 9, 9, 9)])
    assert (dispersion(table, seats).sd.mean, dispersion(table, seats).apart.mean) == (0.0, 0.0)
    table, seats = jury([*ok(0, 0, 4, 6, 8), *ok(1, 0, 5, 5, 5)])
    got = dispersion(table, seats)
    assert got.sd.mean == pytest.approx(np.std([4, 6, 8], ddof=1) / 2)
    assert (got.apart.mean, got.apart.n) == (0.5, 2)
    assert dispersion(table, seats, model=1).sd.mean == 0.0
    alone, seat = jury([(0, 0, 0, 5.0, OK)], judges=1)
    assert dispersion(alone, seat).sd.mean is None
