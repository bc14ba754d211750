"""Free questions about a server: small JSON pages, read once before a run, never on the hot path."""

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx

from providers.errors import ConnectionFailedError, ServerError
from providers.http_errors import clean_message, error_for_status
from providers.redaction import payload_without_key

_TIMEOUT_S = 15.0
_MOST_BYTES = 16 << 20


class Metadata:
    """Reads JSON pages of one server. The key goes to this server's own host only."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        self._base_url = base_url
        self._api_key = api_key
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        # The client's own time-out starts anew with every byte, so a deadline stands around each page instead.
        self._client = httpx.AsyncClient(timeout=None, headers=headers)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, url: str, *, optional: bool = False) -> object:
        """The page's JSON; None if it has none.

        Raises:
            AuthenticationError, PermissionDeniedError: the key was refused.
            ServerError: the server says that it is not ready (503).
            ConnectionFailedError: nobody answers. None of them for an optional page.
        """
        try:
            async with asyncio.timeout(_TIMEOUT_S), self._client.stream("GET", url) as response:
                content = b""
                async for chunk in response.aiter_bytes():
                    content += chunk
                    if len(content) > _MOST_BYTES:
                        return None
        except (httpx.HTTPError, TimeoutError) as error:
            if optional:
                return None
            detail = clean_message(str(error) or type(error).__name__)
            raise ConnectionFailedError(
                f"cannot reach {self._base_url} ({detail}); is the server running and the address right?"
            ) from error
        payload = payload_without_key(_json(content), self._api_key)
        if optional and response.status_code != 200:
            return None
        if response.status_code in (401, 403):
            text = payload if payload is not None else content[:2000].decode("utf-8", "replace")
            raise error_for_status(response.status_code, text, response.headers, secret=self._api_key)
        if response.status_code == 503:
            raise ServerError(f"{self._base_url} is not ready yet (HTTP 503); wait for it with --wait", status=503)
        return payload if response.status_code == 200 else None


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def follow(payload: object, keys: Sequence[str]) -> object:
    """What lies at the end of the keys; None where they lead nowhere."""
    for key in keys:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload
