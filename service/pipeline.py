"""Hold the conversations of a run and have every turn judged, durably.

A fixed set of workers per candidate takes conversations from an iterator; each finished turn goes to a
bounded queue in front of each judge, so judging overlaps generation and nothing piles up in memory. Turn 2
waits for its own turn 1 only. A unit has ended when its row is committed.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from judge.checks.language import LanguageReport, check_turn_language
from judge.grading.llm import GradingTask, ModelJudge, failed_verdict
from judge.grading.rescale import on_rubric
from judge.grading.rules import RuleJudge
from judge.types import GradedTurn, Verdict
from providers.errors import BudgetHeldError, ProviderError
from providers.types import ChatCompletion, ChatRequest
from questions.types import Question
from service.asked import Asked, Deferred, Exchange
from service.conversation import answer_of, candidate_request, usable
from service.plan import RunPlan
from service.single_flight import SingleFlight
from service.store import Store, batches, ledger
from service.store.resume import ConversationState, OpenConversation, conversation_state, open_conversations
from service.store.writer import Writer
from service.store.writes import Purchase, TurnKey, VerdictKey, save_answer, save_purchase, save_verdict
from service.workers import StoppablePass


class Progress(Protocol):
    """Told of every unit that ends, of every retry, and of what a person should know."""

    def answered(self, status: str, cost: float | None) -> None: ...

    def judged(self, status: str, cost: float | None) -> None: ...

    def compared(self, status: str, cost: float | None) -> None: ...

    def retrying(self, error: ProviderError) -> None: ...

    def say(self, line: str) -> None: ...

    def pulling(self, model: str, status: str, done: int | None, total: int | None) -> None: ...


@dataclass(frozen=True, slots=True)
class ModelGrader:
    """A judge that is a model."""

    judge: ModelJudge
    asked: Asked


Judge = ModelGrader | RuleJudge


@dataclass(frozen=True, slots=True)
class _Job:
    key: VerdictKey
    turn: GradedTurn


class Pipeline(StoppablePass):
    """One pass over everything of a stored run that has no ok verdict yet.

    `ended` holds the units that earlier passes of this session saw fail: they are not tried again before a resume.
    """

    def __init__(
        self,
        plan: RunPlan,
        run_id: int,
        candidates: list[Asked],
        judges: list[Judge],
        store: Store,
        writer: Writer,
        progress: Progress,
        ended: set[TurnKey | VerdictKey] | None = None,
    ) -> None:
        super().__init__()
        self.waits_for: set[int] = set()
        self._ended = ended
        self._plan = plan
        self._run_id = run_id
        self._candidates = candidates
        self._judges = judges
        self._store = store
        self._writer = writer
        self._progress = progress
        self._params = plan.generation.params()
        self._workers = [j.asked.workers if isinstance(j, ModelGrader) else j.workers for j in judges]
        self._queues: list[asyncio.Queue[_Job | None]] = [asyncio.Queue(2 * workers) for workers in self._workers]
        self._flights = SingleFlight()
        self._in_vain: set[str] = set()

    def stop(self, error: BaseException | None = None) -> None:
        """Take no new work; what is in flight may still finish. The first error given is raised by `run`."""
        for asked in (*self._candidates, *(j.asked for j in self._judges if isinstance(j, ModelGrader))):
            asked.endpoint.stopping = True
        super().stop(error)

    async def run(self) -> None:
        """Work until everything has ended or `stop` was called.

        Raises:
            ProviderError: one that stops the whole run (key, quota, model not found).
            StoreError: the database refused a write.
        """
        with self._store.reader() as self._reader:
            self._batches_open = batches.any_open(self._reader)
            await self._run()
        self._raise_stop_error()

    async def _run(self) -> None:
        holders = [
            asyncio.create_task(self._hold_all(model, conversations))
            for model, candidate in enumerate(self._candidates)
            for conversations in [self._open_conversations(model)]
            for _ in range(min(candidate.workers, self._plan.questions.n * self._plan.samples))
        ]
        graders = [asyncio.create_task(self._judge_all(j)) for j, n in enumerate(self._workers) for _ in range(n)]

        async def everything() -> None:
            await asyncio.gather(*holders)
            for queue, workers in zip(self._queues, self._workers, strict=True):
                for _ in range(workers):
                    await queue.put(None)
            await asyncio.gather(*graders)

        await self._work([*holders, *graders], everything)

    def _open_conversations(self, model: int) -> Iterator[OpenConversation]:
        plan = self._plan
        each = plan.verdicts_on(model)
        return open_conversations(self._reader, self._run_id, model, plan.samples, each, plan.whole_conversations)

    async def _hold_all(self, model: int, conversations: Iterator[OpenConversation]) -> None:
        try:
            for conversation in conversations:
                if self._stop.is_set():
                    return
                await self._hold(model, conversation)
        except Exception as error:  # noqa: BLE001 - handed to run(), which raises it
            self.stop(error)

    async def _hold(self, model: int, conversation: OpenConversation) -> None:
        """One conversation, turn by turn; every turn that has an answer is handed to the judges."""
        question, position, sample = conversation.question, conversation.position, conversation.sample
        state = _NOTHING
        if conversation.begun:
            state = conversation_state(self._reader, self._run_id, model, position, sample)
        answers: list[str] = []
        for number in range(1, len(question.turns) + 1):
            if self._stop.is_set():
                return
            key = TurnKey(self._run_id, model, position, sample, number)
            stored = state.answers.get(number)
            language = None
            if stored is not None and usable(stored.status, stored.text):
                text = stored.text
            elif self._has_ended(key):
                return
            else:
                try:
                    text, language = await self._answer(key, question, answers)
                except Deferred:
                    return
            if text is None:
                self._note_end(key)
                await self._skip_from(key, question, state)
                return
            answers.append(text)
            await self._hand_over(key, GradedTurn(question, number, tuple(answers), language), state)

    def _has_ended(self, key: TurnKey | VerdictKey) -> bool:
        return self._ended is not None and key in self._ended

    def _note_end(self, key: TurnKey | VerdictKey) -> None:
        if self._ended is not None:
            self._ended.add(key)

    async def _answer(
        self, key: TurnKey, question: Question, answers: list[str]
    ) -> tuple[str | None, LanguageReport | None]:
        """Buy or find the turn's answer and store it: its text, None if there is none to go on with."""
        candidate = self._candidates[key.model]
        request = candidate_request(question, answers, self._params, self._plan.deadline_s, candidate.behaviour)
        work = candidate.keys.of(request, key.sample)
        async with self._flights.alone(work):
            try:
                purchase = await self._purchase(candidate, work, key, request, _is_usable)
            except ProviderError as error:
                if error.stops_run:
                    raise
                if self._stop.is_set():
                    raise Deferred from error  # the stop kept it from another try: it is open, not failed
                await self._writer.write(save_answer(key, "provider_error", error=f"candidate: {error.kind}: {error}"))
                self._progress.answered("provider_error", None)
                return None, None
            status, text = answer_of(purchase.completion)
            language = check_turn_language(question, key.turn, text) if text.strip() else None
            failure = None if usable(status, text) else f"candidate: no answer ({status})"
            await self._writer.write(save_answer(key, status, purchase=purchase, error=failure, language=language))
        self._progress.answered(status, purchase.cost_usd)
        return (text, language) if failure is None else (None, None)

    async def _skip_from(self, key: TurnKey, question: Question, state: ConversationState) -> None:
        """Without an answer there is nothing to judge, and later turns cannot follow."""
        graded = self._plan.graded_turns(question)
        for number in range(key.turn, len(question.turns) + 1):
            turn = TurnKey(key.run_id, key.model, key.question, key.sample, number)
            reason = "no answer to grade" if number == key.turn else "an earlier turn has no answer"
            if number > key.turn:
                await self._writer.write(save_answer(turn, "skipped", error=reason))
                self._progress.answered("skipped", None)
            if number not in graded:
                continue
            for judge in self._plan.seats[key.model]:
                for repeat in range(self._plan.judge_repeats):
                    if state.verdicts.get((number, judge, repeat)) != "ok":
                        verdict = Verdict("skipped", error=reason)
                        await self._writer.write(save_verdict(VerdictKey(turn, judge, repeat), verdict))
                        self._progress.judged("skipped", None)

    async def _hand_over(self, key: TurnKey, turn: GradedTurn, state: ConversationState) -> None:
        if key.turn not in self._plan.graded_turns(turn.question):
            return
        for judge in self._plan.seats[key.model]:
            queue = self._queues[judge]
            for repeat in range(self._plan.judge_repeats):
                job = VerdictKey(key, judge, repeat)
                if state.verdicts.get((key.turn, judge, repeat)) != "ok" and not self._has_ended(job):
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
        if isinstance(judge, RuleJudge):
            rubric = self._plan.rubric_for(job.turn.question)
            grade = judge.grade_whole if rubric.grades == "conversation" else judge.grade
            verdict, cost = on_rubric(await grade(job.turn, job.key.repeat), rubric), None
            await self._writer.write(save_verdict(job.key, verdict))
        else:
            verdict, cost = await self._ask_judge(judge, job)
        if verdict.status != "ok":
            self._note_end(job.key)
        self._progress.judged(verdict.status, cost)

    async def _ask_judge(self, judge: ModelGrader, job: _Job) -> tuple[Verdict, float | None]:
        """The stored verdict, and what it cost now."""
        task = judge.judge.prepare(job.turn, self._plan.rubric_for(job.turn.question), job.key.repeat)
        index = job.key.turn.sample * self._plan.judge_repeats + job.key.repeat
        exchange = Exchange(judge.asked, job.key.turn, index)
        async with self._flights.alone(exchange.work(task)):
            try:
                verdict = await self._verdict(exchange, task)
            except ProviderError as error:
                if error.stops_run:
                    raise
                if self._stop.is_set():
                    raise Deferred from error
                verdict = failed_verdict(error)
            verdict = replace(verdict, criteria={**verdict.criteria, **exchange.note()})
            await self._writer.write(save_verdict(job.key, verdict, exchange.last))
        return verdict, exchange.cost_usd

    async def _verdict(self, exchange: Exchange, task: GradingTask) -> Verdict:
        """The verdict of one reply, or of a second where the first was none."""
        # A reply that was paid for is read anew: a better parser mends old verdicts for nothing.
        first = await self._reply(exchange, task, lambda reply: self._is_of_use(exchange, task, reply))
        exchange.replies.append(first)
        reask = task.again(first.completion) if self._plan.reask else None
        if reask is None:
            return task.read(first.completion)
        exchange.because = reask.reason
        # Kept before the second is asked for: whoever resumes asks for that one only.
        exchange.replies[0] = await self._keep(exchange.key, first)
        exchange.replies.append(await self._reply(exchange, reask.task, reask.task.is_verdict))
        return reask.task.read(exchange.replies[1].completion)

    async def _reply(self, exchange: Exchange, task: GradingTask, good: Callable[[ChatCompletion], bool]) -> Purchase:
        return await self._purchase(exchange.asked, exchange.work(task), exchange.key, task.request, good)

    def _is_of_use(self, exchange: Exchange, task: GradingTask, reply: ChatCompletion) -> bool:
        """Whether a first reply is a verdict, or one about which the judge may still be asked again."""
        reask = task.again(reply) if self._plan.reask else None
        if reask is None:
            return task.is_verdict(reply)
        work = exchange.work(reask.task)
        seconds = [second for _, second in ledger.bought(self._reader, work)]
        return not seconds or work in self._in_vain or any(map(reask.task.is_verdict, seconds))

    async def _keep(self, key: TurnKey, purchase: Purchase) -> Purchase:
        """What was delivered, in the ledger before any verdict takes it."""
        if purchase.id is not None:
            return purchase
        ids: list[int] = []
        await self._writer.write(
            lambda connection: ids.append(save_purchase(connection, key.run_id, key.model, purchase))
        )
        return replace(purchase, id=ids[-1])

    async def _purchase(
        self, asked: Asked, work: str, key: TurnKey, request: ChatRequest, good: Callable[[ChatCompletion], bool]
    ) -> Purchase:
        """What the ledger has for the work, if it is good; else what the endpoint or its lane delivers now."""
        for completion_id, completion in ledger.bought(self._reader, work):
            # What this session bought in vain is shared by all who asked for it, and tried again on resume.
            if good(completion) or work in self._in_vain:
                return asked.found(work, completion_id, completion)
        if asked.lane is not None:
            return await asked.lane.ask(work, key, request)
        if self._batches_open and (carrier := batches.carrier(self._reader, work)) is not None:
            self.waits_for.add(carrier)
            raise Deferred
        try:
            completion = await asked.endpoint.complete(request)
        except BudgetHeldError:
            raise Deferred from None  # a later pass finds the batches settled
        if not good(completion):
            self._in_vain.add(work)
        return asked.purchase(work, completion)


def _is_usable(completion: ChatCompletion) -> bool:
    return usable(*answer_of(completion))


_NOTHING = ConversationState({}, {})
