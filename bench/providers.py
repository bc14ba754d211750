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
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.local_server import LocalServer
from bench.tables import Cell, Table, say

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
    latency: float
    server: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ideal_s(self) -> float:
        faults: Mapping[str, float] = self.server.get("faults", {})
        attempts = 1 / (1 - sum(faults.values()))
        return self.calls * (1 + attempts * faults.get("server_error", 0.0)) * self.latency / self.places


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
        Scene("200 ms, 64 in flight", _ALL, calls, 64, 64, 0.2),
        Scene("0 ms, 64 in flight", _ALL, 3 * calls, 64, 64, 0.0),
        Scene("200 ms, 512 in flight", (*_ALL, "kojudge ollama"), 5 * calls, 512, 512, 0.2),
        Scene("admits 32, 64 asked", ("kojudge",), calls, 64, 32, 0.2, {"admits": 32}),
        # Longer: the last calls' retries end after everything else, and that tail is not what is measured.
        Scene(
            "5 % 429 and 5 % 500",
            ("kojudge",),
            3 * calls,
            64,
            64,
            0.2,
            {"faults": {"rate_limit": 0.05, "server_error": 0.05}},
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
    with LocalServer() as server:
        for scene in scenes(calls):
            found = [_measure(server, scene, client) for _ in range(rounds) for client in scene.clients]
            _print(scene, found)
            figures += found
    say(json.dumps([asdict(f) for f in figures]))


def _measure(server: LocalServer, scene: Scene, client: str) -> Figures:
    server.reset(latency=scene.latency, **scene.server)
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
    ideal = f", ideal {scene.ideal_s:.2f} s" if scene.ideal_s else ""
    rows: list[list[Cell]] = []
    for client in scene.clients:
        mine = [f for f in figures if f.client == client]
        span = statistics.median(f.span_s for f in mine)
        over = span / scene.ideal_s if scene.ideal_s else None
        cpu = statistics.median(f.cpu_ms_per_call for f in mine)
        refused = f"{statistics.median(f.refused_share for f in mine):.1%}"
        most = max(f.most_in_flight for f in mine)
        rows.append([client, span, over, round(scene.calls / span), cpu, refused, most])
    heads = ["client", "span s", "x ideal", "calls/s", "CPU ms/call", "429s", "at once"]
    title = f"{scene.name}: {scene.calls} calls{ideal}; medians of {len(figures) // len(scene.clients)}"
    Table(title, heads, rows).say()


if __name__ == "__main__":
    main()
