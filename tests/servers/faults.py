"""What a test server answers, as data: a `Reply` is what the model says, a `Fault` is what goes wrong.

A fault either replaces the reply by an error (`error`, `raw`), changes what the model says (`reply`, `wrap`),
changes the finished JSON body (`patch`), or damages the delivery (`delivery`). `FAULTS` names the usual ones;
`rate_limited`, `slow` and `http_error` make others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final, Literal

Protocol = Literal["openai", "ollama"]
Delivery = Literal["whole", "hang", "dribble", "disconnect", "reset", "cut"]
Body = dict[str, Any]

MISSING: Final = object()
"""As a value in `Fault.patch`: the key is left out of the body."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Token counts to report instead of the server's own crude count."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says. `latency_s` is waited before the first byte, in place of the model's own."""

    content: str | None = ""
    finish_reason: str | None = "stop"
    reasoning: str | None = None
    reasoning_field: str = "reasoning"
    refusal: str | None = None
    usage: TokenUsage | None = None
    served_model: str | None = None
    latency_s: float | None = None


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error as OpenAI words it; `ollama` is Ollama's wording. `{model}` stands for the model asked for."""

    message: str
    type: str | None = "invalid_request_error"
    code: str | None = None
    param: str | None = None
    ollama: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        headers: a callable value is evaluated when the reply is sent (dates).
        raw: content type and bytes sent as they are.
        reply: fields of `Reply` to replace.
        wrap: new content, where `{content}` stands for what the model said.
        patch: top-level keys of the JSON body to replace, per protocol; `MISSING` removes a key.
        when: the fault strikes only requests whose decoded body satisfies it.
    """

    name: str
    status: int = 200
    headers: Mapping[str, str | Callable[[], str]] = field(default_factory=dict)
    error: ErrorBody | None = None
    raw: tuple[str, bytes] | None = None
    reply: Mapping[str, Any] = field(default_factory=dict)
    wrap: str | None = None
    patch: Mapping[Protocol, Mapping[str, Any]] = field(default_factory=dict)
    delivery: Delivery = "whole"
    latency_s: float = 0.0
    interval_s: float = 0.05
    when: Callable[[Body], bool] | None = None

    @property
    def sold(self) -> bool:
        """Whether a completion reaches the client whole, as one it would pay for."""
        return self.error is None and self.raw is None and self.delivery == "whole"

    def applied(self, reply: Reply) -> Reply:
        """The reply as this fault leaves it."""
        changed = replace(reply, **self.reply) if self.reply else reply
        if self.wrap is None:
            return changed
        return replace(changed, content=self.wrap.replace("{content}", changed.content or ""))

    def patched(self, body: Body, protocol: Protocol) -> Body:
        """The JSON body as this fault leaves it."""
        merged = body | dict(self.patch.get(protocol, {}))
        return {key: value for key, value in merged.items() if value is not MISSING}


OK: Final = Fault("ok")
"""Nothing goes wrong; a place holder in sequences."""

_RATE_LIMIT = ErrorBody(
    "Rate limit reached for {model} on requests per min (RPM): Limit 500, Used 500, Requested 1.",
    type="requests",
    code="rate_limit_exceeded",
    ollama="too many requests",
)


def http_date(seconds: float) -> Callable[[], str]:
    """A header value: the HTTP date that lies `seconds` after the moment of sending."""
    return lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def rate_limited(
    *, retry_after: str | float | None = None, retry_after_ms: float | None = None, date_s: float | None = None
) -> Fault:
    """429 with the wait told as `Retry-After`, as `retry-after-ms`, as an HTTP date, or not at all."""
    headers: dict[str, str | Callable[[], str]] = {}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if date_s is not None:
        headers["Retry-After"] = http_date(date_s)
    if retry_after_ms is not None:
        headers["retry-after-ms"] = str(retry_after_ms)
    return Fault("rate_limit", status=429, headers=headers, error=_RATE_LIMIT)


def slow(seconds: float) -> Fault:
    """A good reply after so many seconds."""
    return Fault("slow", latency_s=seconds)


def http_error(status: int, message: str, *, type: str | None = "server_error", code: str | None = None) -> Fault:
    """Any other HTTP error with the protocol's own error body."""
    return Fault(f"http_{status}", status=status, error=ErrorBody(message, type=type, code=code))


def _asks_temperature(body: Body) -> bool:
    options = body.get("options") or {}
    return bool(body.get("temperature", options.get("temperature", 1)) != 1)


_THOUGHT = "먼저 질문의 조건을 하나씩 살펴본다."
_HTML = "<!DOCTYPE html><html><head><title>로그인</title></head><body>게이트웨이에 로그인하세요.</body></html>"
_SERVER_ERROR = ErrorBody(
    "The server had an error while processing your request. Sorry about that!",
    type="server_error",
    ollama="an error was encountered while running the model",
)

_TABLE: tuple[Fault, ...] = (
    OK,
    # Refused with an HTTP status.
    rate_limited(),
    replace(rate_limited(retry_after=1), name="rate_limit_seconds"),
    replace(rate_limited(retry_after=0.2), name="rate_limit_float"),
    replace(rate_limited(date_s=1), name="rate_limit_date"),
    replace(rate_limited(retry_after_ms=150), name="rate_limit_ms"),
    replace(rate_limited(retry_after=600), name="rate_limit_long"),
    replace(rate_limited(retry_after="soon"), name="rate_limit_garbled"),
    Fault(
        "quota",
        status=429,
        error=ErrorBody(
            "You exceeded your current quota, please check your plan and billing details.",
            type="insufficient_quota",
            code="insufficient_quota",
        ),
    ),
    Fault(
        "unauthorized",
        status=401,
        error=ErrorBody("Incorrect API key provided.", code="invalid_api_key", ollama="unauthorized"),
    ),
    Fault(
        "forbidden",
        status=403,
        error=ErrorBody("Project does not have access to model `{model}`.", code="model_not_found", ollama="forbidden"),
    ),
    Fault(
        "model_not_found",
        status=404,
        error=ErrorBody(
            "The model `{model}` does not exist or you do not have access to it.",
            code="model_not_found",
            ollama="model '{model}' not found",
        ),
    ),
    Fault(
        "unsupported_temperature",
        status=400,
        when=_asks_temperature,
        error=ErrorBody(
            "Unsupported value: 'temperature' does not support this value with this model. "
            "Only the default (1) value is supported.",
            code="unsupported_value",
            param="temperature",
        ),
    ),
    Fault(
        "context_length",
        status=400,
        error=ErrorBody(
            "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 "
            "tokens. Please reduce the length of the messages.",
            code="context_length_exceeded",
            param="messages",
            ollama="the input length exceeds the context length",
        ),
    ),
    Fault(
        "content_policy",
        status=400,
        error=ErrorBody("Your request was rejected as a result of our safety system.", code="content_policy_violation"),
    ),
    Fault("conflict", status=409, error=ErrorBody("Conflict.", type="conflict_error")),
    Fault("request_timeout", status=408, error=ErrorBody("Request timed out.", type="timeout")),
    Fault("unprocessable", status=422, error=ErrorBody("Unprocessable request.", code="invalid_value")),
    Fault("server_error", status=500, error=_SERVER_ERROR),
    Fault("bad_gateway", status=502, raw=("text/html", _HTML.encode())),
    Fault(
        "busy",
        status=503,
        error=ErrorBody(
            "The server is currently overloaded with other requests.",
            type="service_unavailable",
            ollama="server busy, please try again.  maximum pending requests exceeded",
        ),
    ),
    # Delivered badly.
    Fault("hang", delivery="hang"),
    Fault("dribble", delivery="dribble"),
    Fault("disconnect", delivery="disconnect"),
    Fault("reset", delivery="reset"),
    Fault("truncated", delivery="cut"),
    # HTTP 200, and no completion.
    Fault("html", raw=("text/html; charset=utf-8", _HTML.encode())),
    Fault("bad_json", raw=("application/json", b'{"id": "chatcmpl-1", "choices": [')),
    Fault("empty_body", raw=("application/json", b"")),
    Fault("error_in_200", error=replace(_SERVER_ERROR, code="upstream_error")),
    Fault("no_choices", patch={"openai": {"choices": []}, "ollama": {"message": MISSING}}),
    Fault("null_choices", patch={"openai": {"choices": None}, "ollama": {"message": None}}),
    Fault("unfinished", reply={"finish_reason": None}, patch={"ollama": {"done": False}}),
    Fault("load", reply={"content": "", "finish_reason": "load"}),
    # A completion, and an unusual one.
    Fault("null_content", reply={"content": None}),
    Fault("empty_content", reply={"content": ""}),
    Fault("length", reply={"finish_reason": "length"}),
    Fault("reasoning_ate_it", reply={"content": "", "reasoning": _THOUGHT * 5, "finish_reason": "length"}),
    Fault("odd_finish_reason", reply={"finish_reason": "eos_token"}),
    Fault("error_finish_reason", reply={"finish_reason": "error"}),
    Fault(
        "no_usage",
        patch={"openai": {"usage": MISSING}, "ollama": {"prompt_eval_count": MISSING, "eval_count": MISSING}},
    ),
    Fault("refusal", reply={"content": None, "refusal": "죄송하지만 그 요청은 도와드릴 수 없습니다."}),
    Fault("content_filter", reply={"content": "", "finish_reason": "content_filter"}),
    Fault("think_inline", wrap=f"<think>\n{_THOUGHT}\n</think>\n\n{{content}}"),
    Fault("think_unclosed", wrap=f"<think>\n{_THOUGHT}\n{{content}}", reply={"finish_reason": "length"}),
    Fault("reasoning", reply={"reasoning": _THOUGHT}),
    Fault("reasoning_content", reply={"reasoning": _THOUGHT, "reasoning_field": "reasoning_content"}),
    Fault("fenced", wrap="```json\n{content}\n```"),
    Fault("prose_around", wrap="다음은 평가 결과입니다.\n\n{content}\n\n이상입니다."),
    Fault("unparsable", reply={"content": "이 답변은 대체로 훌륭합니다."}),
    Fault("whitespace_loop", reply={"content": '{"rationale":' + " \n" * 500, "finish_reason": "length"}),
    Fault("other_model", reply={"served_model": "some-other-model-2026-01-01"}),
)

FAULTS: Final[Mapping[str, Fault]] = {fault.name: fault for fault in _TABLE}


def as_fault(fault: "str | Fault") -> Fault:
    """A fault by its name in `FAULTS`, or the fault itself."""
    if isinstance(fault, Fault):
        return fault
    if fault not in FAULTS:
        raise ValueError(f"no fault is called {fault!r}; there are: {', '.join(FAULTS)}")
    return FAULTS[fault]
