"""The nouns of a model call: what is asked, what comes back, and who answered.

Plain frozen dataclasses: they are made once per call on the hot path and never validated there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "content_filter", "error", "unknown"]
SchemaMode = Literal["json_schema", "text"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Generation parameters; `None` means "not sent", so the server's own default applies.

    `logprobs`: ask for the log-probability of every generated token, with this many alternatives each (0 to 20).
    """

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_output_tokens: int | None = None
    stop: tuple[str, ...] = ()
    reasoning_effort: str | None = None
    logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """A JSON schema the reply must follow, where the server enforces it."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call. `tags` describe the call to recorded and scripted models; they are never sent.

    `urgent` calls go before others that wait for the same endpoint: more work hangs on them.
    """

    messages: tuple[ChatMessage, ...]
    params: SamplingParams = SamplingParams()
    response_schema: ResponseSchema | None = None
    deadline_s: float = 300.0
    tags: Mapping[str, str] = field(default_factory=dict)
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; `None` means the server did not say.

    `prompt_tokens` includes those read from and written to the provider's prompt cache, `completion_tokens` includes
    reasoning. `cost_usd` is what the server itself says the call cost.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_tokens: int | None = None
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a server says is left of one of its limits: `remaining` of `limit`, full again after `reset_s` seconds."""

    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True)
class RateLimitInfo:
    """The `x-ratelimit-*` headers of a reply; None where they are absent or make no sense."""

    requests: Allowance | None = None
    tokens: Allowance | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token with its natural log-probability, and the likeliest alternatives at its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    """What a model said. `text` is the visible answer only; reasoning is kept apart from it.

    `service_tier` and `upstream` are what the server names as the lane and the vendor that really served the call.
    """

    text: str
    requested_model: str
    finish_reason: FinishReason = "unknown"
    reasoning: str | None = None
    refusal: str | None = None
    usage: Usage = Usage()
    served_model: str | None = None
    fingerprint: str | None = None
    request_id: str | None = None
    sent_params: Mapping[str, Any] = field(default_factory=dict)
    dropped_params: Mapping[str, Any] = field(default_factory=dict)
    latency_s: float = 0.0
    service_tier: str | None = None
    upstream: str | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    rate_limit: RateLimitInfo | None = None


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Who answers at an endpoint, as far as the server tells; None is unknown.

    `context_length` is the window in tokens that requests really have. `template_hash` is the sha256 (hex) of the
    chat template; `shutdown_date` (YYYY-MM-DD) is when the vendor withdraws the model.
    """

    provider: str
    model: str
    base_url: str | None = None
    digest: str | None = None
    context_length: int | None = None
    server_version: str | None = None
    quantization: str | None = None
    template_hash: str | None = None
    shutdown_date: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an endpoint is declared to do; a reply is validated whatever stands here."""

    schema_mode: SchemaMode = "text"


class ChatProvider(Protocol):
    """One model behind one endpoint. Make it, use it and close it inside one event loop."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def complete(self, request: ChatRequest) -> ChatCompletion:
        """Make one attempt: no retry, no limiter.

        Raises:
            ProviderError: a subclass that says what went wrong and whether a retry may help.
        """
        ...

    async def describe(self) -> ModelIdentity:
        """Check that the endpoint answers and knows the model, without paying for a completion.

        Raises:
            ProviderError: unreachable, key refused, or model not served there.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...
