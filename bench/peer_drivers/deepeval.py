"""DeepEval: a G-Eval metric judges the answers; it has no generation of its own, so a bare loop makes them."""

import asyncio
import json
from typing import Any

import openai
from deepeval import evaluate
from deepeval.evaluate.configs import AsyncConfig, CacheConfig, DisplayConfig
from deepeval.metrics import GEval
from deepeval.models import DeepEvalBaseLLM
from deepeval.test_case import LLMTestCase, SingleTurnParams

from bench.peer_drivers.arguments import Arguments, parse
from bench.replies import VERDICT_MARK
from bench.work import Work

_STEPS = [f"사실과 계산, 결론이 맞는지 확인한다. {VERDICT_MARK}: reason과 score를 담은 JSON." * 10]


class Judge(DeepEvalBaseLLM):  # type: ignore[misc]
    """A model behind an OpenAI-compatible address, with one client for all calls."""

    def __init__(self, url: str) -> None:
        self._client = openai.AsyncOpenAI(api_key="unused", base_url=f"{url}/v1", max_retries=0)

    def load_model(self) -> Any:
        return self._client

    def get_model_name(self) -> str:
        return "judge"

    def generate(self, prompt: str, schema: Any = None) -> Any:
        raise NotImplementedError("only asked asynchronously")

    async def a_generate(self, prompt: str, schema: Any = None) -> Any:
        reply = await self._client.chat.completions.create(
            model="judge", messages=[{"role": "user", "content": prompt}], temperature=0.0
        )
        content = str(reply.choices[0].message.content)
        return content if schema is None else schema(**json.loads(content))


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
    metric = GEval(name="bench", evaluation_steps=_STEPS, evaluation_params=shown, model=Judge(told.url))
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
