"""What a call cost, where a dated price is known."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from providers.registry import ModelSpec
from providers.types import Usage

_SNAPSHOT = re.compile(r"-\d{4}-?\d{2}-?\d{2}$|-\d{6}$")
BATCH_SHARE = 0.5
_FREE = frozenset({"replay", "scripted"})


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    input: float
    cached: float
    output: float
    as_of: str = ""
    source: str = ""


@functools.cache
def _table() -> dict[tuple[str, str], Price]:
    rows = yaml.safe_load(Path(__file__).with_name("prices.yaml").read_text("utf-8"))["prices"]
    return {
        (r["provider"], r["model"]): Price(r["input"], r["cached"], r["output"], str(r["as_of"]), r["source"])
        for r in rows
    }


def find_price(spec: ModelSpec) -> Price | None:
    """The price of a model or of the model its dated id is a snapshot of; None is unknown."""
    if spec.provider in _FREE:
        return Price(0.0, 0.0, 0.0, source="nothing is called")
    table = _table()
    return table.get((spec.provider, spec.model)) or table.get((spec.provider, _SNAPSHOT.sub("", spec.model)))


def cost_usd(price: Price | None, usage: Usage) -> float | None:
    """USD of one call; None where the price or the token counts are unknown."""
    if price is None:
        return None
    if price.input == price.output == 0.0:
        return 0.0
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
    fresh = usage.prompt_tokens - cached
    return (fresh * price.input + cached * price.cached + usage.completion_tokens * price.output) / 1e6


def lane_cost(price: Price | None, usage: Usage, share: float = BATCH_SHARE) -> float | None:
    """USD of one call in a lane that charges this share of the price; None where `cost_usd` does not know."""
    cost = cost_usd(price, usage)
    return None if cost is None else cost * share
