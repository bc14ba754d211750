"""Every provider as a person meets it: what it is, where it answers, which key it wants, how to reach it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from providers.dialects import DIALECTS, Dialect
from providers.errors import SpecError
from providers.registry import PROVIDERS, ModelSpec, resolve
from providers.scripted import BEHAVIOURS, SCRIPTED_MODELS
from providers.types import SchemaMode

AddressSource = Literal["default", "environment", "spec"]

ASKS_NOBODY = frozenset({"replay", "scripted"})
"""Providers that give back what was written beforehand."""

_MODELS = {
    "openai": "gpt-6-luna",
    "solar": "solar-pro4",
    "openrouter": "VENDOR/MODEL",
    "clova": "HCX-007",
}


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """One provider. None: no key, no address of its own, or a schema mode that depends on the model."""

    name: str
    title: str
    start: str
    example: str
    key_variable: str | None = None
    address_variable: str | None = None
    schema_mode: SchemaMode | None = None


_OTHERS = {
    info.name: info
    for info in (
        ProviderInfo(
            "ollama",
            "Ollama",
            "ollama serve, then ollama pull MODEL",
            "ollama:exaone3.5:7.8b",
            key_variable="OLLAMA_API_KEY",
            address_variable="OLLAMA_HOST",
            schema_mode="json_schema",
        ),
        ProviderInfo(
            "langchain",
            "any vendor that LangChain knows",
            "pip install langchain-VENDOR, and the vendor's own key variable",
            "langchain:anthropic:MODEL",
        ),
        ProviderInfo("replay", "answers recorded in a file", "a .jsonl file of answers", "replay:answers.jsonl"),
        ProviderInfo(
            "scripted",
            "built-in demo models, and models of known behaviour",
            f"nothing to start; {', '.join(SCRIPTED_MODELS)} know the set starter, {', '.join(BEHAVIOURS)} any set",
            "scripted:perfect",
        ),
    )
}


def catalogue() -> list[ProviderInfo]:
    """All providers that a spec may name, in the registry's order."""
    return [provider_info(name) for name in PROVIDERS]


def provider_info(name: str) -> ProviderInfo:
    """What there is to say of one provider of `registry.PROVIDERS`."""
    if name in DIALECTS:
        return _of_dialect(DIALECTS[name])
    return _OTHERS.get(name) or ProviderInfo(name, name, "", f"{name}:MODEL")


def _of_dialect(dialect: Dialect) -> ProviderInfo:
    address = "" if dialect.base_url else "@http://HOST:PORT/v1"
    return ProviderInfo(
        dialect.name,
        dialect.title,
        dialect.start,
        f"{dialect.name}:{_MODELS.get(dialect.name, 'NAME')}{address}",
        key_variable=dialect.key_variable,
        address_variable=dialect.base_url_variable,
        schema_mode="text" if dialect.schema_mode == "text" else "json_schema",
    )


def key_is_set(info: ProviderInfo, environ: Mapping[str, str]) -> bool | None:
    """Whether the provider's key variable holds anything; None when it has none."""
    return None if info.key_variable is None else bool(environ.get(info.key_variable, "").strip())


def address(info: ProviderInfo, environ: Mapping[str, str]) -> tuple[str | None, AddressSource | None]:
    """(base URL, where it comes from) for a spec that names none; (None, "spec") where the spec must name one.

    Raises:
        SpecError: the environment holds an address that cannot be used.
    """
    if info.name not in DIALECTS and info.address_variable is None:
        return None, None
    if info.name in DIALECTS and DIALECTS[info.name].base_url is None and not _overridden(info, environ):
        return None, "spec"
    source: AddressSource = "environment" if _overridden(info, environ) else "default"
    try:
        return resolve(ModelSpec(info.name, "NAME"), environ).base_url, source
    except SpecError as error:
        raise SpecError(f"{info.address_variable}: {error}") from error


def _overridden(info: ProviderInfo, environ: Mapping[str, str]) -> bool:
    return bool(info.address_variable and environ.get(info.address_variable, "").strip())
