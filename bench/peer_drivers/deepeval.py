"""DeepEval: a G-Eval metric judges the answers through DeepEval's own client.

It has no generation of its own, so a bare loop makes the answers.
"""

import asyncio
from typing import Any

import openai
from deepeval import evaluate
from deepeval.evaluate.configs import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import GEval
from deepeval.models import LocalModel
from deepeval.test_case import LLMTestCase, SingleTurnParams

from bench.peer_drivers.arguments import Arguments, parse
from bench.replies import VERDICT_MARK
from bench.work import Work

_STEPS = [f"사실과 계산, 결론이 맞는지 확인한다. {VERDICT_MARK}: reason과 score를 담은 JSON." * 10]


async def answers(told: Arguments) -> list[str]:
    found = [""] * told.conversations
    numbers = iter(range(told.conversations))
    async with openai.AsyncOpenAI(api_key="unused", base_url=f"{told.url}/v1", max_retries=0) as client:

        async def work() -> None:
            for number in numbers:
                messages: Any = Work.answer_messages(number + 1, 1, [])
                reply = await client.chat.completions.create(model="candidate", messages=messages, temperature=0.0)
                found[number] = str(reply.choices[0].message.content)

        await asyncio.gather(*(work() for _ in range(told.concurrency)))
    return found


def main() -> None:
    told = parse()
    cases = [
        LLMTestCase(input=Work.prompt(number, 1), actual_output=answer)
        for number, answer in enumerate(asyncio.run(answers(told)), 1)
    ]
    shown = [SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT]
    judge = LocalModel(model="judge", api_key="unused", base_url=f"{told.url}/v1", temperature=0.0)
    metric = GEval(name="bench", evaluation_steps=_STEPS, evaluation_params=shown, model=judge)
    result = evaluate(
        cases,
        [metric],
        async_config=AsyncConfig(max_concurrent=told.concurrency),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
        cache_config=CacheConfig(write_cache=False),
    )
    if len(result.test_results) != told.conversations:
        raise SystemExit(f"deepeval: {len(result.test_results)} of {told.conversations} were judged")


if __name__ == "__main__":
    main()
