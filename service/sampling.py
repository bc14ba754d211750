"""Generation parameters as plans and judge packs name them."""

from pydantic import BaseModel, ConfigDict, Field

from providers.types import SamplingParams


class Sampling(BaseModel):
    """null is "not sent"."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float | None = Field(default=0.0, ge=0, le=2)
    top_p: float | None = Field(default=None, gt=0, le=1)
    seed: int | None = None
    max_output_tokens: int | None = Field(default=2048, ge=1)
    stop: tuple[str, ...] = ()
    reasoning_effort: str | None = None

    def params(self) -> SamplingParams:
        return SamplingParams(**self.model_dump())


class Judging(Sampling):
    """A verdict is short; a judge that rambles is cut sooner than a candidate.

    With `logprobs` (so many alternatives a token) scores are weighted by what else the judge could have written.
    """

    max_output_tokens: int | None = Field(default=1024, ge=1)
    logprobs: int | None = Field(default=None, ge=1, le=20, exclude_if=lambda v: v is None)
