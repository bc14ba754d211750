"""The loops that kojudge is measured against: nothing is stored, retried or checked.

    python -m bench.bare_loops aiohttp|openai URL --conversations N --turns T --concurrency C

So many workers hold one conversation after the other: an answer, its verdict, the next turn's answer.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from bench.work import Message, Work

Call = Callable[[str, list[Message]], Awaitable[str]]


@asynccontextmanager
async def aiohttp_call(url: str, concurrency: int) -> AsyncIterator[Call]:
    """Calls through a bare aiohttp session."""
    import aiohttp

    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency), headers=headers) as session:

        async def call(model: str, messages: list[Message]) -> str:
            async with session.post(f"{url}/v1/chat/completions", data=Work.body(messages, model)) as reply:
                return str(json.loads(await reply.read())["choices"][0]["message"]["content"])

        yield call


@asynccontextmanager
async def openai_call(url: str, concurrency: int) -> AsyncIterator[Call]:
    """Calls through `AsyncOpenAI` over aiohttp, with a pool as large as the concurrency."""
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    transport = openai.DefaultAioHttpClient(limits=limits)
    async with openai.AsyncOpenAI(
        api_key="unused", base_url=f"{url}/v1", max_retries=0, http_client=transport
    ) as client:

        async def call(model: str, messages: list[Message]) -> str:
            typed: Any = messages
            reply = await client.chat.completions.create(model=model, messages=typed, **Work.params(messages))
            return str(reply.choices[0].message.content)

        yield call


LOOPS = {"aiohttp": aiohttp_call, "openai": openai_call}


async def hold(call: Call, work: Work, concurrency: int) -> None:
    """Hold every conversation of the work."""
    numbers = iter(range(1, work.conversations + 1))

    async def worker() -> None:
        for number in numbers:
            answers: list[str] = []
            for turn in range(1, work.turns + 1):
                answers.append(await call("candidate", work.answer_messages(number, turn, answers)))
                await call("judge", work.verdict_messages(number, turn, answers))

    await asyncio.gather(*(worker() for _ in range(concurrency)))


async def _main(options: argparse.Namespace) -> None:
    async with LOOPS[options.loop](options.url, options.concurrency) as call:
        await hold(call, Work(options.conversations, options.turns), options.concurrency)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("loop", choices=LOOPS)
    parser.add_argument("url")
    parser.add_argument("--conversations", type=int, required=True)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--concurrency", type=int, default=64)
    asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
