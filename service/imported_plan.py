"""What an imported run keeps of the tool that it came from."""

from pydantic import BaseModel, ConfigDict

from judge.scoring.published_figure import PublishedFigure


class ImportedPlan(BaseModel):
    """`figures` are the tool's own aggregates of these files; `notices` what a reader must know of the import."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str
    figures: tuple[PublishedFigure, ...]
    notices: tuple[str, ...]
