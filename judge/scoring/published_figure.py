"""A number that another tool prints; apart, because plans hold some and must load without numpy."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class PublishedFigure(BaseModel):
    """One number of one model as its tool prints it; `dropped` rows (or verdicts) are no part of it.

    `low` and `high` are the tool's own limits, `interval` says which; `clustered_*` are ours for the same figure, 95 %.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    figure: str
    unit: Literal["points", "share", "percent"]
    value: float | None
    n: int
    dropped: int
    low: float | None = None
    high: float | None = None
    interval: str | None = None
    standard_error: float | None = None
    clustered_low: float | None = None
    clustered_high: float | None = None
