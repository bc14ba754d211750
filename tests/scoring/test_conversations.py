"""Verdicts become conversations: repeats first, then the mean or the worst of the turns, by hand-worked tables."""

import numpy as np
import pytest

from judge.scoring.conversations import over_turns, turn_scores

VERDICTS = [
    # model, question, turn, score
    (0, 0, 1, 1.0),
    (0, 0, 1, 0.0),  # a repeat: turn 1 is 0.5
    (0, 0, 2, 1.0),
    (0, 1, 1, 0.25),  # one turn only
    (1, 0, 1, 1.0),  # turn 2 is missing
    (1, 1, 1, 1.0),
    (1, 1, 1, 1.0),
]
PLANNED = np.array([[True, True], [True, False]])


@pytest.mark.parametrize(
    ("rule", "expected"), [("mean", [[0.75, 0.25], [np.nan, 1.0]]), ("worst", [[0.5, 0.25], [np.nan, 1.0]])]
)
def test_repeats_come_before_turns_and_a_missing_turn_leaves_no_score(rule, expected):
    model, question, turn, score = (np.array(column) for column in zip(*VERDICTS, strict=True))
    cells = turn_scores(model, question, turn, score, (2, 2, 2))
    assert cells[0, 0].tolist() == [0.5, 1.0]
    assert np.isnan(cells[1, 0, 1])
    np.testing.assert_array_equal(over_turns(cells, PLANNED, rule), np.array(expected))


def test_a_conversation_that_is_graded_at_its_last_turn_needs_that_one_alone():
    cells = np.array([[[np.nan, 0.5]]])
    assert over_turns(cells, np.array([[False, True]]), "worst").tolist() == [[0.5]]
    assert np.isnan(over_turns(cells, np.array([[True, True]]), "mean")).all()
