"""Who answers as an Ollama model: `/api/tags`, `/api/show` and `/api/version` as one `ModelIdentity`."""

import hashlib
from collections.abc import Mapping
from typing import Any

from providers.http_errors import storable
from providers.types import ModelIdentity

_MOST_CHARS = 2000


def find_model(tags: Mapping[str, Any], model: str) -> dict[str, Any] | None:
    """The entry of `/api/tags`; a name without a tag means `:latest`."""
    wanted = tagged(model)
    models = tags.get("models")
    entries = models if isinstance(models, list) else []
    return next((e for e in entries if isinstance(e, dict) and wanted in (e.get("name"), e.get("model"))), None)


def tagged(model: str) -> str:
    return model if ":" in model.rpartition("/")[2] else f"{model}:latest"


def trained_context_length(shown: Mapping[str, Any]) -> int | None:
    """The longest window in tokens that the model was trained for, of the answer of `/api/show`."""
    info = shown.get("model_info")
    if not isinstance(info, dict):
        return None
    length = info.get(f"{info.get('general.architecture')}.context_length")
    return length if isinstance(length, int) and not isinstance(length, bool) and length > 0 else None


def identity(
    provider: str,
    model: str,
    base_url: str,
    num_ctx: int,
    entry: Mapping[str, Any],
    shown: Mapping[str, Any],
    version: Mapping[str, Any],
) -> ModelIdentity:
    """`shown` and `version` may be empty: what they would tell is then unknown.

    `details` carries, where known, the family and size, `capabilities`, `trained_context_length`, the defaults of the
    model file (`parameters`), the values that `think` takes, and `remote_host` and `remote_model` of a model that this
    server only passes on to the cloud.
    """
    listed = {**_object(entry.get("details")), **_object(shown.get("details"))}
    details: dict[str, Any] = {
        name: _short(value) for name, value in listed.items() if isinstance(value, str) and value
    }
    for name in ("remote_model", "remote_host", "parameters"):
        if text := _text(shown.get(name)) or _text(entry.get(name)):
            details[name] = text
    if isinstance(capabilities := shown.get("capabilities"), list):
        details["capabilities"] = [_short(name) for name in capabilities if isinstance(name, str)]
    if length := trained_context_length(shown):
        details["trained_context_length"] = length
    template = shown.get("template")
    return ModelIdentity(
        provider,
        model,
        base_url,
        digest=_text(entry.get("digest")),
        context_length=num_ctx,
        server_version=_text(version.get("version")),
        quantization=_text(listed.get("quantization_level")),
        template_hash=hashlib.sha256(template.encode("utf-8", "replace")).hexdigest()
        if isinstance(template, str) and template
        else None,
        details=details,
    )


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return _short(value) if isinstance(value, str) and value else None


def _short(text: str) -> str:
    return storable(text)[:_MOST_CHARS]
