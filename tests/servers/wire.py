"""What the two wire protocols have in common: the model behind a name, the prompt it sees, its counted reply."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tests.servers import faults
from tests.servers.behaviour import Behaviour, count_tokens, cut_tokens, default
from tests.servers.faults import Body, ErrorBody, Fault, Reply, TokenUsage

PIECE_CHARS = 12
"""Characters of a streamed piece."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A served model. `context` counts crude tokens; `served_as` is the name it answers under.

    `always_cuts`: it is run by an Ollama too old to know `truncate: false`.
    """

    name: str
    behaviour: Behaviour = default
    context: int = 32_768
    thinking: bool = False
    served_as: str | None = None
    latency_s: float | None = None
    always_cuts: bool = False


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request as the model sees it: the body with the messages that fit, its count, and the room left."""

    body: Body
    tokens: int
    room: int | None
    truncated: bool = False


class Refused(Exception):
    """The request is wrong in itself; `fault` is the answer to it."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


class Wire(Protocol):
    """One protocol: how a request is read and how answers are written."""

    name: faults.Protocol
    overloaded: str

    def prompt(self, body: Body, card: ModelCard) -> Prompt:
        """What the model will see. Raises `Refused` for a request that cannot be served."""
        ...

    def completion(self, prompt: Prompt, reply: Reply, card: ModelCard, number: int) -> Body:
        """The JSON body of a whole answer."""
        ...

    def streams(self, body: Body) -> bool:
        """Whether the request asks for a stream."""
        ...

    def stream(self, prompt: Prompt, whole: Body) -> Iterable[bytes]:
        """The same answer as a stream, from its whole body."""
        ...

    def error(self, error: ErrorBody, model: str) -> Body:
        """The JSON body of an error."""
        ...

    def stream_error(self, error: Body) -> Iterable[bytes]:
        """A stream that breaks off with an error."""
        ...

    def headers(self, number: int) -> Mapping[str, str]:
        """The protocol's own response headers."""
        ...


def refuse(status: int, message: str, **fields: Any) -> Refused:
    """An exception that answers with this error."""
    return Refused(Fault(f"refused_{status}", status=status, error=ErrorBody(message, **fields)))


def within(reply: Reply, room: int | None) -> Reply:
    """The reply cut to `room` tokens: reasoning is spent first, as on real servers."""
    if room is None:
        return reply
    thought, content = reply.reasoning or "", reply.content or ""
    left = room - count_tokens(thought)
    if left >= count_tokens(content):
        return reply
    return replace(
        reply,
        reasoning=cut_tokens(thought, room) if reply.reasoning else reply.reasoning,
        content=cut_tokens(content, max(0, left)),
        finish_reason="length",
    )


def counted(prompt: Prompt, reply: Reply) -> TokenUsage:
    """The usage to report for a reply."""
    if reply.usage is not None:
        return reply.usage
    reasoning = count_tokens(reply.reasoning or "")
    spoken = count_tokens(reply.content or reply.refusal or "")
    return TokenUsage(prompt.tokens, spoken + reasoning, reasoning=reasoning)


def pieces(text: str) -> list[str]:
    """A text as the pieces of a stream."""
    return [text[start : start + PIECE_CHARS] for start in range(0, len(text), PIECE_CHARS)]


def token_logprobs(text: str, body: Body) -> list[Body]:
    """The log-probabilities of a reply, as if every character were a token."""

    def entry(token: str, logprob: float) -> Body:
        return {"token": token, "logprob": logprob, "bytes": list(token.encode())}

    most = int(body.get("top_logprobs") or 0)
    others = [entry("다른", -2.5 - rank) for rank in range(most)]

    def top(token: str) -> list[Body]:
        """For a digit, the one below it comes first."""
        below = [entry(str(int(token) - 1), -1.75)] if token in "123456789" else []
        return [*below, *others][:most]

    return [entry(token, -0.25) | ({"top_logprobs": top(token)} if others else {}) for token in text]
