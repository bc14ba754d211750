"""How often a model is asked, counted at the server, and what the policy decides between two attempts."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate

import pytest

from providers.endpoint import Endpoint
from providers.errors import (
    AuthenticationError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    MalformedResponseError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitError,
    ServerError,
    SuspectedQuotaError,
)
from providers.http_errors import retry_after_s
from providers.limits import ConcurrencyLimiter
from providers.retry import RetryPolicy, complete_with_retry
from providers.types import ChatCompletion, ChatProvider
from tests.providers.asking import QUICK, ask, openai_spec, request, with_provider
from tests.servers.faults import FAULTS, Fault, http_error, rate_limited
from tests.servers.model_server import ModelServer

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("fault", "error", "attempts"),
    [
        ("quota", SuspectedQuotaError, 3),
        ("unauthorized", AuthenticationError, 1),
        ("forbidden", PermissionDeniedError, 1),
        ("model_not_found", ModelNotFoundError, 1),
        ("context_length", InvalidRequestError, 1),
        ("content_policy", InvalidRequestError, 1),
        ("hang", DeadlineExceededError, 1),
        ("html", MalformedResponseError, 2),
        ("no_choices", MalformedResponseError, 2),
        ("rate_limit", RateLimitError, 4),
        ("rate_limit_garbled", RateLimitError, 4),
        ("request_timeout", ServerError, 4),
        ("server_error", ServerError, 4),
        ("error_finish_reason", ServerError, 4),
        ("disconnect", ConnectionFailedError, 4),
        ("truncated", ConnectionFailedError, 4),
    ],
)
def test_attempts_per_fault(model_server: ModelServer, fault: str, error: type[ProviderError], attempts: int) -> None:
    model_server.inject("candidate", then=fault)
    told: list[ProviderError] = []
    asked = request(deadline_s=1.0 if fault == "hang" else 60)
    with pytest.raises(error):
        ask(openai_spec(model_server), asked, policy=QUICK, on_retry=told.append)
    assert len(model_server.chats) == attempts
    assert [type(one) for one in told] == [error] * (attempts - 1)


def test_a_vendors_quota_error_is_final(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="quota")
    with pytest.raises(QuotaExhaustedError):
        ask(openai_spec(model_server, provider="openai"), policy=QUICK)
    assert len(model_server.chats) == 1


def test_a_passing_fault_costs_one_completion(model_server: ModelServer) -> None:
    model_server.inject("candidate", "server_error", "disconnect", "rate_limit")
    assert ask(openai_spec(model_server), policy=QUICK).finish_reason == "stop"
    assert len(model_server.chats) == 4
    assert len(model_server.delivered) == 1
    assert len({record.key for record in model_server.chats}) == 1


def test_one_attempt_is_one_attempt(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="server_error")
    with pytest.raises(ServerError):
        ask(openai_spec(model_server), policy=RetryPolicy(max_attempts=1))
    assert len(model_server.chats) == 1


def test_a_malformed_reply_after_another_fault_is_still_asked_again(model_server: ModelServer) -> None:
    model_server.inject("candidate", "server_error", "html")
    assert ask(openai_spec(model_server), policy=QUICK).finish_reason == "stop"
    assert len(model_server.chats) == 3


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (rate_limited(retry_after="0"), 0.0),
        (rate_limited(retry_after=0.03), 0.03),
        (rate_limited(retry_after_ms=20), 0.02),
        (rate_limited(retry_after=90, retry_after_ms=10), 0.01),
        (rate_limited(date_s=-30), 0.0),
        (replace(FAULTS["busy"], headers={"Retry-After": "0.02"}), 0.02),
    ],
    ids=["seconds", "float", "milliseconds", "both", "past-date", "503"],
)
def test_the_wait_asked_for_is_taken(model_server: ModelServer, fault: Fault, seconds: float) -> None:
    model_server.inject("candidate", fault)
    told: list[ProviderError] = []
    said = ask(openai_spec(model_server), policy=QUICK, on_retry=told.append)
    assert said.finish_reason == "stop"
    (error,) = told
    assert error.retry_after_s == pytest.approx(seconds)
    assert len(model_server.chats) == 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "1"}, 1.0),
        ({"retry-after": "0.2"}, 0.2),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "nan"}, 0.0),
        ({"retry-after-ms": "150"}, 0.15),
        ({"retry-after-ms": "150", "retry-after": "1"}, 0.15),
        ({"retry-after-ms": "odd", "retry-after": "2"}, 2.0),
        ({"retry-after": formatdate(NOW + 40, usegmt=True)}, 40.0),
        ({"retry-after": formatdate(NOW - 40, usegmt=True)}, 0.0),
        ({"retry-after": time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(NOW + 40))}, 40.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, None),
        ({"retry-after": "6m0s"}, 360.0),
        ({"retry-after": "1500ms"}, 1.5),
    ],
)
def test_retry_after_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, now=NOW) == (None if seconds is None else pytest.approx(seconds))


def test_retry_after_as_a_date_is_measured_from_now() -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    wait = retry_after_s({"retry-after": value})
    assert wait is not None
    assert 3000 < wait <= 3600


@pytest.mark.parametrize("wait", [600, "inf", 1e300])
def test_a_wait_above_the_cap_ends_the_call(model_server: ModelServer, wait: float | str) -> None:
    model_server.inject("candidate", then=rate_limited(retry_after=wait))
    with pytest.raises(RateLimitError) as caught:
        ask(openai_spec(model_server), policy=QUICK)
    assert (caught.value.retry_after_s or 0) > QUICK.retry_after_cap_s
    assert len(model_server.chats) == 1


def test_the_cap_is_the_policys(model_server: ModelServer) -> None:
    model_server.inject("candidate", then=rate_limited(retry_after=0.03))
    with pytest.raises(RateLimitError):
        ask(openai_spec(model_server), policy=RetryPolicy(4, 0.01, 0.05, retry_after_cap_s=0.02))
    assert len(model_server.chats) == 1


def test_the_last_error_is_raised_as_it_came(model_server: ModelServer) -> None:
    model_server.inject("candidate", "server_error", "busy", "bad_gateway", then=http_error(500, "마지막"))
    with pytest.raises(ServerError, match=r"^HTTP 500: 마지막$"):
        ask(openai_spec(model_server), policy=QUICK)


def test_what_is_no_provider_error_is_not_retried() -> None:
    calls = 0

    async def call() -> ChatCompletion:
        nonlocal calls
        calls += 1
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(complete_with_retry(call, QUICK))
    assert calls == 1


def test_a_place_is_given_back_while_a_call_waits(model_server: ModelServer) -> None:
    model_server.inject("candidate", rate_limited(retry_after=0.3), when=lambda body: "먼저" in str(body))

    async def work(provider: ChatProvider) -> None:
        endpoint = Endpoint(provider, ConcurrencyLimiter(1), QUICK)
        await asyncio.gather(endpoint.complete(request("먼저")), endpoint.complete(request("나중")))

    with_provider(openai_spec(model_server), work)
    assert [record.prompt for record in model_server.chats] == ["먼저", "나중", "먼저"]


def test_a_place_is_given_back_after_an_error(model_server: ModelServer) -> None:
    model_server.inject("candidate", "content_policy", "hang")

    async def work(provider: ChatProvider) -> str:
        endpoint = Endpoint(provider, ConcurrencyLimiter(1), QUICK)
        with pytest.raises(InvalidRequestError):
            await endpoint.complete(request())
        with pytest.raises(DeadlineExceededError):
            await endpoint.complete(request(deadline_s=0.3))
        return (await endpoint.complete(request())).finish_reason

    assert with_provider(openai_spec(model_server), work) == "stop"


def test_the_deadline_does_not_count_the_wait_for_a_place(model_server: ModelServer) -> None:
    model_server.behave("candidate", "네.", latency_s=0.5)

    async def work(provider: ChatProvider) -> list[ChatCompletion]:
        endpoint = Endpoint(provider, ConcurrencyLimiter(1), QUICK)
        asked = [endpoint.complete(request(f"질문 {n}", deadline_s=2.0)) for n in range(5)]
        return await asyncio.gather(*asked)

    assert len(with_provider(openai_spec(model_server), work)) == 5


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_calls_in_flight_than_the_limit(model_server: ModelServer, limit: int) -> None:
    model_server.latency_s = 0.02
    model_server.inject_share("candidate", "server_error", 0.2, seed=4)

    async def work(provider: ChatProvider) -> list[ChatCompletion]:
        endpoint = Endpoint(provider, ConcurrencyLimiter(limit), RetryPolicy(20, 0.01, 0.05))
        return await asyncio.gather(*(endpoint.complete(request(f"질문 {n}")) for n in range(20)))

    assert len(with_provider(openai_spec(model_server), work)) == 20
    assert len(model_server.chats) > 20
    assert model_server.peak_in_flight <= limit
    assert not model_server.bought_twice()


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ConcurrencyLimiter(0)
