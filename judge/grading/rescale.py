"""The points of the rules, on the scale of a rubric."""

from collections.abc import Mapping
from dataclasses import replace

from judge.grading.rules import MAX_POINTS
from judge.rubric import LabelsRubric, Rubric
from judge.types import Verdict


def on_rubric(verdict: Verdict, rubric: Rubric) -> Verdict:
    """A verdict of the rules with its points (0 to 10) mapped linearly onto the rubric's scale, its steps unheeded.

    Where the rules tell every label of the rubric, its own table scores them. All else of the rubric is for judges that
    read.
    """
    if verdict.score is None:
        return verdict
    labels: Mapping[str, str] = verdict.criteria.get("labels", {})
    if isinstance(rubric, LabelsRubric) and labels and all(label.id in labels for label in rubric.labels):
        score = rubric.score(labels)
        ruled_out = rubric.language_rule == "min_score" and "language_rule" in verdict.criteria
        return replace(verdict, score=rubric.scale.min if ruled_out else score, judge_score=score)
    scale = rubric.scale
    if scale.ends == (0.0, MAX_POINTS):
        return verdict
    said = verdict.judge_score
    return replace(
        verdict,
        score=scale.at(verdict.score / MAX_POINTS),
        judge_score=None if said is None else scale.at(said / MAX_POINTS),
    )
