"""Have the answers of a run compared in pairs, durably: every pair by every judge, in both orders.

It follows the pipeline, when the answers are there. Nothing is held but a few questions with their answers: a fixed
set of workers for each judge takes comparisons from an iterator, and one has ended when its row is committed.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from judge.grading.pairwise import ComparisonTask, PairwiseJudge, failed_comparison
from judge.pairwise import ComparedTurn, Comparison
from providers.errors import BudgetHeldError, ProviderError
from service.asked import Asked, Deferred
from service.conversation import usable
from service.pipeline import Progress
from service.plan import RunPlan
from service.signals import Stoppable
from service.single_flight import SingleFlight
from service.store import Store, ledger
from service.store.comparisons import AnsweredQuestion, ComparisonKey, answered_questions, save_comparison
from service.store.resume import StoredAnswer
from service.store.writer import Writer
from service.store.writes import Purchase
from service.workers import StoppablePass


@dataclass(frozen=True, slots=True)
class ComparingJudge:
    """A judge that is a model, at its position in the plan."""

    position: int
    judge: PairwiseJudge
    asked: Asked


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be compared, or why it cannot be."""

    key: ComparisonKey
    compared: ComparedTurn | None
    missing: str = ""


class Comparer(StoppablePass):
    """One pass over every comparison of a stored run that is not ok yet. Stops and hurries like a pipeline."""

    def __init__(
        self,
        plan: RunPlan,
        run_id: int,
        judges: Sequence[ComparingJudge],
        store: Store,
        writer: Writer,
        progress: Progress,
    ) -> None:
        super().__init__()
        self._plan = plan
        self._run_id = run_id
        self._judges = judges
        self._store = store
        self._writer = writer
        self._progress = progress
        self._flights = SingleFlight()
        self._in_vain: set[str] = set()

    def stop(self, error: BaseException | None = None) -> None:
        """Take no new work; what is in flight may still finish. The first error given is raised by `run`."""
        for judge in self._judges:
            judge.asked.endpoint.stopping = True
        super().stop(error)

    async def run(self) -> None:
        """Work until every comparison that has its answers has ended, or `stop` was called.

        Raises:
            ProviderError: one that stops the whole run (key, quota, model not found).
            StoreError: the database refused a write.
        """
        with self._store.reader() as self._reader:
            workers = [
                asyncio.create_task(self._compare_all(judge, jobs))
                for judge in self._judges
                for jobs in [self._jobs(judge)]
                for _ in range(judge.asked.workers)
            ]
            await self._work(workers, lambda: asyncio.gather(*workers))
        self._raise_stop_error()

    def _jobs(self, judge: ComparingJudge) -> Iterator[_Job]:
        """What is open, question by question; the two orders of a comparison follow each other."""
        for asked in answered_questions(self._reader, self._run_id, judge.position):
            for sample in range(self._plan.samples):
                for pair in self._plan.pairs:
                    if judge.position in pair.judges:
                        yield from self._of_pair(judge, asked, sample, pair.a, pair.b)

    def _of_pair(self, judge: ComparingJudge, asked: AnsweredQuestion, sample: int, a: int, b: int) -> Iterator[_Job]:
        said = [asked.answers.get((model, sample), {}) for model in (a, b)]
        for turn in self._plan.graded_turns(asked.question):
            if any(turn not in answers for answers in said):
                return  # an answer is still to come: the comparison is pending
            lacking = [m for m, answers in zip((a, b), said, strict=True) if not _whole(answers, turn)]
            for repeat in range(self._plan.judge_repeats):
                for swapped in (False, True):
                    key = ComparisonKey(
                        self._run_id, asked.position, sample, turn, a, b, judge.position, repeat, swapped
                    )
                    if key in asked.ok:
                        continue
                    if lacking:
                        names = " and ".join(self._plan.models[m].label for m in lacking)
                        yield _Job(key, None, f"no answer of {names} to compare")
                    else:
                        texts_a, texts_b = (_texts(answers, turn) for answers in said)
                        yield _Job(key, ComparedTurn(asked.question, turn, texts_a, texts_b, swapped))

    async def _compare_all(self, judge: ComparingJudge, jobs: Iterator[_Job]) -> None:
        try:
            for job in jobs:
                if self._stop.is_set():
                    return
                with contextlib.suppress(Deferred):
                    await self._compare(judge, job)
        except Exception as error:  # noqa: BLE001 - handed to run(), which raises it
            self.stop(error)

    async def _compare(self, judge: ComparingJudge, job: _Job) -> None:
        if job.compared is None:
            await self._writer.write(save_comparison(job.key, Comparison("skipped", error=job.missing)))
            self._progress.compared("skipped", None)
            return
        rubric = self._plan.rubric_for(job.compared.question)
        task = judge.judge.prepare(job.compared, rubric, job.key.repeat)
        work = judge.asked.keys.of(task.request, job.key.sample * self._plan.judge_repeats + job.key.repeat)
        purchase = None
        async with self._flights.alone(work):
            try:
                purchase = await self._purchase(judge.asked, work, task)
                comparison = task.read(purchase.completion)
            except ProviderError as error:
                if error.stops_run:
                    raise
                if self._stop.is_set():
                    raise Deferred from error
                comparison = failed_comparison(error)
            await self._writer.write(save_comparison(job.key, comparison, purchase))
        self._progress.compared(comparison.status, purchase.cost_usd if purchase is not None else None)

    async def _purchase(self, asked: Asked, work: str, task: ComparisonTask) -> Purchase:
        """What the ledger has for the work, if it can be read; else what the endpoint delivers now."""
        for completion_id, completion in ledger.bought(self._reader, work):
            # What this session bought in vain is shared by all who asked for it, and tried again on resume.
            if task.read(completion).status == "ok" or work in self._in_vain:
                return asked.found(work, completion_id, completion)
        try:
            completion = await asked.endpoint.complete(task.request)
        except BudgetHeldError:
            raise Deferred from None
        if task.read(completion).status != "ok":
            self._in_vain.add(work)
        return asked.purchase(work, completion)


def _whole(answers: dict[int, StoredAnswer], turn: int) -> bool:
    return all(usable(answers[n].status, answers[n].text) for n in range(1, turn + 1))


def _texts(answers: dict[int, StoredAnswer], turn: int) -> tuple[str, ...]:
    return tuple(answers[n].text or "" for n in range(1, turn + 1))


class Pass(Stoppable, Protocol):
    """Something that is run once."""

    async def run(self) -> None: ...


class InTurn:
    """Passes one after the other, stopped and hurried as one."""

    def __init__(self, *passes: Pass) -> None:
        self._passes = passes

    def stop(self, error: BaseException | None = None) -> None:
        for one in self._passes:
            one.stop(error)

    def hurry(self) -> None:
        for one in self._passes:
            one.hurry()

    async def run(self) -> None:
        for one in self._passes:
            await one.run()
