"""Which models of a plan are compared with which."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from judge.grading.rules import RULE_JUDGE
from judge.pairwise import pairwise_hash
from judge.rubric import Rubric
from service.endpoint_plan import EndpointPlan
from service.errors import UsageError
from service.seating import Seats

ALL_PAIRS = "all"


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions of two models that are compared, and of the judges that compare them.

    `asked` comparisons, each counted once whatever its orders; None: every graded turn.
    """

    a: int
    b: int
    judges: tuple[int, ...]
    asked: int | None = None


class GivenPair(BaseModel):
    """A pair of another tool's files: positions of the models, and how many comparisons it has there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    a: int
    b: int
    asked: int


class PairwisePlan(BaseModel):
    """Comparisons with the model of the label `baseline`, or of all pairs where that is None.

    Imports say which pairs there are (`given`), and whether both orders were asked or one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    baseline: str | None
    prompt_hashes: dict[str, str]
    given: tuple[GivenPair, ...] = Field(default=(), exclude_if=lambda v: not v)
    orders: Literal[1, 2] = Field(default=2, exclude_if=lambda v: v == 2)

    def pairs(self, models: Sequence[EndpointPlan], judges: Sequence[EndpointPlan], seats: Seats) -> tuple[Pair, ...]:
        """Every pair, the baseline as b, with the judges that are models and sit on both.

        A pair that this would leave to nobody keeps all that are models.
        """
        if self.given:
            return tuple(Pair(p.a, p.b, tuple(range(len(judges))), p.asked) for p in self.given)
        able = [n for n, judge in enumerate(judges) if not judge.is_rule_judge]
        places = range(len(models))
        found = list(itertools.combinations(places, 2))
        if self.baseline is not None:
            b = [m.label for m in models].index(self.baseline)
            found = [(a, b) for a in places if a != b]
        return tuple(
            Pair(a, b, tuple(j for j in able if j in seats[a] and j in seats[b]) or tuple(able)) for a, b in found
        )


def plan_pairs(
    wanted: str | None, models: Sequence[EndpointPlan], judges: Sequence[EndpointPlan], rubrics: Mapping[str, Rubric]
) -> PairwisePlan | None:
    """Whom to compare.

    Raises:
        UsageError: fewer than two models, no judge that is a model, or a baseline that is none of the models.
    """
    if wanted is None:
        return None
    if len(models) < 2:
        raise UsageError("--pairwise compares two models or more; name another with -m")
    if all(j.is_rule_judge for j in judges):
        raise UsageError(f"scripted:{RULE_JUDGE} compares nothing; --pairwise needs a judge that is a model")
    named = [m.label for m in models if wanted in (m.label, str(m.spec()))]
    if wanted != ALL_PAIRS and not named:
        known = ", ".join(m.label for m in models)
        raise UsageError(f"--pairwise {wanted}: no model of this run is called so; name one of {known}, or {ALL_PAIRS}")
    hashes = {r: pairwise_hash(rubric) for r, rubric in sorted(rubrics.items())}
    return PairwisePlan(baseline=None if wanted == ALL_PAIRS else named[0], prompt_hashes=hashes)
