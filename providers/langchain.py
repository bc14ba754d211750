"""Every vendor without an adapter of its own, through LangChain: `langchain:VENDOR:MODEL[@BASE_URL]`.

A model is asked through `_agenerate`, the one method that every integration writes. The public methods around it add
what must not happen here and cannot be switched off in one place: tracers and other callbacks that the environment
turns on (prompts would leave the house), the process-wide cache (a repeated judgement would be the same sample) and
streaming (a cut stream looks whole).
"""

import asyncio
import contextvars
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from importlib import metadata
from types import MappingProxyType
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langsmith import tracing_context

from providers.errors import SpecError, UnsupportedParameterError
from providers.langchain_errors import provider_error
from providers.langchain_models import ModelRecipe, close_model, request_payload, secrets_of
from providers.langchain_reply import read_result
from providers.types import Capabilities, ChatCompletion, ChatRequest, ModelIdentity, Role, SamplingParams

_MESSAGES: dict[Role, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
_MAX_CONNECTIONS = 256


class LangChainProvider:
    """One model of a LangChain vendor; the vendor's key comes from the variable its package reads.

    `model` is `VENDOR:MODEL`. `extra` are constructor arguments of the vendor's class (`model_kwargs` or `extra_body`
    where it has them). Models are made once per set of parameters.

    Classes on the OpenAI SDK (OpenAI, Azure, Upstage, xAI, DeepSeek ...) get `max_connections` connections of their
    own and bear hundreds of calls in flight. Most others sit on httpx, whose pool slows down from about 64: keep
    the concurrency below that for them. Classes without `max_retries` (Bedrock) retry as their SDK is configured.

    Raises:
        SpecError: unknown vendor, package not installed, key missing, or a setting the class does not have.
    """

    name = "langchain"
    capabilities = Capabilities(schema_mode="text")

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        extra: Mapping[str, Any] = MappingProxyType({}),
        max_connections: int = _MAX_CONNECTIONS,
    ) -> None:
        vendor, colon, vendors_name = model.partition(":")
        if not (vendor and colon and vendors_name):
            raise SpecError(
                f"langchain:{model} names no vendor; write langchain:VENDOR:MODEL, "
                "for example langchain:anthropic:MODEL"
            )
        self.model = model
        self.base_url = base_url
        self._recipe = ModelRecipe(vendor, vendors_name, base_url, dict(extra), max_connections)
        self._bare = self._recipe.bare()
        self._built: dict[SamplingParams, tuple[BaseChatModel, dict[str, Any]]] = {}

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        if request.params not in self._built:
            self._built[request.params] = self._recipe.build(request.params, type(self._bare))
        model, sent = self._built[request.params]
        return await _ask(model, request, self._recipe.model, sent)

    async def describe(self) -> ModelIdentity:
        """What the package knows of the model. Nothing is asked, so this does not prove that the model answers."""
        return _identity(self._bare, self.model, self.base_url)

    async def aclose(self) -> None:
        for model, _ in self._built.values():
            await close_model(model)
        self._built.clear()


class ChatModelProvider:
    """A LangChain chat model that somebody else has made and configured; it is theirs to close.

    With `threads` it is asked through its synchronous client, which is bound to no event loop, on so many threads.
    """

    name = "langchain"
    capabilities = Capabilities(schema_mode="text")

    def __init__(self, model: BaseChatModel, *, threads: int = 0) -> None:
        self.model = str(getattr(model, "model_name", None) or getattr(model, "model", None) or model._llm_type)
        self._model = model
        self._threads = ThreadPoolExecutor(threads, "langchain-judge") if threads else None

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """Ask it as it is configured.

        Raises:
            ProviderError: also for any parameter but `stop`: its other parameters are set where the model is made.
        """
        asked = next(
            (n for n in SamplingParams.__slots__ if n != "stop" and getattr(request.params, n) is not None), None
        )
        if asked is not None:
            raise UnsupportedParameterError(f"set {asked} on the LangChain model itself", param=asked)
        stop = request.params.stop
        sent = request_payload(self._model, stop)
        if sent is None:
            sent = {"stop": list(stop)} if stop else {}
        return await _ask(self._model, request, self.model, sent, self._threads)

    async def describe(self) -> ModelIdentity:
        return _identity(self._model, self.model, None)

    async def aclose(self) -> None:
        """Let the threads go; the model's clients stay open."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)


async def _ask(
    model: BaseChatModel, request: ChatRequest, name: str, sent: Mapping[str, Any], threads: Executor | None = None
) -> ChatCompletion:
    """One attempt.

    Raises:
        ProviderError: whatever the integration raised, without its keys.
    """
    if request.response_schema is not None:
        # `with_structured_output` raises on a reply that does not fit, and loses its text and usage.
        raise UnsupportedParameterError(
            "langchain models are asked for text, not for a schema", param="response_schema"
        )
    messages = [_MESSAGES[m.role](m.content) for m in request.messages]
    stop = list(request.params.stop) or None
    start = time.perf_counter()
    try:
        # Integrations may trace parts of a call on their own.
        with tracing_context(enabled=False, parent=False):
            if model.rate_limiter is not None:
                await model.rate_limiter.aacquire(blocking=True)
            if threads is None:
                result = await model._agenerate(messages, stop=stop)
            else:
                call = partial(contextvars.copy_context().run, model._generate, messages, stop=stop)
                result = await asyncio.get_running_loop().run_in_executor(threads, call)
        return read_result(result, name, sent, time.perf_counter() - start)
    except Exception as error:  # noqa: BLE001 - every integration has errors of its own
        # Not chained: an SDK's error repeats the whole body, which may echo the key.
        raise provider_error(error, secrets_of(model)) from None


def _identity(model: BaseChatModel, name: str, base_url: str | None) -> ModelIdentity:
    profile: Mapping[str, Any] = model.profile or {}
    length = profile.get("max_input_tokens")
    package = type(model).__module__.partition(".")[0].replace("_", "-")
    details = {"class": type(model).__name__, "langchain-core": metadata.version("langchain-core")}
    try:
        details[package] = metadata.version(package)
    except metadata.PackageNotFoundError:
        details["module"] = type(model).__module__
    return ModelIdentity(
        "langchain",
        name,
        base_url,
        context_length=length if isinstance(length, int) else None,
        details=details,
    )
