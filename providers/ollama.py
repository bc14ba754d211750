"""Ollama through its native API: `/v1` cannot set the context window and cuts long prompts silently.

A server answers OLLAMA_NUM_PARALLEL calls of a model at once (1 unless set, and every place costs the memory of one
window), keeps 512 more waiting and answers 503 beyond that; a higher concurrency here only lengthens the queue. A
changed load option, `num_ctx` first of all, reloads the model, so one provider sends the same options all its life.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import httpx

from providers.errors import (
    ContextOverflowError,
    InvalidRequestError,
    MalformedResponseError,
    ModelNotFoundError,
    ProviderError,
    ServerError,
)
from providers.http_errors import clean_message, storable
from providers.ollama_client import OllamaClient, json_object
from providers.ollama_identity import find_model, identity, trained_context_length
from providers.ollama_options import fixed_options, sampling_options
from providers.ollama_thinking import Thinking
from providers.ollama_window import PromptSize, WindowGuard, raise_num_ctx
from providers.reasoning import split_reasoning
from providers.types import (
    Capabilities,
    ChatCompletion,
    ChatRequest,
    FinishReason,
    ModelIdentity,
    TokenLogprob,
    Usage,
)

DEFAULT_BASE_URL = "http://localhost:11434"
_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
_UNKNOWN_MODEL = ("file does not exist", "not found", "manifest unknown")


class OllamaProvider:
    """One Ollama model.

    `extra` (see `ollama_options`) is sent with every call; `num_ctx` is 8192 tokens unless set there.
    """

    name = "ollama"
    capabilities = Capabilities(schema_mode="json_schema")

    def __init__(
        self, model: str, base_url: str, max_connections: int, extra: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self.model = model
        self.base_url = base_url.rstrip("/")
        self._fixed = fixed_options(extra)
        self.num_ctx = self._fixed.num_ctx
        self._window = WindowGuard(self.num_ctx, self._fixed.num_keep)
        self._thinking = Thinking(model)
        self._client = OllamaClient(self.base_url, max_connections)

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        size = PromptSize.of(request.messages)
        self._window.check_prompt(size)
        start = time.perf_counter()
        params = self._params(request)
        try:
            response = await self._chat(request, params)
        except InvalidRequestError as error:
            if not self._thinking.refused(error, request.params.reasoning_effort, params.get("think")):
                raise
            params = self._params(request)
            response = await self._chat(request, params)
        return self._completion(response, request, size, params, time.perf_counter() - start)

    def _params(self, request: ChatRequest) -> dict[str, Any]:
        params: dict[str, Any] = {
            "options": {**self._fixed.options, **sampling_options(request.params)},
            # The server's defaults drop the oldest messages of a long conversation without a word.
            "truncate": False,
            "shift": False,
            **self._fixed.top_level,
        }
        if request.response_schema is not None:
            params["format"] = dict(request.response_schema.schema)
        if (think := self._thinking.field(request.params.reasoning_effort)) is not None:
            params["think"] = think
        if request.params.logprobs is not None:
            params["logprobs"] = True
            if request.params.logprobs:
                params["top_logprobs"] = request.params.logprobs
        return params

    async def _chat(self, request: ChatRequest, params: dict[str, Any]) -> httpx.Response:
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        body = {"model": self.model, "messages": messages, "stream": False, **params}
        try:
            return await self._client.post("/api/chat", body)
        except ModelNotFoundError as error:
            raise self._missing() from error
        except ContextOverflowError as error:
            message = f"{error} (num_ctx is {self.num_ctx}; {raise_num_ctx(self.num_ctx)})"
            raise ContextOverflowError(message, status=error.status, param="num_ctx") from error

    def _missing(self) -> ModelNotFoundError:
        return ModelNotFoundError(
            f"Ollama at {self.base_url} has no model {self.model!r}; get it with: ollama pull {self.model}", status=404
        )

    def _completion(
        self, response: httpx.Response, request: ChatRequest, size: PromptSize, sent: dict[str, Any], latency_s: float
    ) -> ChatCompletion:
        payload = json_object(response)
        message = payload.get("message")
        if not isinstance(message, dict) or not (payload.get("done") is True or _went_in_circles(payload, message)):
            raise MalformedResponseError(clean_message(f"an unfinished Ollama reply: {payload.get('error') or ''}"))
        reason = str(payload.get("done_reason"))
        if reason == "load":
            raise MalformedResponseError("Ollama only loaded the model and did not answer")
        usage = Usage(
            prompt_tokens=_count(payload.get("prompt_eval_count")),
            completion_tokens=_count(payload.get("eval_count")),
            cached_tokens=_count(payload.get("prompt_eval_cached_count")),
        )
        self._window.check_reply(size, usage.prompt_tokens, usage.completion_tokens)
        content = message.get("content")
        text, inline_reasoning = split_reasoning(storable(content) if isinstance(content, str) else "")
        thinking = message.get("thinking")
        served = payload.get("model")
        logprobs = _logprobs(payload.get("logprobs"))
        return ChatCompletion(
            text=text,
            requested_model=self.model,
            finish_reason=_FINISH.get(reason, "unknown") if payload.get("done") is True else "length",
            reasoning=(storable(thinking) if isinstance(thinking, str) and thinking else inline_reasoning) or None,
            usage=usage,
            served_model=storable(served) if isinstance(served, str) else None,
            sent_params=sent,
            dropped_params=_dropped(request, sent, bool(thinking), logprobs is not None),
            latency_s=latency_s,
            upstream=storable(host) if isinstance(host := payload.get("remote_host"), str) and host else None,
            logprobs=logprobs,
        )

    async def describe(self) -> ModelIdentity:
        """The model as the server knows it; all but its presence may be unknown.

        Raises:
            InvalidRequestError: `num_ctx` is more than the model was trained for.
            ModelNotFoundError: no such model here; the message ends with the command that gets it.
        """
        try:
            tags = await self._client.metadata("/api/tags")
        except ModelNotFoundError as error:
            raise MalformedResponseError(
                f"{self.base_url} does not answer as Ollama does; its address has no path such as /v1", status=404
            ) from error
        entry = find_model(tags, self.model)
        if entry is None:
            raise self._missing()
        shown, version = await asyncio.gather(
            self._optional("/api/show", {"model": self.model}), self._optional("/api/version")
        )
        found = identity(self.name, self.model, self.base_url, self.num_ctx, entry, shown, version)
        trained = trained_context_length(shown)
        if trained is not None and self.num_ctx > trained:
            raise InvalidRequestError(
                f"num_ctx is {self.num_ctx} tokens, but {self.model} was trained for {trained}: "
                f"set the extra parameter num_ctx of this model to {trained} or less",
                param="num_ctx",
            )
        self._thinking.learn(shown.get("thinking"), found.details.get("family"))
        return found

    async def _optional(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            return await self._client.metadata(path, body)
        except ProviderError:
            return {}

    async def pull(self, on_progress: Callable[[str, int | None, int | None], None]) -> None:
        """Download the model to the server.

        `on_progress` gets each line the server says: what it does, bytes fetched and bytes of the part at hand.

        Raises:
            ModelNotFoundError: no registry has a model of this name.
            ServerError: the server gave up (no space, no network); asking again continues where it stopped.
            MalformedResponseError: the stream ended before the server said it was done.
        """
        status = ""
        try:
            async for line in self._client.progress("/api/pull", {"model": self.model, "stream": True}):
                if line.get("error"):
                    raise self._pull_failed(str(line["error"]))
                status = clean_message(str(line.get("status") or ""))
                on_progress(status, _count(line.get("completed")), _count(line.get("total")))
        except ModelNotFoundError as error:
            raise self._pull_failed(str(error)) from error
        if status != "success":
            raise MalformedResponseError(f"the download of {self.model} broke off after {status or 'nothing'!r}")

    def _pull_failed(self, reason: str) -> ProviderError:
        message = f"Ollama could not download {self.model!r}: {clean_message(reason)}"
        if any(words in reason for words in _UNKNOWN_MODEL):
            return ModelNotFoundError(f"{message}; is the name right? https://ollama.com/library lists models")
        return ServerError(message)

    async def aclose(self) -> None:
        await self._client.close()


def _went_in_circles(payload: dict[str, Any], message: dict[str, Any]) -> bool:
    """The server ends an answer after 30 times the same token: not done, no reason, no counts, but the text."""
    ends = ("error", "done_reason", "eval_count")
    return payload.get("done") is False and bool(message.get("content")) and not any(payload.get(e) for e in ends)


def _dropped(request: ChatRequest, sent: Mapping[str, Any], thought: bool, has_logprobs: bool) -> dict[str, Any]:
    """What was asked for and not done: a level where the model knows only on and off, or what an old server ignores."""
    dropped: dict[str, Any] = {}
    effort = request.params.reasoning_effort
    if effort is not None and (sent["think"] is True or (sent["think"] is False and thought)):
        dropped["reasoning_effort"] = effort
    if request.params.logprobs is not None and not has_logprobs:
        dropped["logprobs"] = request.params.logprobs
    return dropped


def _logprobs(entries: object) -> tuple[TokenLogprob, ...] | None:
    """`[{token, logprob, top_logprobs: [{token, logprob}]}]`; None if absent or not of this form."""
    if not isinstance(entries, list) or not entries:
        return None
    read = []
    for entry in entries:
        pair = _token(entry)
        if pair is None:
            return None
        top = entry.get("top_logprobs")
        alternatives = [_token(other) for other in top] if isinstance(top, list) else []
        read.append(TokenLogprob(*pair, tuple(other for other in alternatives if other is not None)))
    return tuple(read)


def _token(entry: object) -> tuple[str, float] | None:
    if not isinstance(entry, dict):
        return None
    token, logprob = entry.get("token"), entry.get("logprob")
    if not isinstance(token, str) or not isinstance(logprob, int | float) or isinstance(logprob, bool):
        return None
    return storable(token), float(logprob)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
