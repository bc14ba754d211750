"""Reasoning models write their thinking beside or inside the answer; only the visible answer is judged."""

import re

# <think> is DeepSeek's and Qwen's, <thought> EXAONE's; the others are what chat templates make of them.
_TAG = r"(think|thought|thinking|reasoning)"
_OPEN = re.compile(rf"\s*<{_TAG}>")
_CLOSE_ALONE = re.compile(rf"</{_TAG}>")


def split_reasoning(text: str) -> tuple[str, str | None]:
    """(visible text, reasoning) of a reply that may begin with think blocks; None without any.

    A block that is never closed is all reasoning: the model spent its tokens before it answered.
    A closing tag alone means that the chat template had already opened the block.
    """
    thoughts: list[str] = []
    rest = text
    while opened := _OPEN.match(rest):
        inside, closed, after = rest[opened.end() :].partition(f"</{opened[1]}>")
        thoughts.append(inside.strip())
        rest = after if closed else ""
    if not thoughts and (alone := _CLOSE_ALONE.search(text)) and f"<{alone[1]}>" not in text:
        thoughts.append(text[: alone.start()].strip())
        rest = text[alone.end() :]
    if not thoughts:
        return text, None
    return rest.strip(), "\n\n".join(thoughts)
