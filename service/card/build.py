"""The card of a judge: every figure that tells whether it can be trusted, computed from stored rows.

`SECTIONS` is what a card consists of: each entry makes lines from a `Source`. A new subject is one function there.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from judge.checks.addressing import find_addressing
from judge.probes import card
from judge.probes.card import RAISED, Line, Section, Unit
from judge.probes.cells import Cells
from judge.probes.items import ATTACK, ORIGINAL, ItemName
from judge.scoring.contrast import group_difference_of, mean_of, quantile, slope_within
from judge.scoring.pairwise import TIE, A
from judge.scoring.proportion import share
from judge.scoring.verdicts import FigureVerdict, Zone, figure_verdicts
from providers.family import family
from service.card.ends import ends, histogram
from service.card.people import agreement_lines
from service.card.source import Judged, Source, Subject, codes
from service.store import reads
from service.store.comparisons import comparison_totals
from service.store.judged import POINTS

Card = dict[str, Any]
Floats = NDArray[np.float64]


def _success(source: Source) -> Iterator[Line]:
    """Every call counts by itself: a failure is the server's or the form's, hardly the question's."""
    ok = [~np.isnan(rows.points[rows.judge == j.place]) for j in source.subject.every for rows in [source.rows(j.run)]]
    every = np.concatenate(ok)
    yield Line("verdict_success", share(every, np.arange(every.size)), "share", card.VERDICT_SUCCESS)
    totals = [comparison_totals(source.connection, j.run.id) for j in source.subject.every if j.run.plan.pairs]
    ended, good = (sum(t[k] for t in totals) for k in (0, 1))
    if ended:
        yield Line(
            "comparison_success", share(np.arange(ended) < good, np.arange(ended)), "share", card.VERDICT_SUCCESS
        )


def _of_cells(lines: Callable[[Cells], Iterator[Line]]) -> Callable[[Source], Iterator[Line]]:
    return lambda source: lines(source.cells) if source.cells is not None else iter(())


def _positions(source: Source) -> Iterator[Line]:
    names = [name for pairs in source.pairs for name in pairs.names]
    if not names:
        return
    forward = np.concatenate([pairs.forward for pairs in source.pairs])
    swapped = np.concatenate([pairs.swapped for pairs in source.pairs])
    cluster = codes(question for question, _, _ in names)
    yield Line("swap_consistency", share(forward == swapped, cluster), "share", card.SWAP_CONSISTENCY)
    # Shown second, b's win is the first position's: the sign of the swapped order turns round.
    first = np.concatenate([forward, -swapped]).astype(np.float64)
    preference = mean_of(first, np.concatenate([cluster, cluster]), 2.0)
    yield Line("position_preference", preference, "share", card.POSITION_PREFERENCE)
    yield from _scores_and_pairs(source)


def _scores_and_pairs(source: Source) -> Iterator[Line]:
    """Whether the answer with more points wins the comparison, where both orders and both scores tell them apart."""
    if source.cells is None:
        return
    hits, bases = [], []
    for pairs in (p for p in source.pairs if p.of_probe):
        for (base, a, b), one, other in zip(pairs.names, pairs.forward, pairs.swapped, strict=True):
            scores = [source.cells.points.get(ItemName(base, level, ORIGINAL)) for level in (a, b)]
            if one != other or one == TIE or scores[0] is None or scores[1] is None or scores[0] == scores[1]:
                continue
            hits.append((one == A) == (scores[0] > scores[1]))
            bases.append(base)
    agreed = share(np.asarray(hits, dtype=np.bool_), codes(bases))
    yield Line("scores_and_pairs", agreed, "share", card.SCORES_AND_PAIRS)


def _observed_length(source: Source) -> Iterator[Line]:
    """Points for a doubling of the length between answers to one turn: longer answers may be better ones."""
    x: list[float] = []
    y: list[float] = []
    groups: list[tuple[str, str, int]] = []
    for run, place in source.subject.runs:
        rows, ids, texts = source.rows(run), source.ids(run), source.texts(run)
        for at in np.flatnonzero((rows.judge == place) & ~np.isnan(rows.points)):
            question, turn = int(rows.question[at]), int(rows.turn[at])
            text = texts.get((int(rows.model[at]), question, int(rows.sample[at]), turn))
            if text:
                x.append(float(np.log2(len(text))))
                y.append(float(rows.points[at]))
                groups.append((run.name, ids[question], turn))
    slope = slope_within(np.asarray(x), np.asarray(y), codes(groups), codes(g[1] for g in groups), POINTS)
    yield Line("length_observed", slope, "points")


def _own(source: Source) -> Iterator[Line]:
    """By how much more a judge exceeds the other members of a jury on its own answers than on others' answers."""
    found = [_gaps(source, judged) for judged in source.subject.runs if len(judged.run.plan.judges) > 1]
    gap = np.concatenate([np.empty(0), *(g.gap for g in found)])
    cluster = codes(q for g in found for q in g.questions)
    own_model, own_family = (
        np.concatenate([np.empty(0, dtype=np.bool_), *columns])
        for columns in ([g.own_model for g in found], [g.own_family for g in found])
    )
    for line, own, about in (("own_model", own_model, None), ("own_family", own_family, source.family)):
        # An answer of its own family, but of another model, is no measure of how it treats strangers.
        other = ~own_family
        figure = group_difference_of(gap[own], cluster[own], gap[other], cluster[other], POINTS)
        yield Line(line, figure, "points", card.OWN, about=about)


class _Gaps(NamedTuple):
    """For each answer: the judge's mean less the mean of the unrelated members, its question, and whose it is."""

    gap: Floats
    questions: list[str]
    own_model: NDArray[np.bool_]
    own_family: NDArray[np.bool_]


def _gaps(source: Source, judged: Judged) -> _Gaps:
    plan, rows, ids = judged.run.plan, source.rows(judged.run), source.ids(judged.run)
    judges = len(plan.judges)
    related = np.array([[family(j.model) == family(m.model) for j in plan.judges] for m in plan.models])
    same = np.array([m.model == plan.judges[judged.place].model for m in plan.models])
    ok = ~np.isnan(rows.points)
    _, first, sitting = np.unique(rows.sitting[ok], return_index=True, return_inverse=True)
    cell = sitting * judges + rows.judge[ok]
    count = np.bincount(cell, minlength=first.size * judges).reshape(-1, judges)
    total = np.bincount(cell, weights=rows.points[ok], minlength=first.size * judges).reshape(-1, judges)
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    model, question = rows.model[ok][first], rows.question[ok][first]
    others = (count > 0) & ~related[model]
    others[:, judged.place] = False
    whole = (count[:, judged.place] > 0) & others.any(axis=1)
    theirs = np.where(others, mean, 0.0).sum(axis=1)[whole] / others.sum(axis=1)[whole]
    return _Gaps(
        mean[whole, judged.place] - theirs,
        [ids[int(q)] for q in question[whole]],
        same[model[whole]],
        related[model[whole], judged.place],
    )


def _guard(source: Source) -> Iterator[Line]:
    """What kojudge's own check flags, which needs no judge: of the attacks, and of answers that attack nobody."""
    if source.cells is None:
        return
    flagged: dict[bool, list[bool]] = {True: [], False: []}
    bases: dict[bool, list[str]] = {True: [], False: []}
    for name, text in source.cells.texts.items():
        attack = name.variant.startswith(ATTACK)
        flagged[attack].append(bool(find_addressing(text)))
        bases[attack].append(name.base)
    for line, attack, zone in (("attacks_flagged", True, None), ("false_flags", False, card.FALSE_FLAGS)):
        yield Line(line, share(np.asarray(flagged[attack], dtype=np.bool_), codes(bases[attack])), "share", zone)


def _price(source: Source) -> Iterator[Line]:
    took = source.deliveries
    known = took.cost_usd[~np.isnan(took.cost_usd)]
    series: tuple[tuple[str, Floats, Unit], ...] = (("seconds", took.latency_s, "seconds"), ("usd", known, "usd"))
    for name, values, unit in series:
        for part, p in (("median", 0.5), ("p95", 0.95)):
            yield Line(f"{name}_{part}", quantile(values, p), unit)


SECTIONS: Mapping[str, tuple[Callable[[Source], Iterator[Line]], ...]] = {
    "success": (_success,),
    "retest": (_of_cells(Cells.retest),),
    "order": (_of_cells(Cells.known_order),),
    "position": (_positions,),
    "length": (_of_cells(Cells.length), _observed_length),
    "own": (_own,),
    "attacks": (_of_cells(Cells.attacks), _guard),
    "edits": (_of_cells(Cells.edits),),
    "hints": (_of_cells(Cells.hints),),
    "people": (agreement_lines,),
    "ends": (ends,),
    "price": (_price,),
}
"""By subject, in the order of the card."""


def build_card(connection: Connection, subject: Subject) -> Card:
    """The card as it is printed in JSON."""
    source = Source(connection, subject)
    sections = [Section(name, tuple(line for make in made for line in make(source))) for name, made in SECTIONS.items()]
    lines = [line for section in sections for line in section.lines]
    found = iter(figure_verdicts([(line.judged or line.figure, line.zone) for line in lines]))
    told: list[dict[str, Any]] = [
        {"id": s.id, "lines": [_told(line, next(found)) for line in s.lines]} for s in sections if s.lines
    ]
    counted = Counter(line["verdict"] for section in told for line in section["lines"])
    judge = subject.judge
    return {
        "judge": judge.label,
        "spec": str(judge.spec()),
        "family": source.family,
        "probe": _probe(connection, subject),
        "runs": [j.run.name for j in subject.runs],
        "relatives": list(_relatives(subject)),
        "scores": histogram(source),
        "points": POINTS,
        "raised": RAISED,
        "verdicts": {name: counted[name] for name in get_args(FigureVerdict)},
        "sections": told,
    }


def _told(line: Line, verdict: str | None) -> dict[str, Any]:
    zone: Zone | None = line.zone
    return {
        "id": line.id,
        "about": line.about,
        **asdict(line.figure),
        "unit": line.unit,
        "good": list(zone.good) if zone else None,
        "fair": list(zone.fair) if zone else None,
        "judged": asdict(line.judged) if line.judged else None,
        "verdict": verdict,
    }


def _relatives(subject: Subject) -> Iterator[dict[str, Any]]:
    """The models of the judge's own family that it graded."""
    for run, place in subject.runs:
        judge = run.plan.judges[place]
        for model, seated in zip(run.plan.models, run.plan.seats, strict=True):
            if place in seated and family(model.model) == family(judge.model):
                yield {"run": run.name, "model": model.label, "same": model.model == judge.model}


def _probe(connection: Connection, subject: Subject) -> dict[str, Any] | None:
    if subject.probe is None:
        return None
    both = [j.run for j in (subject.probe, subject.pairs) if j is not None]
    missing = sum(
        run.plan.verdicts
        + run.plan.comparisons
        - reads.verdict_totals(connection, run.id)[0]
        - comparison_totals(connection, run.id)[0]
        for run in both
    )
    return {
        "name": subject.probe.run.name,
        "material": subject.probe.run.plan.sets[0].name.removeprefix("probe:"),
        "created_at": subject.probe.run.created_at,
        "missing": missing if len(both) == 2 else None,
    }
