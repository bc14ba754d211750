"""What people's labels say of a run's judges and of its scores, as plain data."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from judge.rubric import Rubric
from judge.scoring.agreement import alt_test
from judge.scoring.corrected import FEWEST_LABELS
from judge.scoring.raters import FEWEST_RATINGS, Raters, agreement, confusion, detection, people_agreement
from service.review.candidates import rubrics_by_question
from service.review.corrections import corrected_models, unsafe_shares
from service.review.given import Given, People, read_people
from service.review.judged import Judged, read_judged
from service.review.measures import SCORE, Measure, measures_of
from service.store.judged import question_ids
from service.store.labels import Unit
from service.store.reads import StoredRun

Report = dict[str, Any]


def people_report(connection: Connection, run: StoredRun) -> Report | None:
    """Agreement of judges with people and of people among themselves, and the corrected figures; None without labels.

    Its shape is that of `kojudge judge agree RUN --format json` (docs/people.md).
    """
    found = _read(connection, run)
    if found is None:
        return None
    people, rubrics, judged = found
    return {
        "run": run.name,
        "interval": "95 % (coefficients: bootstrap over questions; shares: Wilson, clustered; means: jackknife)",
        "labels": _counts(people),
        "reviewers": people.reviewers,
        "fewest_labels": {"coefficients": FEWEST_RATINGS, "corrected": FEWEST_LABELS},
        "judges": [
            {
                "judge": endpoint.label,
                "agreement": list(_agreements(people, rubrics, judged, judge)),
                "alt_test": _alt_test(people, rubrics, judged, judge),
                "unsafe": unsafe_shares(run, people, judged, judge),
            }
            for judge, endpoint in enumerate(run.plan.judges)
        ],
        "people": list(_among_people(people, rubrics)),
        "models": list(corrected_models(connection, run, people, rubrics, judged)),
    }


@dataclass(frozen=True, slots=True)
class Rated:
    """What people and one judge said of the labelled turns of a run, as shares of each rubric's scale.

    `people` of shape (reviewers, units) and `judge` of shape (units,) are NaN where one gave none; `questions` are ids.
    """

    reviewers: list[str]
    people: NDArray[np.float64]
    judge: NDArray[np.float64]
    questions: list[str]


def rated_by(connection: Connection, run: StoredRun, judge: int) -> Rated | None:
    """The labels that count, beside what the judge at this place of the plan said; None without any."""
    found = _read(connection, run)
    if found is None or not found[0].given:
        return None
    people, rubrics, judged = found
    measure = Measure(None, SCORE)
    table, units = _table(people.given, rubrics, measure)
    ids = question_ids(connection, run)
    reviewers = sorted({g.reviewer for g in people.given})
    return Rated(reviewers, table, _said(judged, judge, units, rubrics, measure), [ids[u[1]] for u in units])


def corrected_figures(connection: Connection, run: StoredRun) -> Report | None:
    """Of `people_report` what a run's report shows: the counts and the corrected figures; None without labels."""
    found = _read(connection, run)
    if found is None:
        return None
    people, rubrics, judged = found
    return {
        "labels": _counts(people),
        "reviewers": len(people.reviewers),
        "fewest_labels": FEWEST_LABELS,
        "models": list(corrected_models(connection, run, people, rubrics, judged)),
        "unsafe": [
            {"judge": endpoint.label, **row}
            for judge, endpoint in enumerate(run.plan.judges)
            for row in unsafe_shares(run, people, judged, judge)
        ],
    }


def _read(connection: Connection, run: StoredRun) -> tuple[People, Sequence[Rubric], Judged] | None:
    people = read_people(connection, run)
    if not people.reviewers:
        return None
    rubrics = rubrics_by_question(connection, run)
    labelled = {g.unit for g in people.given} | people.decided.keys()
    return people, rubrics, read_judged(connection, run, rubrics, labelled)


def _counts(people: People) -> Report:
    return {
        "random": len(people.given),
        "turns": len({g.unit for g in people.given}),
        "left_out": dict(people.left_out),
        "superseded": people.superseded,
        "adjudicated": len(people.decided),
    }


def _agreements(people: People, rubrics: Sequence[Rubric], judged: Judged, judge: int) -> Iterator[Report]:
    for measure, given in measures_of(people.given, rubrics):
        pairs, missing = [], 0
        for g in given:
            said = judged.said.get((judge, g.unit))
            theirs = None if said is None else measure.of_judge(said, rubrics[g.unit[1]])
            mine = measure.of_value(g.value, rubrics[g.unit[1]])
            if theirs is None or mine is None:
                missing += 1
            else:
                pairs.append((mine, theirs, g.unit[1]))
        if not pairs:
            continue
        first, second, question = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
        yield {
            **_named(measure),
            "no_verdict": missing,
            **_raters(agreement(first, second, question.astype(np.int64))),
            "confusion": (table := confusion(first, second, measure.values)) and asdict(table),
            "detection": _detection(measure, first, second, question),
        }


def _detection(measure: Measure, first: Any, second: Any, question: Any) -> Report | None:
    if measure.positive is None:
        return None
    people, judge = measure.positive(first), measure.positive(second)
    return {"positive": measure.event, **asdict(detection(people, judge, question.astype(np.int64)))}


def _named(measure: Measure) -> Report:
    return {"rubric": measure.rubric, "measure": measure.name}


def _raters(raters: Raters) -> Report:
    return {
        "n": raters.n,
        "questions": raters.questions,
        "coefficients": raters.coefficients and {name: asdict(a) for name, a in raters.coefficients.items()},
        "exact": asdict(raters.exact),
    }


def _among_people(people: People, rubrics: Sequence[Rubric]) -> Iterator[Report]:
    for measure, given in measures_of(people.given, rubrics):
        table, units = _table(given, rubrics, measure)
        raters = people_agreement(table, np.array([u[1] for u in units], dtype=np.int64)) if units else None
        if raters is not None:
            yield {**_named(measure), **_raters(raters)}


def _table(given: Sequence[Given], rubrics: Sequence[Rubric], measure: Measure) -> tuple[Any, list[Unit]]:
    """Ratings of shape (reviewers, units), and the units."""
    who = {name: i for i, name in enumerate(sorted({g.reviewer for g in given}))}
    place = {u: i for i, u in enumerate(sorted({g.unit for g in given}))}
    table = np.full((len(who), len(place)), np.nan)
    for g in given:
        rating = measure.of_value(g.value, rubrics[g.unit[1]])
        if rating is not None:
            table[who[g.reviewer], place[g.unit]] = rating
    return table, list(place)


def _alt_test(people: People, rubrics: Sequence[Rubric], judged: Judged, judge: int) -> Report | None:
    """Over all rubrics, on the share of each scale."""
    measure = Measure(None, SCORE)
    table, units = _table(people.given, rubrics, measure)
    found = alt_test(_said(judged, judge, units, rubrics, measure), table) if units else None
    return None if found is None else asdict(found)


def _said(
    judged: Judged, judge: int, units: Sequence[Unit], rubrics: Sequence[Rubric], measure: Measure
) -> NDArray[np.float64]:
    """A judge's ratings of the units, NaN where it gave none."""
    theirs = [judged.said.get((judge, u)) for u in units]
    shares = [
        np.nan if said is None else measure.of_judge(said, rubrics[u[1]]) for u, said in zip(units, theirs, strict=True)
    ]
    return np.array(shares, dtype=np.float64)
