"""A cap on cost: the worst case is set aside before a call goes out, and what the server bills never passes it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.budget import Budget, worst_case_usd
from providers.endpoint import Endpoint
from providers.errors import BudgetExhaustedError, BudgetHeldError, DeadlineExceededError, ProviderError
from providers.limits import ConcurrencyLimiter
from providers.pricing import Price, cost_usd
from providers.types import ChatMessage, ChatProvider, ChatRequest, ResponseSchema, SamplingParams, Usage
from tests.providers.asking import ONCE, openai_spec, request, with_provider
from tests.servers.behaviour import count_tokens
from tests.servers.faults import Fault, Reply, TokenUsage
from tests.servers.model_server import ModelServer

Result = TypeVar("Result")
PRICE = Price(input=2.0, cached=0.5, output=10.0)
ASKED = request(params=SamplingParams(max_output_tokens=100))
WORST = worst_case_usd(PRICE, ASKED)


def with_budget(
    server: ModelServer,
    budget: Budget,
    work: Callable[[Endpoint], Awaitable[Result]],
    *,
    price: Price | None = PRICE,
    limit: int = 32,
) -> Result:
    async def run(provider: ChatProvider) -> Result:
        return await work(Endpoint(provider, ConcurrencyLimiter(limit), ONCE, budget=budget, price=price))

    return with_provider(openai_spec(server), run)


def billed(server: ModelServer, price: Price = PRICE) -> float:
    """USD that the server would bill for what it delivered, by its own count."""
    tokens = [(record.prompt_tokens or 0, count_tokens(record.answer or "")) for record in server.delivered]
    return sum(cost_usd(price, Usage(prompt, completion)) or 0.0 for prompt, completion in tokens)


# The worst case is one.

DOLLARS = st.floats(0.001, 100, allow_nan=False)
PRICES = st.builds(
    Price,
    input=DOLLARS,
    cached=DOLLARS,
    output=DOLLARS,
    cache_write=st.none() | DOLLARS,
    batch=st.none() | st.floats(0.1, 1.0),
    long_from=st.none() | st.integers(1, 500),
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[ChatRequest, Usage, str | None]:
    """A request, and what it may have used: never more tokens than bytes, nor more answer than its cap."""
    texts = draw(st.lists(st.text(max_size=60), min_size=1, max_size=4))
    cap = draw(st.none() | st.integers(1, 5000))
    schema = ResponseSchema("s", {"description": draw(st.text(max_size=20))}) if draw(st.booleans()) else None
    asked = ChatRequest(
        tuple(ChatMessage("user", text) for text in texts), SamplingParams(max_output_tokens=cap), schema
    )
    most = sum(len(text.encode("utf-8", "replace")) + 16 for text in texts)
    prompt = draw(st.integers(0, most))
    usage = Usage(
        prompt,
        draw(st.integers(0, cap or 32_768)),
        cached_tokens=draw(st.none() | st.integers(0, prompt)),
        cache_write_tokens=draw(st.none() | st.integers(0, prompt)),
    )
    return asked, usage, draw(st.sampled_from([None, "default", "batch", "flex"]))


@given(PRICES, calls())
@settings(max_examples=400, deadline=None)
def test_no_call_costs_more_than_its_worst_case(price: Price, call: tuple[ChatRequest, Usage, str | None]) -> None:
    asked, usage, tier = call
    cost = cost_usd(price, usage, tier)
    worst = worst_case_usd(price, asked)
    assert cost is None or cost <= worst * (1 + 1e-9), (price, asked, usage, tier, cost, worst)


def test_a_schema_is_part_of_the_prompt_in_bytes() -> None:
    plain, schema = request(), {"description": "한국어 설명"}
    more = worst_case_usd(PRICE, request(response_schema=ResponseSchema("판정", schema))) - worst_case_usd(PRICE, plain)
    assert more >= len("한국어 설명".encode()) * PRICE.input / 1e6


def test_a_call_without_a_cap_is_taken_for_a_long_one() -> None:
    assert worst_case_usd(PRICE, request()) > worst_case_usd(
        PRICE, request(params=SamplingParams(max_output_tokens=9000))
    )


# What the server bills.


@pytest.mark.parametrize("calls_allowed", [0, 1, 3, 10])
def test_many_calls_at_once_never_pass_the_cap(model_server: ModelServer, calls_allowed: int) -> None:
    model_server.latency_s = 0.01
    # Answers fill their cap, so the room that each call leaves for others is small.
    model_server.behave("candidate", "가" * 400)
    cap = calls_allowed * WORST + WORST / 2
    budget = Budget(cap)

    async def work(endpoint: Endpoint) -> list[Any]:
        return await asyncio.gather(*(endpoint.complete(ASKED) for _ in range(40)), return_exceptions=True)

    said = with_budget(model_server, budget, work)
    bought = [one for one in said if not isinstance(one, BaseException)]
    assert all(isinstance(one, BudgetExhaustedError) for one in said if isinstance(one, BaseException)), said
    assert len(bought) == len(model_server.delivered) >= calls_allowed
    assert len(bought) < 40
    assert budget.spent == pytest.approx(billed(model_server))
    assert billed(model_server) <= cap


def test_a_call_waits_for_others_to_settle_before_it_gives_up(model_server: ModelServer) -> None:
    """Room for one worst case at a time, but every call really costs a tenth of it."""
    model_server.latency_s = 0.01
    model_server.behave("candidate", Reply("네.", usage=TokenUsage(5, 5)))
    budget = Budget(WORST * 1.9)

    async def work(endpoint: Endpoint) -> list[Any]:
        return await asyncio.gather(*(endpoint.complete(ASKED) for _ in range(12)))

    assert len(with_budget(model_server, budget, work)) == 12
    assert model_server.peak_in_flight == 1
    assert budget.spent == pytest.approx(12 * (5 * 2 + 5 * 10) / 1e6)


def test_the_error_says_what_was_spent_and_what_the_next_call_could_cost(model_server: ModelServer) -> None:
    budget = Budget(0.01, spent=0.0095)
    with pytest.raises(BudgetExhaustedError) as caught:
        with_budget(model_server, budget, lambda endpoint: endpoint.complete(ASKED))
    words = str(caught.value)
    assert "$0.0095 of $0.01 are spent" in words, words
    assert f"could cost ${WORST:.4f}" in words, words
    assert caught.value.stops_run
    assert not caught.value.retryable
    assert not model_server.requests


def test_what_was_spent_before_counts(model_server: ModelServer) -> None:
    with pytest.raises(BudgetExhaustedError):
        with_budget(model_server, Budget(1.0, spent=1.0), lambda endpoint: endpoint.complete(ASKED))
    with_budget(model_server, Budget(1.0, spent=0.9), lambda endpoint: endpoint.complete(ASKED))
    assert len(model_server.delivered) == 1


@pytest.mark.parametrize("fault", ["hang", "html", "no_choices"])
def test_a_call_that_the_server_may_bill_keeps_its_worst_case(model_server: ModelServer, fault: str) -> None:
    model_server.inject("candidate", then=fault)
    budget = Budget(10 * WORST)
    asked = request(params=ASKED.params, deadline_s=0.5 if fault == "hang" else 30)
    with pytest.raises(ProviderError):
        with_budget(model_server, budget, lambda endpoint: endpoint.complete(asked))
    assert budget.spent == pytest.approx(WORST)


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "unauthorized", "content_policy", "quota"])
def test_a_call_that_was_refused_costs_nothing(model_server: ModelServer, fault: str) -> None:
    model_server.inject("candidate", fault)
    budget = Budget(1.5 * WORST)

    async def work(endpoint: Endpoint) -> Any:
        with pytest.raises(ProviderError):
            await endpoint.complete(ASKED)
        assert budget.spent == 0
        return await endpoint.complete(ASKED)

    assert with_budget(model_server, budget, work).finish_reason == "stop"


def test_a_call_whose_use_is_not_told_counts_as_its_worst_case(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="no_usage")
    budget = Budget(10 * WORST)
    with_budget(model_server, budget, lambda endpoint: endpoint.complete(ASKED))
    assert budget.spent == pytest.approx(WORST)


def test_what_the_server_itself_says_it_cost_wins(model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 10, "cost": 0.0123}
    model_server.inject("candidate", then=Fault("cost", patch={"openai": {"usage": usage}}))
    budget = Budget(1.0)
    said = with_budget(model_server, budget, lambda endpoint: endpoint.complete(ASKED))
    assert said.usage.cost_usd == 0.0123
    assert budget.spent == pytest.approx(0.0123)


def test_what_an_unpriced_server_says_it_cost_counts_too(model_server: ModelServer) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 10, "cost": 0.4}
    model_server.inject("candidate", then=Fault("cost", patch={"openai": {"usage": usage}}))
    budget = Budget(1.0)

    async def work(endpoint: Endpoint) -> None:
        for _ in range(3):
            await endpoint.complete(ASKED)
        await endpoint.complete(ASKED)

    with pytest.raises(BudgetExhaustedError, match="are spent"):
        with_budget(model_server, budget, work, price=None)
    assert len(model_server.delivered) == 3
    assert budget.spent == pytest.approx(1.2)


def test_a_free_model_is_asked_whatever_is_left(model_server: ModelServer) -> None:
    free = Price(0.0, 0.0, 0.0)
    with_budget(model_server, Budget(0.0), lambda endpoint: endpoint.complete(ASKED), price=free)
    assert len(model_server.delivered) == 1


def test_a_deadline_of_one_call_leaves_the_next_its_room(model_server: ModelServer) -> None:
    model_server.inject("candidate", "hang")
    budget = Budget(2.5 * WORST)

    async def work(endpoint: Endpoint) -> Any:
        with pytest.raises(DeadlineExceededError):
            await endpoint.complete(request(params=ASKED.params, deadline_s=0.3))
        return await endpoint.complete(ASKED)

    assert with_budget(model_server, budget, work).finish_reason == "stop"


def test_a_call_that_is_cancelled_blocks_nobody() -> None:
    async def run() -> float:
        budget = Budget(1.5 * WORST)
        first = await budget.reserve(PRICE, ASKED)
        waiting = asyncio.create_task(budget.reserve(PRICE, ASKED))
        await asyncio.sleep(0)
        waiting.cancel()
        budget.settle(first, 0.0)
        return await asyncio.wait_for(budget.reserve(PRICE, ASKED), 5)

    assert asyncio.run(run()) == pytest.approx(WORST)


def test_what_open_batches_hold_is_waited_for_and_not_called_spent() -> None:
    async def run() -> None:
        budget = Budget(1.0)
        assert budget.hold(0.999999)
        with pytest.raises(BudgetHeldError, match=r"\$0\.0000 of \$1 are spent, up to \$1\.0000 are in open batches"):
            await budget.reserve(Price(10.0, 1.0, 10.0), request(params=SamplingParams(max_output_tokens=100)))
        budget.release(0.999999, 0.1)
        assert budget.spent == pytest.approx(0.1)
        assert await budget.reserve(Price(10.0, 1.0, 10.0), request(params=SamplingParams(max_output_tokens=100))) > 0

    asyncio.run(run())
