"""What no message, record or log may repeat: the key that a server echoes, and the words of a conversation."""

from collections.abc import Sequence
from typing import Any

from providers.types import ChatMessage

_SHORTEST_KEY = 12  # shorter ones are placeholders such as EMPTY or lm-studio, and words of many answers
_RUN, _ASCII_RUN = 8, 24


def without_key(text: str, key: str | None) -> str:
    """The text with the key taken out."""
    return text.replace(key, "[key]") if key and len(key) >= _SHORTEST_KEY else text


def payload_without_key(payload: Any, key: str | None) -> Any:
    """The same for every string in a JSON value, names included."""
    if isinstance(payload, str):
        return without_key(payload, key)
    if isinstance(payload, list):
        return [payload_without_key(part, key) for part in payload]
    if isinstance(payload, dict):
        return {without_key(name, key): payload_without_key(part, key) for name, part in payload.items()}
    return payload


def without_conversation(words: str, messages: Sequence[ChatMessage]) -> str:
    """A server's error with whatever it repeats of the prompt taken out.

    A repetition is a run of 8 characters that are not all ASCII, or of 24 that are: error messages share shorter ones
    with a prompt by chance.
    """
    prompt = "\n".join(message.content for message in messages)
    kept: list[str] = []
    at = 0
    while at < len(words):
        run = _RUN if not words[at : at + _RUN].isascii() else _ASCII_RUN
        end = at + run
        if end > len(words) or words[at:end] not in prompt:
            kept.append(words[at])
            at += 1
            continue
        while end < len(words) and words[at : end + 1] in prompt:
            end += 1
        kept.append("[…]")
        at = end
    return "".join(kept)
