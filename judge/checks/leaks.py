"""What only the machinery should have seen: tokens of chat templates, role marks of prompts, broken characters."""

import re

from judge.checks.text import without_code

_SHOWN = 5

_TOKEN = re.compile(
    r"<[|｜][^|｜<>\n]{1,40}[|｜]>"  # <|im_end|>, <|eot_id|>, <｜User｜>
    r"|</?s>|</?think>|<(?:bos|eos|pad|unk|start_of_turn|end_of_turn|extra_id_\d{1,3}|0x[0-9A-F]{2})>"
    r"|\[/?INST\]|<</?SYS>>|\[\|[^|\[\]\n]{1,32}\|\]"  # [|endofturn|]
    r"|^#{2,3} ?(?:Instruction|Human|Assistant|User|명령어|사용자 지시) ?:"
    r"|\ufffd+",
    re.MULTILINE,
)
_STRUCK_OUT = re.compile(r"<s>[^<>\[\]\n]{1,200}</s>")


def is_empty(answer: str) -> bool:
    """Whether nothing is left of it without blanks and invisible characters."""
    return not re.sub(r"[\s\u115f\u1160\u200b-\u200f\u2060\u3164\ufeff]+", "", answer)


def leaked_tokens(answer: str, prompt: str = "") -> tuple[str, ...]:
    """The tokens that stand in the answer, but neither in code (which may be about them) nor in the prompts."""
    # Looking for one character is nearly free, and most answers hold none of these.
    if "<" not in answer and "[" not in answer and "#" not in answer and "\ufffd" not in answer:
        return ()
    text = _STRUCK_OUT.sub(" ", without_code(answer, closed_only=True))
    found = dict.fromkeys(token[:1] if token[0] == "\ufffd" else token for token in _TOKEN.findall(text))
    return tuple(token for token in found if token not in prompt)[:_SHOWN]
