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


CACHED = Price(input=2.0, cached=0.5, output=10.0, cache_write=2.5, batch=0.5, long_from=1000)


@pytest.mark.parametrize(
    ("usage", "tier", "dollars"),
    [
        # Writing to the cache costs more than plain input, reading from it less; the rest is input.
        (Usage(1000, 0, cache_write_tokens=1000), None, 0.0025),
        (Usage(1000, 100, cached_tokens=300, cache_write_tokens=200), None, 0.00265),
        (Usage(1000, 0, cached_tokens=900, cache_write_tokens=900), None, 0.0007),
        (Usage(1000, 100, cached_tokens=0, cache_write_tokens=0), None, 0.003),
        # The cheap lanes.
        (Usage(1000, 100), "default", 0.003),
        (Usage(1000, 100), "batch", 0.0015),
        (Usage(1000, 100), "flex", 0.0015),
        (Usage(1000, 100, cached_tokens=400), "flex", 0.0012),
        # Longer than `long_from`: everything doubles.
        (Usage(1000, 100), None, 0.003),
        (Usage(1001, 0), None, 0.004004),
        (Usage(2000, 100), None, 0.01),
        (Usage(2000, 100), "batch", 0.005),
    ],
)
def test_caches_lanes_and_long_prompts(usage: Usage, tier: str | None, dollars: float) -> None:
    assert cost_usd(CACHED, usage, tier) == pytest.approx(dollars), (usage, tier)


def test_writes_to_a_cache_that_costs_nothing_extra_are_plain_input() -> None:
    assert cost_usd(PRICE, Usage(1000, 0, cache_write_tokens=1000)) == pytest.approx(0.002)


@pytest.mark.parametrize("tier", ["batch", "flex"])
def test_a_cheap_lane_without_a_known_share_is_unknown(tier: str) -> None:
    assert cost_usd(PRICE, Usage(1000, 100), tier) is None
    assert cost_usd(find_price(parse_spec("solar:solar-pro4")), Usage(1000, 100), tier) is None


@pytest.mark.parametrize("price", [PRICE, CACHED, None, Price(0.0, 0.0, 0.0)])
def test_what_the_server_says_it_cost_wins(price: Price | None) -> None:
    assert cost_usd(price, Usage(1000, 100, cost_usd=0.25), "flex") == 0.25
    assert cost_usd(price, Usage(cost_usd=0.0)) == 0.0


def test_every_price_of_openai_knows_its_cache_its_batch_lane_and_its_long_prompts() -> None:
    for model in ("gpt-6-luna", "gpt-6-sol", "gpt-6.1-sol", "gpt-6-astra"):
        price = find_price(parse_spec(f"openai:{model}"))
        assert price is not None, model
        assert price.cache_write == pytest.approx(1.25 * price.input), model
        assert price.batch == 0.5, model
        short, long = cost_usd(price, Usage(272_000, 10)), cost_usd(price, Usage(272_001, 10))
        assert short is not None, model
        assert long == pytest.approx(2 * short, rel=1e-4), model


@pytest.mark.parametrize(
    "text",
    [
        "ollama:exaone3.5:7.8b",
        "ollama:exaone3.5:7.8b@http://gpu1:11434",
        "vllm:Qwen/Qwen3-8B@http://gpu1:8000/v1",
        "llamacpp:m",
        "lmstudio:m",
        "text-generation-webui:m",
    ],
)
def test_a_server_of_ones_own_bills_no_tokens(text: str) -> None:
    price = find_price(parse_spec(text))
    assert price is not None
    assert price.is_free
    assert cost_usd(price, Usage(1000, 1000), "flex") == 0.0
    assert cost_usd(price, Usage()) == 0.0


@pytest.mark.parametrize(
    "text",
    ["openai:gpt-6-luna@https://api.openai.com/v1", "openai:gpt-6-luna@https://api.openai.com/v1/"],
)
def test_the_vendors_own_address_written_out_has_its_price(text: str) -> None:
    assert find_price(parse_spec(text)) == find_price(parse_spec("openai:gpt-6-luna"))


@pytest.mark.parametrize("tier", ["priority", "fast", "scale"])
def test_a_dearer_lane_costs_nobody_knows_what(tier: str) -> None:
    assert cost_usd(PRICE, Usage(1000, 100), tier) is None
    assert cost_usd(PRICE, Usage(1000, 100), "default") == cost_usd(PRICE, Usage(1000, 100))
