"""Every server that speaks OpenAI's chat completions, driven by a `Dialect` record."""

import hashlib
import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import aiohttp
import httpx2
import openai

from providers.dialects import Dialect
from providers.errors import ConnectionFailedError, ModelNotFoundError, ProviderError
from providers.http_errors import clean_message, error_for_status
from providers.metadata import Metadata, follow
from providers.openai_wire import OpenAIWire, json_object, token_count
from providers.redaction import without_key
from providers.types import Capabilities, ChatCompletion, ChatRequest, ModelIdentity

_CONNECT_TIMEOUT_S = 10.0
_LENGTH_KEYS = ("max_model_len", "context_length", "max_context_length", "context_window")


class OpenAICompatibleProvider:
    """Chat completions through the SDK's own HTTP client, below its typed methods.

    The typed `create()` costs three times the CPU of the call itself, coerces an HTML page into a string and an error
    body into empty choices; here the reply is read raw and checked. SDK retries are off: `providers.retry` is the only
    retrier.
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
        self.capabilities = Capabilities(schema_mode="text" if dialect.schema_mode == "text" else "json_schema")
        self.wire = OpenAIWire(dialect, model, extra, api_key)
        self.dialect = dialect
        self._api_key = api_key
        # Keep-alive at least as large as the concurrency, or every call above it pays for a new connection.
        limits = httpx2.Limits(max_connections=max_connections, max_keepalive_connections=max_connections)
        timeout = httpx2.Timeout(None, connect=_CONNECT_TIMEOUT_S)
        self._extensions = {"timeout": timeout.as_dict()}
        self._http = openai.DefaultAioHttpClient(timeout=timeout, limits=limits, follow_redirects=False)
        self.client = openai.AsyncOpenAI(
            api_key=api_key or "unused", base_url=self.base_url, max_retries=0, http_client=self._http
        )
        self._headers = httpx2.Headers(_headers(self.client, api_key, is_openai=dialect.name == "openai"))
        self._url = httpx2.URL(f"{self.base_url}/chat/completions")

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        body, sent = self.wire.body_of(request)
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        start = time.perf_counter()
        try:
            response = await self._http.send(self._request(content), stream=True)
            try:
                headers = {
                    name.decode("latin-1").lower(): said.decode("latin-1") for name, said in response.headers.raw
                }
                received = await _content(response, headers)
            finally:
                await response.aclose()
        except (httpx2.HTTPError, aiohttp.ClientError) as error:  # the latter: what is no HTTP at all
            # The aiohttp transport reports "refused" and "disconnected" as time-outs; the cause tells.
            cause = error.__cause__ or error
            detail = clean_message(without_key(str(cause) or type(cause).__name__, self._api_key))
            raise ConnectionFailedError(f"connection to {self.base_url} failed: {detail}") from error
        latency_s = time.perf_counter() - start
        if not response.is_success:
            raise self._error(response)
        payload = json_object(received, headers.get("x-request-id"), self._api_key)
        return self.wire.completion_of(payload, headers, sent, latency_s)

    def _request(self, content: bytes) -> httpx2.Request:
        """Made directly: the client would merge the same headers for every call, and aiohttp adds host and length."""
        stream = httpx2.ByteStream(content)
        request = httpx2.Request("POST", self._url, headers=self._headers, stream=stream, extensions=self._extensions)
        request.read()
        return request

    def _error(self, response: httpx2.Response) -> ProviderError:
        try:
            payload = json.loads(response.content)
        except (ValueError, RecursionError):
            payload = response.text[:2000]
        return error_for_status(
            response.status_code,
            payload,
            response.headers,
            quota_codes=self.dialect.quota_codes,
            trusts_quota=self.dialect.trusts_quota,
            request_id=response.headers.get("x-request-id"),
            secret=self._api_key,
        )

    async def describe(self) -> ModelIdentity:
        async with Metadata(self.base_url, self._api_key) as server:
            listed = _listed_models(await server.get(f"{self.base_url}/models"))
            found = (listed or {}).get(self.model, {})
            if listed is not None and not found and self.dialect.lists_models:
                raise self._not_served(", ".join(sorted(listed)[:8]) or "nothing")
            told = await self._told(server)
        loaded = told.pop("loaded_model", None)
        if loaded is not None and loaded != self.model:
            raise self._not_served(str(loaded))
        length = next((n for key in _LENGTH_KEYS if (n := token_count(found.get(key)))), None)
        template = told.get("template_hash")
        return ModelIdentity(
            self.name,
            self.model,
            self.base_url,
            context_length=token_count(told.get("context_length")) or length,
            server_version=_text(told.get("server_version")),
            quantization=_text(found.get("quantization")),
            template_hash=hashlib.sha256(template.encode()).hexdigest() if isinstance(template, str) else None,
            shutdown_date=_text(found.get("shutdown_date")),
            details={key: found[key] for key in ("root", "owned_by", "canonical_slug") if found.get(key)},
        )

    async def _told(self, server: Metadata) -> dict[str, object]:
        """What the dialect's further addresses tell; a server that does not have them tells nothing."""
        root = self.base_url.removesuffix("/v1")
        pages: dict[str, object] = {}
        for path, _ in self.dialect.identity_paths.values():
            if path not in pages:
                pages[path] = await server.get(root + path, optional=True)
        return {field: follow(pages[path], keys) for field, (path, keys) in self.dialect.identity_paths.items()}

    def _not_served(self, served: str) -> ModelNotFoundError:
        return ModelNotFoundError(
            f"{self.base_url} does not serve {clean_message(self.model)!r}; it serves: {clean_message(served)}"
        )

    async def aclose(self) -> None:
        await self.client.close()


async def _content(response: httpx2.Response, headers: Mapping[str, str]) -> bytes:
    """The whole body. A plain one comes from the stream as it is: the layers that decode it cost more than its JSON."""
    stream = response.stream
    if response.is_success and "content-encoding" not in headers and isinstance(stream, httpx2.AsyncByteStream):
        return b"".join([chunk async for chunk in stream])
    return await response.aread()


def _headers(client: openai.AsyncOpenAI, api_key: str | None, *, is_openai: bool) -> dict[str, str]:
    """The SDK's headers, made once, without its description of the machine.

    Organisation, project and custom headers come from OPENAI_... variables and are nobody else's business.
    """
    named = {name: value for name, value in client.default_headers.items() if isinstance(value, str)}
    if is_openai:
        headers = {name: value for name, value in named.items() if not name.startswith("X-Stainless-")}
    else:
        headers = {name: named[name] for name in ("Accept", "Content-Type", "User-Agent")}
    return {**headers, "Authorization": f"Bearer {api_key}"} if api_key else headers


def _listed_models(payload: object) -> dict[str, dict[str, Any]] | None:
    data = payload.get("data") if isinstance(payload, dict) else None
    if not isinstance(data, list):
        return None
    return {str(m["id"]): m for m in data if isinstance(m, dict) and "id" in m}


def _text(value: object) -> str | None:
    return clean_message(value, 200) if isinstance(value, str) and value else None
