"""A jury in the report: who sits on it, what each member says, and how far they are apart."""

from collections.abc import Iterator
from dataclasses import asdict

from judge.scoring.jury import dispersion, members, undecided
from providers.family import family
from service.report.cells import counted, interval, safe
from service.report.document import Say
from service.report.part import Part, Report, Source
from service.seating import excluded


def _of_run(source: Source) -> Report:
    """`jury` is None where a run has one judge."""
    seats, plan = source.seats, source.run.plan
    if seats is None:
        return {"jury": None}
    left_out = excluded(plan.models, plan.judges, plan.seats)
    return {
        "jury": {
            "how": plan.jury,
            "members": [{"judge": m.judge, **asdict(m.score)} for m in members(source.verdicts, seats)],
            "dispersion": asdict(dispersion(source.verdicts, seats)),
            "undecided": undecided(source.verdicts, seats, plan.jury) if plan.jury is not None else 0,
            "same_members": source.same_members,
            "excluded": [
                {"judge": plan.judges[j].label, "model": plan.models[m].label, "family": family(plan.judges[j].model)}
                for j, m in left_out
            ],
        }
    }


_HOW = {"mean": "평균", "median": "중앙값", "majority": "다수결"}


def _notes(report: Report, say: Say) -> Iterator[str]:
    jury = report["jury"]
    if jury is None:
        return
    said = ", ".join(f"{safe(m['judge'])} {interval(m)} n {counted(m, say)}" for m in jury["members"])
    yield say(
        f"A verdict is the {jury['how']} of the jury, and exists only where every member gave one. Members: {said}.",
        f"판정은 심판단의 {_HOW[jury['how']]}이며, 모든 심판이 판정했을 때만 있습니다. 심판별: {said}.",
    )
    sd, apart = jury["dispersion"]["sd"], jury["dispersion"]["apart"]
    if sd["n"]:
        yield say(
            f"Members differ by a standard deviation of {interval(sd)} on the same answer (n {sd['n']}), and by more "
            f"than a quarter of the scale on a share of {interval(apart)}.",
            f"같은 답변에 대한 심판 간 표준편차는 {interval(sd)}(n {sd['n']})이고, 척도의 4분의 1 넘게 벌어진 비율은 "
            f"{interval(apart)}입니다.",
        )
    if jury["undecided"]:
        yield say(
            f"{jury['undecided']} incomplete verdicts have all their scores, but no majority: resuming mends none.",
            f"불완전한 판정 {jury['undecided']}건은 점수는 다 있지만 다수가 없습니다. 다시 실행해도 바뀌지 않습니다.",
        )
    for pair in jury["excluded"]:
        judge, model, of = safe(pair["judge"]), safe(pair["model"]), safe(pair["family"])
        yield say(
            f"{judge} did not grade {model}: one family ({of}).",
            f"{judge}은(는) {model}을(를) 채점하지 않았습니다: 같은 계열({of})입니다.",
        )
    if not jury["same_members"]:
        yield say(
            "Not all models were graded by the same members: their means are not comparable, and no rank is given.",
            "모든 모델을 같은 심판들이 채점하지 않았습니다. 평균끼리 비교할 수 없으므로 순위를 내지 않습니다.",
        )


def _methods(report: Report) -> tuple[str, ...]:
    return ("jury", "interval") if report["jury"] else ()


PART = Part(of_run=_of_run, notes=_notes, methods=_methods)
