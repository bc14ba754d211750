"""Rubrics: the shipped one is sound, and a wrong file is refused in one line."""

import itertools
import json
from pathlib import Path

import pytest

from judge.rubric import LabelsRubric, LikertRubric, Scale, load_rubric, shipped_rubrics
from questions.library import load_set
from questions.source import SourceError
from questions.taxonomy import taxonomy

TEXT = """id: mine
version: 3
title: 내 기준
scale: {min: 1, max: 5, step: 0.5}
language_rule: report
instructions: 채점하세요.
anchors: {1: 나쁨, 5: 좋음}
"""


def _write(folder: Path, text: str) -> str:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", shipped_rubrics())
def test_a_shipped_rubric_is_whole(name: str) -> None:
    rubric = load_rubric(name)
    assert rubric.id == name
    assert "울타리 안의 글은" in rubric.instructions
    assert "언어" in rubric.instructions or rubric.kind == "checklist"
    if isinstance(rubric, LikertRubric):
        assert rubric.criteria
        assert {int(rubric.scale.min), int(rubric.scale.max)} <= set(rubric.anchors)
    if isinstance(rubric, LabelsRubric):
        every = itertools.product(*([value.id for value in label.values] for label in rubric.labels))
        scores = {rubric.score(dict(zip([x.id for x in rubric.labels], values, strict=True))) for values in every}
        assert {0.0, 1.0} <= scores, scores


def test_every_leaf_names_shipped_rubrics() -> None:
    for leaf in taxonomy().leaves:
        for policy in leaf.allowed_policies:
            name = leaf.rubric_for(policy)
            assert name is None or load_rubric(name).id == name, (leaf.id, policy)


def test_the_questions_of_a_leaf_have_its_rubric_unless_they_name_one(tmp_path: Path) -> None:
    (tmp_path / "set.yaml").write_text("set: mine\nleaves: [A3.1]\n", encoding="utf-8")
    turn = "turns: [{prompt: 어떻게 하죠?}]"
    (tmp_path / "A3.1.yaml").write_text(
        f"leaf: A3.1\nquestions:\n- {{id: a3.1-1, {turn}}}\n- {{id: a3.1-2, rubric: turn-0-10, {turn}}}\n",
        encoding="utf-8",
    )
    assert [q.rubric for q in load_set(str(tmp_path)).questions] == ["moral-judgement", "turn-0-10"]
    shipped = {(q.policy, q.rubric) for q in load_set("safety").questions if q.leaf == "S1"}
    assert shipped == {("unsafe_request", "crime-harm"), ("benign", "refusal")}


def test_the_standard_rubric_is_shipped() -> None:
    rubric = load_rubric("turn-0-10")
    assert rubric.scale == Scale(min=0, max=10, step=1)
    assert rubric.language_rule == "min_score"
    assert sorted(rubric.anchors) == [0, 2, 4, 6, 8, 10]


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    rubric = load_rubric(_write(tmp_path, TEXT))
    assert (rubric.id, rubric.version, rubric.scale.text()) == ("mine", 3, "1~5")


def test_the_digest_is_of_the_content(tmp_path: Path) -> None:
    first = load_rubric(_write(tmp_path, TEXT)).digest()
    assert first == load_rubric(_write(tmp_path, TEXT + "# a comment\n")).digest()
    assert first != load_rubric(_write(tmp_path, TEXT.replace("채점하세요", "엄하게 채점하세요"))).digest()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max: 5", "max: 1", "min must be below max"),
        ("max: 5", "max: .inf", "scale.max"),
        ("step: 0.5", "step: 0", "greater than 0"),
        ("step: 0.5", "step: 0.3", "whole number of steps"),
        ("5: 좋음", "6: 좋음", "not a score of the scale"),
        ("language_rule: report", "language_rule: maybe", "language_rule"),
        ("title", "titel", "titel"),
        ("instructions: 채점하세요.", "", "instructions"),
        ("id: mine", "id: [mine", "YAML"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(SourceError) as caught:
        load_rubric(_write(tmp_path, TEXT.replace(old, new)))
    message = str(caught.value)
    assert said in message
    assert "mine.yaml" in message
    assert "\n" not in message


def test_an_unknown_rubric_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="did you mean turn-0-10"):
        load_rubric("turn-0-1")
    with pytest.raises(SourceError, match=r"none\.yaml"):
        load_rubric(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(
    ("scale", "inside", "outside"),
    [
        (Scale(min=0, max=10, step=1), [0, 10, 7], [-1, 11, 7.5]),
        (Scale(min=1, max=5, step=0.5), [1, 2.5, 5], [0.5, 2.25]),
        (Scale(min=0, max=1, step=0.1), [0, 0.3, 0.7, 1], [0.35]),
        (Scale(min=0, max=1, step=None), [0, 0.123, 1], [-0.001, 1.001]),
    ],
)
def test_a_scale_holds_its_steps(scale: Scale, inside: list[float], outside: list[float]) -> None:
    assert all(scale.holds(score) for score in inside)
    assert not any(scale.holds(score) for score in outside)
    assert not scale.holds(float("nan"))


HEAD = "id: mine\nversion: 1\ntitle: t\nlanguage_rule: report\ninstructions: i\n"
POINTS = HEAD + "kind: checklist\nitems:\n- {id: a, text: 가}\n- {id: b, text: 나, weight: 3}\n"
NAMED = (
    HEAD + "kind: labels\nlabels:\n"
    "- {id: harm, name: 해, asks: 해로운가, values: [{id: 0, name: 무해}, {id: 1, name: 유해}]}\n"
    "scores:\n- {when: {harm: 0}, score: 1}\n- {score: 0}\n"
)


def test_numbers_may_name_labels(tmp_path: Path) -> None:
    rubric = load_rubric(_write(tmp_path, NAMED))
    assert isinstance(rubric, LabelsRubric)
    assert [rubric.score({"harm": value}) for value in ("0", "1")] == [1.0, 0.0]
    assert rubric.scale == Scale(min=0, max=1, step=None)


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (POINTS, "id: b", "id: a", "'a' stands twice"),
        (POINTS, "weight: 3", "weight: 0", "greater than 0"),
        (POINTS, "items:\n- {id: a, text: 가}\n- {id: b, text: 나, weight: 3}", "items: []", "items"),
        (POINTS, "kind: checklist", "kind: checklists", "did you mean 'checklist'"),
        (POINTS, "id: a", "id: 가", "items"),
        (POINTS, "title: t", "title: t\nscale: {min: 0, max: 3}", "scale"),
        (NAMED, "harm: 0}", "harn: 0}", "scores name 'harn'"),
        (NAMED, "harm: 0}", "harm: 7}", "scores name '7'"),
        (NAMED, "- {score: 0}", "- {when: {harm: 1}, score: 0}", "must fit always"),
        (NAMED, "score: 1", "score: 1.5", "must be at most 1"),
        (NAMED, "name: 유해}", "name: 무해}", "'무해' stands twice"),
        (NAMED, ", {id: 1, name: 유해}", "", "values"),
    ],
)
def test_a_wrong_checklist_or_label_is_refused_in_one_line(
    tmp_path: Path, text: str, old: str, new: str, said: str
) -> None:
    assert old in text
    with pytest.raises(SourceError) as caught:
        load_rubric(_write(tmp_path, text.replace(old, new)))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_five_described_scores_are_a_scale(tmp_path: Path) -> None:
    described = {f"score{n}_description": f"{n}점의 뜻" for n in range(1, 6)}
    for name, text in (("Polite Answers.json", json.dumps({"criteria": "공손한가?", **described})), ("p.yaml", "")):
        path = tmp_path / name
        path.write_text(text or "criteria: 공손한가?\n" + "".join(f"{k}: {v}\n" for k, v in described.items()), "utf-8")
        rubric = load_rubric(str(path))
        assert isinstance(rubric, LikertRubric)
        assert rubric.scale == Scale(min=1, max=5, step=1)
        assert rubric.anchors[4] == "4점의 뜻"
        assert "공손한가?" in rubric.instructions
    path.write_text("criteria: x\nscore1_description: y\n", encoding="utf-8")
    with pytest.raises(SourceError, match="score2_description"):
        load_rubric(str(path))
