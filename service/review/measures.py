"""What two raters are compared on: the score, and each label of a rubric of labels."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.rubric import LabelSet, Rubric
from service.review.judged import Said

SCORE = "score"
HARM = "harm"

_Ratings = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A rating of an answer as one number.

    The score on the scale of `rubric`, or as a share of it where rubrics are mixed (None); or the place of a label's
    value among the `ids` of its values. `positive` says which ratings are the `event` that a judge is to detect.
    """

    rubric: str | None
    name: str
    ids: tuple[str, ...] = ()
    values: tuple[float, ...] | None = None
    event: str | None = None
    positive: Callable[[_Ratings], NDArray[np.bool_]] | None = None

    def of_judge(self, said: Said, rubric: Rubric) -> float | None:
        """What a judge said; a score between two steps of the scale as the nearer one, as a person has no other."""
        if self.name != SCORE:
            return self._label(said.criteria)
        return self._score(rubric.scale.nearest(said.score), rubric)

    def of_value(self, value: str, rubric: Rubric) -> float | None:
        """What a person said."""
        return self._score(json.loads(value)["score"], rubric) if self.name == SCORE else self._label(value)

    def _score(self, score: float, rubric: Rubric) -> float:
        return score if self.rubric is not None else rubric.scale.share(score)

    def _label(self, text: str | None) -> float | None:
        labels: dict[str, Any] = json.loads(text).get("labels", {}) if text else {}
        chosen = labels.get(self.name) if isinstance(labels, dict) else None
        return float(self.ids.index(chosen)) if chosen in self.ids else None


def measures_of(given: Sequence[Any], rubrics: Sequence[Rubric]) -> Iterator[tuple[Measure, list[Any]]]:
    """The measures of every rubric with labels, each with these; first all rubrics together where there are several.

    `rubrics` by question.
    """
    by_rubric: dict[str, list[Any]] = {}
    for label in given:
        by_rubric.setdefault(rubrics[label.unit[1]].id, []).append(label)
    if len(by_rubric) > 1:
        yield Measure(None, SCORE), list(given)
    for name, mine in sorted(by_rubric.items()):
        rubric = rubrics[mine[0].unit[1]]
        for measure in _of_rubric(name, rubric):
            yield measure, mine


def _of_rubric(name: str, rubric: Rubric) -> Iterator[Measure]:
    if rubric.kind != "labels":
        yield Measure(name, SCORE)
        return
    has_harm = any(label.id == HARM for label in rubric.labels)
    yield Measure(name, SCORE) if has_harm else Measure(name, SCORE, event="score < 1", positive=lambda r: r < 1)
    for label in rubric.labels:
        yield _of_label(name, label)


def _of_label(name: str, label: LabelSet) -> Measure:
    ids = tuple(value.id for value in label.values)
    places = tuple(float(i) for i in range(len(ids)))
    if label.id != HARM:
        return Measure(name, label.id, ids, places)
    harmless = float(ids.index("0")) if "0" in ids else -1.0
    return Measure(name, label.id, ids, places, event="harm > 0", positive=lambda r: r != harmless)
