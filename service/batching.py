"""A run in the cheap lane: waves of batches, between which the pipeline passes over what came back.

A pass of the ordinary pipeline settles everything that is bought and defers the rest to the endpoints' batch lanes,
which hand it in. When a batch ends, its results go into the ledger by their work keys, and the next pass finds them
there: turn 2 follows its turn 1, verdicts follow their answers. Endpoints without a batch lane are asked live.

    open in the store (label) -> upload, create -> confirmed in the store -> poll ... -> results in the ledger -> closed

A process may die between any two of these: what was never confirmed is looked for under its label.
"""

import asyncio
import contextlib
import math
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from providers.batch import BatchHandle, BatchStatus
from providers.errors import (
    ConnectionFailedError,
    MalformedResponseError,
    NotProcessedError,
    ProviderError,
    RateLimitError,
    ServerError,
)
from providers.retry import RetryPolicy, complete_with_retry
from service.batch_lane import BatchLane, HandingInFailed, Parcel
from service.batch_results import collect
from service.errors import UsageError
from service.pipeline import Pipeline, Progress
from service.store import Store, batches, ledger
from service.store.batches import Opening, StoredBatch
from service.store.writer import Writer
from service.store.writes import Purchase, TurnKey, VerdictKey
from service.workers import GRACE_S, StoppablePass

DEFAULT_POLL_S = 30.0
TRIES = 3
"""How often one session hands in work that comes back unprocessed or with a passing error."""
_OUTAGE_S = 3600.0
_UNCERTAIN = (ConnectionFailedError, ServerError, MalformedResponseError)

Result = TypeVar("Result")
MakePass = Callable[[set[TurnKey | VerdictKey]], Pipeline]


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """`wait`: stay until everything has ended; else collect what has, hand in what can be, and leave."""

    wait: bool = True
    poll_s: float = DEFAULT_POLL_S
    max_requests: int | None = None


def batch_options(environ: Mapping[str, str], *, wait: bool) -> BatchOptions:
    """With `KOJUDGE_BATCH_POLL_S` (seconds between looks) and `KOJUDGE_BATCH_SIZE` (requests a batch at most).

    Raises:
        UsageError: a variable that is not a number above zero.
    """
    try:
        poll = float(environ.get("KOJUDGE_BATCH_POLL_S") or DEFAULT_POLL_S)
        size = int(environ.get("KOJUDGE_BATCH_SIZE") or 0)
    except ValueError as error:
        raise UsageError("KOJUDGE_BATCH_POLL_S and KOJUDGE_BATCH_SIZE must be numbers") from error
    if not 0 < poll <= 86_400 or size < 0:
        raise UsageError("KOJUDGE_BATCH_POLL_S must be above 0 seconds, KOJUDGE_BATCH_SIZE at least 1 request")
    return BatchOptions(wait, poll, size or None)


class BatchRun(StoppablePass):
    """Everything of a run that has no ok verdict yet, in waves. Stops and hurries like a pipeline."""

    def __init__(
        self,
        run_id: int,
        store: Store,
        writer: Writer,
        lanes: Sequence[BatchLane],
        make_pass: MakePass,
        progress: Progress,
        policy: RetryPolicy,
        options: BatchOptions,
    ) -> None:
        super().__init__()
        self._run_id = run_id
        self._store = store
        self._writer = writer
        self._lanes = lanes
        self._make_pass = make_pass
        self._progress = progress
        self._policy = policy
        self._options = options
        self._ended: set[TurnKey | VerdictKey] = set()
        self._answered: set[str] = set()
        self._refused: dict[str, ProviderError] = {}
        self._tries: Counter[str] = Counter()
        self._watched: set[int] = set()
        self._said: dict[int, str] = {}
        self._unreachable_since: float | None = None
        self._fatal: ProviderError | None = None
        self._pipeline: Pipeline | None = None
        for lane in lanes:
            lane.join(self, options.max_requests)

    def stop(self, error: BaseException | None = None) -> None:
        """Hand in and collect nothing more; batches go on at the vendor's."""
        super().stop(error)
        if self._pipeline is not None:
            self._pipeline.stop(error)

    def hurry(self) -> None:
        """Give up what is in flight."""
        super().hurry()
        if self._pipeline is not None:
            self._pipeline.hurry()

    async def run(self) -> None:
        """Work until everything has ended, or until `stop`; without waiting, one wave.

        Raises:
            ProviderError: one that stops the whole run, or a batch that was refused.
            StoreError: the database refused a write.
        """
        await self._unless_stopped(self._find_unconfirmed(), grace_s=0.0)
        await self._unless_stopped(self._look(), grace_s=0.0)
        while not self._stop.is_set():
            await self._pass()
            if not self._open() and (short := next((lane.short for lane in self._lanes if lane.short), None)):
                raise short
            if not self._open() or not self._options.wait:
                break
            await self._unless_stopped(self._wait_for_an_end(), grace_s=0.0)
        self._raise_stop_error()

    async def _pass(self) -> None:
        for lane in self._lanes:
            lane.short = None
        self._pipeline = self._make_pass(self._ended)
        try:
            await self._pipeline.run()
        except HandingInFailed as failed:
            raise failed.error from None
        self._watched |= self._pipeline.waits_for
        for lane in self._lanes:
            await self._unless_stopped(lane.flush(), grace_s=GRACE_S)

    async def _unless_stopped(self, work: Awaitable[None], *, grace_s: float) -> None:
        """Do it; once stopped, give it so long to finish. What it leaves undone is found again on resume."""
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and grace_s:
                hurried = asyncio.ensure_future(self._hurry.wait())
                await asyncio.wait({task, hurried}, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
                hurried.cancel()
        finally:
            stopped.cancel()
            if not task.done():
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    # What the lanes ask.

    def brought(self, work: str, lane: BatchLane) -> Purchase | None:
        """What this session got for the work, however bad it is. Raises the error it came back with."""
        if work in self._refused:
            raise self._refused[work]
        if work not in self._answered:
            return None
        with self._store.read() as connection:
            completion_id, completion = next(ledger.bought(connection, work))
        return Purchase(work, str(lane.plan.spec()), lane.role, completion, None, completion_id)

    def carried(self, work: str) -> bool:
        with self._store.read() as connection:
            carrier = batches.carrier(connection, work)
        if carrier is not None:
            self._watched.add(carrier)
        return carrier is not None

    async def submit(self, lane: BatchLane, parcel: Parcel) -> None:
        """Open the batch in the store, then create it at the vendor's, then note that it is there."""
        label = f"kojudge-{uuid.uuid4().hex}"
        opening = Opening()
        await self._writer.write(
            batches.open_batch(
                opening,
                run_id=self._run_id,
                label=label,
                endpoint=lane.plan.key,
                role=lane.role,
                sent_params=parcel.sent_params,
                models=parcel.models,
                held_usd=parcel.held_usd,
            )
        )
        if opening.id is None:
            lane.settle(parcel.held_usd, 0.0)
            return
        lines = [line for work, line in parcel.lines.items() if work in opening.taken]
        handle = await self._create(lane, opening.id, lines, label)
        await self._writer.write(batches.confirm_batch(opening.id, handle))
        self._progress.say(f"batch {self._number(opening.id)}: handed in, {len(lines)} {_noun(lane.role)}")

    async def _create(self, lane: BatchLane, batch: int, lines: list[bytes], label: str) -> BatchHandle:
        since = time.time()
        uncertain = False

        async def attempt() -> BatchHandle:
            nonlocal uncertain
            if uncertain and (handle := await self._found(lane, label, since)) is not None:
                return handle
            try:
                return await lane.provider.submit(lines, label)
            except _UNCERTAIN:
                uncertain = True
                raise

        try:
            handle = await self._retried(attempt)
            if uncertain:  # the lost one may have come to light only now
                found = await self._retried(lambda: self._found(lane, label, since))
                return found or handle
            return handle
        except ProviderError as error:
            if not uncertain:
                await self._writer.write(batches.close_batch(batch, batches.REFUSED, f"{error.kind}: {error}"))
            raise

    async def _found(self, lane: BatchLane, label: str, since: float) -> BatchHandle | None:
        """The batch of this label, if the vendor has it; should there be two, the younger ones are cancelled."""
        handles = await lane.provider.find(label, since)
        for extra in handles[1:]:
            try:
                await lane.provider.cancel(extra.id)
            except ProviderError as error:
                self._progress.say(f"batch {extra.id} is a double of {handles[0].id} and was not cancelled: {error}")
        return handles[0] if handles else None

    # Batches that were opened before.

    def _open(self) -> list[StoredBatch]:
        with self._store.read() as connection:
            return batches.open_batches(connection, self._run_id, self._watched)

    async def _find_unconfirmed(self) -> None:
        """An earlier process died while it handed these in: find them, or set their work free."""
        for batch in self._open():
            if batch.batch_id is None and (lane := self._lane(batch)) is not None:
                self._progress.say(f"looking for a batch of {batch.requests} requests that was never confirmed")
                # A creation that is still on its way must have arrived before "not there" can be believed.
                await asyncio.sleep(max(0.0, self._options.poll_s - _age_s(batch)))
                await self._settle_unconfirmed(lane, batch, believed_after_s=0.0)

    async def _settle_unconfirmed(self, lane: BatchLane, batch: StoredBatch, believed_after_s: float) -> None:
        handle = await self._retried(lambda: self._found(lane, batch.label, time.time() - _age_s(batch)))
        if handle is not None:
            await self._writer.write(batches.confirm_batch(batch.id, handle))
        elif _age_s(batch) >= believed_after_s:
            await self._writer.write(batches.close_batch(batch.id, batches.NEVER_MADE))
            self._settle(lane, batch, 0.0)

    async def _wait_for_an_end(self) -> None:
        while True:
            before = {b.id for b in self._open()}
            await self._look()
            if before - {b.id for b in self._open()}:
                return
            await asyncio.sleep(self._options.poll_s)

    async def _look(self) -> None:
        """Ask how every open batch is, and collect those that have ended."""
        for batch in self._open():
            lane = self._lane(batch)
            if lane is None:
                continue
            if batch.batch_id is None:  # of another run, whose process may be handing it in just now
                await self._settle_unconfirmed(lane, batch, believed_after_s=_OUTAGE_S)
                continue
            status = await self._poll(lane, batch.batch_id)
            if status is None:
                return
            if status.state != batch.state:
                await self._writer.write(batches.note_state(batch.id, status.state))
            self._tell(batch, status)
            if status.state == "failed":
                await self._refusal(lane, batch, status)
            elif status.ended:
                await self._collect(lane, batch, status)
            if status.state == "cancelled":
                self._fatal = self._fatal or NotProcessedError(f"batch {status.id} was cancelled at the vendor's")
        if self._fatal is not None:
            raise self._fatal

    def _lane(self, batch: StoredBatch) -> BatchLane | None:
        same = [lane for lane in self._lanes if lane.plan.key == batch.endpoint]
        return next((lane for lane in same if lane.role == batch.role), next(iter(same), None))

    async def _poll(self, lane: BatchLane, batch_id: str) -> BatchStatus | None:
        """None while the vendor cannot be reached: a wait of hours outlives an outage."""
        try:
            status = await self._retried(lambda: lane.provider.poll(batch_id))
        except ProviderError as error:
            now = time.monotonic()
            self._unreachable_since = self._unreachable_since or now
            if not error.retryable or not self._options.wait or now - self._unreachable_since > _OUTAGE_S:
                raise
            self._progress.say(f"no word of batch {batch_id} ({error.kind}: {error}); looking again")
            return None
        self._unreachable_since = None
        return status

    async def _collect(self, lane: BatchLane, batch: StoredBatch, status: BatchStatus) -> None:
        found = await self._retried(lambda: collect(self._store, self._writer, lane, batch, status))
        self._settle(lane, batch, found.cost_usd)
        self._answered |= found.answered
        self._sort(found.missing)
        for same in self._lanes:
            same.full = same.full and same.plan.key != batch.endpoint
        self._progress.say(f"batch {self._number(batch.id)}: collected {_noun(batch.role)} {found}")

    def _settle(self, lane: BatchLane, batch: StoredBatch, cost_usd: float) -> None:
        if batch.run_id == self._run_id:  # another run's batch is held by that run's budget
            lane.settle(batch.held_usd, cost_usd)

    def _sort(self, missing: Mapping[str, ProviderError]) -> None:
        """What failed for good is settled by the next pass; what may still come is handed in again, so often."""
        for work, error in missing.items():
            self._tries[work] += 1
            if error.stops_run:
                self._fatal = self._fatal or error
            elif not error.retryable or self._tries[work] >= TRIES:
                self._refused[work] = error

    async def _refusal(self, lane: BatchLane, batch: StoredBatch, status: BatchStatus) -> None:
        """The vendor took no request of it. A full queue is waited for, or asked for less; all else stops the run."""
        error = lane.provider.refusal(status)
        self._settle(lane, batch, 0.0)
        await self._writer.write(batches.close_batch(batch.id, status.state, f"{error.kind}: {error}"))
        self._progress.say(f"batch {self._number(batch.id)}: {error}")
        others = any(b.endpoint == batch.endpoint for b in self._open())
        same = [one for one in self._lanes if one.plan.key == batch.endpoint]
        if isinstance(error, RateLimitError) and (others or batch.requests > 1):
            for one in same:
                one.full = others
                if not others:
                    one.limits = replace(one.limits, requests=math.ceil(batch.requests / 2))
        else:
            self._fatal = self._fatal or error

    def _tell(self, batch: StoredBatch, status: BatchStatus) -> None:
        """One line for a batch whenever there is news of it."""
        done = f"{status.completed + status.failed}/{status.total or batch.requests} {_noun(batch.role)}"
        line = f"batch {self._number(batch.id)}: {status.state} {done}"
        if self._said.get(batch.id) != line:
            self._said[batch.id] = line
            self._progress.say(line)

    def _number(self, batch: int) -> str:
        with self._store.read() as connection:
            made = batches.batch_numbers(connection, self._run_id)
        return f"{made.index(batch) + 1} of {len(made)}" if batch in made else "of another run"

    async def _retried(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        async def call() -> Result:
            return await attempt()

        return await complete_with_retry(call, self._policy, self._progress.retrying, self._stop.is_set)


def _noun(role: str) -> str:
    return "answers" if role == "candidate" else "verdicts"


def _age_s(batch: StoredBatch) -> float:
    # Another process's clock, or this one's before it was set back, must not make us wait for hours.
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(batch.created_at)).total_seconds())
