"""A question's digest: of its content, and of nothing else."""

import copy

import pytest

from questions.types import Question, Turn


def _question(**changes: object) -> Question:
    fields: dict[str, object] = {"id": "q-1", "category": "이해", "turns": (Turn(prompt="답하라."),)}
    return Question.model_validate(fields | changes)


@pytest.mark.parametrize("deep", [False, True])
def test_a_changed_copy_has_its_own_digest(deep: bool) -> None:
    question = _question()
    before = question.digest()
    changed = question.model_copy(update={"id": "q-2"}, deep=deep)
    assert changed.digest() == _question(id="q-2").digest() != before
    assert changed.model_copy(update={"id": "q-1"}).digest() == before == question.digest()


def test_what_nobody_is_shown_is_not_in_the_digest() -> None:
    assert _question(rationale="까닭", tags=("새것",)).digest() == _question().digest()
    assert _question(system="짧게").digest() != _question().digest()


def test_having_told_its_digest_changes_nothing_of_a_question() -> None:
    asked, fresh = _question(), _question()
    digest = asked.digest()
    assert asked == fresh
    assert hash(asked) == hash(fresh)
    assert repr(asked) == repr(fresh)
    assert asked.model_dump_json() == fresh.model_dump_json()
    for twin in (copy.copy(asked), copy.deepcopy(asked)):
        assert twin == asked
        assert twin.digest() == digest
