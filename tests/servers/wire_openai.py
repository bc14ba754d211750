"""The OpenAI wire: `/v1/chat/completions` and `/v1/models`, with vLLM's extra fields on model cards."""

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from tests.servers import faults
from tests.servers.behaviour import count_prompt
from tests.servers.faults import Body, ErrorBody, Reply
from tests.servers.wire import ModelCard, Prompt, counted, pieces, refuse, token_logprobs


class OpenAIWire:
    """See `wire.Wire`."""

    name: faults.Protocol = "openai"
    overloaded = "rate_limit"

    def prompt(self, body: Body, card: ModelCard) -> Prompt:
        messages = body.get("messages")
        if not isinstance(messages, list) or not messages:
            raise refuse(400, "Missing required parameter: 'messages'.", param="messages")
        _check_schema(body)
        tokens = count_prompt(messages)
        room = body.get("max_completion_tokens") or body.get("max_tokens")
        if tokens + (room or 1) > card.context:
            raise refuse(
                400,
                f"This model's maximum context length is {card.context} tokens. However, you requested "
                f"{tokens + (room or 0)} tokens ({tokens} in the messages, {room or 0} in the completion). "
                "Please reduce the length of the messages or completion.",
                code="context_length_exceeded",
                param="messages",
            )
        return Prompt(body, tokens, room or card.context - tokens)

    def completion(self, prompt: Prompt, reply: Reply, card: ModelCard, number: int) -> Body:
        usage = counted(prompt, reply)
        asked = prompt.body.get("logprobs")
        logprobs = {"content": token_logprobs(reply.content or "", prompt.body)} if asked else None
        message: Body = {"role": "assistant", "content": reply.content, "refusal": reply.refusal}
        if reply.reasoning is not None:
            message[reply.reasoning_field] = reply.reasoning
        return {
            "id": f"chatcmpl-{number:08d}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": reply.served_model or card.served_as or card.name,
            "choices": [{"index": 0, "message": message, "logprobs": logprobs, "finish_reason": reply.finish_reason}],
            "usage": {
                "prompt_tokens": usage.prompt,
                "completion_tokens": usage.completion,
                "total_tokens": usage.prompt + usage.completion,
                "prompt_tokens_details": {"cached_tokens": usage.cached},
                "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
            },
            "service_tier": "default",
            "system_fingerprint": "fp_test_0001",
        }

    def streams(self, body: Body) -> bool:
        return bool(body.get("stream"))

    def stream(self, prompt: Prompt, whole: Body) -> Iterable[bytes]:
        head = {key: whole[key] for key in ("id", "created", "model", "system_fingerprint")}
        head["object"] = "chat.completion.chunk"
        for choice in whole.get("choices") or []:
            message = choice["message"]
            texts = {key: value for key, value in message.items() if isinstance(value, str) and key != "role"}
            deltas: list[Body] = [{"role": "assistant", "content": ""}]
            deltas += [{key: piece} for key, text in texts.items() for piece in pieces(text)]
            for delta in deltas:
                yield _event(head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            last = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
            yield _event(head | {"choices": [last]})
        if (prompt.body.get("stream_options") or {}).get("include_usage") and "usage" in whole:
            yield _event(head | {"choices": [], "usage": whole["usage"]})
        yield b"data: [DONE]\n\n"

    def error(self, error: ErrorBody, model: str) -> Body:
        message = error.message.replace("{model}", model)
        return {
            "error": {"message": message, "type": error.type, "param": error.param, "code": error.code},
        }

    def stream_error(self, error: Body) -> Iterable[bytes]:
        yield _event(error)

    def headers(self, number: int) -> Mapping[str, str]:
        return {
            "x-request-id": f"req_{number:08d}",
            "openai-processing-ms": "12",
            "x-ratelimit-limit-requests": "500",
            "x-ratelimit-remaining-requests": "499",
            "x-ratelimit-reset-requests": "120ms",
        }


def _event(chunk: Body) -> bytes:
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def model_card(card: ModelCard) -> Body:
    """One entry of `GET /v1/models`."""
    return {
        "id": card.name,
        "object": "model",
        "created": 1_760_000_000,
        "owned_by": "vllm",
        "root": f"/models/{card.name}",
        "parent": None,
        "max_model_len": card.context,
        "shutdown_date": None,
    }


def _check_schema(body: Body) -> None:
    """Refuse a strict schema that leaves a property optional or an object open, as OpenAI does."""
    wanted = body.get("response_format") or {}
    inner = wanted.get("json_schema") or {}
    if wanted.get("type") != "json_schema" or not inner.get("strict"):
        return
    for part in _objects(inner.get("schema")):
        names = list(part.get("properties", {}))
        if part.get("additionalProperties") is not False or set(part.get("required", ())) != set(names):
            raise refuse(
                400,
                f"Invalid schema for response_format '{inner.get('name')}': 'additionalProperties' is required "
                "to be supplied and to be false, and 'required' to be an array including every key.",
                param="response_format",
            )


def _objects(part: Any) -> Iterable[Mapping[str, Any]]:
    """Every object schema inside a schema."""
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield part
        for value in part.values():
            yield from _objects(value)
    elif isinstance(part, list):
        for value in part:
            yield from _objects(value)
