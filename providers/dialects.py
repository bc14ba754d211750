"""What sets one OpenAI-compatible server apart from another, as data.

A new server is one record in `DIALECTS`; no adapter code changes, and the spec, `kojudge providers list`, the checks
of a plan and the documentation's test all read it from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SchemaShape = Literal["json_schema_strict", "json_schema", "json_object", "text"]

_OPENAI_QUOTA = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty", "logit_bias"})
_SAMPLERS = _PENALTIES | {"top_k", "min_p", "repetition_penalty"}

# Extras that say how a call is served and paid for, and change nothing of what is asked.
SERVING_EXTRAS = frozenset(
    {"service_tier", "prompt_cache_key", "safety_identifier", "store", "priority", "cache_prompt", "usage", "ttl"}
    | {"keep_alive", "num_thread", "num_gpu", "main_gpu", "use_mmap", "num_batch"}
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server family.

    `base_url` is the default (None: the spec must name one); `base_url_variable` overrides it.
    `lists_models`: `GET /models` is complete, so a model that is missing there is an error.
    `quota_codes`: error codes that mean "the account is empty", never "wait a little"; `trusts_quota`: they are
    believed at once. Gateways use them for overload too, so there they are believed when retries have not helped.
    `extras`: body fields beyond the standard ones that the server is known to read (None: nobody knows, so any).
    `defaults`: extras that are always sent unless the plan says otherwise.
    `null_content`: what stands for a message without text; no server takes null from everyone.
    `identity_paths`: what to ask besides `/models`: field of `ModelIdentity` (or `loaded_model`, for servers that
    answer as whatever is loaded) -> (path below the address without `/v1`, keys to follow in its JSON).
    `schema_mode`: how a schema is sent where the server enforces it: OpenAI's `json_schema`, with or without `strict`,
    or llama.cpp's `json_object` with a `schema` beside it. "text": it is not enforced, so it is not sent.
    `batches`: the vendor has OpenAI's batch lane. `bills_tokens`: False for a server that one runs oneself.
    `start`: how a user starts or reaches it, for the documentation and `providers list`.
    """

    name: str
    title: str
    key_variable: str
    base_url: str | None = None
    base_url_variable: str | None = None
    key_required: bool = False
    max_tokens_field: str = "max_tokens"
    reasoning_fields: tuple[str, ...] = ("reasoning", "reasoning_content")
    schema_mode: SchemaShape = "json_schema_strict"
    extras: frozenset[str] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    quota_codes: frozenset[str] = _OPENAI_QUOTA
    trusts_quota: bool = True
    null_content: str = ""
    lists_models: bool = False
    identity_paths: Mapping[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    batches: bool = False
    bills_tokens: bool = True
    start: str = ""


DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            name="openai",
            title="OpenAI",
            key_variable="OPENAI_API_KEY",
            base_url="https://api.openai.com/v1",
            base_url_variable="OPENAI_BASE_URL",
            key_required=True,
            max_tokens_field="max_completion_tokens",
            extras=_PENALTIES | {"service_tier", "verbosity", "prompt_cache_key", "safety_identifier", "store"},
            lists_models=True,
            batches=True,
            start="a key from platform.openai.com",
        ),
        Dialect(
            name="solar",
            title="Upstage Solar",
            key_variable="UPSTAGE_API_KEY",
            base_url="https://api.upstage.ai/v1",
            key_required=True,
            # Solar takes any parameter and ignores those it does not know, so the list is what is documented.
            extras=frozenset({"prompt_cache_key", "presence_penalty", "frequency_penalty"}),
            start="a key from console.upstage.ai",
        ),
        Dialect(
            name="vllm",
            title="vLLM",
            key_variable="VLLM_API_KEY",
            base_url="http://localhost:8000/v1",
            # vLLM accepts unknown fields and drops them: a misspelt one would change nothing, silently.
            extras=_SAMPLERS
            | {
                "chat_template_kwargs",
                "structured_outputs",
                "include_reasoning",
                "thinking_token_budget",
                "min_tokens",
                "stop_token_ids",
                "skip_special_tokens",
                "repetition_detection",
                "cache_salt",
                "priority",
            },
            lists_models=True,
            identity_paths={"server_version": ("/version", ("version",))},
            bills_tokens=False,
            start="vllm serve NAME",
        ),
        Dialect(
            name="llamacpp",
            title="llama.cpp server",
            key_variable="LLAMACPP_API_KEY",
            base_url="http://localhost:8080/v1",
            # llama.cpp's own server and llama-cpp-python's both enforce this shape; the latter refuses json_schema.
            schema_mode="json_object",
            extras=_PENALTIES
            | {"top_k", "min_p", "typical_p", "repeat_penalty", "chat_template_kwargs"}
            | {"reasoning_format", "cache_prompt", "grammar", "n_probs"},
            lists_models=True,
            identity_paths={
                "server_version": ("/props", ("build_info",)),
                "context_length": ("/props", ("default_generation_settings", "n_ctx")),
                "template_hash": ("/props", ("chat_template",)),
            },
            bills_tokens=False,
            start="llama-server -m MODEL.gguf --alias NAME",
        ),
        Dialect(
            name="lmstudio",
            title="LM Studio",
            key_variable="LMSTUDIO_API_KEY",
            base_url="http://localhost:1234/v1",
            extras=_PENALTIES | {"top_k", "repeat_penalty", "ttl"},
            lists_models=True,
            bills_tokens=False,
            start="lms server start",
        ),
        Dialect(
            name="openrouter",
            title="OpenRouter",
            key_variable="OPENROUTER_API_KEY",
            base_url="https://openrouter.ai/api/v1",
            key_required=True,
            extras=_SAMPLERS | {"provider", "usage", "reasoning", "transforms", "verbosity"},
            # Another upstream per call would be another model; its own price stands in the reply.
            defaults={
                "provider": {"allow_fallbacks": False, "require_parameters": True},
                "usage": {"include": True},
                "transforms": [],
            },
            lists_models=True,
            start="a key from openrouter.ai",
        ),
        Dialect(
            name="open-webui",
            title="Open WebUI",
            key_variable="OPENWEBUI_API_KEY",
            base_url="http://localhost:3000/api",
            schema_mode="text",
            extras=_PENALTIES,
            trusts_quota=False,
            lists_models=True,
            identity_paths={"server_version": ("/version", ("version",))},
            start="open-webui serve, and a key from Settings > Account",
        ),
        Dialect(
            name="text-generation-webui",
            title="text-generation-webui",
            key_variable="TEXTGEN_API_KEY",
            base_url="http://localhost:5000/v1",
            schema_mode="text",
            extras=_SAMPLERS
            | {"truncation_length", "grammar_string", "mode", "instruction_template", "enable_thinking"},
            identity_paths={"loaded_model": ("/v1/internal/model/info", ("model_name",))},
            bills_tokens=False,
            start="python server.py --api --model NAME",
        ),
        Dialect(
            name="clova",
            title="HyperCLOVA X",
            key_variable="CLOVASTUDIO_API_KEY",
            base_url="https://clovastudio.stream.ntruss.com/v1/openai",
            key_required=True,
            # Only HCX-007 enforces a schema, so text is what holds for every model.
            schema_mode="text",
            extras=frozenset({"top_k", "repetition_penalty", "thinking"}),
            start="a key from CLOVA Studio",
        ),
        # An unknown server may take a schema and ignore it, so text is the safe default.
        Dialect(
            name="compatible",
            title="any other OpenAI-compatible server",
            key_variable="KOJUDGE_API_KEY",
            schema_mode="text",
            trusts_quota=False,
            start="its address after the model: compatible:NAME@http://HOST:PORT/v1",
        ),
    )
}
