"""Start, continue and finish a run: preflight, the pipeline, signals."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from importlib import metadata

from judge.grading.llm import ModelJudge
from judge.grading.rules import RuleJudge
from providers.budget import Budget
from providers.endpoint import Endpoint
from providers.errors import ProviderError
from service.endpoint_plan import EndpointPlan
from service.endpoints import open_endpoints, preflight
from service.errors import PlanConflictError
from service.pipeline import Candidate, Judge, Pipeline, Progress
from service.plan import FrozenRun, differing
from service.store import Store, reads
from service.store.writer import Writer
from service.store.writes import add_identities, insert_run, set_stopped


class Interrupted(Exception):
    """Ctrl-C or SIGTERM: the run stopped in good order and can be resumed."""


def code_version() -> str:
    return metadata.version("kojudge")


def find_same_run(store: Store, run: FrozenRun) -> reads.StoredRun | None:
    """The stored run of this name.

    Raises:
        PlanConflictError: the name already stands for a different plan.
    """
    with store.read() as connection:
        stored = reads.find_run(connection, run.name)
    if stored is None or stored.plan_hash == run.plan.hash():
        return stored
    parts = ", ".join(differing(stored.plan, run.plan)) or "an imported run"
    raise PlanConflictError(
        f"run {run.name!r} already stands for a different plan (different: {parts}); "
        "give this one another name with --name"
    )


def remaining(store: Store, run: FrozenRun, run_id: int) -> tuple[int, int]:
    """(verdicts without any row, verdicts that are not ok)."""
    planned = sum(len(q.turns) for q in run.questions) * run.plan.samples
    planned *= len(run.plan.models) * len(run.plan.judges) * run.plan.judge_repeats
    with store.read() as connection:
        ended = sum(reads.verdict_counts(connection, run_id, ok_only=False).values())
        ok = sum(reads.verdict_counts(connection, run_id, ok_only=True).values())
    return planned - ended, planned - ok


async def execute(
    store: Store,
    run: FrozenRun,
    environ: Mapping[str, str],
    progress: Progress,
    *,
    concurrency: int,
    pull: bool = False,
) -> int:
    """Run everything that has no ok verdict yet; return the run's id.

    Raises:
        UsageError, SpecError: nothing was written.
        ProviderError: a key, quota, budget or model problem stopped the run; what was delivered is kept.
        Interrupted: a signal stopped it; it can be resumed.
    """
    async with AsyncExitStack() as stack:
        endpoints = open_endpoints(stack, run.plan, environ, concurrency, _budget(store, run), progress)
        identities = await preflight(run.plan, endpoints, progress, pull=pull)
        run_id = _ensure_run(store, run)
        with store.writer() as writer:
            await writer.write(add_identities(run_id, identities))
            await writer.write(set_stopped(run_id, None))
            pipeline = Pipeline(
                run,
                run_id,
                [_candidate(m, endpoints[m.key], run) for m in run.plan.models],
                [_judge(j, endpoints.get(j.key), run) for j in run.plan.judges],
                store,
                writer,
                progress,
            )
            await _with_signals(pipeline, writer, run_id)
    return run_id


def _budget(store: Store, run: FrozenRun) -> Budget | None:
    """What is left of the plan's cap: what the run has cost so far counts."""
    if run.plan.max_cost is None:
        return None
    with store.read() as connection:
        stored = reads.find_run(connection, run.name)
        spent = reads.run_cost(connection, stored.id) if stored is not None else 0.0
    return Budget(run.plan.max_cost, spent)


def _workers(endpoint: Endpoint) -> int:
    """More than may be in flight: some sleep before a retry, and their places should not stand empty."""
    return endpoint.limiter.ceiling + endpoint.limiter.ceiling // 2


def _candidate(plan: EndpointPlan, endpoint: Endpoint, run: FrozenRun) -> Candidate:
    conversations = max(1, len(run.questions) * run.plan.samples)
    return Candidate(plan, endpoint, min(_workers(endpoint), conversations), plan.price())


async def _with_signals(pipeline: Pipeline, writer: Writer, run_id: int) -> None:
    """Run; the first signal stops in good order, within the pipeline's grace period, the second at once."""
    loop = asyncio.get_running_loop()
    caught = (signal.SIGINT, signal.SIGTERM)
    signals = 0

    def on_signal() -> None:
        nonlocal signals
        signals += 1
        if signals == 1:
            pipeline.stop(Interrupted())
        else:
            pipeline.hurry()

    for number in caught:
        loop.add_signal_handler(number, on_signal)
    try:
        await pipeline.run()
    except Interrupted:
        await writer.write(set_stopped(run_id, "interrupted"))
        raise
    except ProviderError as error:
        await writer.write(set_stopped(run_id, f"{error.kind}: {error}"))
        raise
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


def _ensure_run(store: Store, run: FrozenRun) -> int:
    stored = find_same_run(store, run)
    if stored is not None:
        return stored.id
    with store.transaction() as connection:
        return insert_run(
            connection,
            name=run.name,
            kind="evaluation",
            plan=run.plan,
            questions=run.questions,
            code_version=code_version(),
        )


def _judge(plan: EndpointPlan, endpoint: Endpoint | None, run: FrozenRun) -> Judge:
    if plan.is_rule_judge or endpoint is None:
        return Judge(plan, RuleJudge(), None, 1, plan.price())
    mode = endpoint.provider.capabilities.schema_mode
    grader = ModelJudge(plan.label, mode, run.plan.judging.params(), run.plan.deadline_s)
    return Judge(plan, grader, endpoint, _workers(endpoint), plan.price())
