"""A jury in the report: who sits on it, what each member says, and how far they are apart."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from judge.scoring.jury import Seats, dispersion, members, undecided
from judge.scoring.table import ScoreTable
from providers.family import family
from service.plan import RunPlan
from service.report.cells import counted, interval, safe
from service.seating import excluded


def jury_report(plan: RunPlan, verdicts: ScoreTable, seats: Seats | None) -> dict[str, Any] | None:
    """`verdicts` are those of the single members; None where a run has one judge."""
    if seats is None:
        return None
    left_out = excluded(plan.models, plan.judges, plan.seats)
    return {
        "how": plan.jury,
        "members": [{"judge": m.judge, **asdict(m.score)} for m in members(verdicts, seats)],
        "dispersion": asdict(dispersion(verdicts, seats)),
        "undecided": undecided(verdicts, seats, plan.jury) if plan.jury is not None else 0,
        "same_members": len(set(plan.seats)) == 1,
        "excluded": [
            {"judge": plan.judges[j].label, "model": plan.models[m].label, "family": family(plan.judges[j].model)}
            for j, m in left_out
        ],
    }


def jury_notes(jury: dict[str, Any] | None) -> Iterator[str]:
    """The same in sentences."""
    if jury is None:
        return
    said = ", ".join(f"{safe(m['judge'])} {interval(m)} n {counted(m)}" for m in jury["members"])
    yield f"A verdict is the {jury['how']} of the jury, and exists only where every member gave one. Members: {said}."
    sd, apart = jury["dispersion"]["sd"], jury["dispersion"]["apart"]
    if sd["n"]:
        yield (
            f"Members differ by a standard deviation of {interval(sd)} on the same answer (n {sd['n']}), and by more "
            f"than a quarter of the scale on a share of {interval(apart)}."
        )
    if jury["undecided"]:
        yield f"{jury['undecided']} incomplete verdicts have all their scores, but no majority: resuming mends none."
    for pair in jury["excluded"]:
        yield f"{safe(pair['judge'])} did not grade {safe(pair['model'])}: one family ({safe(pair['family'])})."
    if not jury["same_members"]:
        yield "Not all models were graded by the same members: their means are not comparable, and no rank is given."
