"""Start, continue and finish a run: preflight, the pipeline, signals."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from importlib import metadata

from judge.grading.llm import ModelJudge
from judge.grading.rules import RuleJudge
from providers.budget import Budget
from providers.endpoint import Endpoint
from providers.errors import ProviderError
from providers.registry import has_batches, open_batch_provider
from service.batch_lane import BatchLane
from service.batching import BatchOptions, BatchRun
from service.endpoint_plan import EndpointPlan
from service.endpoints import open_endpoints, preflight, retry_policy
from service.errors import PlanConflictError, StoreError
from service.pipeline import Candidate, Deferred, Judge, Pipeline, Progress
from service.plan import FrozenRun, differing
from service.signals import Interrupted, Signals, signals_stop
from service.store import Store, batches, reads
from service.store.lease import HeldLease, hold_lease, lease_limits
from service.store.writer import Writer
from service.store.writes import TurnKey, VerdictKey, add_identities, insert_run, set_stopped


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
    batch: BatchOptions | None = None,
) -> int:
    """Run everything that has no ok verdict yet, in batches where `batch` is given; return the run's id.

    Raises:
        UsageError, SpecError: nothing was written.
        ProviderError: a key, quota, budget or model problem stopped the run; what was delivered is kept.
        Interrupted: a signal stopped it; it can be resumed.
    """
    async with AsyncExitStack() as stack:
        signals = stack.enter_context(signals_stop())
        budget = _budget(store, run)
        endpoints = open_endpoints(stack, run.plan, environ, concurrency, budget, progress)
        lanes = _open_lanes(stack, run, environ, budget) if batch is not None else {}
        identities = await preflight(run.plan, endpoints, progress, pull=pull)
        run_id = _ensure_run(store, run)
        with store.writer(progress.say) as writer:

            def one_pass(ended: set[TurnKey | VerdictKey]) -> Pipeline:
                candidates = [
                    _candidate(m, endpoints[m.key], run, lanes.get((m.key, "candidate"))) for m in run.plan.models
                ]
                judges = [_judge(j, endpoints.get(j.key), run, lanes.get((j.key, "judge"))) for j in run.plan.judges]
                return Pipeline(run, run_id, candidates, judges, store, writer, progress, ended)

            work: Pipeline | BatchRun
            if batch is None:
                work = one_pass(set())
            else:
                policy = retry_policy(environ)
                work = BatchRun(run_id, store, writer, list(lanes.values()), one_pass, progress, policy, batch)
            limits = lease_limits(environ)
            async with hold_lease(store, writer, run_id, say=progress.say, on_lost=work.stop, limits=limits) as lease:
                for endpoint in endpoints.values():
                    endpoint.gate = _gate(endpoint, lease)
                _settle_budget(budget, store, run_id)
                await writer.write(add_identities(run_id, identities), bought=False)
                await writer.write(set_stopped(run_id, None), bought=False)
                try:
                    await _run(work, signals, writer, run_id)
                except Interrupted:
                    raise Interrupted(open_note(store, run.name)) from None
            if isinstance(work, Pipeline):
                _tell_what_waits(store, work, progress)
    return run_id


def open_note(store: Store, name: str) -> str:
    """One sentence about the run's open batches; empty if there are none."""
    with store.read() as connection:
        stored = reads.find_run(connection, name)
        waiting = batches.open_batches(connection, stored.id) if stored is not None else []
    if not waiting:
        return ""
    noun = "1 batch is" if len(waiting) == 1 else f"{len(waiting)} batches are"
    requests = sum(b.requests for b in waiting)
    return f"{noun} open ({requests} requests); `kojudge resume {name}` collects what has ended and goes on."


def _tell_what_waits(store: Store, done: Pipeline, progress: Progress) -> None:
    if done.waits_for:
        with store.read() as connection:
            names = batches.carrying_runs(connection, done.waits_for)
        progress.say(
            "some of this is in open batches of another run and was not asked again; "
            + " · ".join(f"`kojudge resume {name}`" for name in names)
        )


def _budget(store: Store, run: FrozenRun) -> Budget | None:
    """What is left of the plan's cap: what the run has cost so far counts, and what its open batches may cost."""
    if run.plan.max_cost is None:
        return None
    with store.read() as connection:
        stored = reads.find_run(connection, run.name)
        if stored is None:
            return Budget(run.plan.max_cost)
        return Budget(run.plan.max_cost, reads.run_cost(connection, stored.id), batches.held_usd(connection, stored.id))


def _gate(endpoint: Endpoint, lease: HeldLease) -> Callable[[], Awaitable[None]]:
    """What a call passes last before it goes out: it may have waited for its place for long."""

    async def gate() -> None:
        await lease.confirm()
        if endpoint.stopping:
            raise Deferred

    return gate


def _settle_budget(budget: Budget | None, store: Store, run_id: int) -> None:
    """Count what another process spent on the run until this one had it."""
    if budget is not None:
        with store.read() as connection:
            budget.spent, budget.held = reads.run_cost(connection, run_id), batches.held_usd(connection, run_id)


def _workers(endpoint: Endpoint) -> int:
    """More than may be in flight: some sleep before a retry, and their places should not stand empty."""
    return endpoint.limiter.ceiling + endpoint.limiter.ceiling // 2


def _candidate(plan: EndpointPlan, endpoint: Endpoint, run: FrozenRun, lane: BatchLane | None = None) -> Candidate:
    conversations = max(1, len(run.questions) * run.plan.samples)
    return Candidate(plan, endpoint, min(_workers(endpoint), conversations), plan.price(), lane)


async def _run(work: Pipeline | BatchRun, signals: Signals, writer: Writer, run_id: int) -> None:
    """Run; note why it stopped, if it did."""
    signals.work += [work, writer]
    try:
        await work.run()
    except (Interrupted, ProviderError) as error:
        # The grace period is over: whatever keeps the writer waiting now, it has one more try.
        writer.hurry()
        reason = "interrupted" if isinstance(error, Interrupted) else f"{error.kind}: {error}"
        with contextlib.suppress(StoreError):
            await writer.write(set_stopped(run_id, reason), bought=False)
        raise


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


def _open_lanes(
    stack: AsyncExitStack, run: FrozenRun, environ: Mapping[str, str], budget: Budget | None
) -> dict[tuple[str, str], BatchLane]:
    """By endpoint key and role, for every endpoint that takes batches."""
    lanes: dict[tuple[str, str], BatchLane] = {}
    roles = [(p, "candidate") for p in run.plan.models] + [(p, "judge") for p in run.plan.judges]
    for plan, role in roles:
        if has_batches(plan.spec()) and (plan.key, role) not in lanes:
            provider = open_batch_provider(plan.spec(), environ, plan.extra)
            stack.push_async_callback(provider.aclose)
            lanes[plan.key, role] = BatchLane(plan, role, provider, plan.price(), budget)
    return lanes


def _judge(plan: EndpointPlan, endpoint: Endpoint | None, run: FrozenRun, lane: BatchLane | None = None) -> Judge:
    if plan.is_rule_judge or endpoint is None:
        return Judge(plan, RuleJudge(), None, 1, plan.price())
    mode = endpoint.provider.capabilities.schema_mode
    grader = ModelJudge(plan.label, mode, run.plan.judging.params(), run.plan.deadline_s)
    return Judge(plan, grader, endpoint, _workers(endpoint), plan.price(), lane)
