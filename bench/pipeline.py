"""A whole `kojudge run` beside a bare `AsyncOpenAI` loop (aiohttp) against one local server, in turns.

    python -m bench.pipeline [--conversations 250] [--rounds 3] [--latency 0.2] [--concurrency 64]

Work: one-turn conversations, one answer and one verdict each. "ideal" is calls * latency / concurrency; "span"
is from the first request that the server sees to the last reply that it delivers. The server is a process
of its own on the same machine, so absolute times are those of a shared machine; read the ratios.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.servers.request_log import read_log


@dataclass(frozen=True, slots=True)
class Round:
    client: str
    calls: int
    span_s: float
    cpu_ms_per_call: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--bare", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        asyncio.run(_bare_loop(options.bare, options.conversations * 2, options.concurrency))
        return
    rounds = [
        _measure(client, options) for _ in range(options.rounds) for client in ("kojudge run", "bare AsyncOpenAI loop")
    ]
    _print(rounds, options.conversations * 2 * options.latency / options.concurrency)


def _measure(client: str, options: argparse.Namespace) -> Round:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "delivered.jsonl"
        command = [sys.executable, "-m", "tests.servers.model_server"]
        command += ["--latency", str(options.latency), "--log", str(log)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip() + "/v1"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                _client(client, url, folder, options), check=True, cwd=folder, env=_environment(), timeout=600
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        finally:
            server.terminate()
            server.wait()
        rows = [row for row in read_log(log) if row["path"].endswith("/chat/completions")]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    span = max(r["delivered_at"] for r in rows) - min(r["received_at"] for r in rows)
    return Round(client, len(rows), span, 1000 * cpu / len(rows))


def _client(client: str, url: str, folder: str, options: argparse.Namespace) -> list[str]:
    size = ["--concurrency", str(options.concurrency)]
    if client != "kojudge run":
        return [
            sys.executable,
            "-m",
            "bench.pipeline",
            "--bare",
            url,
            "--conversations",
            str(options.conversations),
            *size,
        ]
    questions = Path(folder) / "questions.yaml"
    lines = ["set: bench", "questions:"]
    for number in range(options.conversations):
        prompt = f"{number}번 창고에 쌓인 상자의 수를 어림하는 방법을 차근차근 설명해 주세요."
        lines.append(
            f"  - {{id: q{number}, category: 어림, turns: [{{prompt: {json.dumps(prompt, ensure_ascii=False)}}}]}}"
        )
    questions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    models = ["-m", f"compatible:candidate@{url}", "-j", f"compatible:judge@{url}"]
    # Two endpoints share the ideal's places: half for answers, half for verdicts.
    size = ["--concurrency", str(options.concurrency // 2)]
    return [sys.executable, "-m", "service.cli", "run", *models, "-q", str(questions), *size, "--format", "csv"]


def _environment() -> dict[str, str]:
    root = Path(__file__).parent.parent
    return {**os.environ, "PYTHONPATH": str(root), "KOJUDGE_DATABASE_URL": "sqlite:///bench.db"}


async def _bare_loop(url: str, calls: int, concurrency: int) -> None:
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    transport = openai.DefaultAioHttpClient(limits=limits)
    async with openai.AsyncOpenAI(api_key="unused", base_url=url, max_retries=0, http_client=transport) as client:
        numbers = iter(range(calls))

        async def work() -> None:
            for number in numbers:
                await client.chat.completions.create(
                    model="candidate",
                    messages=[
                        {"role": "user", "content": f"{number}번 창고에 쌓인 상자의 수를 어림하는 방법은 무엇인가요?"}
                    ],
                    temperature=0,
                )

        await asyncio.gather(*(work() for _ in range(concurrency)))


def _print(rounds: list[Round], ideal_s: float) -> None:
    out = sys.stdout.write
    out(f"ideal {ideal_s:.2f} s\n")
    out(f"{'client':24} {'calls':>6} {'span s':>8} {'x ideal':>8} {'CPU ms/call (with start-up)':>28}\n")
    for client in dict.fromkeys(r.client for r in rounds):
        mine = [r for r in rounds if r.client == client]
        span = statistics.median(r.span_s for r in mine)
        cpu = statistics.median(r.cpu_ms_per_call for r in mine)
        out(f"{client:24} {mine[0].calls:6} {span:8.2f} {span / ideal_s:8.2f} {cpu:28.2f}\n")
    out(json.dumps({"ideal_s": ideal_s, "rounds": [asdict(r) for r in rounds]}) + "\n")


if __name__ == "__main__":
    main()
