"""What the test models say when nobody scripts them: the same words for the same messages, on any machine."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tests.servers.faults import Body, Reply

Messages = Sequence[Mapping[str, Any]]
Answer = str | Reply
Behaviour = Callable[[Body], Answer | Awaitable[Answer]]

_OPENINGS = ("질문을 잘 읽었습니다.", "차근차근 말씀드리겠습니다.", "핵심부터 답하겠습니다.")
_CLOSINGS = ("도움이 되셨기를 바랍니다.", "더 궁금한 점이 있으면 알려 주세요.", "이상으로 답변을 마칩니다.")
_REMARK = "질문의 의도에 맞게 답했으나 근거를 더 들면 좋겠습니다."


def count_tokens(text: str) -> int:
    """A crude count: one token for three UTF-8 bytes, so one for a Korean syllable."""
    return (len(text.encode()) + 2) // 3


def cut_tokens(text: str, limit: int) -> str:
    """The first `limit` tokens by the crude count."""
    return text.encode()[: 3 * limit].decode(errors="ignore")


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message whose content is a string, null or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def count_prompt(messages: Messages) -> int:
    """The crude prompt count, with four tokens of template around each message."""
    return sum(count_tokens(text_of(message)) + 4 for message in messages)


def stable_hash(messages: Messages) -> int:
    """A number that depends on roles and texts only."""
    spoken = [[message.get("role"), text_of(message)] for message in messages]
    digest = hashlib.sha256(json.dumps(spoken, ensure_ascii=False).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def candidate(body: Body) -> str:
    """A Korean answer of three sentences that quotes the last user message."""
    messages = body["messages"]
    question = next((text_of(message) for message in reversed(messages) if message.get("role") == "user"), "")
    number = stable_hash(messages)
    topic = " ".join(question.split())[:40]
    opening, closing = _OPENINGS[number % 3], _CLOSINGS[number // 3 % 3]
    return f"{opening} “{topic}”에 대해서는 {number % 7 + 2}가지를 살펴야 합니다. {closing}"


def judge(body: Body) -> str:
    """A valid verdict: JSON that follows the schema sent along, else `평가: ...` and `점수: N` (0 to 10)."""
    number = stable_hash(body["messages"])
    schema = asked_schema(body)
    if schema is not None:
        return json.dumps(instance_of(schema, number), ensure_ascii=False)
    return f"평가: {_REMARK}\n점수: {number % 11}"


def default(body: Body) -> str:
    """A judge where the model's name says so or a schema is asked for, else a candidate."""
    if "judge" in str(body.get("model")) or asked_schema(body) is not None:
        return judge(body)
    return candidate(body)


def asked_schema(body: Body) -> Mapping[str, Any] | None:
    """The JSON schema in an OpenAI `response_format` or an Ollama `format`; `{}` for plain JSON mode."""
    wanted: Mapping[str, Any] = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        inner = wanted.get("json_schema", wanted)
        return dict(inner.get("schema") or {})
    form = body.get("format")
    if wanted.get("type") == "json_object" or form == "json":
        return {"properties": {"rationale": {"type": "string"}, "score": {"type": "integer"}}}
    return form if isinstance(form, dict) else None


def instance_of(schema: Mapping[str, Any], number: int, root: Mapping[str, Any] | None = None) -> Any:
    """A value that follows the schema; numbers are drawn from `number` within their bounds (0 to 10 if open)."""
    root = schema if root is None else root
    if "$ref" in schema:
        target: Any = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return instance_of(target, number, root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return instance_of(schema[choice][0], number, root)
    kinds = schema.get("type", "object")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    return _MAKERS[kind](schema, number, root)


def _object(schema: Mapping[str, Any], number: int, root: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: instance_of(part, number + 7919 * place, root)
        for place, (name, part) in enumerate(schema.get("properties", {}).items())
    }


def _array(schema: Mapping[str, Any], number: int, root: Mapping[str, Any]) -> list[Any]:
    item = schema.get("items", {"type": "string"})
    return [instance_of(item, number + place, root) for place in range(schema.get("minItems", 0))]


def _string(schema: Mapping[str, Any], number: int, root: Mapping[str, Any]) -> str:
    text: str = _REMARK + "." * max(0, schema.get("minLength", 0) - len(_REMARK))
    return text[: int(schema.get("maxLength", len(text)))]


def _integer(schema: Mapping[str, Any], number: int, root: Mapping[str, Any]) -> int:
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + 11) - 1)
    return int(low) + number % (int(high) - int(low) + 1)


_MAKERS: dict[str, Callable[[Mapping[str, Any], int, Mapping[str, Any]], Any]] = {
    "object": _object,
    "array": _array,
    "string": _string,
    "integer": _integer,
    "number": _integer,
    "boolean": lambda schema, number, root: number % 2 == 0,
    "null": lambda schema, number, root: None,
}
