"""What one endpoint can really do: asked in a few small calls, because no table can promise it.

Servers take parameters that they ignore, so only a reply proves anything. Every question is asked once, each within
its own deadline, and one that fails says nothing about the others. Only where nobody answers, the key is refused or
the model is not there does everything else stay unknown.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from providers.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    MalformedResponseError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
)
from providers.types import (
    ChatCompletion,
    ChatMessage,
    ChatProvider,
    ChatRequest,
    ModelIdentity,
    ResponseSchema,
    SamplingParams,
)

Outcome = Literal["ok", "no", "unknown"]
LanguageRule = Callable[[str, str], bool | None]
"""(answer, prompt) -> whether the answer is Korean; None when it is too short to tell."""

MAX_CALLS = 6
MAX_OUTPUT_TOKENS = 512
"""Room for a sentence after the thoughts of a reasoning model."""

ESSENTIAL = ("reachable", "key", "model", "korean")
OPTIONAL = ("schema", "temperature", "seed", "logprobs", "context", "usage", "reasoning")

QUESTION = "대한민국의 수도는 어디인가요? 한국어 한 문장으로만 답해 주세요."
_JSON_QUESTION = "대한민국의 수도를 나타내는 낱말 하나를 JSON으로 답해 주세요."
_RANDOM_QUESTION = (
    "서로 관련 없는 한국어 낱말 다섯 개를 아무렇게나 골라 쉼표로 이어 적어 주세요. 다른 말은 하지 마세요."
)
_SEED = 20_731
_TOP_LOGPROBS = 2
_SHOWN_CHARS = 60

_DESCRIBED_LOCALLY = frozenset({"langchain"})
"""Adapters that describe a model from what is installed here, without asking its server."""

NONSENSE = "zqxjk"
"""A word that no model says by itself: if it comes back, the schema was enforced."""

_SCHEMA = ResponseSchema(
    "probe",
    {
        "type": "object",
        "properties": {"word": {"type": "string", "enum": [NONSENSE]}},
        "required": ["word"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the check. `seconds` is 0 for what was read off another line's call; `finding` is untrusted text."""

    name: str
    outcome: Outcome
    seconds: float
    finding: str


@dataclass(frozen=True, slots=True)
class KeyInUse:
    """The environment variable that may hold the endpoint's key, and whether it does; never the key."""

    variable: str | None
    is_set: bool


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How one call went: exactly one of `completion`, `identity` and `error` is there."""

    seconds: float
    completion: ChatCompletion | None = None
    identity: ModelIdentity | None = None
    error: ProviderError | None = None


async def check(
    provider: ChatProvider, is_korean: LanguageRule, key: KeyInUse, deadline_s: float
) -> AsyncIterator[CheckResult]:
    """Ask an opened provider at most `MAX_CALLS` small questions, each within `deadline_s`; a result as each is known.

    The four of `ESSENTIAL` come first; `shutdown` comes only when the server tells that the model will be withdrawn.
    """
    met = await _describe(provider, deadline_s)
    first = await _ask(provider, QUESTION, deadline_s) if met.error is None else None
    blocked = _blocked(met, first)
    if blocked is not None:
        for result in _blocked_results(*blocked, met, key):
            yield result
        return
    assert met.identity is not None
    assert first is not None
    for result in _essentials(met, met.identity, first, is_korean, key):
        yield result
    answered = first.completion is not None
    yield _schema(await _ask(provider, _JSON_QUESTION, deadline_s, schema=_SCHEMA), answered)
    yield _temperature(await _ask(provider, QUESTION, deadline_s, temperature=0.0), answered)
    once = await _ask(provider, _RANDOM_QUESTION, deadline_s, temperature=1.0, seed=_SEED)
    comparable = once.completion is not None and _silence(once.completion) is None
    again = await _ask(provider, _RANDOM_QUESTION, deadline_s, temperature=1.0, seed=_SEED) if comparable else None
    yield _seed(once, again, answered)
    yield _logprobs(await _ask(provider, QUESTION, deadline_s, logprobs=_TOP_LOGPROBS), answered)
    yield _context(met.identity)
    yield _usage(first)
    yield _reasoning(first)
    if met.identity.shutdown_date or met.identity.details.get("shutdown_date"):
        yield _shutdown(met.identity)


def unasked(finding: str, names: Sequence[str] = OPTIONAL) -> list[CheckResult]:
    """What stays unknown because it was not asked."""
    return [CheckResult(name, "unknown", 0.0, finding) for name in names]


async def _ask(
    provider: ChatProvider, prompt: str, deadline_s: float, *, schema: ResponseSchema | None = None, **params: Any
) -> _Attempt:
    sampling = SamplingParams(max_output_tokens=MAX_OUTPUT_TOKENS, **params)
    request = ChatRequest((ChatMessage("user", prompt),), sampling, schema, deadline_s)
    start = time.perf_counter()
    try:
        # A read time-out starts anew with every byte; only a deadline ends a dribbling reply.
        async with asyncio.timeout(deadline_s):
            completion = await provider.complete(request)
    except (ProviderError, TimeoutError) as error:
        return _Attempt(time.perf_counter() - start, error=_typed(error, deadline_s))
    return _Attempt(time.perf_counter() - start, completion)


async def _describe(provider: ChatProvider, deadline_s: float) -> _Attempt:
    start = time.perf_counter()
    try:
        async with asyncio.timeout(deadline_s):
            identity = await provider.describe()
    except (ProviderError, TimeoutError) as error:
        return _Attempt(time.perf_counter() - start, error=_typed(error, deadline_s))
    return _Attempt(time.perf_counter() - start, identity=identity)


def _typed(error: ProviderError | TimeoutError, deadline_s: float) -> ProviderError:
    if isinstance(error, ProviderError):
        return error
    return DeadlineExceededError(
        f"no whole reply within {deadline_s:g} s; a longer --timeout gives a model time to load"
    )


# Can it be used at all?


def _blocked(met: _Attempt, first: _Attempt | None) -> tuple[str, float, ProviderError] | None:
    """(essential, seconds, error) of a failure after which nothing else can be learned."""
    attempt = met if met.error is not None or first is None else first
    error = attempt.error
    if error is None:
        return None
    if isinstance(error, AuthenticationError | PermissionDeniedError):
        return "key", attempt.seconds, error
    if isinstance(error, ModelNotFoundError):
        return "model", attempt.seconds, error
    silent = met.identity is None or not _told(met.identity)
    if attempt is met or (silent and isinstance(error, ConnectionFailedError | MalformedResponseError)):
        return "reachable", attempt.seconds, error
    return None


def _told(identity: ModelIdentity) -> bool:
    """Whether the server itself said anything of the model."""
    if identity.provider in _DESCRIBED_LOCALLY:
        return False
    return bool(identity.details or identity.digest or identity.context_length or identity.server_version)


def _blocked_results(
    name: str, seconds: float, error: ProviderError, met: _Attempt, key: KeyInUse
) -> list[CheckResult]:
    place = ESSENTIAL.index(name)
    before = [
        CheckResult("reachable", "ok", met.seconds, "the server answers"),
        CheckResult("key", "unknown", 0.0, "only a reply proves it"),
    ]
    advice = {
        "reachable": "; something else answers there, is the address right?"
        if isinstance(error, MalformedResponseError)
        else "",
        "key": f"; {'check' if key.is_set else 'set'} {key.variable}" if key.variable else "",
        "model": "",
    }
    results = [*before[:place], CheckResult(name, "no", seconds, f"{str(error).rstrip('.')}{advice[name]}")]
    reason = {
        "reachable": "not asked: the server cannot be reached",
        "key": "not asked: the key is not accepted",
        "model": "not asked: the model is not there",
    }
    return results + unasked(reason[name], (*ESSENTIAL[place + 1 :], *OPTIONAL))


def _essentials(
    met: _Attempt, identity: ModelIdentity, first: _Attempt, is_korean: LanguageRule, key: KeyInUse
) -> list[CheckResult]:
    answered = first.completion is not None
    where = f"{identity.base_url} answers" if identity.base_url else "it answers"
    reachable = CheckResult("reachable", "ok", met.seconds, where)
    if identity.provider in _DESCRIBED_LOCALLY and isinstance(first.error, DeadlineExceededError):
        reachable = CheckResult("reachable", "unknown", met.seconds, "nothing came back yet")
    keyed = CheckResult("key", "unknown", 0.0, "only a reply proves it")
    if answered:
        accepted = "none is set, and none is asked for"
        if key.is_set or key.variable is None:
            accepted = f"{key.variable or 'whatever was sent'} is accepted"
        keyed = CheckResult("key", "ok", 0.0, accepted)
    return [reachable, keyed, _model(identity, first.completion), _korean(first, is_korean)]


def _model(identity: ModelIdentity, completion: ChatCompletion | None) -> CheckResult:
    if completion is None:
        if _told(identity):
            return CheckResult("model", "ok", 0.0, f"{identity.model} is there")
        return CheckResult("model", "unknown", 0.0, "only a reply proves it")
    served = completion.served_model
    if served and served != completion.requested_model:
        return CheckResult("model", "ok", 0.0, f"{completion.requested_model} answers under the name {_shown(served)}")
    return CheckResult("model", "ok", 0.0, f"{completion.requested_model} answers")


def _korean(first: _Attempt, is_korean: LanguageRule) -> CheckResult:
    if first.completion is None:
        return CheckResult("korean", "no", first.seconds, str(first.error))
    if silence := _silence(first.completion):
        outcome: Outcome = "unknown" if first.completion.finish_reason == "length" else "no"
        return CheckResult("korean", outcome, first.seconds, silence)
    quoted = f"“{_shown(first.completion.text)}”"
    verdict = is_korean(first.completion.text, QUESTION)
    if verdict is None:
        return CheckResult("korean", "unknown", first.seconds, f"too short to tell its language: {quoted}")
    if not verdict:
        return CheckResult("korean", "no", first.seconds, f"asked in Korean, answered in another language: {quoted}")
    return CheckResult("korean", "ok", first.seconds, quoted)


# What else can it do?


def _failed(name: str, attempt: _Attempt, answered: bool) -> CheckResult:
    """The result of a call that failed. A refusal tells something only if the plain call was served."""
    refused = answered and isinstance(attempt.error, InvalidRequestError)
    return CheckResult(name, "no" if refused else "unknown", attempt.seconds, str(attempt.error))


def _schema(attempt: _Attempt, answered: bool) -> CheckResult:
    if attempt.completion is None:
        return _failed("schema", attempt, answered)
    if silence := _silence(attempt.completion):
        return CheckResult("schema", "unknown", attempt.seconds, silence)
    text = attempt.completion.text
    if _is_nonsense(text):
        return CheckResult("schema", "ok", attempt.seconds, "enforced: a word that only the schema allows came back")
    if NONSENSE not in json.dumps(attempt.completion.sent_params, default=str):
        return CheckResult("schema", "unknown", attempt.seconds, "no schema is sent to this provider")
    if attempt.completion.finish_reason == "length":
        return CheckResult("schema", "unknown", attempt.seconds, f"cut before its end: “{_shown(text)}”")
    return CheckResult("schema", "no", attempt.seconds, f"taken and ignored: “{_shown(text)}”")


def _is_nonsense(text: str) -> bool:
    try:
        return bool(json.loads(text) == {"word": NONSENSE})
    except (ValueError, RecursionError):
        return False


def _temperature(attempt: _Attempt, answered: bool) -> CheckResult:
    if attempt.completion is None:
        return _failed("temperature", attempt, answered)
    if ignored := _was_ignored("temperature", attempt.completion):
        return CheckResult("temperature", "unknown", attempt.seconds, ignored)
    return CheckResult("temperature", "ok", attempt.seconds, "temperature 0 is accepted")


def _seed(once: _Attempt, again: _Attempt | None, answered: bool) -> CheckResult:
    """Two answers at temperature 1: at 0 they would be equal without any seed."""
    if once.completion is None:
        return _failed("seed", once, answered)
    if again is None:
        return CheckResult("seed", "unknown", once.seconds, _silence(once.completion) or "not asked twice")
    seconds = once.seconds + again.seconds
    if again.completion is None:
        return CheckResult("seed", "unknown", seconds, str(again.error))
    if ignored := _was_ignored("seed", once.completion):
        return CheckResult("seed", "unknown", seconds, ignored)
    if once.completion.text != again.completion.text:
        return CheckResult("seed", "no", seconds, "two answers to one question with one seed differ")
    return CheckResult("seed", "ok", seconds, "the same answer twice at temperature 1")


def _logprobs(attempt: _Attempt, answered: bool) -> CheckResult:
    if attempt.completion is None:
        return _failed("logprobs", attempt, answered)
    tokens = attempt.completion.logprobs
    if tokens:
        alternatives = max(len(token.top) for token in tokens)
        finding = f"returned, with up to {alternatives} alternatives a token"
        return CheckResult("logprobs", "ok", attempt.seconds, finding)
    if not _was_sent("logprobs", attempt.completion):
        return CheckResult("logprobs", "unknown", attempt.seconds, "logprobs are not asked of this provider")
    return CheckResult("logprobs", "no", attempt.seconds, "asked for, and not in the reply")


def _context(identity: ModelIdentity) -> CheckResult:
    if identity.context_length is None:
        return CheckResult("context", "unknown", 0.0, "the server does not tell its length")
    return CheckResult("context", "ok", 0.0, f"{identity.context_length:,} tokens")


def _usage(first: _Attempt) -> CheckResult:
    if first.completion is None:
        return CheckResult("usage", "unknown", 0.0, "only a reply tells")
    prompt, completion = first.completion.usage.prompt_tokens, first.completion.usage.completion_tokens
    if prompt is None or completion is None:
        return CheckResult("usage", "no", 0.0, "the reply does not count its tokens, so cost stays unknown")
    return CheckResult("usage", "ok", 0.0, f"{prompt:,} tokens read, {completion:,} written")


def _reasoning(first: _Attempt) -> CheckResult:
    if first.completion is None:
        return CheckResult("reasoning", "unknown", 0.0, "only a reply tells")
    if first.completion.reasoning:
        finding = f"{len(first.completion.reasoning):,} characters, kept apart from the answer"
        return CheckResult("reasoning", "ok", 0.0, finding)
    if first.completion.usage.reasoning_tokens:
        return CheckResult(
            "reasoning", "no", 0.0, f"{first.completion.usage.reasoning_tokens:,} tokens, text not shown"
        )
    return CheckResult("reasoning", "unknown", 0.0, "none in this reply")


def _shutdown(identity: ModelIdentity) -> CheckResult:
    date = identity.shutdown_date or identity.details.get("shutdown_date")
    return CheckResult("shutdown", "no", 0.0, f"the vendor withdraws this model on {_shown(str(date))}")


def _silence(completion: ChatCompletion) -> str | None:
    """Why a reply has no visible text; None when it has."""
    if completion.text.strip():
        return None
    if completion.finish_reason == "length":
        return f"all tokens went to reasoning (at most {MAX_OUTPUT_TOKENS} were allowed)"
    if completion.refusal:
        return f"refused: “{_shown(completion.refusal)}”"
    return "filtered by the server" if completion.finish_reason == "content_filter" else "the reply is empty"


def _was_sent(name: str, completion: ChatCompletion) -> bool:
    """Whether a parameter went out, at the top of the body or among its options."""
    groups = [completion.sent_params, *(v for v in completion.sent_params.values() if isinstance(v, dict))]
    return any(name in group for group in groups)


def _was_ignored(name: str, completion: ChatCompletion) -> str | None:
    """Why a parameter can have had no effect; None when it may have had one."""
    if not _was_sent(name, completion):
        return f"{name} is not sent to this provider"
    return f"{name} was ignored" if name in completion.dropped_params else None


def _shown(text: str) -> str:
    """The first printable characters of a server's words, on one line."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return line if len(line) <= _SHOWN_CHARS else line[: _SHOWN_CHARS - 1] + "…"
