"""From the files of an ended batch to the ledger: every result under its work key, whatever else stands in them."""

import contextlib
from collections import Counter
from dataclasses import dataclass, field

from providers.batch import BatchStatus
from providers.errors import NotProcessedError, ProviderError
from providers.pricing import cost_usd
from providers.types import ChatCompletion
from service.batch_lane import BatchLane
from service.store import Store, batches
from service.store.batches import StoredBatch
from service.store.writer import Writer
from service.store.writes import Purchase

_WRITE_EVERY = 256


@dataclass(slots=True)
class Collected:
    """What a batch brought: the work that is in the ledger now, and why the rest is not. `cost_usd` as far as known."""

    answered: set[str] = field(default_factory=set)
    missing: dict[str, ProviderError] = field(default_factory=dict)
    unreadable: int = 0
    cost_usd: float = 0.0

    def __str__(self) -> str:
        parts = [f"{len(self.answered)}/{len(self.answered) + len(self.missing)}"]
        if self.missing:
            kinds = Counter(error.kind for error in self.missing.values())
            parts.append("without a result " + ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))
        if self.unreadable:
            parts.append(f"{self.unreadable} lines could not be read")
        if self.cost_usd:
            parts.append(f"${self.cost_usd:.4f}")
        return " · ".join(parts)


async def collect(store: Store, writer: Writer, lane: BatchLane, batch: StoredBatch, status: BatchStatus) -> Collected:
    """Enter every result and close the batch. It may be broken off anywhere and begun anew: nothing is entered twice.

    Raises:
        ProviderError: a file could not be read to its end; the batch stays open.
        StoreError: the database refused a write.
    """
    found = Collected()
    errors: dict[str, ProviderError] = {}
    waiting: dict[str, Purchase] = {}

    async def keep() -> None:
        kept: set[str] = set()
        await writer.write(batches.keep_results(batch.id, batch.run_id, list(waiting.values()), kept))
        found.cost_usd += sum(waiting[work].cost_usd or 0.0 for work in kept)
        waiting.clear()

    async with contextlib.aclosing(lane.provider.results(status, batch.sent_params)) as results:
        async for work, outcome in results:
            if work is None:
                found.unreadable += 1
            elif isinstance(outcome, ChatCompletion):
                paid = cost_usd(lane.price, outcome.usage, outcome.service_tier)
                waiting[work] = Purchase(work, str(lane.plan.spec()), batch.role, outcome, paid)
            else:
                errors[work] = outcome
            if len(waiting) >= _WRITE_EVERY:
                await keep()
    await keep()
    with store.read() as connection:
        works = batches.batch_works(connection, batch.id)
    lost = NotProcessedError("nothing came back for it")
    found.answered = {work for work, done in works.items() if done}
    found.missing = {work: errors.get(work, lost) for work, done in works.items() if not done}
    words = {work: f"{error.kind}: {error}" for work, error in found.missing.items()}
    await writer.write(batches.close_batch(batch.id, status.state, item_errors=words))
    return found
