"""Start, continue and finish a run: preflight, the pipeline, signals."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from importlib import metadata

from sqlalchemy.engine import Connection

from judge.checks.code import CodeRunner
from judge.grading.pairwise import PairwiseJudge
from judge.grading.rules import RuleJudge
from providers.budget import Budget
from providers.endpoint import Endpoint
from providers.errors import ProviderError
from providers.registry import has_batches, open_batch_provider
from questions.types import Question
from service.asked import Asked, Deferred
from service.batch_lane import BatchLane
from service.batching import BatchOptions, BatchRun
from service.code_execution import open_runner
from service.comparing import Comparer, ComparingJudge, InTurn
from service.endpoint_plan import EndpointPlan
from service.endpoints import open_endpoints, preflight, retry_policy
from service.errors import PlanConflictError, StoreError
from service.judge_prompts import model_judge
from service.pausing import pause_on_request
from service.pipeline import Judge, ModelGrader, Pipeline, Progress
from service.plan import RunPlan, differing
from service.signals import Interrupted, Signals, signals_stop
from service.store import Store, batches, ledger, reads
from service.store.comparisons import ROLE, comparison_totals
from service.store.lease import HeldLease, hold_lease, lease_limits
from service.store.writer import Writer
from service.store.writes import TurnKey, VerdictKey, add_identities, insert_run, set_stopped


def code_version() -> str:
    return metadata.version("kojudge")


def find_same_run(store: Store, name: str, plan: RunPlan) -> reads.StoredRun | None:
    """The stored run of this name.

    Raises:
        PlanConflictError: the name already stands for a different plan.
    """
    with store.read() as connection:
        return _same_run(connection, name, plan)


def _same_run(connection: Connection, name: str, plan: RunPlan) -> reads.StoredRun | None:
    stored = reads.find_run(connection, name)
    if stored is None or stored.plan.hash() == plan.hash():
        return stored
    parts = ", ".join(differing(stored.plan, plan)) or "an imported run"
    raise PlanConflictError(
        f"run {name!r} already stands for a different plan (different: {parts}); give this one another name with --name"
    )


def remaining(store: Store, plan: RunPlan, run_id: int) -> tuple[int, int]:
    """(verdicts and comparisons without any row, those that are not ok)."""
    planned = plan.verdicts + plan.comparisons
    with store.read() as connection:
        judged, compared = reads.verdict_totals(connection, run_id), comparison_totals(connection, run_id)
    ended, ok = judged[0] + compared[0], judged[1] + compared[1]
    return planned - ended, planned - ok


async def execute(
    store: Store,
    name: str,
    plan: RunPlan,
    environ: Mapping[str, str],
    progress: Progress,
    *,
    questions: Sequence[Question] = (),
    concurrency: int,
    pull: bool = False,
    batch: BatchOptions | None = None,
    kind: str = "evaluation",
    seed: Callable[[Connection, int], None] | None = None,
) -> int:
    """Run everything that has no ok verdict yet, in batches where `batch` is given; return the run's id.

    `questions` are those of a run that may be new; one that is in the store has them there. `seed` writes, with a new
    run, what is known before anything is asked.

    Raises:
        UsageError, SpecError: nothing was written.
        ProviderError: a key, quota, budget or model problem stopped the run; what was delivered is kept.
        Interrupted: a signal stopped it; it can be resumed.
    """
    async with AsyncExitStack() as stack:
        signals = stack.enter_context(signals_stop())
        runner = await open_runner() if plan.allow_code_execution else None
        budget = _budget(store, name, plan)
        endpoints = open_endpoints(stack, plan, environ, concurrency, budget, progress)
        lanes = _open_lanes(stack, plan, environ, budget) if batch is not None else {}
        identities = await preflight(plan, endpoints, progress, pull=pull)
        run_id = _ensure_run(store, name, plan, questions, kind, seed)
        with store.writer(progress.say) as writer:

            def one_pass(ended: set[TurnKey | VerdictKey] | None) -> Pipeline:
                candidates = [_asked(m, "candidate", endpoints, lanes) for m in plan.models]
                judges = [_judge(j, plan, endpoints, lanes, runner) for j in plan.judges]
                return Pipeline(plan, run_id, candidates, judges, store, writer, progress, ended)

            work: Pipeline | BatchRun | InTurn
            first: Pipeline | None = None
            if batch is None:
                work = first = one_pass(None)
                if plan.pairs:
                    judges = [_comparing(j, plan, endpoints) for j in range(len(plan.judges)) if plan.comparisons_by(j)]
                    work = InTurn(first, Comparer(plan, run_id, judges, store, writer, progress))
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
                    async with pause_on_request(store, writer, run_id, work, limits.beat_s):
                        await _run(work, signals, writer, run_id)
                except Interrupted as error:
                    raise type(error)(" ".join(filter(None, [str(error), open_note(store, name)]))) from None
            if first is not None:
                _tell_what_waits(store, first, progress)
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


def _budget(store: Store, name: str, plan: RunPlan) -> Budget | None:
    """What is left of the plan's cap: what the run has cost so far counts, and what its open batches may cost."""
    if plan.max_cost is None:
        return None
    with store.read() as connection:
        stored = reads.find_run(connection, name)
        if stored is None:
            return Budget(plan.max_cost)
        return Budget(plan.max_cost, ledger.run_cost(connection, stored.id), batches.held_usd(connection, stored.id))


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
            budget.spent, budget.held = ledger.run_cost(connection, run_id), batches.held_usd(connection, run_id)


async def _run(work: Pipeline | BatchRun | InTurn, signals: Signals, writer: Writer, run_id: int) -> None:
    """Run; note why it stopped, if it did."""
    signals.work += [work, writer]
    try:
        await work.run()
    except (Interrupted, ProviderError) as error:
        # The grace period is over: whatever keeps the writer waiting now, it has one more try.
        writer.hurry()
        reason = (str(error) or "interrupted") if isinstance(error, Interrupted) else f"{error.kind}: {error}"
        with contextlib.suppress(StoreError):
            await writer.write(set_stopped(run_id, reason), bought=False)
        raise


def _ensure_run(
    store: Store,
    name: str,
    plan: RunPlan,
    questions: Sequence[Question],
    kind: str,
    seed: Callable[[Connection, int], None] | None,
) -> int:
    # Looked up under the write lock: another process may be making the same run.
    with store.transaction() as connection:
        stored = _same_run(connection, name, plan)
        if stored is not None:
            return stored.id
        run_id = insert_run(
            connection, name=name, kind=kind, plan=plan, questions=questions, code_version=code_version()
        )
        if seed is not None:
            seed(connection, run_id)
        return run_id


_Lanes = Mapping[tuple[str, str], BatchLane]


def _open_lanes(stack: AsyncExitStack, plan: RunPlan, environ: Mapping[str, str], budget: Budget | None) -> _Lanes:
    """By endpoint key and role, for every endpoint that takes batches."""
    lanes: dict[tuple[str, str], BatchLane] = {}
    roles = [(p, "candidate") for p in plan.models] + [(p, "judge") for p in plan.judges]
    for asked, role in roles:
        if has_batches(asked.spec()) and (asked.key, role) not in lanes:
            provider = open_batch_provider(asked.spec(), environ, asked.extra)
            stack.push_async_callback(provider.aclose)
            lanes[asked.key, role] = BatchLane(asked, role, provider, asked.price(), budget)
    return lanes


def _asked(plan: EndpointPlan, role: str, endpoints: Mapping[str, Endpoint], lanes: _Lanes) -> Asked:
    return Asked(plan, role, endpoints[plan.key], plan.price(), lanes.get((plan.key, role)))


def _judge(
    asked: EndpointPlan, plan: RunPlan, endpoints: Mapping[str, Endpoint], lanes: _Lanes, runner: CodeRunner | None
) -> Judge:
    if asked.is_rule_judge:
        return RuleJudge(runner)
    mode = endpoints[asked.key].provider.capabilities.schema_mode
    return ModelGrader(model_judge(plan, asked, mode), _asked(asked, "judge", endpoints, lanes))


def _comparing(position: int, plan: RunPlan, endpoints: Mapping[str, Endpoint]) -> ComparingJudge:
    asked = plan.judges[position]
    mode = endpoints[asked.key].provider.capabilities.schema_mode
    judge = PairwiseJudge(asked.label, mode, plan.judging.params(), plan.deadline_s)
    return ComparingJudge(position, judge, _asked(asked, ROLE, endpoints, {}))
