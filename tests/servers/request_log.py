"""The server's memory: what was asked, and what was delivered whole."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.behaviour import text_of
from tests.servers.faults import Body


@dataclass(slots=True)
class RequestRecord:
    """One request. Times are seconds since the epoch; `delivered_at` is None until all is written.

    Attributes:
        status: what was answered, None while nothing was.
        fault: name of the injected fault, or of the server's own refusal.
        sold: a completion was delivered whole, with HTTP 200.
        truncated: the model saw a cut prompt (Ollama).
        disconnected: the client went away before the reply was written.
    """

    number: int
    method: str
    path: str
    received_at: float
    has_authorization: bool
    body: Body = field(default_factory=dict)
    model: str | None = None
    status: int | None = None
    fault: str | None = None
    delivered_at: float | None = None
    answer: str | None = None
    sold: bool = False
    prompt_tokens: int | None = None
    truncated: bool = False
    disconnected: bool = False

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages sent, empty for a request that is no chat."""
        return list(self.body.get("messages") or [])

    @property
    def prompt(self) -> str:
        """The last user message."""
        spoken = (text_of(message) for message in reversed(self.messages) if message.get("role") == "user")
        return next(spoken, "")

    @property
    def turn(self) -> int:
        """How many user messages were sent: the turn being asked for."""
        return sum(message.get("role") == "user" for message in self.messages)

    @property
    def key(self) -> str:
        """Path and body as one string: equal for requests that ask the same thing."""
        return f"{self.path} {json.dumps(self.body, ensure_ascii=False, sort_keys=True)}"

    def as_line(self) -> str:
        """The record as one line of JSON."""
        kept = ("number", "path", "model", "body", "answer", "fault", "received_at", "delivered_at")
        row = {name: getattr(self, name) for name in kept} | {"prompt": self.prompt}
        return json.dumps(row, ensure_ascii=False) + "\n"


def read_log(path: Path) -> list[dict[str, Any]]:
    """The delivered replies in a log file; a last line that is still being written is left out."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(line) for line in text.split("\n")[:-1]]
