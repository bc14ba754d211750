"""The batch lane: what is handed in, what is found again, and what every line of a result becomes."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import pytest

from providers.batch import TIER, BatchHandle, BatchStatus, OpenAIBatchProvider, Outcome
from providers.errors import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidRequestError,
    MalformedResponseError,
    NotProcessedError,
    ProviderError,
    QuotaExhaustedError,
    RateLimitError,
    ServerError,
    SpecError,
)
from providers.pricing import Price, cost_usd
from providers.registry import has_batches, open_batch_provider, parse_spec
from providers.types import ChatCompletion, Usage
from tests.providers.asking import ask, openai_spec, request
from tests.servers.faults import Reply
from tests.servers.model_server import ModelServer

Result = TypeVar("Result")
IDS = [f"{n:064x}" for n in range(1, 7)]
KEY = "sk-planted-0123456789"


def with_batches(server: ModelServer, work: Callable[[OpenAIBatchProvider], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        spec = parse_spec(openai_spec(server, provider="openai"))
        provider = open_batch_provider(spec, {"OPENAI_API_KEY": KEY})
        try:
            return await work(provider)
        finally:
            await provider.aclose()

    return asyncio.run(run())


async def submit(provider: OpenAIBatchProvider, label: str = "a", ids: Sequence[str] = IDS) -> BatchHandle:
    return await provider.submit([provider.line(i, request(f"질문 {i[-1]}"))[0] for i in ids], label)


async def outcomes(
    provider: OpenAIBatchProvider, status: BatchStatus, sent: Mapping[str, Any] | None = None
) -> list[Outcome]:
    return [outcome async for outcome in provider.results(status, sent or {})]


def collected(server: ModelServer) -> tuple[BatchStatus, list[Outcome]]:
    async def work(provider: OpenAIBatchProvider) -> tuple[BatchStatus, list[Outcome]]:
        status = await provider.poll((await submit(provider)).id)
        return status, await outcomes(provider, status, {"seed": 1})

    return with_batches(server, work)


def test_results_are_joined_by_id_and_read_as_a_live_reply_is(model_server: ModelServer):
    status, found = collected(model_server)
    assert (status.state, status.completed, status.failed, status.total) == ("completed", 6, 0, 6)
    assert status.ended
    assert status.expires_at is not None
    assert [i for i, _ in found] != IDS, "the server is meant to shuffle"
    completions = {i: c for i, c in found if isinstance(c, ChatCompletion)}
    assert sorted(map(str, completions)) == IDS
    for custom_id in IDS:
        live = ask(openai_spec(model_server), request(f"질문 {custom_id[-1]}"))
        batched = completions[custom_id]
        assert (batched.text, batched.usage, batched.served_model) == (live.text, live.usage, live.served_model)
        assert batched.service_tier == "batch"
        assert batched.sent_params == {"seed": 1}
        assert batched.request_id is not None


def test_a_line_holds_what_a_live_call_would_send(model_server: ModelServer):
    async def work(provider: OpenAIBatchProvider) -> tuple[bytes, dict[str, Any]]:
        return provider.line(IDS[0], request("질문"))

    line, sent = with_batches(model_server, work)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    row = json.loads(line)
    assert (row["custom_id"], row["method"], row["url"]) == (IDS[0], "POST", "/v1/chat/completions")
    ask(openai_spec(model_server, provider="openai"), request("질문"), environ={"OPENAI_API_KEY": KEY})
    assert row["body"] == model_server.delivered[-1].body
    assert sent == {}


def test_garbage_duplicates_and_strange_ids_are_typed_and_nothing_breaks(model_server: ModelServer):
    model_server.batches.mess = True
    _, found = collected(model_server)
    unreadable = [e for i, e in found if i is None]
    assert len(unreadable) == 4
    assert all(isinstance(e, ProviderError) for e in unreadable)
    assert sum(i in IDS and isinstance(c, ChatCompletion) for i, c in found) == 12
    assert any(i == "f" * 64 for i, _ in found)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("server_error", ServerError),
        ("quota", QuotaExhaustedError),
        ("rate_limit", RateLimitError),
        ("content_policy", InvalidRequestError),
        ("no_choices", MalformedResponseError),
    ],
)
def test_an_error_line_is_the_same_error_as_live(model_server: ModelServer, fault: str, kind: type[ProviderError]):
    model_server.inject("candidate", "ok", fault)
    _, found = collected(model_server)
    failed = [e for _, e in found if isinstance(e, ProviderError)]
    assert [type(e) for e in failed] == [kind]
    assert sum(isinstance(c, ChatCompletion) for _, c in found) == 5


def test_what_expired_keeps_what_was_finished(model_server: ModelServer):
    model_server.batches.expire_after = [2]
    status, found = collected(model_server)
    assert status.state == "expired"
    assert sum(isinstance(c, ChatCompletion) for _, c in found) == 2
    rest = [e for _, e in found if isinstance(e, ProviderError)]
    assert [type(e) for e in rest] == [NotProcessedError] * 4
    assert {e.code for e in rest} == {"batch_expired"}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"response": None, "error": None}, ServerError),
        ({"response": None, "error": {"code": "insufficient_quota", "message": "empty"}}, QuotaExhaustedError),
        ({"response": {"status_code": 200, "body": None}, "error": None}, MalformedResponseError),
        ({"response": {"status_code": 200, "body": "<html>"}, "error": None}, MalformedResponseError),
        ({"response": {"status_code": 200, "body": {"choices": [7]}}, "error": None}, MalformedResponseError),
        ({"response": {"status_code": 500, "body": None}, "error": None}, ServerError),
        ({"response": "odd", "error": "odd"}, ServerError),
        ({"response": {"status_code": "x", "body": {}}, "error": {"code": ["x"]}}, MalformedResponseError),
        ({"response": {"status_code": 200, "body": {}}, "error": {"code": {}}}, MalformedResponseError),
    ],
)
def test_a_line_of_any_shape_is_typed(model_server: ModelServer, row: dict[str, Any], kind: type[ProviderError]):
    model_server.batches.files["file-x"] = json.dumps({"custom_id": IDS[0], **row}).encode()

    async def work(provider: OpenAIBatchProvider) -> list[Outcome]:
        return await outcomes(provider, BatchStatus("b", "completed", output_file_id="file-x"))

    ((custom_id, error),) = with_batches(model_server, work)
    assert custom_id == IDS[0]
    assert type(error) is kind


def test_a_text_with_other_line_ends_stays_one_line(model_server: ModelServer):
    model_server.behave("candidate", Reply("첫 줄\u2028둘째 줄\x85셋째 줄\r\n넷째 줄"))
    _, found = collected(model_server)
    texts = {c.text for _, c in found if isinstance(c, ChatCompletion)}
    assert texts == {"첫 줄\u2028둘째 줄\x85셋째 줄\r\n넷째 줄"}
    assert len(found) == 6


def test_a_batch_whose_creation_was_never_confirmed_is_found_by_its_label(model_server: ModelServer):
    model_server.batches.faults["create"] = ["lost"]

    async def work(provider: OpenAIBatchProvider) -> tuple[list[BatchHandle], list[BatchHandle]]:
        with pytest.raises(ConnectionFailedError):
            await submit(provider, "the-lost-one")
        for n in range(5):
            await submit(provider, f"later-{n}", IDS[:1])
        return await provider.find("the-lost-one", since=0), await provider.find("never-made", since=0)

    found, none = with_batches(model_server, work)
    assert [h.id for h in found] == [next(iter(model_server.batches.batches))]
    assert none == []


def test_a_cut_result_file_is_an_error_that_can_be_tried_again(model_server: ModelServer):
    model_server.batches.faults["content"] = ["cut"]

    async def work(provider: OpenAIBatchProvider) -> list[Outcome]:
        status = await provider.poll((await submit(provider)).id)
        with pytest.raises(ConnectionFailedError):
            await outcomes(provider, status)
        return await outcomes(provider, status)

    assert len(with_batches(model_server, work)) == 6


def test_a_refused_batch_says_why_and_never_repeats_the_key(model_server: ModelServer):
    model_server.batches.refuse = [("invalid_json_line", f"This line is not parseable for {KEY}.")]
    status, found = collected(model_server)
    assert status.state == "failed"
    assert status.errors[0][0] == "invalid_json_line"
    assert "not parseable" in status.errors[0][1]
    assert KEY not in status.errors[0][1]
    assert found == []


@pytest.mark.parametrize(("trouble", "kind"), [("401", AuthenticationError), ("500", ServerError)])
def test_http_errors_of_the_batch_paths_are_typed(model_server: ModelServer, trouble: Any, kind: type[ProviderError]):
    model_server.batches.faults["upload"] = [trouble]
    with pytest.raises(kind):
        collected(model_server)


def test_an_unknown_batch_is_no_unknown_model(model_server: ModelServer):
    with pytest.raises(InvalidRequestError, match="No batch found"):
        with_batches(model_server, lambda provider: provider.poll("batch_other_project"))


def test_a_cancelled_batch_has_ended(model_server: ModelServer):
    async def work(provider: OpenAIBatchProvider) -> BatchStatus:
        return await provider.cancel((await submit(provider)).id)

    assert with_batches(model_server, work).ended


def test_only_a_vendor_with_batches_takes_them():
    assert has_batches(parse_spec("openai:gpt-6-luna"))
    assert not has_batches(parse_spec("solar:solar-pro4"))
    assert not has_batches(parse_spec("openai:m@http://a/v1,http://b/v1"))
    with pytest.raises(SpecError, match="takes no batches"):
        open_batch_provider(parse_spec("compatible:m@http://a/v1"), {})


def test_the_lane_costs_half():
    price, usage = Price(2.0, 0.2, 10.0, batch=0.5), Usage(1000, 100, 200)
    whole, half = cost_usd(price, usage), cost_usd(price, usage, TIER)
    assert whole is not None
    assert half == pytest.approx(whole / 2)
    assert cost_usd(None, usage, TIER) is None
    assert cost_usd(Price(2.0, 0.2, 10.0), usage, TIER) is None
