"""Requests and tokens a minute: what headers say, what a plan sets, and what an estimate learns."""

import asyncio
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.endpoint import Endpoint
from providers.http_errors import duration_s, rate_limit_info
from providers.limits import ConcurrencyLimiter
from providers.rates import RateLimits, TokenEstimate
from providers.types import Allowance, ChatMessage, ChatProvider, ChatRequest, RateLimitInfo, SamplingParams, Usage
from tests.providers.asking import ONCE, ask, openai_spec, request, with_provider
from tests.servers.faults import Fault, Reply, TokenUsage
from tests.servers.model_server import ModelServer


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12ms", 0.012),
        ("6m0s", 360.0),
        ("1h2m3s", 3723.0),
        ("1h2m3.5s", 3723.5),
        ("1s", 1.0),
        ("500µs", 0.0005),
        ("250us", 0.00025),
        ("7ns", 7e-9),
        ("0s", 0.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("60", 60.0),
        (" 6m0s ", 360.0),
        ("-1", None),
        ("-1s", None),
        ("", None),
        ("soon", None),
        ("6 m", None),
        ("5m garbage", None),
        ("m5s", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("9" * 400 + "s", None),
        ("2026-11-23T00:00:00Z", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    found = duration_s(text)
    assert found == (None if seconds is None else pytest.approx(seconds)), (text, found)


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_text_makes_a_duration_that_is_negative_or_endless(text: str) -> None:
    found = duration_s(text)
    assert found is None or 0 <= found < math.inf, (text, found)


def headers(
    limit: object = 100, remaining: object = 40, reset: object = "1s", unit: str = "requests"
) -> dict[str, str]:
    names = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{name}-{unit}": str(value) for name, value in names.items() if value is not None}


@pytest.mark.parametrize(
    ("given_headers", "found"),
    [
        (headers(), RateLimitInfo(requests=Allowance(100, 40, 1.0))),
        (headers(unit="tokens", reset="6m0s"), RateLimitInfo(tokens=Allowance(100, 40, 360.0))),
        (headers(remaining=0, reset="12ms"), RateLimitInfo(requests=Allowance(100, 0, 0.012))),
        (headers(remaining=100, reset="0"), RateLimitInfo(requests=Allowance(100, 100, 0.0))),
        (
            headers(500, 499, "120ms") | headers(30000, 29000, "2s", "tokens"),
            RateLimitInfo(Allowance(500, 499, 0.12), Allowance(30000, 29000, 2.0)),
        ),
        ({}, None),
        (headers(limit=None), None),
        (headers(remaining=None), None),
        (headers(reset=None), None),
        (headers(limit=0, remaining=0), None),
        (headers(limit=-1, remaining=-1), None),
        (headers(remaining=-1), None),
        (headers(remaining=101), None),
        (headers(limit="many"), None),
        (headers(limit="1.5"), None),
        (headers(reset="-1"), None),
        (headers(reset="soon"), None),
        (headers(limit="9" * 400, remaining="9" * 400), None),
        (headers(limit="9" * 5000, remaining=0), None),
    ],
)
def test_headers(given_headers: dict[str, str], found: RateLimitInfo | None) -> None:
    assert rate_limit_info(given_headers) == found, given_headers


def test_headers_of_a_reply_reach_the_completion(model_server: ModelServer) -> None:
    assert ask(openai_spec(model_server)).rate_limit == RateLimitInfo(requests=Allowance(500, 499, 0.12))


# Pacing: every gap is measured by the server that was asked.


def gaps(server: ModelServer) -> list[float]:
    """Seconds between the arrivals of chat requests."""
    return [later.received_at - earlier.received_at for earlier, later in pairwise(server.chats)]


def ask_in_turn(server: ModelServer, rates: RateLimits, count: int, *, at_once: bool = False, cap: int = 50) -> None:
    async def work(provider: ChatProvider) -> None:
        endpoint = Endpoint(provider, ConcurrencyLimiter(8), ONCE, rates=rates)
        calls: list[Callable[[], Any]] = [
            lambda n=n: endpoint.complete(request(f"질문 {n}", params=SamplingParams(max_output_tokens=cap)))
            for n in range(count)
        ]
        if at_once:
            await asyncio.gather(*(call() for call in calls))
        else:
            for call in calls:
                await call()

    with_provider(openai_spec(server), work)


def told(limit: int, remaining: int, reset: str, unit: str = "requests") -> Fault:
    """A good reply with these headers."""
    return Fault("told", headers=headers(limit, remaining, reset, unit))


def test_requests_a_minute_are_paced(model_server: ModelServer) -> None:
    """60 a minute: a burst of ten seconds' worth, then one a second; slack for a busy machine."""
    model_server.inject("candidate", then=told(0, 0, "0s"))
    ask_in_turn(model_server, RateLimits(requests_per_minute=60), 12, at_once=True)
    arrivals = [record.received_at for record in model_server.chats]
    assert arrivals[-1] - arrivals[0] >= 0.6, gaps(model_server)


def test_tokens_a_minute_are_paced(model_server: ModelServer) -> None:
    """6000 a minute are 100 a second: the first call reserves them all, the second pays with what that left over."""
    model_server.inject("candidate", then=told(0, 0, "0s"))
    model_server.behave("candidate", Reply("네.", usage=TokenUsage(20, 20)))
    ask_in_turn(model_server, RateLimits(tokens_per_minute=6000), 3, cap=6000)
    _, third = gaps(model_server)
    assert third >= 0.3, gaps(model_server)


def test_tokens_beyond_the_estimate_are_paid_by_the_next_call() -> None:
    rates = RateLimits(tokens_per_minute=6000)
    asked = request(params=SamplingParams(max_output_tokens=10))

    async def run() -> None:
        reserved = await asyncio.wait_for(rates.acquire(asked), 5)
        assert reserved < 100
        rates.settle(asked, reserved, Usage(20, 20_000), None)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rates.acquire(asked), 0.2)

    asyncio.run(run())


def test_no_limit_never_waits(model_server: ModelServer) -> None:
    model_server.inject("candidate", then=told(0, 0, "0s"))
    rates = RateLimits()

    async def run() -> float:
        return await asyncio.wait_for(rates.acquire(request()), 5)

    assert asyncio.run(run()) == 0.0
    ask_in_turn(model_server, rates, 3)
    assert asyncio.run(run()) == 0.0, "headers that say nothing change nothing"


def test_nothing_left_makes_the_next_call_wait_for_the_reset(model_server: ModelServer) -> None:
    model_server.inject("candidate", told(1, 0, "700ms"), then=told(1, 1, "0s"))
    ask_in_turn(model_server, RateLimits(), 3)
    first, second = gaps(model_server)
    assert first >= 0.6, (first, second)
    assert second < first, (first, second)


def test_calls_that_come_together_wait_one_behind_the_other(model_server: ModelServer) -> None:
    """An allowance of five that is full again in 1.5 s gives one place in 0.3 s."""
    clock = [0.0]
    rates = RateLimits(clock=lambda: clock[0])
    rates.settle(request(), 0.0, Usage(), RateLimitInfo(requests=Allowance(5, 0, 1.5)))
    waits: list[float] = []

    async def run() -> None:
        async def one() -> None:
            start = asyncio.get_running_loop().time()
            await rates.acquire(request())
            waits.append(asyncio.get_running_loop().time() - start)

        await asyncio.gather(*(one() for _ in range(3)))

    asyncio.run(run())
    assert [w >= 0.29 * (n + 1) for n, w in enumerate(waits)] == [True] * 3, waits


def test_an_allowance_is_full_again_after_its_reset() -> None:
    clock = [0.0]
    rates = RateLimits(clock=lambda: clock[0])
    rates.settle(request(), 0.0, Usage(), RateLimitInfo(requests=Allowance(5, 0, 3600.0)))
    clock[0] = 3600.0

    async def run() -> None:
        for _ in range(5):
            await asyncio.wait_for(rates.acquire(request()), 5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rates.acquire(request()), 0.2)

    asyncio.run(run())


def test_a_reset_at_once_holds_nobody_up() -> None:
    for allowance in (Allowance(5, 0, 0.0), Allowance(1, 0, 1e-9)):
        rates = RateLimits(clock=lambda: 0.0)
        rates.settle(request(), 0.0, Usage(), RateLimitInfo(requests=allowance))
        for _ in range(4 if allowance.limit > 1 else 1):
            asyncio.run(asyncio.wait_for(rates.acquire(request()), 0.15))


def test_a_token_allowance_counts_tokens() -> None:
    clock = [0.0]
    rates = RateLimits(clock=lambda: clock[0])
    asked = request(params=SamplingParams(max_output_tokens=100))
    rates.settle(asked, 0.0, Usage(10, 100), RateLimitInfo(tokens=Allowance(100_000, 150, 3600.0)))

    async def run() -> None:
        assert 0 < await asyncio.wait_for(rates.acquire(asked), 5) <= 150
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(rates.acquire(asked), 0.2)

    asyncio.run(run())


# The estimate.


def test_before_anything_is_known_the_cap_is_expected() -> None:
    short = TokenEstimate().of(request("가" * 100, params=SamplingParams(max_output_tokens=300)))
    assert 300 < short <= 300 + 2 * 108
    assert TokenEstimate().of(request("가" * 100)) > 1000


def test_the_estimate_learns_from_what_was_counted() -> None:
    estimate, asked = TokenEstimate(), request("가" * 1000, params=SamplingParams(max_output_tokens=4000))
    before = estimate.of(asked)
    for _ in range(60):
        estimate.learn(asked, Usage(500, 200))
    assert before > 4000
    assert estimate.of(asked) == pytest.approx(700, rel=0.05)


def test_an_unknown_count_teaches_nothing() -> None:
    estimate, asked = TokenEstimate(), request("가" * 100)
    before = estimate.of(asked)
    estimate.learn(asked, Usage())
    assert estimate.of(asked) == before


COUNTS = st.one_of(st.none(), st.integers(0, 2**53 - 1))


@given(st.lists(st.tuples(st.text(max_size=30), COUNTS, COUNTS), max_size=40), st.integers(1, 2**31))
@settings(max_examples=200, deadline=None)
def test_the_estimate_is_never_negative_and_always_finite(
    calls: list[tuple[str, int | None, int | None]], cap: int
) -> None:
    estimate = TokenEstimate()
    for text, prompt, completion in calls:
        asked = ChatRequest((ChatMessage("user", text),), SamplingParams(max_output_tokens=cap))
        estimate.learn(asked, Usage(prompt, completion))
        expected = estimate.of(asked)
        assert 0 <= expected < math.inf, (calls, expected)


ALLOWANCES = st.builds(
    lambda limit, share, reset_s: Allowance(limit, int(limit * share), reset_s),
    st.integers(1, 2**53 - 1),
    st.floats(0, 0.99),
    st.floats(0, 1e8),
)


@given(st.lists(st.tuples(ALLOWANCES, ALLOWANCES, COUNTS), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_no_header_makes_anyone_wait_longer_than_a_minute(
    replies: list[tuple[Allowance, Allowance, int | None]],
) -> None:
    async def run() -> list[float]:
        waited: list[float] = []
        asleep = asyncio.sleep

        async def noted(seconds: float) -> None:
            waited.append(seconds)
            await asleep(0)

        rates = RateLimits(clock=lambda: 0.0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("providers.rates.asyncio.sleep", noted)
            for requests, tokens, count in replies:
                reserved = await rates.acquire(request())
                rates.settle(request(), reserved, Usage(count, count), RateLimitInfo(requests, tokens))
            await rates.acquire(request())
        return waited

    waited = asyncio.run(run())
    assert all(0 < seconds <= 60 for seconds in waited), waited
