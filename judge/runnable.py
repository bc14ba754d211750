"""The judge for people who live in LangChain: a runnable, and an evaluator in the form of openevals and LangSmith.

    judge_runnable("openai:gpt-6-luna").invoke({"prompt": ..., "answer": ...})
    judge_evaluator("openai:gpt-6-luna")(inputs=..., outputs=..., reference_outputs=...)

No run imports this module, so none pays for LangChain's start.
"""

import asyncio
import contextvars
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig
from pydantic import BaseModel, ConfigDict, Field

from judge.evaluator_inputs import answer_text, asked_fields
from judge.grading.llm import ModelJudge, failed_verdict
from judge.grading.rescale import on_rubric
from judge.grading.rules import RULE_JUDGE, RuleJudge
from judge.rubric import Rubric, load_rubric
from judge.types import GradedTurn, Verdict
from providers.endpoint import Endpoint
from providers.errors import ProviderError
from providers.limits import ConcurrencyLimiter
from providers.registry import ModelSpec, open_provider, parse_spec, resolve
from providers.retry import RetryPolicy
from providers.types import ChatProvider, SamplingParams
from questions.types import ExpectedLanguage, Question, Turn

DEFAULT_PARAMS = SamplingParams(temperature=0.0, max_output_tokens=1024)
"""What a judge named by its spec is asked with, as in a plan; a model object keeps its own parameters."""

DEFAULT_CONCURRENCY = 16
_RULE_JUDGE = f"scripted:{RULE_JUDGE}"

JudgeSource = str | ChatProvider | BaseChatModel
State = dict[str, Any]
Result = TypeVar("Result")


class Exchange(BaseModel):
    """An earlier turn: what was asked and what the model answered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = Field(min_length=1)
    answer: str
    reference: str | None = None


class JudgeInput(BaseModel):
    """What is graded: `answer`, given to `prompt` after `history`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = Field(min_length=1)
    answer: str
    reference: str | None = None
    history: tuple[Exchange, ...] = ()
    system: str | None = None
    expected_language: ExpectedLanguage = "ko"

    def turn(self) -> GradedTurn:
        """The same as a question with its answers; earlier turns are shown, only the last is graded."""
        earlier = [Turn(prompt=e.prompt, reference=e.reference) for e in self.history]
        last = Turn(prompt=self.prompt, reference=self.reference, expected_language=self.expected_language)
        question = Question(id="runnable", category="runnable", turns=(*earlier, last), system=self.system)
        return GradedTurn(question, len(question.turns), (*(e.answer for e in self.history), self.answer))


@dataclass(frozen=True, slots=True)
class _Setup:
    """Everything a sitting of the judge needs; nothing is open yet."""

    source: JudgeSource
    rubric: Rubric
    params: SamplingParams
    deadline_s: float
    policy: RetryPolicy

    @property
    def name(self) -> str:
        if isinstance(self.source, str):
            return parse_spec(self.source).label
        return getattr(self.source, "model_name", None) or self.source.name or type(self.source).__name__

    @asynccontextmanager
    async def sitting(self, limit: int, *, in_thread: bool) -> AsyncIterator["_Sitting"]:
        """The judge with its clients open inside this event loop.

        Raises:
            SpecError: the key or the package of the judge is missing.
        """
        if self.source == _RULE_JUDGE:
            yield _Sitting(self, None)
            return
        provider = self._provider(limit, in_thread=in_thread)
        try:
            yield _Sitting(self, Endpoint(provider, ConcurrencyLimiter(limit), self.policy))
        finally:
            if provider is not self.source:
                await provider.aclose()

    def _provider(self, limit: int, *, in_thread: bool) -> ChatProvider:
        if isinstance(self.source, str):
            return open_provider(_resolved(self.source), os.environ, limit)
        if isinstance(self.source, BaseChatModel):
            from providers.langchain import ChatModelProvider

            return ChatModelProvider(self.source, threads=limit if in_thread else 0)
        return self.source


class _Sitting(Runnable[State, State]):
    """The judge at work inside one event loop."""

    def __init__(self, setup: _Setup, endpoint: Endpoint | None) -> None:
        self.name = "kojudge"
        self._setup = setup
        self._endpoint = endpoint

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> State:
        raise NotImplementedError("a sitting is asynchronous")

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> State:
        return await self._acall_with_config(self._graded, input, config)

    async def _graded(self, input: State) -> State:
        turn = JudgeInput.model_validate(input).turn()
        verdict = await self._verdict(turn)
        completion = verdict.completion
        return {
            "status": verdict.status,
            "score": verdict.score,
            "judge_score": verdict.judge_score,
            "rationale": verdict.rationale,
            "error": verdict.error,
            "language": verdict.language.to_dict() if verdict.language else None,
            "judge": self._setup.name,
            "served_model": completion.served_model if completion else None,
            "rubric": f"{self._setup.rubric.id}@{self._setup.rubric.version}",
            "scale": {"min": self._setup.rubric.scale.min, "max": self._setup.rubric.scale.max},
            "usage": asdict(completion.usage) if completion else None,
        }

    async def _verdict(self, turn: GradedTurn) -> Verdict:
        if self._endpoint is None:
            return on_rubric(await RuleJudge().grade(turn, 0), self._setup.rubric)
        mode = self._endpoint.provider.capabilities.schema_mode
        judge = ModelJudge(self._setup.name, mode, self._setup.params, self._setup.deadline_s)
        task = judge.prepare(turn, self._setup.rubric, 0)
        try:
            completion = await self._endpoint.complete(task.request)
        except ProviderError as error:
            return failed_verdict(error, turn.language_report())
        return task.read(completion)


class JudgeRunnable(Runnable[State, State]):
    """Grades one answer an invocation; `batch` and `abatch` share one client and honour `max_concurrency`.

    Clients are made inside the event loop that uses them and closed there, so `invoke` works in threads and notebooks.
    """

    def __init__(self, setup: _Setup) -> None:
        self.name = "kojudge"
        self._setup = setup

    def get_input_schema(self, config: RunnableConfig | None = None) -> type[BaseModel]:
        return JudgeInput

    def invoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> State:
        """The verdict as a dict; see docs/langchain.md for its keys.

        Raises:
            ValueError: the input is not a `JudgeInput`.
            SpecError: the judge's key or package is missing.
        """
        return _run(self._one(input, config, in_thread=True))

    async def ainvoke(self, input: State, config: RunnableConfig | None = None, **kwargs: Any) -> State:
        """As `invoke`."""
        return await self._one(input, config, in_thread=False)

    def batch(
        self,
        inputs: list[State],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[State]:
        return _run(self._many(inputs, config, return_exceptions=return_exceptions, in_thread=True))

    async def abatch(
        self,
        inputs: list[State],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[State]:
        return await self._many(inputs, config, return_exceptions=return_exceptions, in_thread=False)

    async def _one(self, input: State, config: RunnableConfig | None, *, in_thread: bool) -> State:
        async with self._setup.sitting(1, in_thread=in_thread) as sitting:
            return await sitting.ainvoke(input, config)

    async def _many(
        self,
        inputs: list[State],
        config: RunnableConfig | list[RunnableConfig] | None,
        *,
        return_exceptions: bool,
        in_thread: bool,
    ) -> list[State]:
        first = config[0] if isinstance(config, list) and config else config
        limit = (first.get("max_concurrency") if isinstance(first, dict) else None) or DEFAULT_CONCURRENCY
        async with self._setup.sitting(limit, in_thread=in_thread) as sitting:
            return await sitting.abatch(inputs, config, return_exceptions=return_exceptions)


def judge_runnable(
    judge: JudgeSource,
    rubric: str | Rubric = "turn-0-10",
    *,
    params: SamplingParams | None = None,
    deadline_s: float = 300.0,
    retry: RetryPolicy | None = None,
) -> JudgeRunnable:
    """The judge as a LangChain runnable: a dict as `JudgeInput` in, a dict with `status` and `score` out.

    `judge` is a model spec (`openai:gpt-6-luna`, `langchain:anthropic:MODEL`, `scripted:rules`), any LangChain chat
    model, or an open provider. A chat model keeps its own parameters and its own retries, and is asked without
    callbacks, caches and tracers; a provider stays open and must be used in its own event loop. What goes wrong
    with the judge is a `status` with score None, never a score.

    Raises:
        SpecError: not a model spec.
        SourceError: no such rubric.
    """
    loaded = load_rubric(rubric) if isinstance(rubric, str) else rubric
    if isinstance(judge, str):
        _resolved(judge)
    theirs = isinstance(judge, BaseChatModel)
    chosen = params if params is not None else (SamplingParams() if theirs else DEFAULT_PARAMS)
    # A model object may retry by itself; two retriers would multiply.
    policy = retry or (RetryPolicy(max_attempts=1) if theirs else RetryPolicy(outage_s=0))
    return JudgeRunnable(_Setup(judge, loaded, chosen, deadline_s, policy))


def judge_evaluator(
    judge: JudgeSource,
    rubric: str | Rubric = "turn-0-10",
    *,
    key: str = "kojudge",
    expected_language: ExpectedLanguage = "ko",
    params: SamplingParams | None = None,
    deadline_s: float = 300.0,
    retry: RetryPolicy | None = None,
) -> Callable[..., dict[str, Any]]:
    """The judge as `evaluate(inputs, outputs, reference_outputs) -> {"key", "score", "comment", "metadata"}`.

    Each argument is a text, a chat (`{"messages": [...]}`), or a dict that holds the text under a usual name. The
    score is on the rubric's own scale. When there is none, `score` is None and `comment` begins with the status.

    Raises:
        As `judge_runnable`; the evaluator itself raises ValueError when it finds no text in an argument.
    """
    runnable = judge_runnable(judge, rubric, params=params, deadline_s=deadline_s, retry=retry)

    def evaluate(inputs: Any, outputs: Any, reference_outputs: Any = None) -> dict[str, Any]:
        verdict: State
        if not outputs and not isinstance(outputs, str):
            # LangSmith calls evaluators for runs that failed, too.
            verdict = {"status": "skipped", "score": None, "error": "there is no answer to grade"}
        else:
            asked = {"expected_language": expected_language, **asked_fields(inputs), "answer": answer_text(outputs)}
            if reference_outputs:
                asked["reference"] = answer_text(reference_outputs, "reference_outputs")
            verdict = runnable.invoke(asked)
        ok = verdict["status"] == "ok"
        comment = verdict["rationale"] if ok else f"{verdict['status']}: {verdict['error']}"
        return {"key": key, "score": verdict["score"], "comment": comment or "", "metadata": verdict}

    return evaluate


def _resolved(spec: str) -> ModelSpec:
    return resolve(parse_spec(spec), os.environ)


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine, also where this thread's event loop is already running (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(context.run, asyncio.run, work).result()
