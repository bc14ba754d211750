"""Whether a command goes through batches or asks live."""

import os

from providers.dialects import DIALECTS
from providers.registry import has_batches
from service.batching import BatchOptions, batch_options
from service.errors import UsageError
from service.plan import RunPlan
from service.running import find_same_run
from service.store import Store, batches


def check_batches(plan: RunPlan) -> None:
    """Raises UsageError unless a model or judge of the run takes batches, and nothing of it is only asked live."""
    if plan.pairs:
        raise UsageError("--batch: comparisons are asked live only; leave out --batch or --pairwise")
    if not any(has_batches(e.spec()) for e in (*plan.models, *plan.judges)):
        known = ", ".join(name for name, dialect in DIALECTS.items() if dialect.batches)
        raise UsageError(f"--batch: no model or judge of this run takes batches; those of these providers do: {known}")


def choose_lane(store: Store, name: str, plan: RunPlan, wanted: bool | None, wait: bool) -> BatchOptions | None:
    """How to go on; None is live. Without a wish a run goes on as it was begun.

    Raises:
        UsageError: no batches here, or live was wanted while batches are open.
    """
    stored = find_same_run(store, name, plan)
    begun = waiting = False
    if stored is not None:
        with store.read() as connection:
            begun = batches.has_batches(connection, stored.id)
            waiting = bool(batches.open_batches(connection, stored.id))
    if wanted is False and waiting:
        raise UsageError(f"batches of run {name!r} are open; collect them first, without --no-batch")
    if not (begun if wanted is None else wanted):
        if not wait:
            raise UsageError("--no-wait is for batches; give --batch too")
        return None
    check_batches(plan)
    return batch_options(os.environ, wait=wait)
