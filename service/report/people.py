"""People in the report: the scores and the shares of unsafe answers that their labels correct."""

from collections.abc import Iterator

from service.report import people_rows
from service.report.part import Part, Report, Source
from service.review.people import corrected_figures


def _of_run(source: Source) -> Report:
    """`people` is None where nobody labelled an answer of the run."""
    return {"people": corrected_figures(source.connection, source.run)}


def _methods(report: Report) -> Iterator[str]:
    people = report["people"]
    if people is None:
        return
    yield "corrected_mean"
    if people["unsafe"]:
        yield from ("corrected_share", "share")


PART = Part(
    of_run=_of_run, grids=people_rows.grids, notes=people_rows.notes, slices=people_rows.slices, methods=_methods
)
