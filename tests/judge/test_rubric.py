"""Rubrics of one's own: read, hashed, and refused in one line where they are wrong."""

from pathlib import Path

import pytest

from judge.rubric import Scale, load_rubric
from questions.source import SourceError

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
