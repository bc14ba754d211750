"""Three of ten requests go wrong, in every way there is: each call still ends in a completion or a typed error."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from providers.endpoint import Endpoint
from providers.errors import MalformedResponseError, ProviderError
from providers.limits import ConcurrencyLimiter
from providers.retry import RetryPolicy
from providers.types import ChatCompletion, ChatProvider
from tests.providers.asking import ollama_spec, openai_spec, request, with_provider
from tests.servers.model_server import ModelServer

MIX = (
    "rate_limit",
    "rate_limit_float",
    "server_error",
    "busy",
    "bad_gateway",
    "hang",
    "reset",
    "truncated",
    "html",
    "error_in_200",
    "empty_content",
    "dribble",
)
POLICY = RetryPolicy(max_attempts=6, initial_wait_s=0.02, max_wait_s=0.2, outage_s=30)
CALLS = 300


@pytest.mark.parametrize("spec", [openai_spec, ollama_spec])
@pytest.mark.parametrize(("seed", "limit"), [(1, 32), (2, 32), (3, 8)])
def test_every_call_ends_and_none_is_asked_again_without_need(
    model_server: ModelServer, spec: Callable[[ModelServer], str], seed: int, limit: int
) -> None:
    model_server.latency_s = 0.02
    for fault in MIX:
        model_server.inject_share("candidate", fault, 0.3 / len(MIX), seed=seed)
    told: list[str] = []

    async def work(provider: ChatProvider) -> list[ChatCompletion | BaseException]:
        endpoint = Endpoint(provider, ConcurrencyLimiter(limit), POLICY, tell=told.append)
        numbers = iter(range(CALLS))
        ends: list[ChatCompletion | BaseException] = []

        async def caller() -> None:
            for number in numbers:
                try:
                    ends.append(await endpoint.complete(request(f"질문 {number}", deadline_s=1.5)))
                except ProviderError as error:
                    ends.append(error)

        async with asyncio.timeout(120):
            await asyncio.gather(*(caller() for _ in range(limit + limit // 2)))
            assert endpoint.limiter.in_flight == 0
            model_server.clear_faults()
            assert isinstance(await endpoint.complete(request("마지막 질문")), ChatCompletion), "the gate is open"
        return ends

    ends = with_provider(spec(model_server), work, connections=limit)
    kinds = Counter(type(end).__name__ for end in ends)
    assert len(ends) == CALLS
    assert kinds["ChatCompletion"] >= 0.6 * CALLS, kinds
    assert not told, "no outage"
    assert not model_server.bought_twice()
    _check_attempts(model_server)
    struck = {record.fault for record in model_server.chats}
    assert struck >= set(MIX) - {"rate_limit_float"}, struck
    malformed = [end for end in ends if isinstance(end, MalformedResponseError)]
    assert len(malformed) <= 0.05 * CALLS, kinds


def _check_attempts(server: ModelServer) -> None:
    asked = Counter(record.prompt for record in server.chats)
    assert len(asked) == CALLS + 1
    assert max(asked.values()) <= POLICY.max_attempts, asked.most_common(3)
    sold: set[str] = set()
    for record in server.chats:
        assert record.prompt not in sold, f"{record.prompt} was asked again after it had been answered"
        if record.sold:
            sold.add(record.prompt)
