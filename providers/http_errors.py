"""From an HTTP status and error body to the typed error tree: shared by every HTTP adapter."""

import contextlib
import datetime
import email.utils
import re
import time
from collections.abc import Mapping

from providers.errors import (
    AuthenticationError,
    ContextOverflowError,
    InvalidRequestError,
    MalformedResponseError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitError,
    ServerError,
    SuspectedQuotaError,
    UnsupportedParameterError,
)
from providers.types import Allowance, RateLimitInfo

_BY_STATUS: dict[int, type[ProviderError]] = {
    200: MalformedResponseError,
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
# Where the status says nothing, the code alone decides.
_BY_CODE_IN_200: dict[str, type[ProviderError]] = {
    **_BY_CODE,
    "rate_limit_exceeded": RateLimitError,
    "slow_down": RateLimitError,
    "server_error": ServerError,
    "overloaded": ServerError,
}
_NAMES_BY_STATUS = {200: _BY_CODE_IN_200, 400: _BY_CODE, 404: _BY_CODE, 422: _BY_CODE}
_UNSUPPORTED_WORDS = re.compile(r"unsupported|not support|only the default|unrecognized|unknown (?:field|param)", re.I)
_NAMED = re.compile(r"['\"`](\w{2,40})['\"`]")
_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_GO_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
# Some servers answer a request that can never succeed with a 500.
_WRONG_REQUEST_WORDS = re.compile(r"validation error|must be of type|invalid (?:json schema|format)", re.I)
_UNKNOWN_MODEL_WORDS = re.compile(r"\bmodel\b.{0,80}(?:not found|does not exist)", re.I | re.S)
_LONGEST_S = 1e9
_LARGEST_LIMIT = 1 << 53
_MODERATION_WORDS = re.compile(r"moderation|flagged|content (?:policy|filter)|content_(?:policy|filter)", re.I)
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
    """Seconds from `retry-after-ms` or `Retry-After` (seconds, float, `6m0s` or HTTP date); None if absent or odd."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        with contextlib.suppress(ValueError):
            return max(0.0, float(headers.get(name, "")) / unit)
    if (spelt := duration_s(headers.get("retry-after", ""))) is not None:
        return spelt
    try:
        moment = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
        if moment.tzinfo is None:  # an HTTP date is always meant in UTC
            moment = moment.replace(tzinfo=datetime.UTC)
        return max(0.0, moment.timestamp() - (time.time() if now is None else now))
    except (ValueError, OverflowError):
        return None


def duration_s(text: str) -> float | None:
    """Seconds of a Go-style duration (`12ms`, `6m0s`, `1h2m3.5s`) or of a plain number; None for anything else."""
    with contextlib.suppress(ValueError):
        plain = float(text)
        return plain if 0 <= plain < _LONGEST_S else None
    parts = _GO_DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        return None
    spelt = sum(float(number) * _GO_UNITS[unit] for number, unit in parts)
    return spelt if spelt < _LONGEST_S else None


def rate_limit_info(headers: Mapping[str, str]) -> RateLimitInfo | None:
    """The `x-ratelimit-*` headers; a limit of zero or below is how some gateways say that they do not know."""
    found = RateLimitInfo(_allowance(headers, "requests"), _allowance(headers, "tokens"))
    return found if found.requests or found.tokens else None


def _allowance(headers: Mapping[str, str], unit: str) -> Allowance | None:
    limit = headers.get(f"x-ratelimit-limit-{unit}")
    if limit is None:
        return None
    remaining = headers.get(f"x-ratelimit-remaining-{unit}", "")
    reset_s = duration_s(headers.get(f"x-ratelimit-reset-{unit}", ""))
    try:
        found = Allowance(int(limit), int(remaining), -1.0 if reset_s is None else reset_s)
    except ValueError:
        return None
    sensible = 0 < found.limit < _LARGEST_LIMIT and 0 <= found.remaining <= found.limit and found.reset_s >= 0
    return found if sensible else None


def error_fields(payload: object) -> tuple[str, str | None, frozenset[str]]:
    """(message, code, every code or type named) of an error body in any of the usual shapes."""
    body = payload.get("error", payload) if isinstance(payload, dict) else payload
    if not isinstance(body, dict):
        return str(body), None, frozenset()
    codes = [str(body[key]) for key in ("code", "type") if isinstance(body.get(key), str | int)]
    message = body.get("message") or _faults(body.get("detail")) or body
    return str(message), codes[0] if codes else None, frozenset(codes)


def _faults(detail: object) -> object:
    """FastAPI's list of faults without the input, which is the prompt: `body.messages.0.name: Field required`."""
    if not isinstance(detail, list) or not all(isinstance(fault, dict) and "msg" in fault for fault in detail):
        return detail
    return "; ".join(": ".join(filter(None, (_place(fault.get("loc")), str(fault["msg"])))) for fault in detail)


def _place(path: object) -> str:
    return ".".join(map(str, path)) if isinstance(path, list) else ""


def error_for_status(
    status: int,
    payload: object,
    headers: Mapping[str, str],
    *,
    quota_codes: frozenset[str] = frozenset(),
    trusts_quota: bool = True,
    request_id: str | None = None,
    secret: str | None = None,
) -> ProviderError:
    """The typed error for a non-2xx reply (or for an error object inside a 200). It never repeats `secret`."""
    message, code, codes = error_fields(payload)
    if secret:
        message = message.replace(secret, "[key]")
    param = _refused_parameter(status, payload, message)
    known = _NAMES_BY_STATUS.get(status, {})
    kind: type[ProviderError]
    if codes & quota_codes:
        kind = QuotaExhaustedError if trusts_quota else SuspectedQuotaError
    elif named := next((known[code] for code in codes if code in known), None):
        kind = named
    elif status in (200, 400, 422) and _CONTEXT_WORDS.search(message[:2000]):
        kind = ContextOverflowError
    elif status in (400, 422) and param and _UNSUPPORTED_WORDS.search(message[:2000]):
        kind = UnsupportedParameterError
    elif status in (200, 403) and _is_moderation(payload, message):
        kind = InvalidRequestError
    elif status in (200, 400, 404) and _UNKNOWN_MODEL_WORDS.search(message[:2000]):
        kind = ModelNotFoundError
    elif status == 500 and _WRONG_REQUEST_WORDS.search(message[:2000]):
        kind = InvalidRequestError
    elif status >= 500:
        kind = ServerError
    else:
        kind = _BY_STATUS.get(status, InvalidRequestError)
    where = "an error inside a 200 reply" if status == 200 else f"HTTP {status}"
    return kind(
        f"{where}: {clean_message(message)}",
        status=status,
        code=code,
        request_id=request_id,
        retry_after_s=retry_after_s(headers),
        param=param,
    )


def _is_moderation(payload: object, message: str) -> bool:
    """Whether a refusal is about this one prompt, not about the account: the run goes on without it."""
    body = payload.get("error", payload) if isinstance(payload, dict) else None
    details = body.get("metadata") if isinstance(body, dict) else None
    if isinstance(details, dict) and (details.get("reasons") or details.get("flagged_input")):
        return True
    return bool(_MODERATION_WORDS.search(message[:2000]))


def _refused_parameter(status: int, payload: object, message: str) -> str | None:
    """The request parameter that an error is about, from its `param` or from a quoted name in its words."""
    if status not in _NAMES_BY_STATUS:
        return None
    body = payload.get("error", payload) if isinstance(payload, dict) else None
    param = body.get("param") if isinstance(body, dict) else None
    if isinstance(param, str) and param:
        return clean_message(param, 60)
    named = _NAMED.search(message[:2000])
    return named[1] if named else None
