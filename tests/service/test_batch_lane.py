"""What a lane gathers and when it hands it in."""

import asyncio

import pytest

from providers.batch import BatchLimits, OpenAIBatchProvider
from providers.dialects import DIALECTS
from providers.openai_compatible import OpenAICompatibleProvider
from providers.types import ChatMessage, ChatRequest, SamplingParams
from service.asked import Deferred
from service.batch_lane import BatchLane, Parcel
from service.endpoint_plan import EndpointPlan
from service.store.writes import Purchase, TurnKey

PLAN = EndpointPlan(label="m", provider="openai", model="m", base_url="http://localhost/v1")


class Counter:
    """A desk that notes what it is handed."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []

    def brought(self, work: str, lane: BatchLane) -> Purchase | None:
        return None

    def carried(self, work: str) -> bool:
        return work == "carried"

    async def submit(self, lane: BatchLane, parcel: Parcel) -> None:
        self.parcels.append(parcel)


def handed_in(asked: list[tuple[str, ChatRequest]], limits: BatchLimits) -> list[list[str]]:
    """The works of every parcel, after asking these."""

    async def run() -> list[list[str]]:
        dialect = DIALECTS["openai"]
        chat = OpenAICompatibleProvider(dialect, "m", "http://localhost/v1", "k", 1)
        provider = OpenAIBatchProvider(chat, dialect, "k", limits)
        desk, lane = Counter(), BatchLane(PLAN, "candidate", provider, None)
        lane.join(desk, None)
        for work, request in asked:
            with pytest.raises(Deferred):
                await lane.ask(work, TurnKey(1, 0, 0, 0, 1), request)
        await lane.flush()
        await provider.aclose()
        return [list(parcel.lines) for parcel in desk.parcels]

    return asyncio.run(run())


def question(text: str = "질문", seed: int | None = None) -> ChatRequest:
    return ChatRequest((ChatMessage("user", text),), SamplingParams(seed=seed))


def test_a_file_stays_below_its_bytes_and_a_huge_request_goes_alone():
    asked = [("a", question("x" * 300)), ("b", question("x" * 300)), ("c", question("x" * 5000)), ("d", question())]
    assert handed_in(asked, BatchLimits(bytes=1200)) == [["a", "b"], ["c"], ["d"]]


def test_a_file_stays_below_its_requests():
    asked = [(f"w{n}", question(str(n))) for n in range(5)]
    assert handed_in(asked, BatchLimits(requests=2)) == [["w0", "w1"], ["w2", "w3"], ["w4"]]


def test_other_parameters_are_another_batch_and_nothing_is_gathered_twice():
    asked = [("a", question(seed=1)), ("b", question(seed=2)), ("a", question(seed=1)), ("carried", question(seed=1))]
    assert handed_in(asked, BatchLimits()) == [["a"], ["b"]]
