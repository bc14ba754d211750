"""The endpoints of a run: opened with their limits, asked who they are before anything is bought."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

from providers.budget import Budget
from providers.endpoint import Endpoint
from providers.errors import ConnectionFailedError, ModelNotFoundError, ProviderError, ServerError
from providers.limits import ConcurrencyLimiter
from providers.rates import RateLimits
from providers.registry import open_provider
from providers.replay import Recording, ReplayProvider, read_recordings
from providers.retry import RetryPolicy
from providers.types import ChatProvider, ModelIdentity
from service.endpoint_plan import EndpointLimits, EndpointPlan
from service.errors import UsageError
from service.pipeline import Progress
from service.plan import RunPlan

_ASK_AGAIN_S = 1.0


def retry_policy(environ: Mapping[str, str]) -> RetryPolicy:
    """The default policy, with `KOJUDGE_RETRY_ATTEMPTS`, `..._WAIT_S` (first wait) and `..._OUTAGE_S` (s) over it.

    Raises:
        UsageError: a variable that is no number, or out of its range.
    """
    default = RetryPolicy()
    try:
        attempts = int(environ.get("KOJUDGE_RETRY_ATTEMPTS") or default.max_attempts)
        wait = float(environ.get("KOJUDGE_RETRY_WAIT_S") or default.initial_wait_s)
        outage = float(environ.get("KOJUDGE_RETRY_OUTAGE_S") or default.outage_s)
    except ValueError as error:
        raise UsageError(
            "KOJUDGE_RETRY_ATTEMPTS, KOJUDGE_RETRY_WAIT_S and KOJUDGE_RETRY_OUTAGE_S must be numbers"
        ) from error
    if attempts < 1 or not 0 < wait <= default.max_wait_s:
        raise UsageError("KOJUDGE_RETRY_ATTEMPTS must be at least 1, KOJUDGE_RETRY_WAIT_S between 0 and 30")
    if not 0 <= outage < float("inf"):
        raise UsageError("KOJUDGE_RETRY_OUTAGE_S must be a number of seconds, 0 or more")
    return replace(default, max_attempts=attempts, initial_wait_s=wait, outage_s=outage)


def asked_endpoints(plan: RunPlan) -> dict[str, EndpointPlan]:
    """Every endpoint that is really asked, by key: a model that is both candidate and judge is one."""
    found: dict[str, EndpointPlan] = {}
    for asked in (*plan.models, *plan.judges):
        if asked.is_rule_judge:
            continue
        other = found.get(asked.key, asked)
        # Named twice, once perhaps without its replicas or limits: what either says holds.
        replicas = tuple(dict.fromkeys((*other.replicas, *asked.replicas)))
        limits = asked.limits if other.limits == EndpointLimits() else other.limits
        found[asked.key] = other.model_copy(update={"replicas": replicas, "limits": limits})
    return found


def open_endpoints(
    stack: AsyncExitStack,
    plan: RunPlan,
    environ: Mapping[str, str],
    concurrency: int,
    budget: Budget | None,
    progress: Progress,
) -> dict[str, Endpoint]:
    """By key; `stack` closes them."""
    policy = retry_policy(environ)
    endpoints: dict[str, Endpoint] = {}
    recorded = cache(_recordings)  # a file may hold thousands of models: it is read once, not once for each
    for key, asked in asked_endpoints(plan).items():
        limits = asked.limits
        ceiling = limits.concurrency or concurrency
        provider = _recording(asked, recorded) if asked.provider == "replay" else _open(asked, environ, ceiling)
        stack.push_async_callback(provider.aclose)
        endpoints[key] = Endpoint(
            provider,
            ConcurrencyLimiter(ceiling),
            policy,
            progress.retrying,
            rates=RateLimits(limits.requests_per_minute, limits.tokens_per_minute),
            budget=budget,
            price=asked.price(),
            drop_unsupported=plan.drop_unsupported,
            label=asked.label,
            tell=progress.say,
        )
    return endpoints


def _open(plan: EndpointPlan, environ: Mapping[str, str], concurrency: int) -> ChatProvider:
    return open_provider(plan.spec(), environ, concurrency, plan.extra)


def _recordings(path: Path) -> dict[str, Recording]:
    return {r.label: r for r in read_recordings(path)}


def _recording(plan: EndpointPlan, recorded: Callable[[Path], dict[str, Recording]]) -> ReplayProvider:
    if plan.path is None:  # its answers are in the store, and were written with the run
        return ReplayProvider(Recording(plan.label, Path(plan.label), plan.digest or "", {}))
    found = recorded(Path(plan.path))
    # A file named alone is labelled by its own path; the plan keeps the label it had below its folder.
    recording = found.get(plan.label) or (next(iter(found.values())) if len(found) == 1 else None)
    if recording is None or recording.digest != plan.digest:
        raise UsageError(f"the recording {plan.path} has changed since the run was planned; start a new run")
    return ReplayProvider(recording)


async def preflight(
    plan: RunPlan, endpoints: Mapping[str, Endpoint], progress: Progress, *, pull: bool = False
) -> dict[str, Any]:
    """Who answers at every endpoint, by spec, before anything is written or bought.

    Raises:
        UsageError: nobody answers there (for `plan.wait_s` seconds).
        ProviderError: the key or the model is refused.
    """
    deadline = time.monotonic() + plan.wait_s
    asked = asked_endpoints(plan)
    found = await asyncio.gather(
        *(
            _describe(asked[key], endpoint.provider, deadline, progress, pull=pull)
            for key, endpoint in endpoints.items()
        )
    )
    for identity in found:
        if identity.shutdown_date is not None:
            progress.say(f"{identity.provider}:{identity.model} is withdrawn by its vendor on {identity.shutdown_date}")
    return {str(asked[key].spec()): asdict(identity) for key, identity in zip(endpoints, found, strict=True)}


async def _describe(
    plan: EndpointPlan, provider: ChatProvider, deadline: float, progress: Progress, *, pull: bool
) -> ModelIdentity:
    waiting = False
    while True:
        try:
            return await provider.describe()
        except (ConnectionFailedError, ServerError) as error:
            if time.monotonic() >= deadline:
                raise UsageError(str(error)) from error
            if not waiting:
                progress.say(f"waiting for {plan.spec()} to be ready ...")
                waiting = True
            await asyncio.sleep(_ASK_AGAIN_S)
        except ModelNotFoundError:
            if not pull or not await _pulled(plan, provider, progress):
                raise
            pull = False


async def _pulled(plan: EndpointPlan, provider: ChatProvider, progress: Progress) -> bool:
    """Fetch a model that the server does not have yet, where the provider can."""
    fetch = getattr(provider, "pull", None)
    if fetch is None:
        return False
    try:
        await fetch(lambda status, done, total: progress.pulling(str(plan.model), status, done, total))
    except ProviderError as error:
        raise UsageError(f"cannot pull {plan.model}: {error}") from error
    return True
