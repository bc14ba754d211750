"""What a call costs, and when that is not known."""

import pytest

from providers.pricing import Price, cost_usd, find_price
from providers.registry import parse_spec
from providers.types import Usage

PRICE = Price(input=2.0, cached=0.5, output=10.0)


@pytest.mark.parametrize("text", ["openai:gpt-6-luna", "openai:gpt-6.1-sol", "solar:solar-pro4", "solar:solar-mini"])
def test_a_known_price_is_dated_and_sourced(text: str) -> None:
    price = find_price(parse_spec(text))
    assert price is not None
    assert 0 < price.cached <= price.input <= price.output
    assert price.as_of.startswith("20")
    assert price.source


@pytest.mark.parametrize(
    ("snapshot", "model"),
    [
        ("openai:gpt-6-luna-2026-10-01", "openai:gpt-6-luna"),
        ("openai:gpt-6-luna-20261001", "openai:gpt-6-luna"),
        ("solar:solar-pro4-260928", "solar:solar-pro4"),
    ],
)
def test_a_snapshot_costs_what_its_model_costs(snapshot: str, model: str) -> None:
    price = find_price(parse_spec(snapshot))
    assert price is not None
    assert price == find_price(parse_spec(model))


@pytest.mark.parametrize(
    "text",
    [
        "openai:gpt-99",
        "openai:gpt-6-luna-preview",
        "openai:gpt-6-luna-2026-10-01-x",
        "solar:gpt-6-luna",
        "ollama:gpt-oss:120b-cloud",
        "openai:gpt-6-luna@http://gateway/v1",
        "compatible:solar-pro4@http://host/v1",
    ],
)
def test_an_unknown_price_is_unknown_and_not_zero(text: str) -> None:
    price = find_price(parse_spec(text))
    assert price is None
    assert cost_usd(price, Usage(10, 10)) is None


@pytest.mark.parametrize("text", ["replay:answers.jsonl", "scripted:good"])
def test_what_calls_nobody_costs_nothing(text: str) -> None:
    assert cost_usd(find_price(parse_spec(text)), Usage()) == 0.0


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(0, 0), 0.0),
        (Usage(1_000_000, 0), 2.0),
        (Usage(0, 1_000_000), 10.0),
        (Usage(1000, 100), 0.003),
        (Usage(1000, 100, cached_tokens=400), 0.0024),
        (Usage(1000, 0, cached_tokens=1000), 0.0005),
        (Usage(1000, 0, cached_tokens=5000), 0.0005),
        (Usage(1000, 100, reasoning_tokens=90), 0.003),
        (Usage(None, 100), None),
        (Usage(100, None), None),
        (Usage(), None),
    ],
)
def test_the_cost_of_a_call(usage: Usage, dollars: float | None) -> None:
    assert cost_usd(PRICE, usage) == (None if dollars is None else pytest.approx(dollars))
