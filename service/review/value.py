"""What a person filled in becomes a label's value, or one line that says what is wrong with it."""

from collections.abc import Mapping
from typing import Any

from judge.rubric import ChecklistRubric, LabelSet, LabelsRubric, LikertRubric, Rubric
from questions.source import quote

_YES = {"1", "y", "yes", "o", "true", "예", "네", "○"}
_NO = {"0", "n", "no", "x", "false", "아니오", "아니요", "×"}


def value_of(rubric: Rubric, filled: Mapping[str, object]) -> dict[str, Any]:
    """The value of a label: `filled` holds `score`, or each label's value, or yes or no to each point, by their ids.

    Raises:
        ValueError: one line on what is missing or does not fit the rubric.
    """
    if isinstance(rubric, LikertRubric):
        return {"score": _score(rubric, filled.get("score"))}
    if isinstance(rubric, ChecklistRubric):
        met = {item.id: _is_met(item.id, filled.get(item.id)) for item in rubric.items}
        return {"score": rubric.score(met), "items": met}
    chosen = {label.id: _chosen(label, filled.get(label.id)) for label in rubric.labels}
    return {"score": rubric.score(chosen), "labels": chosen}


def fields(rubric: Rubric) -> dict[str, str]:
    """What has to be filled in, by id, each with what may stand there."""
    if isinstance(rubric, LikertRubric):
        return {"score": rubric.scale.text()}
    if isinstance(rubric, ChecklistRubric):
        return {item.id: f"yes / no: {item.text}" for item in rubric.items}
    return {label.id: " / ".join(f"{v.id} ({v.name})" for v in label.values) for label in rubric.labels}


def check_value(rubric: Rubric, value: object) -> dict[str, Any]:
    """A value as it is stored, checked against the rubric and with the score that the rubric gives it.

    Raises:
        ValueError: as for `value_of`.
    """
    if not isinstance(value, Mapping):
        raise ValueError("the value is no object")
    parts = value.get("labels") if isinstance(rubric, LabelsRubric) else value.get("items")
    return value_of(rubric, value if isinstance(rubric, LikertRubric) or not isinstance(parts, Mapping) else parts)


def _score(rubric: LikertRubric, said: object) -> float:
    if said is None or str(said).strip() == "":
        raise ValueError("there is no score")
    try:
        score = float(str(said).strip().removesuffix("점"))
    except ValueError:
        score = float("nan")
    if not rubric.scale.holds(score):
        step = "" if rubric.scale.step is None else f" in steps of {rubric.scale.step:g}"
        raise ValueError(f"the score {_shown(said)} is not on the scale {rubric.scale.text()}{step}")
    return score


def _is_met(point: str, said: object) -> bool:
    word = str("" if said is None else said).strip().casefold()
    if word not in _YES | _NO:
        raise ValueError(f"{point} needs yes or no, not {_shown(said)}")
    return word in _YES


def _chosen(label: LabelSet, said: object) -> str:
    word = str("" if said is None else said).strip()
    named = {v.id: v.id for v in label.values} | {v.name: v.id for v in label.values}
    if word not in named:
        allowed = ", ".join(v.id for v in label.values)
        raise ValueError(f"{label.id} needs one of {allowed}, not {_shown(said)}")
    return named[word]


def _shown(said: object) -> str:
    text = "" if said is None else str(said).strip()
    return quote(text) if text else "nothing"
