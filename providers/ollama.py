"""Ollama through its native API: `/v1` cannot set the context window and cuts long prompts silently."""

import asyncio
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
import ollama

from providers.errors import (
    ConnectionFailedError,
    ContextOverflowError,
    MalformedResponseError,
    ModelNotFoundError,
)
from providers.http_errors import clean_message, error_for_status, storable
from providers.reasoning import split_reasoning
from providers.types import (
    Capabilities,
    ChatCompletion,
    ChatRequest,
    FinishReason,
    ModelIdentity,
    SamplingParams,
    Usage,
)

DEFAULT_BASE_URL = "http://localhost:11434"
DEFAULT_NUM_CTX = 8192
_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length"}
_TIMEOUT = httpx.Timeout(None, connect=10.0)
_PREFLIGHT_TIMEOUT_S = 15.0


class _Client(ollama.AsyncClient):
    """The package's `chat()` takes neither `truncate` nor `shift`, and hides a reply that is not JSON.

    Its errors drop the headers, and with them Retry-After; here every reply comes back as it is.
    """

    async def chat_raw(self, body: dict[str, Any]) -> httpx.Response:
        response: httpx.Response = await self._client.request("POST", "/api/chat", json=body)
        return response

    async def tags(self) -> httpx.Response:
        async with asyncio.timeout(_PREFLIGHT_TIMEOUT_S):
            response: httpx.Response = await self._client.request("GET", "/api/tags")
        return response


class OllamaProvider:
    """One Ollama model. `num_ctx` is constant for the provider's life: a change reloads the model."""

    name = "ollama"
    capabilities = Capabilities(schema_mode="json_schema")

    def __init__(
        self, model: str, base_url: str, max_connections: int, extra: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        self.model = model
        self.base_url = base_url.rstrip("/")
        self.num_ctx = int(extra.get("num_ctx", DEFAULT_NUM_CTX))
        limits = httpx.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        self._client = _Client(host=self.base_url, timeout=_TIMEOUT, limits=limits)

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        params = self._params(request)
        body = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "stream": False,
            **params,
        }
        start = time.perf_counter()
        response = await self._send(self._client.chat_raw(body))
        return self._completion(response, params, time.perf_counter() - start)

    def _params(self, request: ChatRequest) -> dict[str, Any]:
        params: dict[str, Any] = {
            "options": {"num_ctx": self.num_ctx, **_options(request.params)},
            # The server's defaults drop the oldest messages of a long conversation without a word.
            "truncate": False,
            "shift": False,
        }
        if request.response_schema is not None:
            params["format"] = dict(request.response_schema.schema)
        if request.params.reasoning_effort is not None:
            effort = request.params.reasoning_effort
            params["think"] = False if effort == "none" else effort
        return params

    async def _send(self, call: Any) -> httpx.Response:
        try:
            response: httpx.Response = await call
        except (httpx.HTTPError, TimeoutError) as error:
            detail = clean_message(type(error).__name__)
            raise ConnectionFailedError(
                f"cannot reach Ollama at {self.base_url} ({detail}); start it with `ollama serve`"
            ) from error
        if response.status_code == 404:
            raise ModelNotFoundError(self._missing(), status=404)
        if not response.is_success:
            raise error_for_status(response.status_code, _json_or_text(response), response.headers)
        return response

    def _missing(self) -> str:
        return f"Ollama at {self.base_url} has no model {self.model!r}; get it with: ollama pull {self.model}"

    def _completion(self, response: httpx.Response, sent: dict[str, Any], latency_s: float) -> ChatCompletion:
        payload = _json_object(response)
        message = payload.get("message")
        if payload.get("done") is not True or not isinstance(message, dict):
            raise MalformedResponseError(clean_message(f"an unfinished Ollama reply: {payload.get('error') or ''}"))
        reason = str(payload.get("done_reason"))
        if reason == "load":
            raise MalformedResponseError("Ollama only loaded the model and did not answer")
        usage = Usage(_count(payload.get("prompt_eval_count")), _count(payload.get("eval_count")))
        if (usage.prompt_tokens or 0) >= self.num_ctx:
            raise ContextOverflowError(
                f"the prompt fills the context window of {self.num_ctx} tokens, so the server cut it"
            )
        content = message.get("content")
        text, inline_reasoning = split_reasoning(storable(content) if isinstance(content, str) else "")
        thinking = message.get("thinking")
        served = payload.get("model")
        return ChatCompletion(
            text=text,
            requested_model=self.model,
            finish_reason=_FINISH.get(reason, "unknown"),
            reasoning=(storable(thinking) if isinstance(thinking, str) and thinking else inline_reasoning) or None,
            usage=usage,
            served_model=storable(served) if isinstance(served, str) else None,
            sent_params=sent,
            latency_s=latency_s,
        )

    async def describe(self) -> ModelIdentity:
        payload = _json_object(await self._send(self._client.tags()))
        models = payload.get("models")
        wanted = self.model if ":" in self.model.rpartition("/")[2] else f"{self.model}:latest"
        for entry in models if isinstance(models, list) else []:
            if isinstance(entry, dict) and entry.get("name") == wanted:
                digest = entry.get("digest")
                details = entry.get("details")
                return ModelIdentity(
                    self.name,
                    self.model,
                    self.base_url,
                    digest=digest if isinstance(digest, str) else None,
                    context_length=self.num_ctx,
                    details=details if isinstance(details, dict) else {},
                )
        raise ModelNotFoundError(self._missing())

    async def aclose(self) -> None:
        await self._client.close()


def _options(params: SamplingParams) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
        "num_predict": params.max_output_tokens,
        "stop": list(params.stop) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _json_object(response: httpx.Response) -> dict[str, Any]:
    try:
        payload = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        start = clean_message(response.text[:80])
        raise MalformedResponseError(f"the reply is not JSON: {start}") from error
    if not isinstance(payload, dict):
        raise MalformedResponseError("the reply is not a JSON object")
    return payload


def _json_or_text(response: httpx.Response) -> object:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return response.text[:2000]


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
