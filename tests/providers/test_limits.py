"""The adaptive limit in simulated time: it finds a capacity, keeps it, and is not talked down by sporadic refusals."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.limits import AdaptiveLimit, ConcurrencyLimiter
from tests.providers.limit_simulation import simulate

SEEDS = range(5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_capacity_is_found_at_little_cost(seed: int) -> None:
    outcome = simulate(AdaptiveLimit(64), 1000, workers=64, capacity=lambda now: 32, seed=seed)
    assert outcome.seconds <= 1.3 * 1000 * 0.2 / 32, outcome
    assert outcome.refused_share <= 0.03, outcome


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
def test_sporadic_refusals_do_not_lower_the_limit(share: float, seed: int) -> None:
    outcome = simulate(AdaptiveLimit(64), 5000, workers=96, sporadic=share, seed=seed)
    assert outcome.mean_limit(1, outcome.seconds) >= 0.85 * 64, outcome.limits


@pytest.mark.parametrize("seed", SEEDS)
def test_a_capacity_is_told_from_sporadic_refusals_beside_it(seed: int) -> None:
    outcome = simulate(AdaptiveLimit(64), 5000, workers=96, capacity=lambda now: 32, sporadic=0.05, seed=seed)
    assert 30 <= outcome.mean_limit(1, outcome.seconds) <= 34, outcome.limits
    assert outcome.refused_share <= 0.075, outcome.refused_share


@pytest.mark.parametrize(("before", "after"), [(64, 8), (8, 64), (64, 33), (20, 21)])
def test_a_change_of_capacity_is_followed(before: int, after: int) -> None:
    outcome = simulate(AdaptiveLimit(64), 6000, workers=96, capacity=lambda now: before if now < 5 else after)
    settled = outcome.mean_limit(outcome.seconds - 5, outcome.seconds)
    assert after * 0.85 <= settled <= after * 1.1, outcome.limits
    assert outcome.refused_share <= 0.05, outcome.refused_share


def test_an_outage_is_survived_and_forgotten() -> None:
    outcome = simulate(AdaptiveLimit(64), 3000, workers=96, capacity=lambda now: 0 if 5 < now < 10 else 64)
    assert outcome.done == 3000
    assert outcome.limit_at(outcome.seconds) >= 55, outcome.limits


def test_it_starts_gently_and_grows_before_the_first_answer() -> None:
    outcome = simulate(AdaptiveLimit(512), 10_000, workers=768, latency_s=2.0)
    assert outcome.limits[0][1] == 32
    assert outcome.limit_at(0.2) <= 64, outcome.limits[:50]
    assert outcome.limit_at(0.7) == 512, outcome.limits[-3:]
    assert outcome.seconds <= 1.1 * 10_000 * 2 / 512, outcome.seconds


@pytest.mark.parametrize("capacity", [32, 33, 50, 300])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_silence_let_out_is_refused_only_by_a_few(seed: int, capacity: int) -> None:
    outcome = simulate(AdaptiveLimit(512), 5000, workers=768, capacity=lambda now: capacity, latency_s=2.0, seed=seed)
    assert outcome.refused_share <= 0.02, outcome.refused
    assert outcome.seconds <= 1.1 * 5000 * 2 / capacity, outcome.seconds


@pytest.mark.parametrize("refusal_s", [0.15, 0.3, 1.0])
@pytest.mark.parametrize("ceiling", [64, 512])
def test_a_server_that_refuses_late_costs_one_overshoot(ceiling: int, refusal_s: float) -> None:
    outcome = simulate(
        AdaptiveLimit(ceiling), 5000, workers=ceiling, capacity=lambda now: 32, latency_s=2.0, refusal_s=refusal_s
    )
    assert outcome.refused <= 1.2 * ceiling + 40, outcome.refused
    assert outcome.seconds <= 1.1 * 5000 * 2 / 32, outcome.seconds
    assert 30 <= outcome.mean_limit(5, outcome.seconds) <= 34, outcome.limits


def test_sporadic_refusals_do_not_stop_the_growth() -> None:
    outcome = simulate(AdaptiveLimit(512), 10_000, workers=768, latency_s=2.0, sporadic=0.05)
    assert outcome.limit_at(1.0) >= 450, outcome.limits


def test_after_a_restart_it_learns_anew() -> None:
    limit = AdaptiveLimit(512)
    simulate(limit, 1000, workers=64, capacity=lambda now: 4)
    assert limit.limit <= 5
    limit.restart()
    assert limit.limit == 32
    assert simulate(limit, 10_000, workers=768, latency_s=2.0).limit_at(0.7) == 512


def test_calls_that_hang_since_before_a_restart_do_not_block_what_comes_after() -> None:
    limit = AdaptiveLimit(512)
    simulate(limit, 10_000, workers=512)
    hanging = [limit.sent(100.0) for _ in range(60)]
    limit.restart()
    assert limit.limit < limit.in_flight == len(hanging)
    for look in range(20):
        limit.waited(101 + look / 100)
    assert limit.limit > limit.in_flight


def test_failed_probes_grow_rare() -> None:
    outcome = simulate(AdaptiveLimit(64), 30_000, workers=64, capacity=lambda now: 32)
    assert outcome.refused < 60, outcome.refused


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    limit = AdaptiveLimit(64)
    for number in range(500):
        limit.taken(limit.sent(number), number)
    assert limit.limit == 32


@given(st.lists(st.sampled_from(["send", "take", "refuse", "drop"]), max_size=300), st.integers(1, 80))
@settings(max_examples=200, deadline=None)
def test_whatever_happens_the_limit_stays_between_one_and_the_ceiling(steps: list[str], ceiling: int) -> None:
    limit, out = AdaptiveLimit(ceiling), []
    for now, step in enumerate(steps):
        if step == "send":
            if limit.in_flight < limit.limit:
                out.append(limit.sent(now))
            else:
                limit.waited(now)
        elif out:
            place = out.pop(0)
            {"take": limit.taken, "refuse": limit.refused}.get(step, lambda p, n: limit.given_up(p))(place, now)
        assert 1 <= limit.limit <= ceiling, steps[: now + 1]
        assert limit.in_flight == len(out)


def test_who_waits_longest_comes_first_and_a_cancelled_wait_loses_no_place() -> None:
    async def run() -> list[int]:
        limiter = ConcurrencyLimiter(1)
        order: list[int] = []
        first = await limiter.acquire()

        async def caller(number: int) -> None:
            place = await limiter.acquire()
            order.append(number)
            limiter.taken(place)

        callers = [asyncio.create_task(caller(number)) for number in range(4)]
        await asyncio.sleep(0)
        callers[1].cancel()
        limiter.taken(first)
        callers[0].cancel()  # its turn has come, but it will not take it
        await asyncio.wait(callers, timeout=5)
        return order

    assert asyncio.run(run()) == [2, 3]


def test_urgent_callers_come_first_and_nobody_slips_in_before_the_next_in_line() -> None:
    async def scene() -> list[str]:
        limiter = ConcurrencyLimiter(1)
        came: list[str] = []

        async def call(name: str, *, urgent: bool = False) -> None:
            place = await limiter.acquire(urgent=urgent)
            came.append(name)
            await asyncio.sleep(0)
            limiter.taken(place)
            if name == "a":  # a place was just given back, and its next owner has not run yet
                late = asyncio.create_task(call("late"))
                await late

        calls = [call("a"), call("b"), call("c", urgent=True), call("d"), call("e", urgent=True)]
        await asyncio.gather(*calls)
        assert limiter.in_flight == 0
        return came

    assert asyncio.run(scene()) == ["a", "c", "e", "b", "d", "late"]


def test_calls_that_meet_silence_let_others_out() -> None:
    async def run() -> None:
        limiter = ConcurrencyLimiter(100)
        async with asyncio.timeout(30):
            await asyncio.gather(*(limiter.acquire() for _ in range(100)))

    asyncio.run(run())


def test_a_retry_after_of_a_full_server_holds_for_everyone() -> None:
    async def run() -> float:
        limiter = ConcurrencyLimiter(8)
        loop = asyncio.get_running_loop()
        places = [await limiter.acquire() for _ in range(4)]
        start = loop.time()
        for place in places:
            limiter.refused(place, 0.2)
        await limiter.acquire()
        return loop.time() - start

    assert asyncio.run(run()) >= 0.19


@pytest.mark.parametrize("loops", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_places_open_when_the_time_is_over_in_every_loop(loops: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """uvloop rings a timer up to a millisecond early."""

    async def run() -> None:
        limiters = [ConcurrencyLimiter(8) for _ in range(200)]
        for limiter in limiters:
            limiter.close_for(0.1)
        async with asyncio.timeout(30):
            await asyncio.gather(*(limiter.acquire() for limiter in limiters))

    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(run())


@pytest.mark.parametrize("wait", [3600.0, float("inf"), 1e300])
def test_a_retry_after_beyond_every_patience_closes_nothing(wait: float) -> None:
    async def run() -> None:
        limiter = ConcurrencyLimiter(8)
        places = [await limiter.acquire() for _ in range(4)]
        for place in places:
            limiter.refused(place, wait)
        await asyncio.wait_for(limiter.acquire(), 5)

    asyncio.run(run())
