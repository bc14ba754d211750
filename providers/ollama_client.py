"""The connection to one Ollama server: replies as they come, on a pool that carries hundreds of calls."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import ollama
from httpx_aiohttp import HttpxAiohttpClient

from providers.errors import ConnectionFailedError, MalformedResponseError
from providers.http_errors import clean_message, error_for_status

_CONNECT_TIMEOUT_S = 10.0
_KEEP_ALIVE_S = 30.0  # idle connections outlive a pause between two turns
_METADATA_TIMEOUT_S = 15.0
_PULL_SILENCE_S = 600.0  # the server says nothing while it checks the digest of a large download
_NETWORK_ERRORS = (httpx.HTTPError, aiohttp.ClientError, OSError)


class OllamaClient(ollama.AsyncClient):
    """The package's client below its typed methods.

    Its `chat()` takes neither `truncate` nor `shift`, hides a reply that is not JSON, and drops the headers of an
    error and with them Retry-After. Its httpx 0.28 pool does work that grows with the square of the calls in flight
    and loses places when calls are cancelled, so the bytes travel through aiohttp.

    Every method raises `ConnectionFailedError`, or the typed error of a status that is no success.
    """

    def __init__(self, base_url: str, max_connections: int) -> None:
        self.base_url = base_url
        # Past `ollama.AsyncClient`, which fixes the class: a bare `transport=` would ignore the proxy variables.
        super(ollama.AsyncClient, self).__init__(
            HttpxAiohttpClient,
            base_url,
            timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S),
            limits=httpx.Limits(
                max_connections=max_connections,
                max_keepalive_connections=max_connections,
                keepalive_expiry=_KEEP_ALIVE_S,
            ),
        )

    async def post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        """No time limit: the caller's deadline is the only one."""
        return self._checked(await self._ask("POST", path, body))

    async def metadata(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The JSON object of a quick question, asked with POST when there is a body.

        Raises:
            MalformedResponseError: the reply is no JSON object.
        """
        try:
            async with asyncio.timeout(_METADATA_TIMEOUT_S):
                response = await self._ask("GET" if body is None else "POST", path, body)
        except TimeoutError as error:
            raise self._unreachable(error) from error
        return json_object(self._checked(response))

    async def progress(self, path: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """The JSON objects of an NDJSON stream.

        Raises:
            MalformedResponseError: a line is no JSON object.
        """
        timeout = httpx.Timeout(_PULL_SILENCE_S, connect=_CONNECT_TIMEOUT_S)
        try:
            async with self._client.stream("POST", path, json=body, timeout=timeout) as response:
                if not response.is_success:
                    await response.aread()
                self._checked(response)
                async for line in response.aiter_lines():
                    if line.strip():
                        yield _object(line, line)
        except _NETWORK_ERRORS as error:
            raise self._unreachable(error) from error

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            response: httpx.Response = await self._client.request(method, path, json=body)
        except _NETWORK_ERRORS as error:
            raise self._unreachable(error) from error
        return response

    def _unreachable(self, error: Exception) -> ConnectionFailedError:
        # The transport calls "refused" and "disconnected" a connect time-out; the cause tells.
        cause = error.__cause__ or error
        detail = clean_message(f"{type(cause).__name__} {cause}".strip())
        return ConnectionFailedError(
            f"the connection to Ollama at {self.base_url} failed ({detail}); if it is not running: `ollama serve`"
        )

    def _checked(self, response: httpx.Response) -> httpx.Response:
        if response.is_success:
            return response
        try:
            payload: object = json.loads(response.content)
        except (ValueError, RecursionError):
            payload = response.text[:2000]
        key = self._client.headers.get("authorization", "").removeprefix("Bearer ")
        raise error_for_status(response.status_code, payload, response.headers, secret=key or None)


def json_object(response: httpx.Response) -> dict[str, Any]:
    """The reply's JSON object.

    Raises:
        MalformedResponseError: it is none; an error at the end of a stream nobody asked for is told.
    """
    text = response.text
    lines = text.strip().split("\n")
    if len(lines) > 1 and lines[-1].startswith('{"error"'):
        text = lines[-1]
    return _object(text, response.text)


def _object(text: str, shown: str) -> dict[str, Any]:
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError) as error:
        page = clean_message(shown.lstrip()[:80]) if shown.lstrip().startswith("<") else f"{len(shown)} characters"
        raise MalformedResponseError(f"the reply is not JSON: {page}") from error
    if not isinstance(payload, dict):
        raise MalformedResponseError("the reply is not a JSON object")
    return payload
