"""Ollama's native wire: `/api/chat` whole and as NDJSON, `/api/tags`, `/api/ps`, `/api/show`, `/api/pull`."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.servers import faults
from tests.servers.behaviour import count_prompt, count_tokens, cut_tokens, text_of
from tests.servers.faults import FAULTS, Body, ErrorBody, Reply
from tests.servers.wire import ModelCard, Prompt, Refused, counted, pieces, refuse, token_logprobs

VERSION = "0.34.0"
DEFAULT_NUM_CTX = 4096
NUM_KEEP = 4


class OllamaWire:
    """See `wire.Wire`."""

    name: faults.Protocol = "ollama"
    overloaded = "busy"

    def prompt(self, body: Body, card: ModelCard) -> Prompt:
        if body.get("think") and not card.thinking:
            raise refuse(400, f'"{card.name}" does not support thinking')
        options = body.get("options") or {}
        num_ctx = int(options.get("num_ctx") or min(DEFAULT_NUM_CTX, card.context))
        messages = body.get("messages") or []
        tokens = count_prompt(messages)
        truncated = tokens > num_ctx
        if truncated:
            if body.get("truncate", True) is False and not card.always_cuts:
                raise Refused(FAULTS["context_length"])
            messages = truncate(messages, num_ctx)
            body, tokens = body | {"messages": messages}, count_prompt(messages)
        predict = int(options.get("num_predict") or -1)
        left = max(0, num_ctx - tokens)
        return Prompt(body, tokens, left if predict < 0 else min(predict, left), truncated)

    def completion(self, prompt: Prompt, reply: Reply, card: ModelCard, number: int) -> Body:
        usage = counted(prompt, reply)
        if not prompt.body.get("messages"):
            reply = Reply(content="", finish_reason="load")
        message: Body = {"role": "assistant", "content": reply.content}
        if reply.refusal is not None:
            message["content"] = reply.refusal
        if reply.reasoning is not None:
            message["thinking"] = reply.reasoning
        logprobs = token_logprobs(reply.content or "", prompt.body) if prompt.body.get("logprobs") else None
        return {
            "model": reply.served_model or card.served_as or prompt.body.get("model", card.name),
            "created_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "message": message,
            "done": True,
            "done_reason": reply.finish_reason,
            "total_duration": 5_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": usage.prompt,
            "prompt_eval_duration": 1_000_000,
            "eval_count": usage.completion,
            "eval_duration": 3_000_000,
            **({"prompt_eval_cached_count": usage.cached} if usage.cached else {}),
            **({"logprobs": logprobs} if logprobs is not None else {}),
        }

    def streams(self, body: Body) -> bool:
        return bool(body.get("stream", True))

    def stream(self, prompt: Prompt, whole: Body) -> Iterable[bytes]:
        head = {key: whole[key] for key in ("model", "created_at")}
        message = whole.get("message") or {}
        for key in ("thinking", "content"):
            for piece in pieces(message.get(key) or ""):
                part = {"role": "assistant", "content": ""} | {key: piece}
                yield _line(head | {"message": part, "done": False})
        if whole.get("done"):
            yield _line(whole | {"message": {"role": "assistant", "content": ""}})

    def error(self, error: ErrorBody, model: str) -> Body:
        return {"error": (error.ollama or error.message).replace("{model}", model)}

    def stream_error(self, error: Body) -> Iterable[bytes]:
        yield _line({"message": {"role": "assistant", "content": "먼저"}, "done": False})
        yield _line(error)

    def headers(self, number: int) -> Mapping[str, str]:
        return {}


def truncate(messages: list[Body], num_ctx: int) -> list[Body]:
    """What Ollama leaves of an over-long conversation, silently.

    The oldest messages that are not the system's go first; a last message that is still too long is cut
    so that the prompt fills about half the window.
    """
    system = [message for message in messages if message.get("role") == "system"]
    rest = [message for message in messages if message.get("role") != "system"]
    while len(rest) > 1 and count_prompt(system + rest) > num_ctx:
        rest.pop(0)
    if rest and count_prompt(system + rest) > num_ctx:
        text = text_of(rest[-1])
        room = max(1, num_ctx - (num_ctx - NUM_KEEP) // 2 - (count_prompt(system + rest) - count_tokens(text)))
        rest = [rest[-1] | {"content": cut_tokens(text, room)}]
    return system + rest


def pull_lines(card: ModelCard | None) -> list[bytes]:
    """What a download says; of a name that no registry knows (None), an error under HTTP 200."""
    if card is None:
        return [
            _line({"status": "pulling manifest"}),
            _line({"error": "pull model manifest: file does not exist"}),
        ]
    layer = {"status": "pulling 8934d96d3f08", "digest": "sha256:8934d96d3f08", "total": 4_800_000_000}
    return [
        _line({"status": "pulling manifest"}),
        _line(layer),
        *(_line(layer | {"completed": done}) for done in (1_200_000_000, 4_800_000_000)),
        _line({"status": "verifying sha256 digest"}),
        _line({"status": "writing manifest"}),
        _line({"status": "success"}),
    ]


def _line(part: Body) -> bytes:
    return json.dumps(part, ensure_ascii=False).encode() + b"\n"


def tagged(name: str) -> str:
    """The name with its tag: a bare name means `:latest`."""
    return name if ":" in name.rsplit("/", 1)[-1] else f"{name}:latest"


def _details(card: ModelCard) -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "test",
        "families": ["test"],
        "parameter_size": "7.8B",
        "quantization_level": "Q4_K_M",
    }


def tag(card: ModelCard) -> Body:
    """One entry of `GET /api/tags`."""
    return {
        "name": tagged(card.name),
        "model": tagged(card.name),
        "modified_at": "2026-01-02T03:04:05.000000000Z",
        "size": 4_800_000_000,
        "digest": hashlib.sha256(card.name.encode()).hexdigest(),
        "details": _details(card),
    }


def running(card: ModelCard) -> Body:
    """One entry of `GET /api/ps`."""
    return tag(card) | {"size_vram": 4_800_000_000, "context_length": min(DEFAULT_NUM_CTX, card.context)}


def show(card: ModelCard) -> Body:
    """The answer of `POST /api/show`."""
    return {
        "modelfile": f"FROM {card.name}",
        "parameters": "temperature 0.7",
        "template": "{{ .System }}{{ .Prompt }}",
        "details": _details(card),
        "model_info": {"general.architecture": "test", "test.context_length": card.context},
        "capabilities": ["completion", "thinking"] if card.thinking else ["completion"],
        "modified_at": "2026-01-02T03:04:05.000000000Z",
    }
