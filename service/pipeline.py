"""Hold the conversations of a run and have every turn judged, durably.

A fixed set of workers per candidate takes conversations from an iterator; each finished turn goes to a
bounded queue in front of each judge, so judging overlaps generation and nothing piles up in memory. Turn 2
waits for its own turn 1 only. A unit has ended when its row is committed.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from judge.checks.language import check_turn_language
from judge.grading.llm import GradingTask, ModelJudge, failed_verdict
from judge.grading.rules import RuleJudge
from judge.types import GradedTurn, Verdict
from providers.endpoint import Endpoint
from providers.errors import BudgetHeldError, ProviderError
from providers.pricing import Price, cost_usd
from providers.types import ChatCompletion, ChatRequest
from questions.types import Question
from service.conversation import answer_of, candidate_request, usable
from service.endpoint_plan import EndpointPlan
from service.plan import FrozenRun
from service.store import Store, batches, reads
from service.store.writer import Writer
from service.store.writes import Purchase, TurnKey, VerdictKey, save_answer, save_verdict
from service.work import work_key

GRACE_S = 30.0


class Progress(Protocol):
    """Told of every unit that ends, of every retry, and of what a person should know."""

    def answered(self, status: str, cost: float | None) -> None: ...

    def judged(self, status: str, cost: float | None) -> None: ...

    def retrying(self, error: ProviderError) -> None: ...

    def say(self, line: str) -> None: ...

    def pulling(self, model: str, status: str, done: int | None, total: int | None) -> None: ...


class Deferred(Exception):
    """Not asked now: an open batch carries the work, or will; a later pass finds it bought."""


class Lane(Protocol):
    """Another way to ask an endpoint than one call now."""

    async def ask(self, work: str, key: TurnKey, request: ChatRequest) -> Purchase:
        """What the lane brought for this work.

        Raises:
            Deferred: nothing yet.
            ProviderError: it came back as an error.
        """
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    plan: EndpointPlan
    endpoint: Endpoint
    workers: int
    price: Price | None
    lane: Lane | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """A model behind an endpoint, or the built-in rules (then `endpoint` is None)."""

    plan: EndpointPlan
    grader: ModelJudge | RuleJudge
    endpoint: Endpoint | None
    workers: int
    price: Price | None
    lane: Lane | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    key: VerdictKey
    turn: GradedTurn


class Pipeline:
    """One pass over everything of a run that has no ok verdict yet.

    `ended` holds the units that earlier passes of this session saw fail: they are not tried again before a resume.
    """

    def __init__(
        self,
        run: FrozenRun,
        run_id: int,
        candidates: list[Candidate],
        judges: list[Judge],
        store: Store,
        writer: Writer,
        progress: Progress,
        ended: set[TurnKey | VerdictKey] | None = None,
    ) -> None:
        self.waits_for: set[int] = set()
        self._ended = set() if ended is None else ended
        self._plan = run.plan
        self._questions = run.questions
        self._run_id = run_id
        self._candidates = candidates
        self._judges = judges
        self._store = store
        self._writer = writer
        self._progress = progress
        self._deadline_s = run.plan.deadline_s
        self._params = run.plan.generation.params()
        self._queues: list[asyncio.Queue[_Job | None]] = [asyncio.Queue(2 * j.workers) for j in judges]
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stop_error: BaseException | None = None

    def stop(self, error: BaseException | None = None) -> None:
        """Take no new work; what is in flight may still finish. The first error given is raised by `run`."""
        self._stop_error = self._stop_error or error
        for endpoint in (*(c.endpoint for c in self._candidates), *(j.endpoint for j in self._judges)):
            if endpoint is not None:
                endpoint.stopping = True
        self._stop.set()

    def hurry(self) -> None:
        """End the grace period that `stop` began: give up what is in flight."""
        self._hurry.set()

    async def run(self) -> None:
        """Work until everything has ended or `stop` was called.

        Raises:
            ProviderError: one that stops the whole run (key, quota, model not found).
            StoreError: the database refused a write.
        """
        with self._store.read() as connection:
            complete = reads.verdict_counts(connection, self._run_id, ok_only=True)
            started = reads.answer_counts(connection, self._run_id)
            self._batches_open = batches.any_open(connection)
        holders = [
            asyncio.create_task(self._hold_all(m, conversations, started))
            for m, candidate in enumerate(self._candidates)
            for conversations in [self._open_conversations(m, complete)]
            for _ in range(candidate.workers)
        ]
        graders = [
            asyncio.create_task(self._judge_all(j))
            for j, judge in enumerate(self._judges)
            for _ in range(judge.workers)
        ]
        stopper = asyncio.create_task(self._end_after_grace([*holders, *graders]))
        try:
            await asyncio.gather(*holders)
            for queue, judge in zip(self._queues, self._judges, strict=True):
                for _ in range(judge.workers):
                    await queue.put(None)
            await asyncio.gather(*graders)
        except asyncio.CancelledError:
            if not self._stop.is_set():
                raise
        finally:
            for task in (*holders, *graders, stopper):
                task.cancel()
            await asyncio.gather(*holders, *graders, stopper, return_exceptions=True)
        if self._stop_error is not None:
            raise self._stop_error

    async def _end_after_grace(self, tasks: list[asyncio.Task[None]]) -> None:
        await self._stop.wait()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), GRACE_S)
        for task in tasks:
            task.cancel()

    def _open_conversations(self, model: int, complete: dict[reads.Position, int]) -> Iterator[tuple[int, int]]:
        per_turn = len(self._judges) * self._plan.judge_repeats
        for sample in range(self._plan.samples):
            for position, question in enumerate(self._questions):
                if complete.get((model, position, sample), 0) < len(question.turns) * per_turn:
                    yield position, sample

    async def _hold_all(
        self, model: int, conversations: Iterator[tuple[int, int]], started: dict[reads.Position, int]
    ) -> None:
        for position, sample in conversations:
            if self._stop.is_set():
                return
            try:
                await self._hold(model, position, sample, fresh=(model, position, sample) not in started)
            except Exception as error:  # noqa: BLE001 - handed to run(), which raises it
                self.stop(error)
                return

    async def _hold(self, model: int, position: int, sample: int, *, fresh: bool) -> None:
        """One conversation, turn by turn; every turn that has an answer is handed to the judges."""
        question = self._questions[position]
        if fresh:
            state = reads.ConversationState({}, {})
        else:
            with self._store.read() as connection:
                state = reads.conversation_state(connection, self._run_id, model, position, sample)
        answers: list[str] = []
        for number in range(1, len(question.turns) + 1):
            if self._stop.is_set():
                return
            key = TurnKey(self._run_id, model, position, sample, number)
            stored = state.answers.get(number)
            if stored is not None and usable(stored.status, stored.text):
                text: str | None = stored.text
            elif key in self._ended:
                return
            else:
                try:
                    text = await self._answer(key, question, answers)
                except Deferred:
                    return
            if text is None:
                self._ended.add(key)
                await self._skip_from(key, question, state)
                return
            answers.append(text)
            await self._hand_over(key, GradedTurn(question, number, tuple(answers)), state)

    async def _answer(self, key: TurnKey, question: Question, answers: list[str]) -> str | None:
        """Buy or find the turn's answer and store it; None if there is none to go on with."""
        candidate = self._candidates[key.model]
        request = candidate_request(question, answers, self._params, self._deadline_s)
        work = work_key(candidate.plan, request, key.sample)
        purchase = self._bought(work, candidate.plan, "candidate", lambda c: usable(*answer_of(c)))
        cost = None
        if purchase is None:
            try:
                purchase = await self._buy(candidate, "candidate", work, key, request)
            except ProviderError as error:
                if error.stops_run:
                    raise
                await self._writer.write(save_answer(key, "provider_error", error=f"candidate: {error.kind}: {error}"))
                self._progress.answered("provider_error", None)
                return None
            cost = purchase.cost_usd
        status, text = answer_of(purchase.completion)
        language = check_turn_language(question, key.turn, text) if text.strip() else None
        failure = None if usable(status, text) else f"candidate: no answer ({status})"
        await self._writer.write(
            save_answer(key, status, purchase=purchase, text=text, error=failure, language=language)
        )
        self._progress.answered(status, cost)
        return text if failure is None else None

    async def _skip_from(self, key: TurnKey, question: Question, state: reads.ConversationState) -> None:
        """Without an answer there is nothing to judge, and later turns cannot follow."""
        for number in range(key.turn, len(question.turns) + 1):
            turn = TurnKey(key.run_id, key.model, key.question, key.sample, number)
            reason = "no answer to grade" if number == key.turn else "an earlier turn has no answer"
            if number > key.turn:
                await self._writer.write(save_answer(turn, "skipped", error=reason))
                self._progress.answered("skipped", None)
            for judge in range(len(self._judges)):
                for repeat in range(self._plan.judge_repeats):
                    if state.verdicts.get((number, judge, repeat)) != "ok":
                        verdict = Verdict("skipped", error=reason)
                        await self._writer.write(save_verdict(VerdictKey(turn, judge, repeat), verdict))
                        self._progress.judged("skipped", None)

    async def _hand_over(self, key: TurnKey, turn: GradedTurn, state: reads.ConversationState) -> None:
        for judge, queue in enumerate(self._queues):
            for repeat in range(self._plan.judge_repeats):
                job = VerdictKey(key, judge, repeat)
                if state.verdicts.get((key.turn, judge, repeat)) != "ok" and job not in self._ended:
                    await queue.put(_Job(job, turn))

    async def _judge_all(self, judge: int) -> None:
        queue = self._queues[judge]
        while (job := await queue.get()) is not None:
            # After a stop the queue is only emptied, so that nobody waits in front of it.
            if self._stop.is_set():
                continue
            try:
                await self._judge(self._judges[judge], job)
            except Deferred:
                continue
            except Exception as error:  # noqa: BLE001 - handed to run(), which raises it
                self.stop(error)

    async def _judge(self, judge: Judge, job: _Job) -> None:
        rubric = self._plan.rubric_for(job.turn.question)
        cost = None
        purchase = None
        if isinstance(judge.grader, RuleJudge):
            verdict = await judge.grader.grade(job.turn, job.key.repeat)
        else:
            task = judge.grader.prepare(job.turn, rubric, job.key.repeat)
            verdict, purchase = await self._ask_judge(judge, task, job.key)
            if purchase is not None and purchase.id is None:
                cost = purchase.cost_usd
        await self._writer.write(save_verdict(job.key, verdict, purchase))
        if verdict.status != "ok":
            self._ended.add(job.key)
        self._progress.judged(verdict.status, cost)

    async def _ask_judge(self, judge: Judge, task: GradingTask, key: VerdictKey) -> tuple[Verdict, Purchase | None]:
        index = key.turn.sample * self._plan.judge_repeats + key.repeat
        work = work_key(judge.plan, task.request, index)
        # A reply that was paid for is read anew: a better parser mends old verdicts for nothing.
        purchase = self._bought(work, judge.plan, "judge", lambda c: task.read(c).status == "ok")
        if purchase is None:
            try:
                purchase = await self._buy(judge, "judge", work, key.turn, task.request)
            except ProviderError as error:
                if error.stops_run:
                    raise
                return failed_verdict(error), None
        return task.read(purchase.completion), purchase

    async def _buy(
        self, asked: Candidate | Judge, role: str, work: str, key: TurnKey, request: ChatRequest
    ) -> Purchase:
        if asked.lane is not None:
            return await asked.lane.ask(work, key, request)
        if asked.endpoint is None:
            raise AssertionError(f"judge {asked.plan.label} has no endpoint")
        if self._batches_open:
            with self._store.read() as connection:
                carrier = batches.carrier(connection, work)
            if carrier is not None:
                self.waits_for.add(carrier)
                raise Deferred
        try:
            completion = await asked.endpoint.complete(request)
        except BudgetHeldError:
            raise Deferred from None  # a later pass finds the batches settled
        cost = cost_usd(asked.price, completion.usage, completion.service_tier)
        return Purchase(work, str(asked.plan.spec()), role, completion, cost)

    def _bought(self, work: str, plan: EndpointPlan, role: str, good: "_Good") -> Purchase | None:
        with self._store.read() as connection:
            for completion_id, completion in reads.bought(connection, work):
                if good(completion):
                    return Purchase(work, str(plan.spec()), role, completion, None, completion_id)
        return None


class _Good(Protocol):
    def __call__(self, completion: ChatCompletion, /) -> bool: ...
