"""Whether scores of two runs may stand side by side, and if not, what differs, in words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from service.endpoint_plan import EndpointPlan
from service.errors import UsageError
from service.plan import RunPlan
from service.store.reads import StoredRun

_NAMES = {"judge_prompt": "judge prompt"}
_SHOWN = 8
"""Hexadecimal digits of a digest that are shown."""


@dataclass(frozen=True, slots=True)
class Differing:
    """One part of the comparability key with its value in the first run and in the other one."""

    run: str
    part: str
    first: str
    other: str

    def __str__(self) -> str:
        return f"{_NAMES.get(self.part, self.part)} {self.first} against {self.other}"


def differing_parts(runs: Sequence[StoredRun], but: Collection[str] = ()) -> list[Differing]:
    """What the runs after the first have else than it, parts named in `but` left out."""
    first = runs[0].plan
    key = first.comparability()
    found = []
    for run in runs[1:]:
        for part, digest in run.plan.comparability().items():
            if part not in but and key.get(part) != digest:
                a, b = _values(part, first), _values(part, run.plan)
                # Of many settings only those that differ are named.
                told = [name for name in dict.fromkeys((*a, *b)) if a.get(name) != b.get(name)] or list(a)
                found.append(Differing(run.name, part, _listed(a, told), _listed(b, told)))
    return found


def check_comparable(runs: Sequence[StoredRun], remedy: str, but: Collection[str] = ()) -> None:
    """Raises:
    UsageError: some run differs from the first; it names what, and the remedy.
    """
    found = differing_parts(runs, but)
    if found:
        run = found[0].run
        parts = "; ".join(str(d) for d in found if d.run == run)
        raise UsageError(f"run {run!r} cannot be compared with {runs[0].name!r}, they differ in: {parts}. {remedy}")


def _values(part: str, plan: RunPlan) -> dict[str, str]:
    """The value of a part by name; "" names a value that needs no name."""
    if part == "questions":
        sets = ", ".join(f"{s.name} v{s.version}" for s in plan.sets)
        return {"": f"{sets} ({plan.questions.n} questions, {plan.questions.digest[:_SHOWN]})"}
    if part == "rubric":
        return {name: f"v{r.version} ({r.digest()[:_SHOWN]})" for name, r in plan.rubrics.items()}
    if part == "judge":
        return {"": ", ".join(_judge(judge) for judge in plan.judges)}
    if part == "judge_prompt":
        return {name: digest[:_SHOWN] for name, digest in plan.prompt_hashes.items()}
    if part == "judging":
        more = {"judge_repeats": plan.judge_repeats, "reask": plan.reask, "jury": plan.jury}
        more |= {n: getattr(plan, n) for n in ("allow_code_execution", "allow_self_judging")}
        return {n: _plain(v) for n, v in (plan.judging.model_dump(mode="json") | more).items()}
    return {n: _plain(v) for n, v in (plan.generation.model_dump(mode="json") | {"samples": plan.samples}).items()}


def _judge(judge: EndpointPlan) -> str:
    more = [judge.base_url, judge.digest and judge.digest[:_SHOWN], str(judge.asked_extra() or "")]
    told = ", ".join(word for word in more if word)
    return judge.label + (f" ({told})" if told else "")


def _plain(value: object) -> str:
    return "none" if value is None else str(value)


def _listed(values: dict[str, str], names: Sequence[str]) -> str:
    parts = [f"{name} {values[name]}".strip() for name in names if name in values]
    return ", ".join(parts) or "nothing"
