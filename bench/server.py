"""A model server that costs almost nothing, so that a benchmark measures the client: raw asyncio, no HTTP library.

    python -m bench.server [--latency 0.2] [--jitter 0.01] [--answers long|short|mixed]

Speaks the non-streaming OpenAI and Ollama chat endpoints for any model: a prompt that tells an output format is judged,
any other is answered. Prints its address on one line. `POST /reset` (body: JSON of `Behaviour`) starts a new count,
`GET /stats` tells what it saw, and `GET /attempts` how every request ended (`bench.server_record`).
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import socket
import struct
import sys
from dataclasses import dataclass, field

from bench.replies import FAULTS, FaultDraw, Replies, Role, http, is_verdict_request, json_reply
from bench.server_record import Record, Stats

_DRIBBLE_S = 0.1
_MODELS = json_reply(
    200, {"data": [{"id": name} for name in ("candidate", "judge", "m")], "models": [{"name": "candidate:latest"}]}
)
_REFUSAL = FAULTS["rate_limit"].payload(b"")
_NO_LINGER = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How calls are treated.

    Attributes:
        latency: seconds before a reply; `jitter` adds up to so many more, drawn evenly.
        answers: length of the answers: long, short or mixed. `verdicts`: text, json or unit_json.
        admits: calls in flight, above which 429 is answered (0: all are taken).
        faults: share of the calls by name (`bench.replies.FAULTS`).
        hangs_after: after so many deliveries (0: never) nothing is answered any more.
        dies_after: after so many deliveries (0: never) the server goes away for `dies_for_s` seconds, once.
    """

    latency: float = 0.0
    jitter: float = 0.0
    answers: str = "long"
    verdicts: str = "text"
    admits: int = 0
    faults: dict[str, float] = field(default_factory=dict)
    hangs_after: int = 0
    dies_after: int = 0
    dies_for_s: float = 0.0


class Server:
    """The state that all connections share."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.replies = {b"/v1/chat/completions": Replies("openai"), b"/api/chat": Replies("ollama")}
        self.record = Record()
        self.connections: set[Connection] = set()
        self._listening: asyncio.Server | None = None
        self._port = 0
        self.behave(behaviour)

    def behave(self, behaviour: Behaviour) -> None:
        """Start a new count under this behaviour."""
        self.behaviour = behaviour
        self.draw = FaultDraw(behaviour.faults)
        self._jitter = random.Random(1)
        self._dies_at = behaviour.dies_after
        self.record.clear()

    def latency(self) -> float:
        behaviour = self.behaviour
        return behaviour.latency + (self._jitter.random() * behaviour.jitter if behaviour.jitter else 0.0)

    async def listen(self) -> str:
        """Open the port (the same one again after a death) and return the address."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(
            lambda: Connection(self, loop), "127.0.0.1", self._port, backlog=4096, reuse_address=True
        )
        self._port = self._listening.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{self._port}"

    def hangs(self) -> bool:
        after = self.behaviour.hangs_after
        return 0 < after <= self.record.stats.delivered

    def maybe_die(self) -> None:
        """Close the port and every connection if it is time to, and come back later."""
        if not self._dies_at or self.record.stats.delivered < self._dies_at or self._listening is None:
            return
        self._dies_at = 0
        self.record.stats.deaths += 1
        self._listening.close()
        for connection in list(self.connections):
            connection.abort()
        loop = asyncio.get_running_loop()
        loop.call_later(self.behaviour.dies_for_s, lambda: loop.create_task(self.listen()))


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests on it come one after the other."""

    __slots__ = ("_buffer", "_call", "_loop", "_server", "_transport")

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._call: tuple[Stats, Role] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)
        self._server.record.stats.connections += 1

    def connection_lost(self, error: Exception | None) -> None:
        self._ended()
        self._server.connections.discard(self)
        self._transport = None

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            whole = end + 4 + _content_length(head)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            path = head.split(b" ", 2)[1]
            replies = self._server.replies.get(path)
            if replies is None:
                self._send(self._control(path, body))
            else:
                self._chat(replies, body)

    def _control(self, path: bytes, body: bytes) -> bytes:
        server = self._server
        if path == b"/stats":
            return json_reply(200, server.record.stats.as_json())
        if path == b"/attempts":
            return http(200, bytes(server.record.attempts), "application/octet-stream")
        if path == b"/reset":
            try:
                server.behave(Behaviour(**json.loads(body or b"{}")))
            except (TypeError, ValueError) as error:
                return json_reply(400, {"error": str(error)})
            return json_reply(200, {})
        return _MODELS

    def _chat(self, replies: Replies, body: bytes) -> None:
        server, behaviour = self._server, self._server.behaviour
        role: Role = "verdict" if is_verdict_request(body) else "answer"
        full = behaviour.admits and server.record.stats.in_flight >= behaviour.admits
        stats = server.record.arrived(role, len(body))
        self._call = (stats, role)
        if full:
            stats.refused_429 += 1
            self._ended()
            self._send(_REFUSAL)
            return
        work = int.from_bytes(hashlib.blake2b(body, digest_size=8).digest())
        reply = replies.of(role, work, behaviour.answers, behaviour.verdicts)
        fault = server.draw.next()
        if fault is not None:
            stats.faults[fault] = stats.faults.get(fault, 0) + 1
            stats.refused_429 += fault.startswith("rate_limit")
        latency = 0.0 if fault is not None and FAULTS[fault].at_once else server.latency()
        if latency:
            self._loop.call_later(latency, self._finish, fault, reply, role, work)
        else:
            self._finish(fault, reply, role, work)

    def _finish(self, fault: str | None, reply: bytes, role: Role, work: int) -> None:
        if self._transport is None or self._server.hangs():
            return
        if fault is not None:
            self._server.record.failed(role, work, fault)
            self._fail(fault, reply)
            return
        self._ended()
        self._send(reply)
        self._server.record.delivered(role, work)
        self._server.maybe_die()

    def _fail(self, name: str, reply: bytes) -> None:
        fault, transport = FAULTS[name], self._transport
        if transport is None:
            return
        transport.write(fault.payload(reply))
        if fault.then == "dribble":
            self._dribble()
        if fault.then in ("hang", "dribble"):
            return  # in flight until the client goes away
        self._ended()
        if fault.then == "close":
            transport.close()
        elif fault.then == "reset":
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()

    def _dribble(self) -> None:
        if self._transport is not None:
            self._transport.write(b" ")
            self._loop.call_later(_DRIBBLE_S, self._dribble)

    def _ended(self) -> None:
        if self._call is not None:
            self._server.record.left(*self._call)
            self._call = None

    def _send(self, reply: bytes) -> None:
        if self._transport is not None:
            self._transport.write(reply)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def _serve(behaviour: Behaviour, *, until_orphaned: bool) -> None:
    loop, parent, orphaned = asyncio.get_running_loop(), os.getppid(), asyncio.Event()

    def look() -> None:
        if os.getppid() == parent:
            loop.call_later(1.0, look)
        else:
            orphaned.set()

    if until_orphaned:
        look()
    sys.stdout.write(await Server(behaviour).listen() + "\n")
    sys.stdout.flush()
    await orphaned.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.0, metavar="S")
    parser.add_argument("--jitter", type=float, default=0.0, metavar="S")
    parser.add_argument("--answers", choices=("long", "short", "mixed"), default="long")
    parser.add_argument("--until-orphaned", action="store_true", help="end when the process that started it has ended")
    options = parser.parse_args()
    behaviour = Behaviour(options.latency, options.jitter, options.answers)
    asyncio.run(_serve(behaviour, until_orphaned=options.until_orphaned))


if __name__ == "__main__":
    main()
