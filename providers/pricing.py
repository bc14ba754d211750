"""What a call cost, where a dated price is known."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from providers.dialects import DIALECTS
from providers.registry import ModelSpec
from providers.types import Usage

_SNAPSHOT = re.compile(r"-\d{4}-?\d{2}-?\d{2}$|-\d{6}$")
_FREE = frozenset({"replay", "scripted"})
_CHEAP_TIERS = frozenset({"batch", "flex"})
_DEARER_TIERS = frozenset({"priority", "fast", "scale"})


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens.

    `cached` and `cache_write`: reading from and writing to the provider's prompt cache. `batch` is the share of the
    price that the cheap lanes cost. A prompt longer than `long_from` tokens costs `long_factor` times as much.
    """

    input: float
    cached: float
    output: float
    cache_write: float | None = None
    batch: float | None = None
    long_from: int | None = None
    long_factor: float = 2.0
    as_of: str = ""
    source: str = ""

    @property
    def is_free(self) -> bool:
        return self.input == self.output == 0.0


@functools.cache
def _table() -> dict[tuple[str, str], Price]:
    rows = yaml.safe_load(Path(__file__).with_name("prices.yaml").read_text("utf-8"))["prices"]
    return {
        (row["provider"], row["model"]): Price(
            **{**{k: v for k, v in row.items() if k not in ("provider", "model")}, "as_of": str(row["as_of"])}
        )
        for row in rows
    }


def find_price(spec: ModelSpec) -> Price | None:
    """The price of a model or of the model its dated id is a snapshot of; None is unknown.

    The table's prices are the vendor's own: behind another address the price is unknown. Servers of one's own bill
    nothing a token (Ollama's `…cloud` models run at a vendor: unknown); what the hardware costs is not known here.
    """
    if spec.provider in _FREE:
        return Price(0.0, 0.0, 0.0, source="nothing is called")
    dialect = DIALECTS.get(spec.provider)
    own = not dialect.bills_tokens if dialect is not None else spec.provider == "ollama"
    if own and not spec.model.endswith("cloud"):
        return Price(0.0, 0.0, 0.0, source="a server of one's own bills no tokens")
    if dialect is not None and spec.base_url not in (None, dialect.base_url):
        return None
    table = _table()
    return table.get((spec.provider, spec.model)) or table.get((spec.provider, _SNAPSHOT.sub("", spec.model)))


def cost_usd(price: Price | None, usage: Usage, service_tier: str | None = None) -> float | None:
    """USD of one call: what the server itself says, else price times tokens; None where either is unknown."""
    if usage.cost_usd is not None:
        return usage.cost_usd
    if price is None:
        return None
    if price.is_free:
        return 0.0
    if usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    cached = min(usage.cached_tokens or 0, usage.prompt_tokens)
    written = min(usage.cache_write_tokens or 0, usage.prompt_tokens - cached) if price.cache_write else 0
    fresh = usage.prompt_tokens - cached - written
    total = fresh * price.input + cached * price.cached + usage.completion_tokens * price.output
    total += written * (price.cache_write or 0.0)
    if price.long_from is not None and usage.prompt_tokens > price.long_from:
        total *= price.long_factor
    if service_tier in _DEARER_TIERS:
        return None
    if service_tier in _CHEAP_TIERS:
        if price.batch is None:
            return None
        total *= price.batch
    return total / 1e6
