"""How many calls a second the bench server itself can take: a raw client on another core, no HTTP library.

python -m bench.capacity [--calls 40000] [--concurrency 64]
"""

import argparse
import asyncio
import os
import sys
import time

from bench.local_server import LocalServer
from bench.work import Work


class _Caller(asyncio.Protocol):
    """Sends the next request as soon as a reply is whole."""

    def __init__(self, requests: "_Requests") -> None:
        self._requests = requests
        self._left = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        if not self._left:
            head, _, rest = data.partition(b"\r\n\r\n")
            self._left = int(head.rpartition(b": ")[2])
            data = rest
        self._left -= len(data)
        if not self._left:
            self._next()

    def _next(self) -> None:
        request = self._requests.next()
        if self._transport is None:
            return
        if request is None:
            self._transport.close()
        else:
            self._transport.write(request)


class _Requests:
    """The same answer and verdict requests in turn, `calls` in all."""

    def __init__(self, calls: int, done: asyncio.Event) -> None:
        bodies = [Work.body(Work.answer_messages(1, 1, [])), Work.body(Work.verdict_messages(1, 1, ["답"]))]
        head = "POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: "
        self._texts = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]
        self._left = calls
        self._done = done

    def next(self) -> bytes | None:
        self._left -= 1
        if self._left < 0:
            self._done.set()
            return None
        return self._texts[self._left % 2]


async def _calls_per_s(url: str, calls: int, concurrency: int) -> float:
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    requests = _Requests(calls, done)
    host, port = url.removeprefix("http://").split(":")
    start = time.perf_counter()
    for _ in range(concurrency):
        await loop.create_connection(lambda: _Caller(requests), host, int(port))
    await done.wait()
    return calls / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=40_000)
    parser.add_argument("--concurrency", type=int, default=64)
    options = parser.parse_args()
    with LocalServer() as server:
        server.reset()
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cores)})
        rate = asyncio.run(_calls_per_s(server.url, options.calls, options.concurrency))
    sys.stdout.write(f"the bench server takes {rate:,.0f} calls/s from {options.concurrency} connections\n")


if __name__ == "__main__":
    main()
