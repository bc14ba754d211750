"""Model specs (`PROVIDER:MODEL[@BASE_URL]`) and the providers that stand behind them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from providers.dialects import DIALECTS, Dialect
from providers.errors import SpecError
from providers.types import ChatProvider

if TYPE_CHECKING:
    from providers.batch import OpenAIBatchProvider

OTHER_PROVIDERS = ("ollama", "langchain", "replay", "scripted")
PROVIDERS = (*DIALECTS, *OTHER_PROVIDERS)
_EXAMPLE = "for example openai:gpt-6-luna, solar:solar-pro4, ollama:exaone3.5:7.8b, vllm:NAME@http://host:8000/v1"
_WITH_URL = re.compile(r"(.*?)@(\w[\w+.-]*://.*)")
_BETWEEN_URLS = re.compile(r",(?=\w[\w+.-]*://)")
_CREDENTIALS = re.compile(r"(://|@).*@|\?.*", re.DOTALL)
_NOT_IN_HOST = re.compile(r"[\s\\<>^`{|}\"]")
_OLLAMA_ADDRESS = re.compile(r"(\[.*\]|[^:]*)(?::(.*))?")
_LOOKS_LIKE_ADDRESS = re.compile(r"^[\w.-]+:\d+(/|$)|^localhost\b|/v1/?$")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A parsed spec. `base_url` is None until `resolve`, unless the spec names it.

    `replicas` are further addresses that serve the same model; they share its work and are not part of its identity.
    """

    provider: str
    model: str
    base_url: str | None = None
    replicas: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" + (f"@{self.base_url}" if self.base_url else "")

    @property
    def label(self) -> str:
        """The short name a report shows: a recording's own name, else provider and model."""
        return self.model if self.provider == "replay" else f"{self.provider}:{self.model}"


def parse_spec(text: str) -> ModelSpec:
    """Parse `PROVIDER:MODEL[@BASE_URL[,REPLICA_URL...]]`.

    Raises:
        SpecError: unknown provider, no model, or a base URL that cannot be used.
    """
    provider, colon, rest = text.strip().partition(":")
    shown = _shown(text)
    if not text.isprintable():
        raise SpecError(f"model spec {shown} holds unprintable characters")
    if not colon or not rest:
        raise SpecError(f"model spec {shown} must be PROVIDER:MODEL[@BASE_URL], {_EXAMPLE}")
    if provider not in PROVIDERS:
        raise SpecError(f"unknown provider {provider!r} in {shown}; known: {', '.join(PROVIDERS)}")
    if provider in ("replay", "scripted"):
        return ModelSpec(provider, rest)
    # The first "@" before a scheme parts model and URL: a later one belongs to credentials in the URL.
    with_url = _WITH_URL.fullmatch(rest)
    model, url = with_url.groups() if with_url else (rest, "")
    address = model.rpartition("@")[2].partition("?")[0] if "@" in model else ""
    if _LOOKS_LIKE_ADDRESS.search(address):
        raise SpecError(f"the base URL in {shown} must start with http:// or https://: @http://{address}")
    if not model or "://" in model:
        raise SpecError(f"model spec {shown} names no model, {_EXAMPLE}")
    if not url:
        return ModelSpec(provider, model)
    first, *more = (_checked_url(part) for part in _BETWEEN_URLS.split(url))
    if len({first, *more}) <= len(more):
        raise SpecError(f"model spec {shown} names the same address twice")
    return ModelSpec(provider, model, first, tuple(more))


def _shown(text: str) -> str:
    """A spec or URL for a message: what may be a key (before a host's "@", in a query) is left out."""
    return repr(_CREDENTIALS.sub(lambda m: f"{m[1]}…@" if m[1] else "?…", text))


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        readable = parts.port != 0 and not _NOT_IN_HOST.search(parts.netloc)
    except ValueError:
        readable = False
    if not readable:
        raise SpecError(f"base URL {_shown(url)} cannot be read; it must be http://HOST[:PORT][/PATH] or https://…")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SpecError(f"base URL {_shown(url)} must be http://HOST[:PORT][/PATH] or https://…")
    if parts.username or parts.password or parts.query or parts.fragment:
        # Never echo it: what stands there may be a key.
        raise SpecError(
            f"the base URL of host {parts.hostname!r} carries credentials or a query; "
            "keys belong in environment variables"
        )
    return url.rstrip("/")


def resolve(spec: ModelSpec, environ: Mapping[str, str]) -> ModelSpec:
    """The spec with its base URL filled in from the environment or the provider's default."""
    if spec.base_url is not None or spec.provider in ("langchain", "replay", "scripted"):
        return spec
    if spec.provider == "ollama":
        return ModelSpec(spec.provider, spec.model, _ollama_url(environ.get("OLLAMA_HOST", "").strip(" \t\r\n\"'")))
    dialect = DIALECTS[spec.provider]
    override = environ.get(dialect.base_url_variable, "") if dialect.base_url_variable else ""
    url = override or dialect.base_url
    if url is None:
        raise SpecError(f"{spec} needs its server's address: {spec.provider}:{spec.model}@http://HOST:PORT/v1")
    return ModelSpec(spec.provider, spec.model, _checked_url(url))


def _ollama_url(host: str) -> str:
    from providers.ollama import DEFAULT_BASE_URL

    if not host:
        return DEFAULT_BASE_URL
    if "://" in host:
        return _checked_url(host)
    address, slash, path = host.partition("/")
    parts = _OLLAMA_ADDRESS.fullmatch(address)
    name, port = parts.groups() if parts else (address, "")
    # A server is told to listen on 0.0.0.0 with the same variable; a client must not connect there.
    name = "localhost" if name in ("", "0.0.0.0", "[::]") else name
    return _checked_url(f"http://{name}:{port or 11434}{slash}{path}")


def _key(dialect: Dialect, spec: ModelSpec, environ: Mapping[str, str]) -> str | None:
    key = environ.get(dialect.key_variable, "").strip()
    # A server of one's own behind the same dialect may do without a key; the vendor's may not.
    if not key and dialect.key_required and spec.base_url == dialect.base_url:
        raise SpecError(
            f"{spec.provider} needs a key: set the environment variable {dialect.key_variable} "
            f"(export {dialect.key_variable}=…) and run again"
        )
    if not key.isascii() or not key.isprintable():
        raise SpecError(f"the key in {dialect.key_variable} holds characters that no key has; was it pasted whole?")
    return key or None


def open_provider(
    spec: ModelSpec,
    environ: Mapping[str, str],
    max_connections: int,
    extra: Mapping[str, Any] = MappingProxyType({}),
) -> ChatProvider:
    """The provider of a resolved spec (for `replay`, of a spec that names one file's only model).

    `extra` are body fields or options beyond `SamplingParams` that this endpoint gets with every call.

    Raises:
        SpecError: no key where one is needed, an `extra` that the server would ignore, unknown scripted model,
            unreadable recording.
    """
    if spec.replicas:
        from providers.replicas import ReplicatedProvider

        alone = [replace(spec, base_url=url, replicas=()) for url in (spec.base_url, *spec.replicas)]
        return ReplicatedProvider([open_provider(one, environ, max_connections, extra) for one in alone])
    if extra and spec.provider in ("replay", "scripted"):
        raise SpecError(f"{spec} takes no extra parameters, but got: {', '.join(sorted(extra))}")
    if spec.provider == "scripted":
        from providers.scripted import ScriptedProvider

        return ScriptedProvider(spec.model)
    if spec.provider == "replay":
        from providers.replay import ReplayProvider, read_recordings

        recordings = read_recordings(Path(spec.model))
        if len(recordings) > 1:
            raise SpecError(f"{spec} holds {len(recordings)} models; name one file with one model")
        return ReplayProvider(recordings[0])
    if spec.provider == "langchain":
        from providers.langchain import LangChainProvider

        return LangChainProvider(spec.model, spec.base_url, extra, max_connections)
    if spec.base_url is None:
        raise SpecError(f"{spec} is not resolved: it has no base URL")
    if spec.provider == "ollama":
        from providers.ollama import OllamaProvider

        return OllamaProvider(spec.model, spec.base_url, max_connections, extra)
    from providers.openai_compatible import OpenAICompatibleProvider

    dialect = DIALECTS[spec.provider]
    key = _key(dialect, spec, environ)
    return OpenAICompatibleProvider(dialect, spec.model, spec.base_url, key, max_connections, extra)


def has_batches(spec: ModelSpec) -> bool:
    """Whether this endpoint takes batches; several addresses of one model are several queues, so they do not."""
    return spec.provider in DIALECTS and DIALECTS[spec.provider].batches and not spec.replicas


def open_batch_provider(
    spec: ModelSpec, environ: Mapping[str, str], extra: Mapping[str, Any] = MappingProxyType({})
) -> "OpenAIBatchProvider":
    """The batch lane of a resolved spec that `has_batches`.

    Raises:
        SpecError: as `open_provider`.
    """
    from providers.batch import OpenAIBatchProvider
    from providers.openai_compatible import OpenAICompatibleProvider

    if spec.base_url is None or not has_batches(spec):
        raise SpecError(f"{spec} takes no batches")
    dialect = DIALECTS[spec.provider]
    key = _key(dialect, spec, environ)
    chat = OpenAICompatibleProvider(dialect, spec.model, spec.base_url, key, 1, extra)
    return OpenAIBatchProvider(chat, dialect, key)
