"""What an endpoint does with a parameter that its server refuses: an error, or a drop that is recorded."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from providers.endpoint import Endpoint
from providers.errors import InvalidRequestError, UnsupportedParameterError
from providers.limits import ConcurrencyLimiter
from providers.types import ChatProvider, SamplingParams
from tests.providers.asking import ONCE, ollama_spec, openai_spec, request, with_provider
from tests.servers.faults import ErrorBody, Fault
from tests.servers.model_server import ModelServer

Result = TypeVar("Result")
COLD = SamplingParams(temperature=0.0, max_output_tokens=64)


def refused(param: str, message: str | None = None, when: Callable[[dict[str, Any]], bool] | None = None) -> Fault:
    """HTTP 400: the server does not know this parameter."""
    words = message or f"Unsupported parameter: '{param}' is not supported with this model."
    error = ErrorBody(words, code="unsupported_parameter", param=param)
    return Fault(f"no_{param}", status=400, error=error, when=when)


def through_endpoint(
    spec: str, work: Callable[[Endpoint], Awaitable[Result]], *, drop_unsupported: bool = True, limit: int = 8
) -> Result:
    async def run(provider: ChatProvider) -> Result:
        return await work(Endpoint(provider, ConcurrencyLimiter(limit), ONCE, drop_unsupported=drop_unsupported))

    return with_provider(spec, run)


def test_without_the_flag_a_refused_parameter_is_an_error_of_one_request(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="unsupported_temperature")
    with pytest.raises(UnsupportedParameterError, match="temperature") as caught:
        through_endpoint(openai_spec(model_server), lambda e: e.complete(request(params=COLD)), drop_unsupported=False)
    assert caught.value.param == "temperature"
    assert len(model_server.chats) == 1


def test_with_the_flag_it_is_left_out_and_recorded_and_later_calls_do_not_try_it(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="unsupported_temperature")

    async def work(endpoint: Endpoint) -> list[Any]:
        return [await endpoint.complete(request(f"질문 {n}", params=COLD)) for n in range(3)]

    said = through_endpoint(openai_spec(model_server), work)
    assert [one.dropped_params for one in said] == [{"temperature": 0.0}] * 3
    assert [one.sent_params for one in said] == [{"max_tokens": 64}] * 3
    assert ["temperature" in record.body for record in model_server.chats] == [True, False, False, False]
    assert all(record.body["max_tokens"] == 64 for record in model_server.chats)


def test_a_call_that_never_asked_for_it_has_dropped_nothing(model_server: ModelServer) -> None:
    model_server.inject("candidate", then="unsupported_temperature")

    async def work(endpoint: Endpoint) -> list[Any]:
        asked = (request(params=COLD), request(params=SamplingParams(seed=1)))
        return [(await endpoint.complete(one)).dropped_params for one in asked]

    assert through_endpoint(openai_spec(model_server), work) == [{"temperature": 0.0}, {}]
    assert model_server.chats[-1].body["seed"] == 1


def test_first_calls_side_by_side_all_succeed(model_server: ModelServer) -> None:
    model_server.latency_s = 0.02
    model_server.inject("candidate", then="unsupported_temperature")

    async def work(endpoint: Endpoint) -> list[Any]:
        return await asyncio.gather(*(endpoint.complete(request(f"질문 {n}", params=COLD)) for n in range(8)))

    said = through_endpoint(openai_spec(model_server), work)
    assert [one.dropped_params for one in said] == [{"temperature": 0.0}] * 8
    assert len(model_server.delivered) == 8
    assert len(model_server.chats) <= 16, "a refused call is asked once more, not oftener"
    assert not any("temperature" in record.body for record in model_server.delivered)


def test_two_refused_parameters_are_both_dropped(model_server: ModelServer) -> None:
    model_server.inject("candidate", then=refused("seed", when=lambda body: "seed" in body))
    model_server.inject("candidate", then=refused("stop", when=lambda body: "stop" in body))
    params = SamplingParams(temperature=0.5, seed=7, stop=("끝",))
    said = through_endpoint(openai_spec(model_server), lambda e: e.complete(request(params=params)))
    assert said.dropped_params == {"seed": 7, "stop": ("끝",)}
    assert said.sent_params == {"temperature": 0.5}
    assert len(model_server.chats) == 3


@pytest.mark.parametrize("param", ["max_tokens", "max_completion_tokens", "messages", "response_format", "mystery"])
def test_what_must_not_be_dropped_is_an_error(model_server: ModelServer, param: str) -> None:
    model_server.inject("candidate", then=refused(param))
    with pytest.raises(UnsupportedParameterError) as caught:
        through_endpoint(openai_spec(model_server), lambda e: e.complete(request(params=COLD)))
    assert caught.value.param == param
    assert len(model_server.chats) == 1
    assert model_server.chats[0].body["max_tokens"] == 64


def test_a_server_that_refuses_what_was_not_sent_is_not_asked_for_ever(model_server: ModelServer) -> None:
    model_server.inject("candidate", then=refused("temperature"))

    async def work(endpoint: Endpoint) -> None:
        async with asyncio.timeout(20):
            await endpoint.complete(request(params=COLD))

    with pytest.raises(UnsupportedParameterError):
        through_endpoint(openai_spec(model_server), work)
    assert len(model_server.chats) == 2
    assert "temperature" not in model_server.chats[1].body


def test_another_error_drops_nothing(model_server: ModelServer) -> None:
    model_server.inject("candidate", "content_policy")

    async def work(endpoint: Endpoint) -> Any:
        with pytest.raises(InvalidRequestError):
            await endpoint.complete(request(params=COLD))
        return await endpoint.complete(request(params=COLD))

    assert through_endpoint(openai_spec(model_server), work).dropped_params == {}
    assert all(record.body["temperature"] == 0.0 for record in model_server.chats)


def test_what_the_adapter_itself_could_not_do_stays_recorded_beside_it(model_server: ModelServer) -> None:
    model_server.inject("candidate", then=refused("seed", when=lambda body: "seed" in body["options"]))
    params = SamplingParams(seed=7, logprobs=1)  # this server knows no logprobs unless they are patched in
    model_server.inject("candidate", then=Fault("no_logprobs", patch={"ollama": {"logprobs": None}}))
    said = through_endpoint(ollama_spec(model_server), lambda e: e.complete(request(params=params)))
    assert said.dropped_params == {"seed": 7, "logprobs": 1}
