"""Agreement with people on a judge card: of all runs with labels together, against that of people among themselves."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from judge.probes import card
from judge.probes.card import Line
from judge.scoring.agreement import Agreement
from judge.scoring.proportion import Share
from judge.scoring.raters import Raters, agreement, below_ceiling, people_agreement
from service.card.source import Judged, Source, codes
from service.review.people import Rated, rated_by

_COEFFICIENTS = ("weighted_kappa", "alpha", "ac1")


def agreement_lines(source: Source) -> Iterator[Line]:
    """Nothing where nobody labelled what the judge graded; below the fewest labels only their number."""
    found = [rated for judged in source.subject.runs if (rated := _rated(source, judged)) is not None]
    if not found:
        return
    people, judge, cluster = _together(found)
    who, unit = np.nonzero(~np.isnan(people) & ~np.isnan(judge))
    beside = agreement(people[who, unit], judge[unit], cluster[unit])
    among = people_agreement(people, cluster)
    gaps = below_ceiling(judge, people, cluster)
    for name in _COEFFICIENTS:
        zone = card.AGREEMENT if gaps is None else None
        yield Line("people", _figure(beside, name), "correlation", zone, about=name)
    if among is not None:
        for name in _COEFFICIENTS:
            yield Line("people_ceiling", _figure(among, name), "correlation", about=name)
    for name, gap in (gaps or {}).items():
        yield Line("people_gap", _share(gap), "correlation", card.BELOW_CEILING, about=name)


def _rated(source: Source, judged: Judged) -> Rated | None:
    return rated_by(source.connection, judged.run, judged.place)


def _together(found: list[Rated]) -> tuple[Any, Any, Any]:
    """Ratings of people (reviewers, units), those of the judge and the question of each unit, over all runs."""
    names = sorted({name for rated in found for name in rated.reviewers})
    whole = []
    for rated in found:
        table = np.full((len(names), rated.judge.size), np.nan)
        table[[names.index(name) for name in rated.reviewers]] = rated.people
        whole.append(table)
    return (
        np.concatenate(whole, axis=1),
        np.concatenate([rated.judge for rated in found]),
        codes(question for rated in found for question in rated.questions),
    )


def _figure(raters: Raters, name: str) -> Share:
    if raters.coefficients is None:
        return Share(None, None, None, raters.n)
    return _share(raters.coefficients[name])


def _share(found: Agreement) -> Share:
    return Share(found.value, found.low, found.high, found.n)
