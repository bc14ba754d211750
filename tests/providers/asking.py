"""How these tests ask: a provider of a spec, opened and closed inside one event loop, with quick retries."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from providers.endpoint import Endpoint
from providers.errors import ProviderError
from providers.limits import ConcurrencyLimiter
from providers.registry import open_provider, parse_spec, resolve
from providers.retry import RetryPolicy
from providers.types import ChatCompletion, ChatMessage, ChatProvider, ChatRequest, ModelIdentity
from tests.servers.model_server import ModelServer

Result = TypeVar("Result")
QUESTION = "가을 하늘이 높아 보이는 까닭은?"
QUICK = RetryPolicy(max_attempts=4, initial_wait_s=0.01, max_wait_s=0.05)
ONCE = RetryPolicy(max_attempts=1)
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"rationale": {"type": "string"}, "score": {"type": "integer", "minimum": 0, "maximum": 10}},
    "required": ["rationale", "score"],
    "additionalProperties": False,
}
TWO_TURNS = (
    ChatMessage("system", "한국어로 답하세요."),
    ChatMessage("user", "첫 질문입니다."),
    ChatMessage("assistant", "첫 답입니다."),
    ChatMessage("user", "둘째 질문입니다."),
)


def request(text: str = QUESTION, **fields: Any) -> ChatRequest:
    """A one-turn request."""
    return ChatRequest((ChatMessage("user", text),), **fields)


def openai_spec(server: ModelServer, model: str = "candidate", provider: str = "compatible") -> str:
    """The spec of a model behind the server's OpenAI face."""
    return f"{provider}:{model}@{server.openai_url}"


def ollama_spec(server: ModelServer, model: str = "candidate") -> str:
    """The spec of a model behind the server's Ollama face."""
    return f"ollama:{model}@{server.url}"


def with_provider(
    spec: str,
    work: Callable[[ChatProvider], Awaitable[Result]],
    environ: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
    connections: int = 8,
) -> Result:
    """What `work` returns for the provider of this spec."""

    async def run() -> Result:
        provider = open_provider(resolve(parse_spec(spec), environ or {}), environ or {}, connections, extra or {})
        try:
            return await work(provider)
        finally:
            await provider.aclose()

    return asyncio.run(run())


def ask(
    spec: str,
    asked: ChatRequest | None = None,
    *,
    policy: RetryPolicy = ONCE,
    limit: int = 8,
    environ: Mapping[str, str] | None = None,
    on_retry: Callable[[ProviderError], None] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> ChatCompletion:
    """One completion through an endpoint, as a run asks for it."""

    async def work(provider: ChatProvider) -> ChatCompletion:
        return await Endpoint(provider, ConcurrencyLimiter(limit), policy, on_retry).complete(asked or request())

    return with_provider(spec, work, environ, extra)


def describe(
    spec: str, environ: Mapping[str, str] | None = None, extra: Mapping[str, Any] | None = None
) -> ModelIdentity:
    """Who answers at this spec."""
    return with_provider(spec, lambda provider: provider.describe(), environ, extra)
