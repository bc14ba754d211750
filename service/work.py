"""A unit of paid work is known by its content, so the same thing is never bought twice."""

import hashlib
import json
from dataclasses import asdict

from providers.scripted import SCRIPT_TAG
from providers.types import ChatRequest
from service.endpoint_plan import EndpointPlan


class WorkKeys:
    """The keys of work for one endpoint.

    A key is the sha256 (hex) over endpoint, requested model, rendered messages, parameters, schema and sample index.
    What is not set is not part of it, so a parameter that kojudge learns to send later changes no old key. All but
    the messages is the same for thousands of requests and is rendered once.
    """

    def __init__(self, endpoint: EndpointPlan) -> None:
        asked = endpoint.asked_extra()
        who = [endpoint.provider, endpoint.base_url, endpoint.model, endpoint.digest, *([asked] if asked else ())]
        self._head = f"[{_json(who)}, "
        self._tails: dict[tuple[int, int], tuple[ChatRequest, str]] = {}

    def of(self, request: ChatRequest, sample: int) -> str:
        """The key of a request; `sample` counts draws of the same request."""
        # What a scripted model is to say stands in no message.
        script = request.tags.get(SCRIPT_TAG, "")
        messages = json.dumps([[m.role, m.content] for m in request.messages], ensure_ascii=False)
        content = f"{self._head}{messages}, {self._tail(request)}, {sample}]{script}"
        return hashlib.sha256(content.encode()).hexdigest()

    def _tail(self, request: ChatRequest) -> str:
        # Known by identity: the request that is kept keeps its parameters and schema alive.
        same = (id(request.params), id(request.response_schema))
        known = self._tails.get(same)
        if known is None:
            schema = request.response_schema
            params = {
                name: value for name, value in asdict(request.params).items() if value is not None and value != ()
            }
            tail = f"{_json(params)}, {_json([schema.name, dict(schema.schema)] if schema is not None else None)}"
            self._tails.clear()
            known = self._tails[same] = (request, tail)
        return known[1]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
