"""kojudge's provider layer beside bare client loops, against one local server, in turns.

    python -m bench.providers [--rounds 3] [--calls 1000] [--quick]

Scenes: 200 ms and 0 ms latency with 64 in flight, 512 in flight (Ollama included), a server that admits 32 at once when
64 are asked, and 5 % sporadic 429s with 5 % 500s. "x ideal" is the span from the first request that the server sees to
the last reply it delivers, over calls * latency / places (a 500 costs one more latency). CPU is the client's own,
without start-up. The layer under test is `Endpoint`: pacing, adaptive concurrency, deadline and retries included; the
bare loops retry nothing.

Server and client run on two cores where there are two. Absolute figures are those of this machine; read the ratios.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_PROMPT = "번 창고에 쌓인 상자의 수를 어림하는 방법을 차근차근 설명해 주세요. " * 12
Call = Callable[[str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Scene:
    """What is asked of the server, and which clients ask; `places` bound the ideal time."""

    name: str
    clients: tuple[str, ...]
    calls: int
    concurrency: int
    places: int
    server: Mapping[str, float] = field(default_factory=dict)

    @property
    def ideal_s(self) -> float:
        failed = self.server.get("share_500", 0.0)
        attempts = 1 / (1 - failed - self.server.get("share_429", 0.0))
        return self.calls * (1 + attempts * failed) * self.server.get("latency", 0.0) / self.places


@dataclass(frozen=True, slots=True)
class Figures:
    """One client in one scene once."""

    scene: str
    client: str
    calls: int
    span_s: float
    cpu_ms_per_call: float
    refused_share: float
    most_in_flight: int
    connections: int


_ALL = ("bare aiohttp", "bare AsyncOpenAI", "kojudge")


def scenes(calls: int) -> list[Scene]:
    return [
        Scene("200 ms, 64 in flight", _ALL, calls, 64, 64, {"latency": 0.2}),
        Scene("0 ms, 64 in flight", _ALL, 3 * calls, 64, 64, {"latency": 0.0}),
        Scene("200 ms, 512 in flight", (*_ALL, "kojudge ollama"), 5 * calls, 512, 512, {"latency": 0.2}),
        Scene("admits 32, 64 asked", ("kojudge",), calls, 64, 32, {"latency": 0.2, "admits": 32}),
        # Longer: the last calls' retries end after everything else, and that tail is not what is measured.
        Scene(
            "5 % 429 and 5 % 500",
            ("kojudge",),
            3 * calls,
            64,
            64,
            {"latency": 0.2, "share_429": 0.05, "share_500": 0.05},
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="one round of a fifth of the calls")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--concurrency", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        asyncio.run(_client(options.client, options.url, options.calls, options.concurrency))
        return
    rounds, calls = (1, options.calls // 5) if options.quick else (options.rounds, options.calls)
    figures = []
    with _Server() as server:
        for scene in scenes(calls):
            found = [_measure(server, scene, client) for _ in range(rounds) for client in scene.clients]
            _print(scene, found)
            figures += found
    sys.stdout.write(json.dumps([asdict(f) for f in figures]) + "\n")


class _Server:
    """`bench.server` as a process of its own, on the last core."""

    def __enter__(self) -> "_Server":
        self._process = subprocess.Popen([sys.executable, "-m", "bench.server"], stdout=subprocess.PIPE, text=True)
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(self._process.pid, {cores[-1]})
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait()

    def reset(self, behaviour: Mapping[str, float]) -> None:
        options = {"latency": 0.0, "admits": 0, "share_429": 0.0, "share_500": 0.0, **behaviour}
        request = urllib.request.Request(f"{self.url}/reset", json.dumps(options).encode())
        urllib.request.urlopen(request, timeout=10).read()

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/stats", timeout=10) as reply:
            return dict(json.load(reply))


def _measure(server: _Server, scene: Scene, client: str) -> Figures:
    server.reset(scene.server)
    command = [sys.executable, "-m", "bench.providers", "--client", client, "--url", server.url]
    command += ["--calls", str(scene.calls), "--concurrency", str(scene.concurrency)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    stats = server.stats()
    assert stats["delivered"] >= scene.calls, (scene.name, client, stats)
    return Figures(
        scene.name,
        client,
        scene.calls,
        stats["last_delivered_s"] - stats["first_received_s"],
        json.loads(done.stdout)["cpu_s"] * 1000 / scene.calls,
        stats["refused_429"] / stats["received"],
        stats["most_in_flight"],
        stats["connections"],
    )


async def _client(name: str, url: str, calls: int, concurrency: int) -> None:
    opener = {
        "bare aiohttp": _bare_aiohttp,
        "bare AsyncOpenAI": _bare_sdk,
        "kojudge": _kojudge("compatible:candidate@{url}/v1"),
        "kojudge ollama": _kojudge("ollama:candidate@{url}"),
    }[name]
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[0]})
    call, close, workers = await opener(url, concurrency)
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await call(f"{number}{_PROMPT}")

    start = time.process_time()
    await asyncio.gather(*(work() for _ in range(workers)))
    cpu_s = time.process_time() - start
    await close()
    sys.stdout.write(json.dumps({"cpu_s": cpu_s}) + "\n")


Opened = tuple[Call, Callable[[], Awaitable[None]], int]


async def _bare_aiohttp(url: str, concurrency: int) -> Opened:
    import aiohttp

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency))

    async def call(prompt: str) -> object:
        body = {"model": "candidate", "messages": [{"role": "user", "content": prompt}], "temperature": 0}
        async with session.post(f"{url}/v1/chat/completions", json=body) as reply:
            return json.loads(await reply.read())["choices"][0]["message"]["content"]

    return call, session.close, concurrency


async def _bare_sdk(url: str, concurrency: int) -> Opened:
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    transport = openai.DefaultAioHttpClient(limits=limits)
    client = openai.AsyncOpenAI(api_key="unused", base_url=f"{url}/v1", max_retries=0, http_client=transport)

    async def call(prompt: str) -> object:
        reply = await client.chat.completions.create(
            model="candidate", messages=[{"role": "user", "content": prompt}], temperature=0
        )
        return reply.choices[0].message.content

    return call, client.close, concurrency


def _kojudge(spec: str) -> Callable[[str, int], Awaitable[Opened]]:
    async def opened(url: str, concurrency: int) -> Opened:
        from providers.endpoint import Endpoint
        from providers.limits import ConcurrencyLimiter
        from providers.registry import open_provider, parse_spec
        from providers.retry import RetryPolicy
        from providers.types import ChatMessage, ChatRequest, SamplingParams

        provider = open_provider(parse_spec(spec.format(url=url)), {}, concurrency)
        endpoint = Endpoint(provider, ConcurrencyLimiter(concurrency), RetryPolicy(max_attempts=20))
        params = SamplingParams(temperature=0)

        async def call(prompt: str) -> object:
            return (await endpoint.complete(ChatRequest((ChatMessage("user", prompt),), params))).text

        # As in a run: more callers than places, for those that sleep before a retry.
        return call, provider.aclose, concurrency + concurrency // 2

    return opened


def _print(scene: Scene, figures: list[Figures]) -> None:
    out = sys.stdout.write
    ideal = f", ideal {scene.ideal_s:.2f} s" if scene.ideal_s else ""
    out(f"\n{scene.name}: {scene.calls} calls{ideal}; medians of {len(figures) // len(scene.clients)}\n")
    out(f"  {'client':18} {'span s':>8} {'x ideal':>8} {'calls/s':>8} {'CPU ms/call':>12} {'429s':>6} {'at once':>8}\n")
    for client in scene.clients:
        mine = [f for f in figures if f.client == client]
        span = statistics.median(f.span_s for f in mine)
        most = max(f.most_in_flight for f in mine)
        over = f"{span / scene.ideal_s:8.2f}" if scene.ideal_s else f"{'':8}"
        cpu = statistics.median(f.cpu_ms_per_call for f in mine)
        refused = statistics.median(f.refused_share for f in mine)
        out(f"  {client:18} {span:8.2f} {over} {scene.calls / span:8.0f} {cpu:12.2f} {refused:6.1%} {most:8}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
