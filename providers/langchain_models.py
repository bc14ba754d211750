"""Making a LangChain chat model, and reading back what it will really send.

A class is free to rename, drop or ignore what it is given, so nothing is taken on trust: a parameter goes only to a
field that the class declares, must stand in that field afterwards, and must be in the request the class would build,
where it tells.
"""

import inspect
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from pydantic import SecretStr

from providers.errors import SpecError, UnsupportedParameterError
from providers.langchain_errors import spec_error
from providers.types import SamplingParams

CONNECT_TIMEOUT_S = 10.0
# Parameter -> the names it goes by as a field of LangChain's classes, and in their requests.
_FIELDS: dict[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "top_p": ("top_p",),
    "seed": ("seed", "random_seed"),
    "max_output_tokens": ("max_tokens", "max_output_tokens", "num_predict", "max_new_tokens"),
    "reasoning_effort": ("reasoning_effort", "effort", "thinking_level"),
    "logprobs": ("logprobs",),
    "top_logprobs": ("top_logprobs",),
}
_ON_THE_WIRE: dict[str, tuple[str, ...]] = {
    **_FIELDS,
    "max_output_tokens": (*_FIELDS["max_output_tokens"], "max_completion_tokens"),
    "stop": ("stop", "stop_sequences"),
}
_NOT_PARAMETERS = frozenset({"model", "messages", "input", "system", "contents", "extra_headers", "extra_query"})
# What an `extra` may not set: it is kojudge's own, or a key.
_OURS = frozenset(
    {
        "model", "model_name", "base_url", "api_key", "cache", "callbacks", "verbose", "tags", "metadata", "n",
        "max_retries", "streaming", "disable_streaming", "rate_limiter", "http_client", "http_async_client",
        *_FIELDS, *(name for names in _FIELDS.values() for name in names), "stop", "stop_sequences",
    }
)  # fmt: skip
_GATEWAY_OFF = ("", "false", "0", "no")
# These packages share one HTTP client among all models of a process, so closing it would break the others.
_SHARED_CLIENTS = frozenset({"langchain_anthropic"})


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """How to make one vendor's model. `model` is the vendor's own name for it."""

    vendor: str
    model: str
    base_url: str | None
    extra: Mapping[str, Any]
    max_connections: int

    @property
    def spec(self) -> str:
        return f"langchain:{self.vendor}:{self.model}"

    def bare(self) -> BaseChatModel:
        """The model without any parameter: it tells which class it is and what its profile says.

        Raises:
            SpecError: unknown vendor, package or key missing, an address or an `extra` the class cannot take.
        """
        self._refuse_gateway()
        model = self._made({})
        if self.base_url is not None and keyword(type(model), ("base_url",)) is None:
            raise SpecError(f"{self.spec}: {type(model).__name__} takes no base URL; leave out @{self.base_url}")
        for name in self.extra:
            if name in _OURS:
                raise SpecError(f"{self.spec}: the extra parameter {name!r} is set by kojudge or by the environment")
            found = keyword(type(model), (name,))
            if found is None or isinstance(getattr(model, found[1]), SecretStr):
                raise SpecError(f"{self.spec}: {type(model).__name__} has no setting {name!r} for an extra parameter")
        return model

    def build(self, params: SamplingParams, like: type[BaseChatModel]) -> tuple[BaseChatModel, dict[str, Any]]:
        """The model with these parameters, and the parameters it sends; `like` is the class of the bare model.

        Raises:
            UnsupportedParameterError: the class has no such parameter, or drops it.
            SpecError: the class refuses a value.
        """
        asked = dict(_asked(params))
        places: dict[str, tuple[str, str]] = {}
        for name in asked:
            place = keyword(like, _FIELDS[name])
            if place is None:
                raise self._unsupported(name, f"{like.__name__} has no such setting")
            places[name] = place
        settings = {places[name][0]: value for name, value in asked.items()}
        model = self._made({**self.extra, **_fixed(like), **self._transport(like), **settings})
        for name, value in asked.items():
            if getattr(model, places[name][1]) != value:
                raise self._unsupported(name, f"{like.__name__} drops {name}={value!r} for this model")
        if params.stop:
            asked["stop"] = list(params.stop)
        payload = request_payload(model, params.stop)
        if payload is None:
            return model, {**self.extra, **settings, **({"stop": asked["stop"]} if params.stop else {})}
        for name, value in asked.items():
            if value not in [payload_value for key, payload_value in _flat(payload) if key in _ON_THE_WIRE[name]]:
                raise self._unsupported(name, f"{like.__name__} does not send {name}={value!r} to this model")
        return model, payload

    def _made(self, settings: Mapping[str, Any]) -> BaseChatModel:
        try:
            if self.base_url is None:
                return self._initialised(settings)
            try:
                return self._initialised({"base_url": self.base_url, **settings})
            except Exception as error:
                # A server of one's own may do without a key.
                if "needs a key" not in str(spec_error(error, self.spec, self.vendor)):
                    raise
                return self._initialised({"base_url": self.base_url, "api_key": "unused", **settings})
        except Exception as error:  # noqa: BLE001 - every integration has errors of its own
            raise spec_error(error, self.spec, self.vendor) from None

    def _initialised(self, settings: Mapping[str, Any]) -> BaseChatModel:
        keywords: dict[str, Any] = dict(settings)
        made: BaseChatModel = init_chat_model(self.model, model_provider=self.vendor, **keywords)
        return made

    def _refuse_gateway(self) -> None:
        """With this variable LangChain would send every prompt through LangSmith's gateway instead of to the vendor."""
        if self.base_url is None and os.environ.get("LANGSMITH_GATEWAY", "").lower() not in _GATEWAY_OFF:
            raise SpecError(
                f"{self.spec}: LANGSMITH_GATEWAY is set and would send the prompts to a gateway; unset it, "
                f"or name the gateway yourself: {self.spec}@URL"
            )

    def _transport(self, like: type[BaseChatModel]) -> dict[str, Any]:
        """A client of our own for the classes on the OpenAI SDK.

        By default they share one for the whole process, which fails in a second event loop.
        """
        if not any(cls.__module__.startswith("langchain_openai.") for cls in like.__mro__):
            return {}
        import httpx2
        import openai

        limits = httpx2.Limits(max_connections=self.max_connections, max_keepalive_connections=self.max_connections)
        timeout = httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S)
        client = openai.DefaultAioHttpClient(timeout=timeout, limits=limits)
        return {"http_async_client": client, "timeout": timeout}

    def _unsupported(self, name: str, why: str) -> UnsupportedParameterError:
        param = "logprobs" if name == "top_logprobs" else name
        return UnsupportedParameterError(f"{self.spec}: {why}; leave {param} unset for it", param=param)


def keyword(cls: type[BaseChatModel], names: Sequence[str]) -> tuple[str, str] | None:
    """(constructor keyword, attribute) of the first of these names that the class declares as field or alias."""
    for name in names:
        for attribute, info in cls.model_fields.items():
            if name in (attribute, info.alias):
                return info.alias or attribute, attribute
    return None


def request_payload(model: BaseChatModel, stop: Sequence[str]) -> dict[str, Any] | None:
    """The parameters of the request this model would send; None where its class does not tell."""
    build = getattr(model, "_get_request_payload", None)
    if build is None:
        return None
    try:
        payload = build([HumanMessage("?")], stop=list(stop) or None)
        parameters = {key: value for key, value in payload.items() if key not in _NOT_PARAMETERS and value is not None}
        if parameters.get("stream") is False:
            del parameters["stream"]
        plain: dict[str, Any] = json.loads(json.dumps(parameters, default=str))
    except (TypeError, ValueError, KeyError, AttributeError):
        return None
    return plain


def secrets_of(model: BaseChatModel) -> list[str]:
    """The keys a model holds, so that no message repeats them."""
    held = (value.get_secret_value() for value in vars(model).values() if isinstance(value, SecretStr))
    return [secret for secret in held if len(secret) > 3 and secret != "unused"]


async def close_model(model: BaseChatModel) -> None:
    """Close the clients that belong to this model alone."""
    if type(model).__module__.partition(".")[0] in _SHARED_CLIENTS:
        return
    held = {**vars(model), **(model.__pydantic_private__ or {})}
    for name in ("http_async_client", "async_client", "_async_client"):
        if (client := held.get(name)) is not None:
            await _close(client)


async def _close(client: Any) -> None:
    closer = getattr(client, "aclose", None) or getattr(client, "close", None)
    if callable(closer):
        closing = closer()
        if inspect.isawaitable(closing):
            await closing
    elif (inner := getattr(client, "_client", None)) is not None:
        await _close(inner)


def _asked(params: SamplingParams) -> Iterator[tuple[str, Any]]:
    """The parameters that are set, `stop` aside: it goes along with the call."""
    for name in ("temperature", "top_p", "seed", "max_output_tokens", "reasoning_effort"):
        if (value := getattr(params, name)) is not None:
            yield name, value
    if params.logprobs is not None:
        yield "logprobs", True
        if params.logprobs:
            yield "top_logprobs", params.logprobs


def _fixed(cls: type[BaseChatModel]) -> dict[str, Any]:
    """No retry, no cache, no stream, and the reply's headers, where the class has a say in it."""
    wanted = {"cache": False, "max_retries": 0, "streaming": False, "include_response_headers": True}
    found = {name: keyword(cls, (name,)) for name in wanted}
    return {place[0]: wanted[name] for name, place in found.items() if place is not None}


def _flat(payload: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every key with its value, also inside objects such as `reasoning` or `generation_config`."""
    for key, value in payload.items():
        yield key, value
        if isinstance(value, dict):
            yield from _flat(value)
