"""Which models a plan asks and how: specs resolved to endpoints, with what the plan says of each."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from judge.grading.rules import RULE_JUDGE
from providers.dialects import DIALECTS, SERVING_EXTRAS
from providers.errors import SpecError
from providers.openai_wire import checked_extra
from providers.pricing import Price, find_price
from providers.registry import ModelSpec, parse_spec, resolve
from providers.replay import Recording, read_recordings
from providers.scripted import BEHAVIOURS
from service.errors import UsageError


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceSetting(_Frozen):
    """USD per million tokens, for a model that the price table does not know; `cached` defaults to `input`."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    batch: float | None = Field(default=None, gt=0, le=1)

    def price(self) -> Price:
        cached = self.input if self.cached is None else self.cached
        return Price(self.input, cached, self.output, batch=self.batch, source="the plan")


class EndpointLimits(_Frozen):
    """How hard one endpoint may be asked, and what it costs: no part of what a run stands for."""

    concurrency: int | None = Field(default=None, ge=1, le=4096)
    requests_per_minute: float | None = Field(default=None, gt=0)
    tokens_per_minute: float | None = Field(default=None, gt=0)
    price: PriceSetting | None = None


class EndpointSettings(EndpointLimits):
    """What a plan file says of one of its models or judges, under `endpoints:`."""

    extra: dict[str, Any] = {}
    replicas: tuple[str, ...] = ()

    @field_validator("replicas", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    def limits(self) -> EndpointLimits:
        return EndpointLimits(**self.model_dump(exclude={"extra", "replicas"}))


class EndpointPlan(_Frozen):
    """One model behind one address, as the plan resolved it. `digest` is that of a recording.

    `path`, `replicas`, `limits` and some extras say how it is reached and asked; everything else is what it is.
    """

    label: str
    provider: str
    model: str
    base_url: str | None = None
    digest: str | None = None
    path: str | None = Field(default=None, exclude_if=lambda v: v is None)
    extra: dict[str, Any] = Field(default={}, exclude_if=lambda v: not v)
    replicas: tuple[str, ...] = Field(default=(), exclude_if=lambda v: not v)
    limits: EndpointLimits = Field(default=EndpointLimits(), exclude_if=lambda v: v == EndpointLimits())

    def spec(self) -> ModelSpec:
        return ModelSpec(self.provider, self.path or self.model, self.base_url, self.replicas)

    def price(self) -> Price | None:
        """The plan's own price, else the table's; None is unknown."""
        return self.limits.price.price() if self.limits.price is not None else find_price(self.spec())

    def asked_extra(self) -> dict[str, Any]:
        """The extras that belong to what is asked; a cheaper lane or a warm model asks the same thing."""
        return {name: value for name, value in self.extra.items() if name not in SERVING_EXTRAS}

    @property
    def key(self) -> str:
        """What tells one endpoint of a run from another: the same key means the same calls."""
        return json.dumps([self.provider, self.base_url, self.model, self.path, self.digest, self.extra])

    @property
    def behaviour(self) -> str | None:
        """That of a scripted model which can be asked anything."""
        return self.model if self.provider == "scripted" and self.model in BEHAVIOURS else None

    @property
    def is_rule_judge(self) -> bool:
        return self.provider == "scripted" and self.model == RULE_JUDGE


def means(key: str, text: str) -> bool:
    """Whether a key under `endpoints:` means the model of a spec: the same one, with its address or without."""
    named, spec = parse_spec(key), parse_spec(text)
    if (named.provider, named.model) != (spec.provider, spec.model):
        return False
    dialect = DIALECTS.get(spec.provider)
    known = (None, spec.base_url, dialect.base_url if dialect is not None and spec.base_url is None else None)
    return named.base_url in known


_RULES = f"scripted:{RULE_JUDGE}"
HOW = {"path", "replicas", "limits", "extra"}


def plan_models(
    texts: Sequence[str], settings: Mapping[str, EndpointSettings], environ: Mapping[str, str]
) -> list[EndpointPlan]:
    """The candidates; a folder of recordings is as many as it holds.

    Raises:
        SpecError, UsageError: one line that says what is wrong.
    """
    specs = {text: parse_spec(text) for text in texts}
    recordings = {s.model: read_recordings(Path(s.model)) for s in specs.values() if s.provider == "replay"}
    found = [
        e for text, spec in specs.items() for e in _endpoints(spec, _settings(text, settings), recordings, environ)
    ]
    return _distinct_labels(found)


def plan_judges(
    texts: Sequence[str], settings: Mapping[str, EndpointSettings], environ: Mapping[str, str]
) -> list[EndpointPlan]:
    """The judges, likewise."""
    if scripted := [text for text in texts if parse_spec(text).provider == "scripted" and text != _RULES]:
        raise SpecError(f"{scripted[0]} cannot judge; the built-in judge is {_RULES}")
    return [e for text in texts for e in _endpoints(parse_spec(text), _settings(text, settings), {}, environ)]


def _settings(text: str, settings: Mapping[str, EndpointSettings]) -> EndpointSettings:
    """What the plan says of a spec: under its very words, else under another way to name it."""
    other = (found for key, found in settings.items() if means(key, text))
    return settings.get(text) or next(other, EndpointSettings())


def _endpoints(
    spec: ModelSpec,
    settings: EndpointSettings,
    recordings: Mapping[str, list[Recording]],
    environ: Mapping[str, str],
) -> list[EndpointPlan]:
    if spec.provider in ("replay", "scripted") and settings != EndpointSettings():
        raise UsageError(f"endpoints: {spec} is not asked over a network; nothing can be set for it")
    if spec.provider == "replay":
        if spec.model not in recordings:
            raise SpecError("a judge cannot be a recording; name a model, e.g. -j openai:gpt-6-luna")
        return [
            EndpointPlan(label=r.label, provider="replay", model=r.label, digest=r.digest, path=str(r.path))
            for r in recordings[spec.model]
        ]
    resolved = resolve(spec, environ)
    dialect = DIALECTS.get(spec.provider)
    if dialect is not None:
        checked_extra(dialect, settings.extra)
    more = [parse_spec(f"{spec.provider}:{spec.model}@{url}").base_url for url in settings.replicas]
    replicas = tuple(url for url in (*resolved.replicas, *more) if url is not None)
    if len({resolved.base_url, *replicas}) <= len(replicas):
        raise UsageError(f"{spec} names the same address twice among its replicas")
    return [
        EndpointPlan(
            label=spec.label,
            provider=resolved.provider,
            model=resolved.model,
            base_url=resolved.base_url,
            extra=settings.extra,
            replicas=replicas,
            limits=settings.limits(),
        )
    ]


def _distinct_labels(models: list[EndpointPlan]) -> list[EndpointPlan]:
    """The same model behind two addresses is told apart by its address."""
    times = Counter(m.label for m in models)
    clear = [m if times[m.label] == 1 else m.model_copy(update={"label": str(m.spec())}) for m in models]
    unique([m.label for m in clear], "model")
    return clear


def unique(labels: list[str], noun: str) -> None:
    """Raise a UsageError that names the first label that is there twice."""
    if twice := sorted(label for label, times in Counter(labels).items() if times > 1):
        raise UsageError(f"{noun} {twice[0]!r} is in the plan twice; each {noun} must be named once")
