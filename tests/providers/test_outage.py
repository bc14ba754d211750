"""A server that is away for a while costs no call its attempts; one that stays away ends every call with its error."""

import asyncio
import itertools
import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

from providers.endpoint import Endpoint
from providers.errors import ConnectionFailedError, DeadlineExceededError, ProviderError, ServerError
from providers.limits import ConcurrencyLimiter
from providers.retry import RetryPolicy
from providers.types import ChatCompletion, ChatProvider
from tests.conftest import CliResult, clean_environment
from tests.providers.asking import ollama_spec, openai_spec, request, with_provider
from tests.servers.faults import FAULTS, http_error
from tests.servers.model_server import ModelServer
from tests.service.support import logickor_questions, write_jsonl

Result = TypeVar("Result")
PATIENT = RetryPolicy(max_attempts=6, initial_wait_s=0.01, max_wait_s=0.1, outage_s=60)
IMPATIENT = RetryPolicy(max_attempts=6, initial_wait_s=0.01, max_wait_s=0.05, outage_s=0.5)


@pytest.fixture
def second_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


class Told(list[str]):
    """The lines that an endpoint told its user."""

    @property
    def begins(self) -> int:
        return sum(" does not answer " in line for line in self)

    @property
    def ends(self) -> int:
        return sum(" answers again after " in line for line in self)


def through_endpoint(
    spec: str,
    work: Callable[[Endpoint], Awaitable[Result]],
    told: Told,
    *,
    policy: RetryPolicy = PATIENT,
    limit: int = 32,
) -> Result:
    async def run(provider: ChatProvider) -> Result:
        endpoint = Endpoint(provider, ConcurrencyLimiter(limit), policy, label="the-model", tell=told.append)
        async with asyncio.timeout(60):
            return await work(endpoint)

    return with_provider(spec, run, connections=limit)


async def ask_all(endpoint: Endpoint, count: int, **fields: Any) -> list[ChatCompletion]:
    return await asyncio.gather(*(endpoint.complete(request(f"질문 {n}", **fields)) for n in range(count)))


async def outcomes(endpoint: Endpoint, count: int, **fields: Any) -> list[ChatCompletion | BaseException]:
    asked = (endpoint.complete(request(f"질문 {n}", **fields)) for n in range(count))
    return await asyncio.gather(*asked, return_exceptions=True)


@asynccontextmanager
async def steady_callers(endpoint: Endpoint, count: int) -> AsyncIterator[None]:
    """So many callers ask question after question until the block ends; each must be answered."""
    numbers, ending = itertools.count(), False

    async def caller() -> None:
        while not ending:
            await endpoint.complete(request(f"질문 {next(numbers)}"))

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(caller())
        yield
        ending = True


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - what it looks at lies on other threads
        await asyncio.sleep(0.01)


async def answered(server: ModelServer, count: int) -> None:
    await asyncio.to_thread(server.wait_for_delivered, count)


def test_a_server_that_dies_and_comes_back_loses_no_call(model_server: ModelServer) -> None:
    model_server.latency_s = 0.02
    told = Told()

    async def work(endpoint: Endpoint) -> None:
        async with steady_callers(endpoint, 48):
            await answered(model_server, 40)
            await asyncio.to_thread(model_server.stop)
            await until(lambda: told.begins == 1)
            await asyncio.sleep(1)
            await asyncio.to_thread(model_server.start)
            await answered(model_server, 200)

    through_endpoint(openai_spec(model_server), work, told)
    assert (told.begins, told.ends) == (1, 1), told
    assert "the-model does not answer (connection to http://127.0.0.1" in told[0], told
    assert "up to 60 s" in told[0], told


def test_it_may_die_again_and_again(model_server: ModelServer) -> None:
    model_server.latency_s = 0.02
    told = Told()

    async def work(endpoint: Endpoint) -> None:
        async with steady_callers(endpoint, 48):
            for outage in range(1, 4):
                await answered(model_server, 100 * outage)
                await asyncio.to_thread(model_server.stop)
                await until(lambda number=outage: told.begins >= number)  # type: ignore[misc]
                await asyncio.to_thread(model_server.start)

    policy = RetryPolicy(max_attempts=20, initial_wait_s=0.01, max_wait_s=0.1, outage_s=60)
    through_endpoint(openai_spec(model_server), work, told, policy=policy)
    assert (told.begins, told.ends) == (3, 3), told


@pytest.mark.parametrize("callers", [1, 2])
def test_few_callers_wait_too(model_server: ModelServer, callers: int) -> None:
    told = Told()

    async def work(endpoint: Endpoint) -> None:
        await ask_all(endpoint, callers)
        await asyncio.to_thread(model_server.stop)
        asked = asyncio.create_task(ask_all(endpoint, callers))
        await until(lambda: told.begins == 1)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(model_server.start)
        assert len(await asked) == callers

    through_endpoint(openai_spec(model_server), work, told, limit=callers)
    assert (told.begins, told.ends) == (1, 1), told


@pytest.mark.parametrize("fault", ["bad_gateway", "busy", http_error(504, "upstream timed out"), "disconnect"])
def test_a_gateway_whose_server_is_gone_is_asked_by_one_call_at_a_time(model_server: ModelServer, fault: Any) -> None:
    told = Told()
    model_server.inject("candidate", then=fault)

    async def work(endpoint: Endpoint) -> int:
        asked = asyncio.create_task(ask_all(endpoint, 64))
        await until(lambda: told.begins == 1)
        before, began = len(model_server.chats), time.monotonic()
        await asyncio.sleep(1)
        probes, seconds = len(model_server.chats) - before, time.monotonic() - began
        assert 1 <= probes <= 1 + seconds / 0.09, "pauses of 0.1 s between two"
        model_server.clear_faults()
        assert len(await asked) == 64
        return before

    assert through_endpoint(openai_spec(model_server), work, told) <= 3 * 64
    assert (told.begins, told.ends) == (1, 1), told
    assert len(model_server.delivered) == 64


def test_nothing_learned_in_an_outage_narrows_what_comes_after(model_server: ModelServer) -> None:
    told = Told()
    model_server.inject("candidate", then="busy")

    async def work(endpoint: Endpoint) -> int:
        asked = asyncio.create_task(ask_all(endpoint, 64))
        await until(lambda: told.begins == 1)
        model_server.clear_faults()
        await asked
        return endpoint.limiter.limit

    assert through_endpoint(openai_spec(model_server), work, told) >= 32


def test_an_outage_that_lasts_too_long_ends_every_call_with_its_error(model_server: ModelServer) -> None:
    told = Told()
    model_server.stop()

    async def work(endpoint: Endpoint) -> None:
        failed = await outcomes(endpoint, 40)
        assert [type(error) for error in failed] == [ConnectionFailedError] * 40
        assert len({id(error) for error in failed}) == 40, "an error of its own for each"
        began = time.monotonic()
        assert all(isinstance(error, ConnectionFailedError) for error in await outcomes(endpoint, 200))
        assert time.monotonic() - began < 20, "later calls do not wait again"
        assert len(told) == 2, told
        model_server.start()
        async with asyncio.timeout(20):
            while not told.ends:
                await outcomes(endpoint, 1)
        assert len(await ask_all(endpoint, 40)) == 40

    through_endpoint(openai_spec(model_server), work, told, policy=IMPATIENT)
    assert told[1] == "the-model has not answered for 0 s; calls fail until it does"
    assert told.ends == 1, told


def test_the_last_error_is_the_one_that_is_raised(model_server: ModelServer) -> None:
    model_server.inject("candidate", *["bad_gateway"] * 8, then=http_error(504, "그 뒤의 오류"))
    with pytest.raises(ServerError, match="그 뒤의 오류"):
        through_endpoint(openai_spec(model_server), lambda e: ask_all(e, 2), Told(), policy=IMPATIENT)


def test_stopping_ends_the_wait_at_once(model_server: ModelServer) -> None:
    told = Told()
    model_server.stop()

    async def work(endpoint: Endpoint) -> None:
        asked = asyncio.create_task(outcomes(endpoint, 40))
        await until(lambda: told.begins == 1)
        endpoint.stopping = True
        async with asyncio.timeout(10):
            failed = await asked
        assert all(isinstance(error, ConnectionFailedError) for error in failed), failed

    policy = RetryPolicy(max_attempts=6, initial_wait_s=0.01, max_wait_s=0.5, outage_s=1000)
    through_endpoint(openai_spec(model_server), work, told, policy=policy)


def test_a_probe_that_hangs_holds_nobody_back(model_server: ModelServer) -> None:
    told = Told()
    down = threading.Event()
    down.set()
    model_server.inject("candidate", then=replace(FAULTS["bad_gateway"], when=lambda body: down.is_set()))
    model_server.inject("candidate", "hang", "hang")

    async def work(endpoint: Endpoint) -> None:
        asked = [asyncio.create_task(endpoint.complete(request(f"질문 {n}", deadline_s=300))) for n in range(8)]
        await until(lambda: told.begins == 1)
        down.clear()
        await until(lambda: sum(task.done() for task in asked) == 6)
        hanging = [task for task in asked if not task.done()]
        for task in hanging:
            task.cancel()
        await asyncio.wait(hanging)
        assert endpoint.limiter.in_flight == 0

    through_endpoint(openai_spec(model_server), work, told, limit=8)


def test_a_probe_may_run_into_its_deadline(model_server: ModelServer) -> None:
    told = Told()
    down = threading.Event()
    down.set()
    model_server.inject("candidate", then=replace(FAULTS["bad_gateway"], when=lambda body: down.is_set()))
    model_server.inject("candidate", "hang")

    async def work(endpoint: Endpoint) -> list[ChatCompletion | BaseException]:
        asked = asyncio.create_task(outcomes(endpoint, 8, deadline_s=1.5))
        await until(lambda: told.begins == 1)
        down.clear()
        return await asked

    ends = Counter(type(end) for end in through_endpoint(openai_spec(model_server), work, told, limit=8))
    assert ends == {ChatCompletion: 7, DeadlineExceededError: 1}


def test_cancelled_calls_leave_nothing_behind(model_server: ModelServer) -> None:
    told = Told()
    model_server.stop()

    async def work(endpoint: Endpoint) -> None:
        asked = asyncio.gather(*(endpoint.complete(request(f"질문 {n}")) for n in range(40)))
        await until(lambda: told.begins == 1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        model_server.start()
        assert len(await ask_all(endpoint, 40)) == 40
        assert endpoint.limiter.in_flight == 0

    through_endpoint(openai_spec(model_server), work, told)


def test_a_full_server_is_not_away() -> None:
    told = Told()
    with ModelServer(max_concurrency=4, latency_s=0.05) as server:
        policy = RetryPolicy(max_attempts=50, initial_wait_s=0.01, max_wait_s=0.1, outage_s=60)
        assert len(through_endpoint(ollama_spec(server), lambda e: ask_all(e, 100), told, policy=policy)) == 100
    assert not told


def test_one_attempt_waits_for_nothing(model_server: ModelServer) -> None:
    model_server.stop()

    async def work(endpoint: Endpoint) -> list[ChatCompletion | BaseException]:
        return [(await outcomes(endpoint, 1))[0] for _ in range(20)]

    once = RetryPolicy(max_attempts=1, outage_s=60)
    failed = through_endpoint(openai_spec(model_server), work, Told(), policy=once)
    assert all(isinstance(error, ProviderError) for error in failed)


def test_replicas_are_away_only_together(model_server: ModelServer, second_server: ModelServer) -> None:
    model_server.latency_s = second_server.latency_s = 0.02
    told = Told()

    async def work(endpoint: Endpoint) -> None:
        async with steady_callers(endpoint, 48):
            await answered(model_server, 20)
            await asyncio.to_thread(model_server.stop)
            await answered(second_server, 100)
            assert not told
            await asyncio.to_thread(second_server.stop)
            await until(lambda: told.begins == 1)
            await asyncio.to_thread(second_server.start)
            await answered(second_server, 200)

    spec = f"vllm:candidate@{model_server.openai_url},{second_server.openai_url}"
    through_endpoint(spec, work, told)
    assert (told.begins, told.ends) == (1, 1), told


def test_a_run_whose_server_stays_away_ends_and_can_be_resumed(
    tmp_path: Path, run_cli: Callable[..., CliResult], model_server: ModelServer
) -> None:
    model_server.latency_s = 0.05
    questions = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(12))
    words = ["run", "-m", openai_spec(model_server), "-j", openai_spec(model_server, "judge"), "-q", str(questions)]
    process = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *words, "--name", "r", "--concurrency", "2"],
        cwd=tmp_path,
        env={**clean_environment(), "KOJUDGE_RETRY_OUTAGE_S": "2", "KOJUDGE_RETRY_WAIT_S": "0.05"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    model_server.wait_for_delivered(4, 60)
    model_server.stop()
    out, _ = process.communicate(timeout=90)
    assert process.returncode == 1, out
    assert re.search(r"^compatible:\w+ does not answer \(.+\); asking again .+ up to 2 s$", out, re.MULTILINE), out
    model_server.start()
    resumed = run_cli("resume", "r", "--format", "json")
    assert resumed.code == 0, resumed
    assert json.loads(resumed.out)["models"][0]["overall"]["n"] == 24


def test_a_patience_that_is_no_number_of_seconds_is_refused(
    run_cli: Callable[..., CliResult], model_server: ModelServer
) -> None:
    words = ["run", "-m", openai_spec(model_server), "-j", "scripted:rules"]
    for wrong in ("soon", "-1", "inf", "nan"):
        result = run_cli(*words, env={"KOJUDGE_RETRY_OUTAGE_S": wrong})
        assert result.code == 2, result
        assert "KOJUDGE_RETRY_OUTAGE_S" in result.err, result
