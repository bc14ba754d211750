"""A model server that costs almost nothing, so that a benchmark measures the client: raw asyncio, no HTTP library.

    python -m bench.server [--latency 0.2] [--admits 32] [--share-429 0.05] [--share-500 0.05]

Speaks the non-streaming OpenAI and Ollama chat endpoints with one fixed Korean answer. Prints its address on one line.
`GET /stats` tells what it saw; `POST /reset` (body: JSON of the options to change) starts a new count.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass, fields
from typing import Any

_ANSWER = "상자의 수를 어림하려면 먼저 한 줄에 놓인 상자를 세고, 줄의 수와 층의 수를 곱합니다. " * 14
_USAGE = {"prompt_tokens": 120, "completion_tokens": 400, "total_tokens": 520}


@dataclass(slots=True)
class Behaviour:
    """How the server treats calls: seconds of latency, calls admitted at once (0: all), shares of injected errors."""

    latency: float = 0.0
    admits: int = 0
    share_429: float = 0.0
    share_500: float = 0.0


@dataclass(slots=True)
class Stats:
    """Counts since the last reset; times are the server's monotonic clock, in seconds."""

    received: int = 0
    delivered: int = 0
    refused_429: int = 0
    failed_500: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    connections: int = 0
    first_received_s: float = 0.0
    last_delivered_s: float = 0.0


class Server:
    """The state that all connections share."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.stats = Stats()
        self.draw = random.Random(1)
        openai: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": "candidate",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": _ANSWER}, "finish_reason": "stop"},
            ],
            "usage": _USAGE,
        }
        ollama: dict[str, Any] = {
            "model": "candidate",
            "message": {"role": "assistant", "content": _ANSWER},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 120,
            "eval_count": 400,
        }
        self.bodies = {b"/v1/chat/completions": _body(200, openai), b"/api/chat": _body(200, ollama)}
        self.refusal = _body(429, {"error": {"message": "too many requests", "code": "rate_limit_exceeded"}})
        self.failure = _body(500, {"error": {"message": "internal error", "code": None}})

    def reset(self, changes: dict[str, Any]) -> None:
        """Start a new count under changed behaviour; connections and calls in flight stay counted."""
        known = {f.name for f in fields(Behaviour)}
        self.behaviour = Behaviour(**{**asdict(self.behaviour), **{k: v for k, v in changes.items() if k in known}})
        self.stats = Stats(connections=self.stats.connections)
        self.draw = random.Random(1)


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests on it come one after the other."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.stats.connections += 1

    def connection_lost(self, error: Exception | None) -> None:
        if self._admitted:
            self._server.stats.in_flight -= 1
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _content_length(head)
            if len(self._buffer) < end + 4 + length:
                return
            body = self._buffer[end + 4 : end + 4 + length]
            self._buffer = self._buffer[end + 4 + length :]
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        server, stats = self._server, self._server.stats
        if path == b"/stats":
            self._send(_body(200, asdict(stats)))
        elif path == b"/reset":
            server.reset(json.loads(body or b"{}"))
            self._send(_body(200, {}))
        elif path not in server.bodies:
            self._send(_body(200, {"data": [{"id": "candidate"}], "models": [{"name": "candidate:latest"}]}))
        else:
            stats.received += 1
            stats.first_received_s = stats.first_received_s or time.monotonic()
            self._chat(server.bodies[path])

    def _chat(self, reply: bytes) -> None:
        behaviour, stats, draw = self._server.behaviour, self._server.stats, self._server.draw.random()
        if (behaviour.admits and stats.in_flight >= behaviour.admits) or draw < behaviour.share_429:
            stats.refused_429 += 1
            self._send(self._server.refusal)
            return
        stats.in_flight += 1
        stats.most_in_flight = max(stats.most_in_flight, stats.in_flight)
        self._admitted = True
        if behaviour.share_429 <= draw < behaviour.share_429 + behaviour.share_500:
            stats.failed_500 += 1
            reply = self._server.failure
        if behaviour.latency:
            self._loop.call_later(behaviour.latency, self._deliver, reply)
        else:
            self._deliver(reply)

    def _deliver(self, reply: bytes) -> None:
        if self._transport is None:
            return
        self._admitted = False
        stats = self._server.stats
        stats.in_flight -= 1
        stats.delivered += reply is not self._server.failure
        stats.last_delivered_s = time.monotonic()
        self._send(reply)

    def _send(self, reply: bytes) -> None:
        if self._transport is not None:
            self._transport.write(reply)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _body(status: int, payload: dict[str, Any]) -> bytes:
    content = json.dumps(payload, ensure_ascii=False).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


async def _serve(behaviour: Behaviour) -> None:
    loop = asyncio.get_running_loop()
    server = Server(behaviour)
    listening = await loop.create_server(lambda: Connection(server, loop), "127.0.0.1", 0, backlog=4096)
    host, port = listening.sockets[0].getsockname()
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    async with listening:
        await listening.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--admits", type=int, default=0)
    parser.add_argument("--share-429", type=float, default=0.0)
    parser.add_argument("--share-500", type=float, default=0.0)
    asyncio.run(_serve(Behaviour(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
