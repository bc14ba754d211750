"""Every server that speaks OpenAI's chat completions, driven by a `Dialect` record."""

import asyncio
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import httpx
import httpx2
import openai

from providers.dialects import Dialect
from providers.errors import ConnectionFailedError, MalformedResponseError, ModelNotFoundError, ServerError, SpecError
from providers.http_errors import clean_message, error_fields, error_for_status, storable
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

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "content_filter": "content_filter"}
_CONNECT_TIMEOUT_S = 10.0
_PREFLIGHT_TIMEOUT_S = 15.0


class OpenAICompatibleProvider:
    """Chat completions through the SDK's lower-level request path.

    The typed `create()` would coerce an HTML page into a string and an error body into empty choices;
    here the raw reply is read and checked. SDK retries are off: `providers.retry` is the only retrier.
    """

    def __init__(
        self,
        dialect: Dialect,
        model: str,
        base_url: str,
        api_key: str | None,
        max_connections: int,
        extra: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.name = dialect.name
        self.model = model
        self.base_url = base_url.rstrip("/")
        self.capabilities = Capabilities(schema_mode=dialect.schema_mode)
        self._dialect = dialect
        self._extra = checked_extra(dialect, extra)
        self._api_key = api_key
        # Keep-alive at least as large as the concurrency, or every call above it pays for a new connection.
        self._client = openai.AsyncOpenAI(
            api_key=api_key or "unused",
            base_url=self.base_url,
            max_retries=0,
            http_client=openai.DefaultAioHttpClient(
                timeout=httpx2.Timeout(None, connect=_CONNECT_TIMEOUT_S),
                limits=httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections),
            ),
        )

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        body, params = self.body_of(request)
        start = time.perf_counter()
        response = await self._post(body)
        return self._completion(response, params, time.perf_counter() - start)

    def body_of(self, request: ChatRequest) -> tuple[dict[str, Any], dict[str, Any]]:
        """(the whole JSON body, the parameters in it that are recorded as sent)."""
        params = self._params(request)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        return {"model": self.model, "messages": messages, **params}, params

    def _params(self, request: ChatRequest) -> dict[str, Any]:
        params = {**self._extra, **sampling_fields(request.params, self._dialect.max_tokens_field)}
        if request.response_schema is not None:
            params["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": request.response_schema.name,
                    "schema": dict(request.response_schema.schema),
                    "strict": True,
                },
            }
        return params

    async def _post(self, body: dict[str, Any]) -> httpx2.Response:
        try:
            return await self._client.post("/chat/completions", cast_to=httpx2.Response, body=body)
        except openai.APIStatusError as error:
            raise error_for_status(
                error.status_code,
                error.body if error.body is not None else error.response.text[:2000],
                error.response.headers,
                quota_codes=self._dialect.quota_codes,
                request_id=error.request_id,
                secret=self._api_key,
            ) from None  # the SDK's error repeats the whole body, which may echo the key
        except openai.APIConnectionError as error:
            # The aiohttp transport reports "refused" and "disconnected" as time-outs; the cause tells.
            cause = error.__cause__ or error
            detail = clean_message(str(cause) or type(cause).__name__)
            raise ConnectionFailedError(f"connection to {self.base_url} failed: {detail}") from error

    def _completion(self, response: httpx2.Response, params: dict[str, Any], latency_s: float) -> ChatCompletion:
        payload = _json_object(response.content, response.headers.get("x-request-id"))
        return self.completion_of(payload, response.headers, params, latency_s)

    def completion_of(
        self, payload: dict[str, Any], headers: Mapping[str, str], sent_params: Mapping[str, Any], latency_s: float
    ) -> ChatCompletion:
        """The completion in the JSON body of a 200 reply, however it came here.

        Raises:
            ProviderError: what it holds is no completion.
        """
        request_id = headers.get("x-request-id")
        choice = self._choice(payload, headers, request_id)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise MalformedResponseError("the reply's choice has no message", request_id=request_id)
        if choice.get("finish_reason") == "error":
            raise ServerError("the upstream server failed inside a 200 reply", request_id=request_id)
        text, inline_reasoning = split_reasoning(storable(_content_text(message.get("content"))))
        reasoning = next(
            (
                storable(said)
                for f in self._dialect.reasoning_fields
                if isinstance(said := message.get(f), str) and said
            ),
            inline_reasoning,
        )
        refusal = message.get("refusal")
        return ChatCompletion(
            text=text,
            requested_model=self.model,
            finish_reason=_FINISH.get(str(choice.get("finish_reason")), "unknown"),
            reasoning=reasoning or None,
            refusal=_optional_text(refusal),
            usage=_usage(payload.get("usage")),
            served_model=_optional_text(payload.get("model")),
            fingerprint=_optional_text(payload.get("system_fingerprint")),
            request_id=request_id or _optional_text(payload.get("id")),
            sent_params=sent_params,
            latency_s=latency_s,
        )

    def _choice(self, payload: dict[str, Any], headers: Mapping[str, str], request_id: str | None) -> dict[str, Any]:
        choices = payload.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            return choices[0]
        if payload.get("error"):
            error = payload["error"]
            code = error.get("code") if isinstance(error, dict) else None
            if isinstance(code, int) and 400 <= code < 600:
                raise error_for_status(
                    code,
                    payload,
                    headers,
                    quota_codes=self._dialect.quota_codes,
                    request_id=request_id,
                    secret=self._api_key,
                )
            detail = clean_message(error_fields(payload)[0])
            raise MalformedResponseError(f"an error inside a 200 reply: {detail}", request_id=request_id)
        raise MalformedResponseError("the reply has no choices", request_id=request_id)

    async def describe(self) -> ModelIdentity:
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        url = f"{self.base_url}/models"
        try:
            # The client's own time-out starts anew with every byte.
            async with asyncio.timeout(_PREFLIGHT_TIMEOUT_S), httpx.AsyncClient(timeout=None) as client:
                response = await client.get(url, headers=headers)
        except (httpx.HTTPError, TimeoutError) as error:
            detail = clean_message(str(error) or type(error).__name__)
            raise ConnectionFailedError(
                f"cannot reach {self.base_url} ({detail}); is the server running and the address right?"
            ) from error
        if response.status_code in (401, 403):
            payload = _json_or_text(response.content)
            raise error_for_status(response.status_code, payload, response.headers, secret=self._api_key)
        listed = _listed_models(response) if response.status_code == 200 else None
        if listed is None:
            return ModelIdentity(self.name, self.model, self.base_url)
        found = listed.get(self.model)
        if found is None and self._dialect.lists_models:
            served = clean_message(", ".join(sorted(listed)[:8]) or "nothing")
            raise ModelNotFoundError(f"{self.base_url} does not serve {self.model!r}; it serves: {served}")
        length = (found or {}).get("max_model_len")
        return ModelIdentity(
            self.name,
            self.model,
            self.base_url,
            context_length=length if isinstance(length, int) else None,
            details={k: found[k] for k in ("root", "owned_by", "shutdown_date") if found.get(k)} if found else {},
        )

    async def aclose(self) -> None:
        await self._client.close()


def checked_extra(dialect: Dialect, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The dialect's own extras with the plan's over them.

    Raises:
        SpecError: one that the server is not known to read: it would be ignored without a word.
    """
    if dialect.extras is not None and (unknown := sorted(set(extra) - dialect.extras)):
        known = ", ".join(sorted(dialect.extras)) or "none"
        raise SpecError(f"{dialect.name} does not read the extra parameter {unknown[0]!r}; it reads: {known}")
    return {**dialect.defaults, **extra}


def sampling_fields(params: SamplingParams, max_tokens_field: str) -> dict[str, Any]:
    """The OpenAI field names of the parameters that are set."""
    fields: dict[str, Any] = {
        "temperature": params.temperature,
        "top_p": params.top_p,
        "seed": params.seed,
        max_tokens_field: params.max_output_tokens,
        "stop": list(params.stop) or None,
        "reasoning_effort": params.reasoning_effort,
        "logprobs": True if params.logprobs is not None else None,
        "top_logprobs": params.logprobs or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _json_object(content: bytes, request_id: str | None) -> dict[str, Any]:
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError) as error:
        start = clean_message(content[:80].decode("utf-8", "replace"))
        raise MalformedResponseError(f"the reply is not JSON: {start}", request_id=request_id) from error
    if not isinstance(payload, dict):
        raise MalformedResponseError("the reply is not a JSON object", request_id=request_id)
    return payload


def _json_or_text(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content[:2000].decode("utf-8", "replace")


def _listed_models(response: httpx.Response) -> dict[str, dict[str, Any]] | None:
    payload = _json_or_text(response.content)
    data = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(data, list):
        return None
    return {str(m["id"]): m for m in data if isinstance(m, dict) and "id" in m}


def _content_text(content: object) -> str:
    """The text of `content`: a string, null, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""


def _optional_text(value: object) -> str | None:
    return storable(value) if isinstance(value, str) and value else None


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    return Usage(
        prompt_tokens=_count(usage.get("prompt_tokens")),
        completion_tokens=_count(usage.get("completion_tokens")),
        cached_tokens=_count(_inside(usage, "prompt_tokens_details", "cached_tokens")),
        reasoning_tokens=_count(_inside(usage, "completion_tokens_details", "reasoning_tokens")),
    )


def _inside(usage: dict[str, Any], group: str, key: str) -> object:
    details = usage.get(group)
    return details.get(key) if isinstance(details, dict) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
