"""What goes over OpenAI's wire, read and written without any network: request bodies, replies, errors in replies."""

import json
import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from providers.dialects import Dialect, SchemaShape
from providers.errors import MalformedResponseError, ServerError, SpecError
from providers.http_errors import clean_message, error_fields, error_for_status, rate_limit_info, storable
from providers.reasoning import split_reasoning
from providers.redaction import without_key
from providers.types import (
    ChatCompletion,
    ChatRequest,
    FinishReason,
    ResponseSchema,
    SamplingParams,
    TokenLogprob,
    Usage,
)

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "content_filter": "content_filter"}
_MOST_LOGPROBS = 100_000


class OpenAIWire:
    """One model in one dialect: bodies for requests, completions from payloads. Holds no connection."""

    def __init__(self, dialect: Dialect, model: str, extra: Mapping[str, Any], secret: str | None = None) -> None:
        self.dialect = dialect
        self.model = model
        self._extra = checked_extra(dialect, extra)
        self._secret = secret

    def body_of(self, request: ChatRequest) -> tuple[dict[str, Any], dict[str, Any]]:
        """(the whole JSON body, the parameters in it: everything but model and messages)."""
        params = {**self._extra, **sampling_fields(request.params, self.dialect.max_tokens_field)}
        if request.response_schema is not None:
            params["response_format"] = response_format(request.response_schema, self.dialect.schema_mode)
        empty = self.dialect.null_content
        messages = [{"role": m.role, "content": m.content or empty} for m in request.messages]
        return {"model": self.model, "messages": messages, **params}, params

    def completion_of(
        self, payload: Mapping[str, Any], headers: Mapping[str, str], sent: Mapping[str, Any], latency_s: float
    ) -> ChatCompletion:
        """The completion in a reply's JSON.

        Raises:
            ProviderError: the reply holds an error instead, or not what the protocol says.
        """
        request_id = self._said(headers.get("x-request-id")) or self._said(payload.get("id"))
        choice = self._choice(payload, headers, request_id)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise MalformedResponseError("the reply's choice has no message", request_id=request_id)
        if choice.get("finish_reason") == "error":
            raise ServerError("the upstream server failed inside a 200 reply", request_id=request_id)
        text, inline_reasoning = split_reasoning(self._said(_content_text(message.get("content"))) or "")
        apart = (self._said(message.get(field)) for field in self.dialect.reasoning_fields)
        return ChatCompletion(
            text=text,
            requested_model=self.model,
            finish_reason=_FINISH.get(str(choice.get("finish_reason")), "unknown"),
            reasoning=next((said for said in apart if said), inline_reasoning) or None,
            refusal=self._said(message.get("refusal")),
            usage=_usage(payload.get("usage")),
            served_model=self._said(payload.get("model")),
            fingerprint=self._said(payload.get("system_fingerprint")),
            request_id=request_id,
            sent_params=sent,
            latency_s=latency_s,
            service_tier=self._said(payload.get("service_tier")),
            upstream=self._said(payload.get("provider")),
            logprobs=_logprobs(choice.get("logprobs")) if "logprobs" in sent else None,
            rate_limit=rate_limit_info(headers),
        )

    def _said(self, value: object) -> str | None:
        """A text of the server as any database takes it, without the key."""
        return without_key(storable(value), self._secret) if isinstance(value, str) and value else None

    def _choice(self, payload: Mapping[str, Any], headers: Mapping[str, str], request_id: str | None) -> dict[str, Any]:
        choices = payload.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            return choices[0]
        if not payload.get("error"):
            raise MalformedResponseError("the reply has no choices", request_id=request_id)
        code = error_fields(payload)[1]
        status = int(code) if code and code.isascii() and code.isdigit() and 400 <= int(code) < 600 else 200
        raise error_for_status(
            status,
            payload,
            headers,
            quota_codes=self.dialect.quota_codes,
            trusts_quota=self.dialect.trusts_quota,
            request_id=request_id,
            secret=self._secret,
        )


def json_object(content: bytes, request_id: str | None = None, secret: str | None = None) -> dict[str, Any]:
    """The JSON object in a reply's body.

    What else stands there is told only of a web page: other text may be the answer itself.

    Raises:
        MalformedResponseError: anything else, such as the HTML page of a proxy.
    """
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedResponseError(
            f"the reply is not JSON: {_page(content, secret)}", request_id=request_id
        ) from error
    if not isinstance(payload, dict):
        raise MalformedResponseError("the reply is not a JSON object", request_id=request_id)
    return payload


def _page(content: bytes, secret: str | None) -> str:
    text = content[:2000].decode("utf-8", "replace").lstrip()
    return clean_message(without_key(text, secret)[:80]) if text.startswith("<") else f"{len(content)} bytes"


def checked_extra(dialect: Dialect, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The dialect's own extras with the plan's over them.

    Raises:
        SpecError: one that the server is not known to read (it would be ignored without a word), or a standard field.
    """
    fields = {"model", "messages", "stream", "n", "response_format"}
    fields |= set(sampling_fields(_EVERY_PARAM, dialect.max_tokens_field)) - {"top_logprobs"}
    if taken := sorted(set(extra) & fields):
        raise SpecError(f"{taken[0]!r} cannot be an extra parameter: kojudge sets it itself")
    if dialect.extras is not None and (unknown := sorted(set(extra) - dialect.extras)):
        known = ", ".join(sorted(dialect.extras)) or "none"
        raise SpecError(f"{dialect.name} does not read the extra parameter {unknown[0]!r}; it reads: {known}")
    return {**dialect.defaults, **extra}


_EVERY_PARAM = SamplingParams(0.0, 1.0, 0, 1, ("",), "low", 1)


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
        # Some servers give none at all unless they are asked for an alternative.
        "top_logprobs": max(1, params.logprobs) if params.logprobs is not None else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def response_format(schema: ResponseSchema, shape: SchemaShape) -> dict[str, Any]:
    """The `response_format` of a schema in the shape that the server reads (strict for one that reads none)."""
    if shape == "json_object":
        return {"type": "json_object", "schema": dict(schema.schema)}
    described = {"name": schema.name, "schema": dict(schema.schema)}
    strict = {} if shape == "json_schema" else {"strict": True}
    return {"type": "json_schema", "json_schema": {**described, **strict}}


def _content_text(content: object) -> str:
    """The text of `content`: a string, null, or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""


def _usage(usage: object) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    return Usage(
        prompt_tokens=token_count(usage.get("prompt_tokens")),
        completion_tokens=token_count(usage.get("completion_tokens")),
        cached_tokens=token_count(_inside(usage, "prompt_tokens_details", "cached_tokens")),
        reasoning_tokens=token_count(_inside(usage, "completion_tokens_details", "reasoning_tokens")),
        cache_write_tokens=token_count(_inside(usage, "prompt_tokens_details", "cache_write_tokens")),
        cost_usd=_amount(usage.get("cost")),
    )


def _inside(usage: Mapping[str, Any], group: str, key: str) -> object:
    details = usage.get(group)
    return details.get(key) if isinstance(details, dict) else None


def token_count(value: object) -> int | None:
    """A count that a server reported, if it is one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _amount(value: object) -> float | None:
    return float(value) if _is_number(value) and value >= 0 else None


def _logprobs(part: object) -> tuple[TokenLogprob, ...] | None:
    content = part.get("content") if isinstance(part, dict) else None
    return token_logprobs(content) if isinstance(content, list) else None


def token_logprobs(items: list[Any]) -> tuple[TokenLogprob, ...] | None:
    """The tokens of a `[{token, logprob, top_logprobs}]` list; None when nothing usable is in it."""
    found = []
    for item in items[:_MOST_LOGPROBS]:
        if not isinstance(item, dict) or not _is_number(item.get("logprob")):
            continue
        top = [t for t in item.get("top_logprobs") or () if isinstance(t, dict) and _is_number(t.get("logprob"))]
        pairs = tuple((_token(t), float(t["logprob"])) for t in top)
        found.append(TokenLogprob(_token(item), float(item["logprob"]), pairs))
    return tuple(found) or None


def _token(item: Mapping[str, Any]) -> str:
    """A token's text; a piece of a Korean syllable has none of its own, only bytes."""
    token = item.get("token")
    if isinstance(token, str) and token:
        return storable(token)
    raw = item.get("bytes")
    if isinstance(raw, list) and all(isinstance(b, int) and 0 <= b < 256 for b in raw):
        return storable(bytes(raw).decode("utf-8", "replace"))
    return ""
