"""Start, continue and finish a run: preflight, endpoints, the pipeline, signals."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from judge.grading.llm import ModelJudge
from judge.grading.rules import RuleJudge
from providers.endpoint import Endpoint
from providers.errors import ConnectionFailedError, ProviderError
from providers.limits import ConcurrencyLimiter
from providers.pricing import find_price
from providers.registry import has_batches, open_batch_provider, open_provider
from providers.replay import ReplayProvider, read_recordings
from providers.retry import RetryPolicy
from providers.types import ChatProvider, ModelIdentity
from service.batch_lane import BatchLane
from service.batching import BatchOptions, BatchRun
from service.errors import PlanConflictError, UsageError
from service.pipeline import Candidate, Judge, Pipeline, Progress
from service.plan import EndpointPlan, FrozenRun, differing
from service.store import Store, batches, reads
from service.store.writer import Writer
from service.store.writes import TurnKey, VerdictKey, insert_run, set_identities, set_stopped


class Interrupted(Exception):
    """Ctrl-C or SIGTERM: the run stopped in good order and can be resumed; the message says how, if not as usual."""


class _Work(Protocol):
    """What can be stopped by a signal: one pass, or all waves of a batch run."""

    async def run(self) -> None: ...

    def stop(self, error: BaseException | None = None) -> None: ...

    def hurry(self) -> None: ...


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
    batch: BatchOptions | None = None,
) -> int:
    """Run everything that has no ok verdict yet, in batches where `batch` is given; return the run's id.

    Raises:
        UsageError, SpecError: nothing was written.
        ProviderError: a key, quota or model problem stopped the run; what was delivered is kept.
        Interrupted: a signal stopped it; it can be resumed.
    """
    async with AsyncExitStack() as stack:
        policy = retry_policy(environ)
        endpoints = await _open_endpoints(stack, run, environ, concurrency, policy, progress)
        lanes = _open_lanes(stack, run, environ) if batch is not None else {}
        identities = await _preflight(run, endpoints)
        run_id = _ensure_run(store, run)
        with store.writer() as writer:
            await writer.write(set_identities(run_id, identities))
            await writer.write(set_stopped(run_id, None))

            def one_pass(ended: set[TurnKey | VerdictKey]) -> Pipeline:
                workers = min(concurrency, _conversations(run))
                candidates = [
                    Candidate(m, endpoints[m.key], workers, find_price(m.spec()), lanes.get((m.key, "candidate")))
                    for m in run.plan.models
                ]
                judges = [
                    _judge(j, endpoints.get(j.key), run, concurrency, lanes.get((j.key, "judge")))
                    for j in run.plan.judges
                ]
                return Pipeline(run, run_id, candidates, judges, store, writer, progress, ended)

            if batch is None:
                alone = one_pass(set())
                await _with_signals(alone, writer, run_id)
                _tell_what_waits(store, alone, progress)
            else:
                waves = BatchRun(run_id, store, writer, list(lanes.values()), one_pass, progress, policy, batch)
                try:
                    await _with_signals(waves, writer, run_id)
                except Interrupted:
                    raise Interrupted(open_note(store, run.name)) from None
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


def retry_policy(environ: Mapping[str, str]) -> RetryPolicy:
    """The default policy, with `KOJUDGE_RETRY_ATTEMPTS` and `KOJUDGE_RETRY_WAIT_S` (first wait, seconds) over it.

    Raises:
        UsageError: a variable that is not a number above zero.
    """
    default = RetryPolicy()
    try:
        attempts = int(environ.get("KOJUDGE_RETRY_ATTEMPTS") or default.max_attempts)
        wait = float(environ.get("KOJUDGE_RETRY_WAIT_S") or default.initial_wait_s)
    except ValueError as error:
        raise UsageError("KOJUDGE_RETRY_ATTEMPTS and KOJUDGE_RETRY_WAIT_S must be numbers") from error
    if attempts < 1 or not 0 < wait <= default.max_wait_s:
        raise UsageError("KOJUDGE_RETRY_ATTEMPTS must be at least 1, KOJUDGE_RETRY_WAIT_S between 0 and 30")
    return replace(default, max_attempts=attempts, initial_wait_s=wait)


def _conversations(run: FrozenRun) -> int:
    return max(1, len(run.questions) * run.plan.samples)


async def _with_signals(work: _Work, writer: Writer, run_id: int) -> None:
    """Run; the first signal stops in good order, within the pipeline's grace period, the second at once."""
    loop = asyncio.get_running_loop()
    caught = (signal.SIGINT, signal.SIGTERM)
    signals = 0

    def on_signal() -> None:
        nonlocal signals
        signals += 1
        if signals == 1:
            work.stop(Interrupted())
        else:
            work.hurry()

    for number in caught:
        loop.add_signal_handler(number, on_signal)
    try:
        await work.run()
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


async def _open_endpoints(
    stack: AsyncExitStack,
    run: FrozenRun,
    environ: Mapping[str, str],
    concurrency: int,
    policy: RetryPolicy,
    progress: Progress,
) -> dict[str, Endpoint]:
    """By key. A model that is both candidate and judge has one endpoint, and one limit."""
    endpoints: dict[str, Endpoint] = {}
    for plan in (*run.plan.models, *run.plan.judges):
        if plan.is_rule_judge or plan.key in endpoints:
            continue
        provider = _open(plan, environ, concurrency)
        stack.push_async_callback(provider.aclose)
        endpoints[plan.key] = Endpoint(provider, ConcurrencyLimiter(concurrency), policy, progress.retrying)
    return endpoints


def _open(plan: EndpointPlan, environ: Mapping[str, str], concurrency: int) -> ChatProvider:
    if plan.provider != "replay":
        return open_provider(plan.spec(), environ, concurrency)
    if plan.path is None:
        raise UsageError(f"the plan does not say where the recording of {plan.label!r} lies")
    recordings = {r.label: r for r in read_recordings(Path(plan.path))}
    # A file named alone is labelled by its own path; the plan keeps the label it had below its folder.
    recording = recordings.get(plan.label) or (next(iter(recordings.values())) if len(recordings) == 1 else None)
    if recording is None or recording.digest != plan.digest:
        raise UsageError(f"the recording {plan.path} has changed since the run was planned; start a new run")
    return ReplayProvider(recording)


def _open_lanes(stack: AsyncExitStack, run: FrozenRun, environ: Mapping[str, str]) -> dict[tuple[str, str], BatchLane]:
    """By endpoint key and role, for every endpoint that takes batches."""
    lanes: dict[tuple[str, str], BatchLane] = {}
    roles = [(p, "candidate") for p in run.plan.models] + [(p, "judge") for p in run.plan.judges]
    for plan, role in roles:
        if has_batches(plan.spec()) and (plan.key, role) not in lanes:
            provider = open_batch_provider(plan.spec(), environ, plan.extra)
            stack.push_async_callback(provider.aclose)
            lanes[plan.key, role] = BatchLane(plan, role, provider, find_price(plan.spec()))
    return lanes


def _judge(
    plan: EndpointPlan, endpoint: Endpoint | None, run: FrozenRun, concurrency: int, lane: BatchLane | None = None
) -> Judge:
    if plan.is_rule_judge or endpoint is None:
        return Judge(plan, RuleJudge(), None, 1, find_price(plan.spec()))
    mode = endpoint.provider.capabilities.schema_mode
    grader = ModelJudge(plan.label, mode, run.plan.judging.params(), run.plan.deadline_s)
    return Judge(plan, grader, endpoint, concurrency, find_price(plan.spec()), lane)


async def _preflight(run: FrozenRun, endpoints: dict[str, Endpoint]) -> dict[str, Any]:
    """Ask every endpoint who it is, before anything is written or bought."""
    found = await asyncio.gather(*(_describe(endpoint) for endpoint in endpoints.values()))
    by_key = dict(zip(endpoints, found, strict=True))
    asked = {p.key: p for p in (*run.plan.models, *run.plan.judges) if p.key in by_key}
    return {str(plan.spec()): asdict(by_key[key]) for key, plan in asked.items()}


async def _describe(endpoint: Endpoint) -> ModelIdentity:
    try:
        return await endpoint.provider.describe()
    except ConnectionFailedError as error:
        raise UsageError(str(error)) from error
