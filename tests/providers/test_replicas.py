"""One model behind several servers: work is shared, a dead server only slows, and a plan may add one later."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from providers.endpoint import Endpoint
from providers.errors import (
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    ModelNotFoundError,
    SpecError,
)
from providers.limits import ConcurrencyLimiter
from providers.registry import parse_spec
from providers.types import ChatProvider
from service.endpoints import asked_endpoints
from service.plan import PlanFile, freeze
from tests.conftest import CliResult, clean_environment
from tests.providers.asking import ONCE, QUICK, describe, request, with_provider
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, write_jsonl

Result = TypeVar("Result")
Run = Callable[..., CliResult]


@pytest.fixture
def second_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


def both(first: ModelServer, second: ModelServer, model: str = "candidate") -> str:
    """The spec of a model behind two servers."""
    return f"vllm:{model}@{first.openai_url},{second.openai_url}"


def through_endpoint(
    spec: str, work: Callable[[Endpoint], Awaitable[Result]], *, limit: int = 8, retries: bool = False
) -> Result:
    async def run(provider: ChatProvider) -> Result:
        return await work(Endpoint(provider, ConcurrencyLimiter(limit), QUICK if retries else ONCE))

    return with_provider(spec, run)


def ask_many(count: int) -> Callable[[Endpoint], Awaitable[list[Any]]]:
    async def work(endpoint: Endpoint) -> list[Any]:
        return await asyncio.gather(*(endpoint.complete(request(f"질문 {n}")) for n in range(count)))

    return work


def test_calls_are_spread_by_load(model_server: ModelServer, second_server: ModelServer) -> None:
    model_server.latency_s = second_server.latency_s = 0.02
    through_endpoint(both(model_server, second_server), ask_many(40))
    shares = len(model_server.delivered), len(second_server.delivered)
    assert sum(shares) == 40
    assert min(shares) >= 10, shares
    assert max(model_server.peak_in_flight, second_server.peak_in_flight) <= 6, "eight in flight, four each"


@pytest.mark.parametrize("fault", ["server_error", "busy", "rate_limit"])
def test_a_server_that_fails_at_once_does_not_draw_the_calls(
    model_server: ModelServer, second_server: ModelServer, fault: str
) -> None:
    model_server.inject("candidate", then=fault)
    second_server.latency_s = 0.02
    said = through_endpoint(both(model_server, second_server), ask_many(40))
    assert len(said) == len(second_server.delivered) == 40
    if fault != "rate_limit":
        assert len(model_server.chats) <= 16, "it rests after its first failures"


def test_a_slow_server_gets_less_work(model_server: ModelServer, second_server: ModelServer) -> None:
    model_server.latency_s, second_server.latency_s = 0.4, 0.01
    through_endpoint(both(model_server, second_server), ask_many(40))
    shares = len(model_server.delivered), len(second_server.delivered)
    assert shares[0] < shares[1], shares


def test_a_server_that_stops_half_way_costs_no_call(model_server: ModelServer, second_server: ModelServer) -> None:
    model_server.latency_s = second_server.latency_s = 0.03

    async def work(endpoint: Endpoint) -> list[Any]:
        calls = [asyncio.create_task(endpoint.complete(request(f"질문 {n}"))) for n in range(60)]
        await asyncio.to_thread(model_server.wait_for_delivered, 5)
        await asyncio.to_thread(model_server.stop)
        return await asyncio.gather(*calls)

    said = through_endpoint(both(model_server, second_server), work)  # no retries: the other replica takes over
    assert [one.finish_reason for one in said] == ["stop"] * 60
    assert len(second_server.delivered) >= 30
    assert len(model_server.delivered) + len(second_server.delivered) == 60


def test_a_server_that_is_down_from_the_start_costs_no_call(
    model_server: ModelServer, second_server: ModelServer
) -> None:
    model_server.stop()
    said = through_endpoint(both(model_server, second_server), ask_many(20))
    assert len(said) == len(second_server.delivered) == 20


def test_a_server_that_comes_back_is_used_again(model_server: ModelServer, second_server: ModelServer) -> None:
    model_server.latency_s = second_server.latency_s = 0.01
    model_server.stop()

    async def work(endpoint: Endpoint) -> None:
        await ask_many(10)(endpoint)
        model_server.start()
        async with asyncio.timeout(30):
            while not model_server.delivered:
                await ask_many(4)(endpoint)
                await asyncio.sleep(0.1)

    through_endpoint(both(model_server, second_server), work)


def test_when_both_are_down_the_error_says_so(model_server: ModelServer, second_server: ModelServer) -> None:
    spec = both(model_server, second_server)
    model_server.stop()
    second_server.stop()
    with pytest.raises(ConnectionFailedError):
        through_endpoint(spec, lambda endpoint: endpoint.complete(request()))
    with pytest.raises(ConnectionFailedError, match="is the server running"):
        describe(spec)


def test_an_answer_that_is_an_error_is_not_asked_of_the_other(
    model_server: ModelServer, second_server: ModelServer
) -> None:
    for server in (model_server, second_server):
        server.inject("candidate", then="content_policy")
    with pytest.raises(InvalidRequestError):
        through_endpoint(both(model_server, second_server), lambda endpoint: endpoint.complete(request()))
    assert len(model_server.chats) + len(second_server.chats) == 1


def test_describe_counts_the_dead(model_server: ModelServer, second_server: ModelServer) -> None:
    spec = both(model_server, second_server)
    found = describe(spec)
    assert (found.details["replicas"], found.details["unreachable_replicas"]) == (2, 0)
    model_server.stop()
    found = describe(spec)
    assert found.model == "candidate"
    assert (found.details["replicas"], found.details["unreachable_replicas"]) == (2, 1)


def test_describe_takes_the_smallest_window(second_server: ModelServer) -> None:
    with ModelServer(context=4096) as small:
        assert describe(both(second_server, small)).context_length == 4096


def test_a_replica_that_serves_another_model_is_an_error(second_server: ModelServer) -> None:
    with ModelServer(["something-else"]) as other, pytest.raises(ModelNotFoundError, match="something-else"):
        describe(both(second_server, other))


def test_a_replica_that_hangs_rests_after_a_deadline(model_server: ModelServer, second_server: ModelServer) -> None:
    model_server.inject("candidate", then="hang")

    async def work(endpoint: Endpoint) -> list[Any]:
        with pytest.raises(DeadlineExceededError):
            await endpoint.complete(request("매달림", deadline_s=0.5))
        return [await endpoint.complete(request(f"질문 {n}", deadline_s=20)) for n in range(5)]

    said = through_endpoint(both(model_server, second_server), work)
    assert [one.finish_reason for one in said] == ["stop"] * 5
    assert len(second_server.delivered) == 5
    assert len(model_server.chats) == 1


@pytest.mark.parametrize(
    "text",
    [
        "vllm:m@http://a:1/v1,http://a:1/v1",
        "vllm:m@http://a:1/v1,http://b:1/v1,http://a:1/v1/",
        "ollama:m@http://a:1,http://a:1",
    ],
)
def test_the_same_address_twice_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="same address twice"):
        parse_spec(text)


def test_ollama_servers_can_be_replicas_too(model_server: ModelServer, second_server: ModelServer) -> None:
    model_server.stop()
    said = through_endpoint(f"ollama:candidate@{model_server.url},{second_server.url}", ask_many(3))
    assert len(said) == len(second_server.delivered) == 3


# Whole runs.


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(6))


def test_a_run_with_one_server_dead_from_the_start(
    run_cli: Run, model_server: ModelServer, second_server: ModelServer, questions: Path
) -> None:
    words = ["run", "-m", both(model_server, second_server), "-j", f"vllm:judge@{second_server.openai_url}"]
    model_server.stop()
    result = run_cli(*words, "-q", questions, "--format", "json")
    assert result.code == 0, result
    report = json.loads(result.out)
    assert report["models"][0]["overall"]["n"] == 12, result
    (identity,) = next(e for e in report["endpoints"] if e["role"] == "candidate")["identities"]
    assert identity["details"]["unreachable_replicas"] == 1


def test_a_run_with_one_server_killed_in_the_middle(
    tmp_path: Path, run_cli: Run, model_server: ModelServer, second_server: ModelServer, questions: Path
) -> None:
    model_server.latency_s = second_server.latency_s = 0.05
    judge = f"vllm:judge@{second_server.openai_url}"
    words = ["run", "-m", both(model_server, second_server), "-j", judge, "-q", str(questions), "--name", "r"]
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *words, "--concurrency", "4"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    model_server.wait_for_delivered(2, 60)
    model_server.stop()
    out, _ = process.communicate(timeout=90)
    assert process.returncode == 0, out
    shown = json.loads(run_cli("report", "r", "--format", "json").out)
    assert shown["models"][0]["overall"]["n"] == 12, shown
    assert sum(r.model == "candidate" for s in (model_server, second_server) for r in s.delivered) == 12


def test_a_replica_added_later_is_the_same_run_and_nothing_is_bought_twice(
    tmp_path: Path, run_cli: Run, model_server: ModelServer, second_server: ModelServer, questions: Path
) -> None:
    spec = f"vllm:candidate@{model_server.openai_url}"
    judge = f"vllm:judge@{model_server.openai_url}"
    model_server.inject("judge", "ok", then="unauthorized")

    def plan(**endpoints: Any) -> Path:
        path = tmp_path / "plan.yaml"
        written = {"models": [spec], "judges": [judge], "questions": [str(questions)], "endpoints": endpoints}
        path.write_text(json.dumps(written), encoding="utf-8")  # JSON is YAML
        return path

    first = run_cli("run", plan(), "--concurrency", "2")
    assert first.code == 2, first
    before = len(model_server.delivered)
    model_server.clear_faults()
    second = run_cli("run", plan(**{spec: {"replicas": [second_server.openai_url]}}), "--format", "json")
    assert second.code == 0, second
    runs = json.loads(run_cli("runs", "--format", "json").out)["runs"]
    assert len(runs) == 1, "the plan has kept its hash and with it its name"
    assert 0 < before < 24
    work = bought(model_server) + bought(second_server)
    assert len(work) == 24
    assert set(work.values()) == {1}
    assert second_server.delivered, "the new replica does its share"


def test_a_replica_named_twice_in_a_plan_is_refused(tmp_path: Path, run_cli: Run, model_server: ModelServer) -> None:
    spec = f"vllm:candidate@{model_server.openai_url}"
    path = tmp_path / "plan.yaml"
    written = {"models": [spec], "judges": [spec], "endpoints": {spec: {"replicas": [model_server.openai_url + "/"]}}}
    path.write_text(json.dumps(written), encoding="utf-8")
    result = run_cli("run", path)
    assert result.code == 2, result
    assert "same address twice" in result.err
    assert not model_server.requests


def test_a_model_named_twice_keeps_its_replicas() -> None:
    first, second = "http://a:1/v1", "http://b:1/v1"
    asked = PlanFile(models=(f"vllm:m@{first},{second}",), judges=(f"vllm:m@{first}",))
    (endpoint,) = asked_endpoints(freeze(asked, {}).plan).values()
    assert (endpoint.base_url, endpoint.replicas) == (first, (second,))
