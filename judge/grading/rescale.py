"""The points of the rules, on the scale of a rubric."""

from dataclasses import replace

from judge.grading.rules import MAX_POINTS
from judge.rubric import Rubric
from judge.types import Verdict


def on_rubric(verdict: Verdict, rubric: Rubric) -> Verdict:
    """A verdict of the rules with its points (0 to 10) mapped linearly onto the rubric's scale, its steps unheeded.

    All else of the rubric is for judges that read.
    """
    scale = rubric.scale
    if verdict.score is None or scale.ends == (0, MAX_POINTS):
        return verdict
    said = verdict.judge_score
    return replace(
        verdict,
        score=scale.at(verdict.score / MAX_POINTS),
        judge_score=None if said is None else scale.at(said / MAX_POINTS),
    )
