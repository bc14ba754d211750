"""From an HTTP status and error body to the typed error tree: shared by every HTTP adapter."""

import contextlib
import datetime
import email.utils
import re
import time
from collections.abc import Mapping
from typing import Any

from providers.errors import (
    AuthenticationError,
    ContextOverflowError,
    InvalidRequestError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitError,
    ServerError,
    UnsupportedParameterError,
)

_BY_STATUS: dict[int, type[ProviderError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    402: QuotaExhaustedError,
    403: PermissionDeniedError,
    404: ModelNotFoundError,
    422: InvalidRequestError,
    408: ServerError,
    409: ServerError,
    429: RateLimitError,
}
_BY_CODE: dict[str, type[ProviderError]] = {
    "unsupported_value": UnsupportedParameterError,
    "unsupported_parameter": UnsupportedParameterError,
    "context_length_exceeded": ContextOverflowError,
    "model_not_found": ModelNotFoundError,
    "invalid_api_key": AuthenticationError,
}
_CONTEXT_WORDS = re.compile(r"maximum context length|context (?:length|window|size)|exceeds? the .{0,20}context", re.I)
_SECRET = re.compile(r"\b(?:sk|up|pk|key)[-_][\w*.-]{6,}", re.I)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def clean_message(text: str, limit: int = 300) -> str:
    """One printable line of a server's words: control characters and anything like a key removed."""
    line = _SECRET.sub("[key]", _CONTROL.sub(" ", text)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def storable(text: str) -> str:
    """A model's words as any database takes them: NUL and half a surrogate pair become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def retry_after_s(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds from `retry-after-ms` or `Retry-After` (seconds, float or HTTP date); None if absent or odd."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        with contextlib.suppress(ValueError):
            return max(0.0, float(headers.get(name, "")) / unit)
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        if moment.tzinfo is None:  # an HTTP date is always meant in UTC
            moment = moment.replace(tzinfo=datetime.UTC)
        return max(0.0, moment.timestamp() - (time.time() if now is None else now))
    except (ValueError, OverflowError):
        return None


def error_fields(payload: object) -> tuple[str, str | None, frozenset[str]]:
    """(message, code, every code or type named) of an error body in any of the usual shapes."""
    body = payload.get("error", payload) if isinstance(payload, dict) else payload
    if not isinstance(body, dict):
        return str(body), None, frozenset()
    codes = [str(body[key]) for key in ("code", "type") if isinstance(body.get(key), str | int)]
    message = body.get("message") or body.get("detail") or body
    return str(message), codes[0] if codes else None, frozenset(codes)


def error_for_status(
    status: int,
    payload: object,
    headers: Mapping[str, str],
    *,
    quota_codes: frozenset[str] = frozenset(),
    request_id: str | None = None,
    secret: str | None = None,
) -> ProviderError:
    """The typed error for a non-2xx reply (or for an error object inside a 200). It never repeats `secret`."""
    message, code, codes = error_fields(payload)
    if secret:
        message = message.replace(secret, "[key]")
    kind: type[ProviderError]
    if codes & quota_codes:
        kind = QuotaExhaustedError
    elif status in (400, 404, 422) and (named := next((_BY_CODE[c] for c in codes if c in _BY_CODE), None)):
        kind = named
    elif status in (400, 422) and _CONTEXT_WORDS.search(message[:2000]):
        kind = ContextOverflowError
    elif status >= 500:
        kind = ServerError
    else:
        kind = _BY_STATUS.get(status, InvalidRequestError)
    wait: dict[str, Any] = {"retry_after_s": retry_after_s(headers)}
    return kind(f"HTTP {status}: {clean_message(message)}", status=status, code=code, request_id=request_id, **wait)
