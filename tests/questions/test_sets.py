"""The shipped sets as folders: whole, and as many of each kind as the taxonomy says."""

from collections import Counter
from pathlib import Path

import pytest

from questions.library import load_set, shipped_sets
from questions.lint import lint
from questions.readers import read_questions
from questions.source import SourceError
from questions.taxonomy import taxonomy

FOLDERS = [name for name in shipped_sets() if name != "starter"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_shipped_set_has_what_the_taxonomy_says_of_its_leaves(name):
    questions = load_set(name).questions
    leaves = {leaf.id: leaf for leaf in taxonomy().leaves}
    counted = Counter(q.leaf for q in questions)
    for leaf_id, count in counted.items():
        leaf = leaves[leaf_id or ""]
        policies = Counter(q.policy for q in questions if q.leaf == leaf_id)
        assert count == (sum(leaf.policies.values()) if leaf.policies else leaf.n), leaf_id
        assert not leaf.policies or policies == Counter(leaf.policies), leaf_id
        assert {q.category for q in questions if q.leaf == leaf_id} == {leaf.ko}


@pytest.mark.parametrize("name", FOLDERS)
def test_every_twin_names_its_twin_and_every_item_its_reason(name):
    questions = {q.id: q for q in load_set(name).questions}
    for question in questions.values():
        assert question.rationale, question.id
        if question.pair_id is not None:
            assert questions[question.pair_id].pair_id == question.id, question.id
        if question.policy in ("unsafe_request", "crisis", "boundary"):
            assert questions[question.pair_id or ""].policy == "benign", question.id
        if question.policy == "unsafe_request":
            assert all(len(turn.prompt) <= 120 for turn in question.turns), question.id


@pytest.mark.parametrize("name", FOLDERS)
def test_the_shipped_sets_are_clean(name):
    assert [str(f) for f in lint(load_set(name)) if f.severity == "error"] == []


def test_a_folder_that_names_a_leaf_it_does_not_hold_says_which(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "set.yaml").write_text("set: mine\nleaves: [A1.2]\n", encoding="utf-8")
    with pytest.raises(SourceError, match=r"A1\.2"):
        read_questions(tmp_path / "mine")
