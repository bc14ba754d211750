"""From whatever a LangChain integration raises to the typed error tree.

LangChain's own tree (`ModelError`) covers the integrations that adopted it; the others let their SDK's errors
through, which agree in little more than a status code. What a reply of the wrong shape raises is outside both.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from langchain_core import exceptions as langchain_errors

from providers.dialects import DIALECTS
from providers.errors import (
    AuthenticationError,
    ConnectionFailedError,
    ContextOverflowError,
    DeadlineExceededError,
    InvalidRequestError,
    MalformedResponseError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    RateLimitError,
    ServerError,
    SpecError,
)
from providers.http_errors import clean_message, error_for_status

_BY_NAME: dict[str, type[ProviderError]] = {
    "ContextOverflowError": ContextOverflowError,
    "ModelAuthenticationError": AuthenticationError,
    "ModelPermissionDeniedError": PermissionDeniedError,
    "ModelNotFoundError": ModelNotFoundError,
    "ModelInvalidRequestError": InvalidRequestError,
    "ModelRateLimitError": RateLimitError,
    "ModelAPIError": ServerError,
}
# By name, because httpx, httpx2, aiohttp, requests and botocore each have their own and may not be installed.
_CONNECTION_NAMES = frozenset(
    {
        "ConnectionError", "ConnectTimeout", "ConnectError", "NetworkError", "ProtocolError", "ModelConnectionError",
        "APIConnectionError", "ClientConnectionError", "ClientPayloadError", "EndpointConnectionError", "gaierror",
    }
)  # fmt: skip
_TIMEOUT_NAMES = frozenset({"TimeoutError", "Timeout", "TimeoutException", "APITimeoutError", "ModelTimeoutError"})
_MALFORMED = (ValueError, KeyError, IndexError, TypeError, AttributeError)
_KEY_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_(?:[A-Z0-9]+_)*(?:KEY|TOKEN|SECRET|CREDENTIALS)\b")
_ABOUT_A_KEY = re.compile(r"api[_ ]?key|credential|token|secret", re.IGNORECASE)
_PIP_LINE = re.compile(r"pip install [\w.\[\],-]+")


def provider_error(error: Exception, secrets: Iterable[str] = ()) -> ProviderError:
    """The typed error for what a call raised. No key in `secrets` is repeated in it."""
    if isinstance(error, ProviderError):
        return error
    shown = f"{type(error).__name__}: {clean_message(_hidden(str(error), secrets))}"
    status = _status(error)
    named = _langchain_kind(error)
    if named is ContextOverflowError:
        return ContextOverflowError(shown, status=status)
    if status is not None:
        return _status_error(error, status, secrets)
    if named is not None:
        return named(shown)
    if _names(error) & _CONNECTION_NAMES or isinstance(error, ConnectionError):
        return ConnectionFailedError(f"connection failed: {_root_words(error, secrets)}")
    if _names(error) & _TIMEOUT_NAMES:
        return DeadlineExceededError(shown)
    if isinstance(error, _MALFORMED):
        return _malformed(error, shown, secrets)
    return MalformedResponseError(f"an unexpected {shown}")


def _langchain_kind(error: Exception) -> type[ProviderError] | None:
    """By the class's name in LangChain's tree: older releases lack some of it."""
    if not isinstance(error, getattr(langchain_errors, "ModelError", ())):
        return None
    return next((_BY_NAME[cls.__name__] for cls in type(error).__mro__ if cls.__name__ in _BY_NAME), None)


def _status_error(error: Exception, status: int, secrets: Iterable[str]) -> ProviderError:
    response = getattr(error, "response", None)
    body = getattr(error, "body", None)
    headers = getattr(response, "headers", None)
    return error_for_status(
        status,
        _hidden(body if body is not None else str(error)[:2000], secrets),
        headers if isinstance(headers, Mapping) else {},
        quota_codes=DIALECTS["openai"].quota_codes,
        request_id=getattr(error, "request_id", None),
    )


def _status(error: Exception) -> int | None:
    """The HTTP status of a failed call, wherever the SDK keeps it."""
    response = getattr(error, "response", None)
    botocore = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    found = (
        getattr(error, "status_code", None),
        getattr(response, "status_code", None),
        getattr(error, "http_status", None),
        getattr(error, "code", None),
        botocore.get("HTTPStatusCode"),
    )
    return next((code for code in found if isinstance(code, int) and 400 <= code < 600), None)


def _malformed(error: Exception, shown: str, secrets: Iterable[str]) -> ProviderError:
    """LangChain raises the error object inside a 200 reply as a ValueError that holds it."""
    inside = error.args[0] if error.args else None
    code = inside.get("code") if isinstance(inside, dict) else None
    if isinstance(code, int) and 400 <= code < 600:
        quota = DIALECTS["openai"].quota_codes
        return error_for_status(code, _hidden(inside, secrets), {}, quota_codes=quota)
    if isinstance(inside, dict):
        return MalformedResponseError(f"an error inside a 200 reply: {clean_message(_hidden(str(inside), secrets))}")
    return MalformedResponseError(f"not a completion: {shown}")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, outermost first."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        yield at
        at = at.__cause__ or at.__context__


def _names(error: BaseException) -> set[str]:
    return {cls.__name__ for cls in type(error).__mro__}


def _root_words(error: Exception, secrets: Iterable[str]) -> str:
    root = list(_chain(error))[-1]
    return clean_message(_hidden(str(root), secrets)) or type(root).__name__


def _hidden(value: Any, secrets: Iterable[str]) -> Any:
    """The same value with every secret in its strings covered."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, "[key]")
        return value
    if isinstance(value, dict):
        return {key: _hidden(inner, secrets) for key, inner in value.items()}
    return value


def spec_error(error: Exception, spec: str, vendor: str, secrets: Iterable[str] = ()) -> SpecError:
    """Why a model of this spec cannot be made, and what to do."""
    words = _setup_words(error)
    if isinstance(error, ImportError):
        install = _PIP_LINE.search(words)
        if install and isinstance(error.__cause__, ModuleNotFoundError):
            return SpecError(f"{spec} needs a package that is not installed: {install[0]}")
        cause = clean_message(str(error.__cause__ or error))
        return SpecError(f"{spec}: the package of {vendor!r} cannot be imported ({cause})")
    if "Unsupported provider" in words:
        known = words.partition("are: ")[2] or "see LangChain's documentation"
        return SpecError(
            f"{spec}: LangChain knows no vendor {vendor!r}; write langchain:VENDOR:MODEL, for example "
            f"langchain:anthropic:MODEL; known vendors: {clean_message(known, 1000)}"
        )
    if _ABOUT_A_KEY.search(words):
        variable = _KEY_VARIABLE.search(words)
        name = variable[0] if variable else f"{vendor.upper()}_API_KEY"
        return SpecError(f"{spec} needs a key: set the environment variable {name} (export {name}=…) and run again")
    return SpecError(f"{spec} cannot be set up: {clean_message(_hidden(words, secrets))}")


def _setup_words(error: Exception) -> str:
    """The message; of a pydantic error without the values it was given, which may be keys."""
    details = getattr(error, "errors", None)
    if isinstance(error, ValueError) and callable(details):
        found = details(include_input=False, include_url=False, include_context=False)
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found)
    return str(error)
