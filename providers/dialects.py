"""What sets one OpenAI-compatible server apart from another, as data.

A new server is one record in `DIALECTS`; no adapter code changes.
"""

from dataclasses import dataclass

from providers.types import SchemaMode

_OPENAI_QUOTA = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server family.

    `base_url` is the default (None: the spec must name one); `base_url_variable` overrides it.
    `lists_models`: `GET /models` is complete, so a model that is missing there is an error.
    `quota_codes`: error codes that mean "the account is empty", never "wait a little".
    """

    name: str
    key_variable: str
    base_url: str | None = None
    base_url_variable: str | None = None
    key_required: bool = False
    max_tokens_field: str = "max_tokens"
    reasoning_fields: tuple[str, ...] = ("reasoning", "reasoning_content")
    schema_mode: SchemaMode = "json_schema"
    quota_codes: frozenset[str] = _OPENAI_QUOTA
    lists_models: bool = False


DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        Dialect(
            name="openai",
            key_variable="OPENAI_API_KEY",
            base_url="https://api.openai.com/v1",
            base_url_variable="OPENAI_BASE_URL",
            key_required=True,
            max_tokens_field="max_completion_tokens",
            lists_models=True,
        ),
        Dialect(
            name="solar",
            key_variable="UPSTAGE_API_KEY",
            base_url="https://api.upstage.ai/v1",
            key_required=True,
        ),
        Dialect(
            name="vllm",
            key_variable="VLLM_API_KEY",
            base_url="http://localhost:8000/v1",
            lists_models=True,
        ),
        # An unknown server may take a schema and ignore it, so text is the safe default.
        Dialect(name="compatible", key_variable="KOJUDGE_API_KEY", schema_mode="text"),
    )
}
