"""What a run is about to ask, of whom, and about what that costs."""

from rich.text import Text

from providers.pricing import Price
from service.cli.terminal import err, plain
from service.cost_estimate import Estimate, estimate
from service.errors import UsageError
from service.plan import FrozenRun, RunPlan


def announce(run: FrozenRun) -> None:
    """Print calls, estimated tokens and cost per model and judge; nothing is asked."""
    plan = run.plan
    turns = plan.questions.turns * plan.samples
    plain(f"Run {run.name}: {plan.questions.n} conversations, {turns} turns a model")
    lines = estimate(run)
    counted = {(line.role, line.endpoint.key): line for line in lines}
    for model in plan.models:
        name = model.label if model.provider == "replay" else model.spec()
        plain(f"  candidate {name}: {turns} answers, {_expected(counted.get(('candidate', model.key)))}")
    for place, judge in enumerate(plan.judges):
        verdicts = plan.verdicts_by(place)
        plain(f"  judge     {judge.spec()}: {verdicts} verdicts, {_expected(counted.get(('judge', judge.key)))}")
    for place, judge in enumerate(plan.judges):
        if number := plan.comparisons_by(place):
            expected = _expected(counted.get(("pairwise", judge.key)))
            plain(f"  pairwise  {judge.spec()}: {number} comparisons, both orders, {expected}")
    if lines:
        plain(_total(lines))
        plain("Tokens are estimated from the characters of the questions; what is already bought is not taken off.")


def _expected(line: Estimate | None) -> str:
    if line is None:
        return "free"
    tokens = f"about {_count(line.prompt_tokens)} tokens in, {_count(line.completion_tokens)} out"
    return f"{tokens}, {_cost(line)}, {_price_note(line.endpoint.price())}"


def _cost(line: Estimate) -> str:
    if line.usd is None:
        return "cost unknown"
    most = f" (at most ${line.most_usd:.2f})" if line.most_usd else ""
    return "free" if line.usd == 0 else f"about ${line.usd:.2f}{most}"


def _price_note(price: Price | None) -> str:
    if price is None:
        return "price unknown"
    if price.is_free:
        return price.source
    dated = f", {price.as_of}" if price.as_of else ""
    return f"${price.input:g} in / ${price.output:g} out per million tokens ({price.source}{dated})"


def _total(lines: list[Estimate]) -> str:
    known = sum(line.usd for line in lines if line.usd is not None)
    unknown = dict.fromkeys(str(line.endpoint.spec()) for line in lines if line.usd is None)
    without = f", without {', '.join(unknown)} (price unknown)" if unknown else ""
    return f"  together  about ${known:.2f}{without}"


def _count(tokens: int) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if tokens >= size:
            return f"{tokens / size:.1f}{unit}"
    return str(tokens)


def tell_of_code(run: FrozenRun) -> None:
    """Say once that programs are not run, where the rule judge would decide by running them."""
    if run.code_turns and not run.plan.allow_code_execution and any(j.is_rule_judge for j in run.plan.judges):
        turns = "1 turn asks for a program" if run.code_turns == 1 else f"{run.code_turns} turns ask for programs"
        err().print(
            Text(f"{turns}, and none is run: --allow-code-execution lets the rule judge test them in a sandbox.")
        )


def check_priced(plan: RunPlan) -> None:
    """Refuse a cap that cannot be kept.

    Raises:
        UsageError: `max_cost` with a model whose price is unknown, unless the plan allows it.
    """
    if plan.max_cost is None or plan.allow_unpriced:
        return
    unknown = [str(e.spec()) for e in (*plan.models, *plan.judges) if e.price() is None]
    if unknown:
        raise UsageError(
            f"--max-cost cannot be kept: the price of {', '.join(unknown)} is unknown; give one in a plan file "
            "(endpoints: SPEC: price: {input: …, output: …}), or let it go uncounted with --allow-unpriced"
        )
