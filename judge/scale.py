"""The scale of a score."""

import math

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Scale(BaseModel):
    """Inclusive bounds; `step` 1 means whole numbers only, null any number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: float = Field(allow_inf_nan=False)
    max: float = Field(allow_inf_nan=False)
    step: float | None = Field(default=1.0, gt=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _is_a_range(self) -> "Scale":
        if not self.min < self.max:
            raise ValueError("min must be below max")
        if not self.holds(self.max):
            raise ValueError("max must be a whole number of steps above min")
        return self

    def holds(self, score: float) -> bool:
        """Whether a score lies on the scale and on its steps."""
        if not self.min <= score <= self.max:
            return False
        if self.step is None:
            return True
        steps = (score - self.min) / self.step
        return abs(steps - round(steps)) < 1e-9

    def nearest(self, score: float) -> float:
        """The step of the scale that is nearest to a score, the higher one of two."""
        if self.step is None:
            return score
        return self.min + math.floor((score - self.min) / self.step + 0.5) * self.step

    @property
    def ends(self) -> tuple[float, float]:
        """(min, max)."""
        return self.min, self.max

    def share(self, score: float) -> float:
        """Where a score stands between the ends, 0 to 1."""
        return (score - self.min) / (self.max - self.min)

    def at(self, share: float) -> float:
        """The score at a share of the way from min to max; its steps are not looked at."""
        return self.min + share * (self.max - self.min)

    def text(self) -> str:
        return f"{self.min:g}~{self.max:g}"


UNIT = Scale(min=0, max=1, step=None)
"""The scale of checklists and labels."""
