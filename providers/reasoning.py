"""Reasoning models write their thinking beside or inside the answer; only the visible answer is judged."""

_OPEN, _CLOSE = "<think>", "</think>"


def split_reasoning(text: str) -> tuple[str, str | None]:
    """(visible text, reasoning) of a reply that may carry an inline think block.

    A block that is never closed is all reasoning: the model spent its tokens before it answered.
    A closing tag alone means that the chat template had already opened the block.
    """
    stripped = text.lstrip()
    if stripped.startswith(_OPEN):
        inside, closed, visible = stripped[len(_OPEN) :].partition(_CLOSE)
        return (visible.strip() if closed else ""), inside.strip()
    if _CLOSE in text and _OPEN not in text:
        inside, _, visible = text.partition(_CLOSE)
        return visible.strip(), inside.strip()
    return text, None
