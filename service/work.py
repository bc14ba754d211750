"""A unit of paid work is known by its content, so the same thing is never bought twice."""

import hashlib
import json
from dataclasses import asdict

from providers.types import ChatRequest
from service.endpoint_plan import EndpointPlan


def work_key(endpoint: EndpointPlan, request: ChatRequest, sample: int) -> str:
    """sha256 (hex) over endpoint, requested model, rendered messages, parameters, schema and sample index.

    What is not set is not part of it, so a parameter that kojudge learns to send later changes no old key.
    """
    schema = request.response_schema
    asked = endpoint.asked_extra()
    content = [
        [
            endpoint.provider,
            endpoint.base_url,
            endpoint.model,
            endpoint.digest,
            *([asked] if asked else ()),
        ],
        [[m.role, m.content] for m in request.messages],
        {name: value for name, value in asdict(request.params).items() if value is not None and value != ()},
        [schema.name, dict(schema.schema)] if schema is not None else None,
        sample,
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
