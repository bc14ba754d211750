"""What the bench server says, as bytes made once: answers, verdicts and everything that goes wrong.

Every good reply names the work that it answers (a number drawn from the request's body), and a verdict's score is that
number modulo 11. So a score that belongs to another request, or to a fault, can be told from a true one.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Wire = Literal["openai", "ollama"]
Role = Literal["answer", "verdict"]

VERDICT_MARK = "출력 형식"
_MARKS = (VERDICT_MARK.encode(), json.dumps(VERDICT_MARK)[1:-1].encode())
_DIGITS = 20
_SLOT = "7" * _DIGITS
SCORES = 11

_SHORT = "한 줄의 상자를 세고 줄과 층의 수를 곱해 어림합니다."
_LONG = "상자의 수를 어림하려면 먼저 한 줄에 놓인 상자를 세고, 줄의 수와 층의 수를 곱합니다. " * 14
_USAGE = {"prompt_tokens": 120, "completion_tokens": 400, "total_tokens": 520}
_REMARK = (
    "물은 것을 빠뜨리지 않고 다루었고 계산의 순서도 맞습니다. 다만 어림한 값의 폭을 말하지 않아 조금 아쉽습니다. " * 4
)

# A careless reader finds a score in each of these.
_HTML = "<!DOCTYPE html><html><body><h1>점검 중입니다</h1><p>평가: 없음</p><p>점수: 10</p></body></html>"
_ERROR_TEXT = "평가: 내부 오류입니다.\n점수: 10"


@dataclass(frozen=True, slots=True)
class Template:
    """A whole HTTP reply with a slot for the work's number."""

    before: bytes
    after: bytes

    def of(self, work: int) -> bytes:
        return b"%b%020d%b" % (self.before, work, self.after)


def is_verdict_request(body: bytes) -> bool:
    """Whether the prompt tells an output format, as a judge's does; the text may be escaped."""
    return _MARKS[0] in body or _MARKS[1] in body


def http(
    status: int, content: bytes, kind: str = "application/json", extra: str = "", length: int | None = None
) -> bytes:
    """A whole reply; `length` is what it claims to have."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {length or len(content)}\r\n\r\n"
    return head.encode() + content


def json_reply(status: int, payload: object, extra: str = "") -> bytes:
    return http(status, json.dumps(payload, ensure_ascii=False).encode(), extra=extra)


def completion(wire: Wire, text: str) -> bytes:
    """A good reply with this text."""
    payload: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": _USAGE,
    }
    if wire == "ollama":
        payload = {
            "model": "bench",
            "message": {"role": "assistant", "content": text},
            "done": True,
            "done_reason": "stop",
            "prompt_eval_count": 120,
            "eval_count": 400,
        }
    return json_reply(200, payload)


def _template(wire: Wire, text: str) -> Template:
    before, _, after = completion(wire, text).partition(_SLOT.encode())
    return Template(before, after)


def _json_verdict(score: float) -> str:
    return json.dumps({"reason": f"{_SLOT}번 답변입니다. {_REMARK}", "score": score}, ensure_ascii=False)


class Replies:
    """The good replies of one wire."""

    def __init__(self, wire: Wire) -> None:
        self._answers = [_template(wire, f"{_SLOT}번 물음의 답입니다. {text}") for text in (_LONG, _SHORT)]
        self._verdicts = {
            "text": [_template(wire, f"평가: {_SLOT}번 답변입니다. {_REMARK}\n점수: {n}") for n in range(SCORES)],
            "json": [_template(wire, _json_verdict(n)) for n in range(SCORES)],
            "unit_json": [_template(wire, _json_verdict(n / (SCORES - 1))) for n in range(SCORES)],
        }

    def of(self, role: Role, work: int, answers: str, verdicts: str) -> bytes:
        """The reply to this work. `answers`: long, short or mixed; `verdicts`: text, json or unit_json (0 to 1)."""
        if role == "verdict":
            return self._verdicts[verdicts][work % SCORES].of(work)
        short = work % 2 if answers == "mixed" else answers == "short"
        return self._answers[short].of(work)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Attributes:
        payload: sent instead of the reply; None with `then` "hang".
        at_once: refused without the latency of real work.
        then: what happens to the connection after the payload.
    """

    payload: Callable[[bytes], bytes]
    at_once: bool = False
    then: Literal["keep", "close", "reset", "hang", "dribble"] = "keep"


def _fixed(payload: bytes) -> Callable[[bytes], bytes]:
    return lambda reply: payload


def _error(message: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": "server_error", "code": code}}


_BUSY = _error("too many requests", "rate_limit_exceeded")
RETRY_AFTER_S = 1

FAULTS: dict[str, Fault] = {
    "rate_limit": Fault(_fixed(json_reply(429, _BUSY)), at_once=True),
    "rate_limit_after": Fault(_fixed(json_reply(429, _BUSY, f"Retry-After: {RETRY_AFTER_S}\r\n")), at_once=True),
    "server_error": Fault(_fixed(json_reply(500, _error("internal error", None)))),
    "busy": Fault(_fixed(json_reply(503, _error("overloaded", None))), at_once=True),
    "hang": Fault(_fixed(b""), then="hang"),
    "reset": Fault(lambda reply: reply[: len(reply) // 2], then="reset"),
    "truncated": Fault(lambda reply: reply[: 2 * len(reply) // 3], then="close"),
    "html": Fault(_fixed(http(200, _HTML.encode(), "text/html; charset=utf-8"))),
    "error_in_200": Fault(_fixed(json_reply(200, _error(_ERROR_TEXT, "upstream_error")))),
    "empty": Fault(_fixed(completion("openai", ""))),
    "dribble": Fault(lambda reply: reply[: reply.index(b"\r\n\r\n") + 4], then="dribble"),
}


class FaultDraw:
    """Which request fails how: shares of all chat requests, drawn in order of arrival from one seed."""

    def __init__(self, shares: dict[str, float], seed: int = 1) -> None:
        if unknown := set(shares) - set(FAULTS):
            raise ValueError(f"no fault is called {sorted(unknown)[0]!r}; there are: {', '.join(FAULTS)}")
        self._shares = list(shares.items())
        self._total = sum(shares.values())
        self._random = random.Random(seed)

    def next(self) -> str | None:
        """The name of the next request's fault."""
        if not self._total or (drawn := self._random.random()) >= self._total:
            return None
        for name, share in self._shares:
            drawn -= share
            if drawn < 0:
                return name
        return self._shares[-1][0]
