"""Rubrics: what a judge is told to look for, and the scale it answers on. One YAML file each."""

import difflib
import hashlib
import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from questions.source import SourceError, load_yaml, printable

_RUBRICS = Path(__file__).parent / "rubrics"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Scale(_Record):
    """Inclusive bounds; `step` 1 means whole numbers only, null any number."""

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

    def text(self) -> str:
        return f"{self.min:g}~{self.max:g}"


class Criterion(_Record):
    id: str
    name: str
    description: str


class Rubric(_Record):
    """`language_rule`: what a failed language check does to the score: the scale's minimum, or nothing."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    version: int = Field(ge=1)
    title: str
    scale: Scale
    language_rule: Literal["min_score", "report"]
    instructions: str
    first_turn: str = ""
    later_turns: str = ""
    criteria: tuple[Criterion, ...] = ()
    anchors: dict[int, str] = {}

    @model_validator(mode="after")
    def _anchors_lie_on_the_scale(self) -> "Rubric":
        off = [score for score in self.anchors if not self.scale.holds(score)]
        if off:
            raise ValueError(f"the anchor {off[0]} is not a score of the scale {self.scale.text()}")
        return self

    def digest(self) -> str:
        """sha256 of the rubric's content."""
        content = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


def shipped_rubrics() -> list[str]:
    """Ids of the shipped rubrics."""
    return sorted(path.stem for path in _RUBRICS.glob("*.yaml"))


def load_rubric(spec: str) -> Rubric:
    """A shipped rubric by id, or a YAML file by path.

    Raises:
        SourceError: neither; or the file is not a rubric.
    """
    shipped = shipped_rubrics()
    if spec in shipped:
        return load_yaml(_RUBRICS / f"{spec}.yaml", Rubric)
    if Path(spec).suffix in (".yaml", ".yml"):
        return load_yaml(Path(spec), Rubric)
    near = difflib.get_close_matches(spec, shipped, n=1)
    hint = f"did you mean {near[0]}?" if near else f"shipped: {', '.join(shipped)}; or name a .yaml file"
    raise SourceError(f"there is no rubric {printable(spec)!r}; {hint}")
