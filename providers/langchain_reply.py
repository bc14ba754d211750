"""What a LangChain chat model answered, in this project's nouns.

LangChain fixes the names of the token counts only; everything else stands in `response_metadata` and in the
content blocks as each vendor's package likes it. What cannot be told is None, or "unknown".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from providers.errors import MalformedResponseError, ServerError
from providers.http_errors import storable
from providers.reasoning import split_reasoning
from providers.types import ChatCompletion, FinishReason, TokenLogprob, Usage

_FINISH_WORDS: dict[FinishReason, tuple[str, ...]] = {
    "stop": ("stop", "end_turn", "stop_sequence", "complete", "completed"),
    "length": ("length", "max_tokens", "max_output_tokens", "model_length", "model_context_window_exceeded"),
    "content_filter": (
        "content_filter", "content_filtered", "guardrail_intervened", "refusal", "error_toxic", "safety", "recitation",
        "blocklist", "prohibited_content", "spii",
    ),
    "error": ("error",),
}  # fmt: skip
_FINISH: dict[str, FinishReason] = {word: reason for reason, words in _FINISH_WORDS.items() for word in words}
_REASONING_TYPES = ("thinking", "reasoning", "reasoning_content")


@dataclass(slots=True)
class _Said:
    """A message's content, sorted."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)


def read_result(
    result: ChatResult, requested_model: str, sent_params: Mapping[str, Any], latency_s: float
) -> ChatCompletion:
    """The completion in a model's result.

    Raises:
        MalformedResponseError: there is no message in it.
        ServerError: the vendor says that it failed half-way.
    """
    if not result.generations:
        raise MalformedResponseError("the reply has no choices")
    generation = result.generations[0]
    message = generation.message
    facts = _facts(result, generation)
    headers = {str(k).lower(): str(v) for k, v in _mapping(facts.get("headers")).items()}
    request_id = _text(headers.get("x-request-id") or headers.get("request-id") or facts.get("id"))
    finish = _finish_reason(facts)
    if finish == "error":
        raise ServerError("the upstream server failed inside a 200 reply", request_id=request_id)
    said = _sorted_content(message)
    text, inline_reasoning = split_reasoning(storable("".join(said.text)))
    return ChatCompletion(
        text=text,
        requested_model=requested_model,
        finish_reason=finish,
        reasoning=_text("\n".join(said.reasoning)) or inline_reasoning or None,
        refusal=_text("\n".join(said.refusal)),
        usage=_usage(getattr(message, "usage_metadata", None)),
        served_model=_first_text(facts, "model_name", "model", "model_version", "model_id"),
        fingerprint=_first_text(facts, "system_fingerprint"),
        request_id=request_id,
        sent_params=sent_params,
        latency_s=latency_s,
        service_tier=_first_text(facts, "service_tier"),
        logprobs=_logprobs(facts.get("logprobs")),
    )


def _facts(result: ChatResult, generation: ChatGeneration) -> dict[str, Any]:
    """Everything said about the reply, the nearest to the message winning."""
    said = (result.llm_output, generation.generation_info, generation.message.response_metadata)
    return {key: value for part in said for key, value in (part or {}).items()}


def _finish_reason(facts: Mapping[str, Any]) -> FinishReason:
    word = next((facts[k] for k in ("finish_reason", "done_reason", "stop_reason", "stopReason") if facts.get(k)), None)
    if word is None:  # OpenAI's Responses API
        word = _mapping(facts.get("incomplete_details")).get("reason") or facts.get("status")
    return _FINISH.get(str(getattr(word, "name", word)).lower(), "unknown")


def _sorted_content(message: BaseMessage) -> _Said:
    said = _Said()
    content: Any = message.content
    for block in [content] if isinstance(content, str) else content or ():
        _sort_block({"type": "text", "text": block} if isinstance(block, str) else _mapping(block), said)
    beside = message.additional_kwargs
    if not said.reasoning:
        said.reasoning.extend(_words(beside.get("reasoning_content") or beside.get("reasoning")))
    if not said.refusal:
        said.refusal.extend(_words(beside.get("refusal")))
    return said


def _sort_block(block: Mapping[str, Any], said: _Said) -> None:
    kind = block.get("type")
    if kind in _REASONING_TYPES:
        said.reasoning.extend(_words(next((block[k] for k in (*_REASONING_TYPES, "summary") if block.get(k)), None)))
    elif kind == "refusal":
        said.refusal.extend(_words(block.get("refusal")))
    elif kind in ("text", "output_text", None):
        said.text.extend(_words(block.get("text")))


def _words(value: object) -> Iterator[str]:
    """The strings in a text, in a `{"text": ...}` or `{"summary": ...}`, or in a list of these."""
    if isinstance(value, str):
        if value:
            yield value
    elif isinstance(value, Mapping):
        yield from _words(value.get("text") or value.get("summary"))
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)


def _usage(usage: object) -> Usage:
    counts = _mapping(usage)
    read = _mapping(counts.get("input_token_details"))
    written = _mapping(counts.get("output_token_details"))
    return Usage(
        prompt_tokens=_count(counts.get("input_tokens")),
        completion_tokens=_count(counts.get("output_tokens")),
        cached_tokens=_count(read.get("cache_read")),
        reasoning_tokens=_count(written.get("reasoning")),
        cache_write_tokens=_count(read.get("cache_creation")),
    )


def _logprobs(value: object) -> tuple[TokenLogprob, ...] | None:
    """OpenAI's form only: `{"content": [{"token", "logprob", "top_logprobs"}]}`."""
    content = _mapping(value).get("content")
    if not isinstance(content, list):
        return None
    try:
        return tuple(
            TokenLogprob(
                storable(item["token"]),
                float(item["logprob"]),
                tuple((storable(t["token"]), float(t["logprob"])) for t in item.get("top_logprobs") or ()),
            )
            for item in content
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise MalformedResponseError("the reply's log-probabilities cannot be read") from error


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    return storable(value) if isinstance(value, str) and value else None


def _first_text(facts: Mapping[str, Any], *names: str) -> str | None:
    return next((said for name in names if (said := _text(facts.get(name)))), None)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53 else None
