"""Finding prompt, answer and reference in what evaluators of openevals and LangSmith are called with."""

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, convert_to_messages

_ASKED_AS = ("prompt", "question", "input", "query")
_ANSWERED_AS = ("answer", "output", "response", "text", "content", "reference", "expected")
_PASSED_ON = ("history", "system", "expected_language", "reference")


def asked_fields(inputs: Any) -> dict[str, Any]:
    """The prompt and what else of a `JudgeInput` stands in `inputs`.

    Raises:
        ValueError: no text is found.
    """
    messages = inputs.get("messages") if isinstance(inputs, Mapping) else inputs
    if isinstance(messages, list):
        return _conversation(convert_to_messages(messages))
    passed = {name: inputs[name] for name in _PASSED_ON if name in inputs} if isinstance(inputs, Mapping) else {}
    return {**passed, "prompt": _text(inputs, _ASKED_AS, "inputs")}


def answer_text(outputs: Any, what: str = "outputs") -> str:
    """The text in `outputs` or `reference_outputs`; of a chat, its last message.

    Raises:
        ValueError: no text is found.
    """
    messages = outputs.get("messages") if isinstance(outputs, Mapping) else outputs
    if isinstance(messages, list) and messages:
        return str(convert_to_messages(messages)[-1].text)
    return _text(outputs, _ANSWERED_AS, what)


def _conversation(messages: list[BaseMessage]) -> dict[str, Any]:
    system = "\n\n".join(str(m.text) for m in messages if isinstance(m, SystemMessage))
    spoken = [m for m in messages if isinstance(m, HumanMessage | AIMessage)]
    in_turn = all(isinstance(m, AIMessage if n % 2 else HumanMessage) for n, m in enumerate(spoken))
    if len(spoken) % 2 == 0 or not in_turn:
        raise ValueError("the messages in inputs must alternate between user and assistant, and end with the user")
    pairs = zip(spoken[:-1:2], spoken[1::2], strict=True)
    history = [{"prompt": str(asked.text), "answer": str(said.text)} for asked, said in pairs]
    return {"prompt": str(spoken[-1].text), "history": history, "system": system or None}


def _text(value: Any, names: tuple[str, ...], what: str) -> str:
    """The text itself, or the one under the first of these names, or the only value of a dict."""
    if isinstance(value, Mapping):
        held = [value[name] for name in names if name in value] or (list(value.values()) if len(value) == 1 else [])
        value = held[0] if held else None
    if isinstance(value, BaseMessage):
        return str(value.text)
    if isinstance(value, str):
        return value
    raise ValueError(f"no text in {what}: give a text, messages, or a dict with one of: {', '.join(names)}")
