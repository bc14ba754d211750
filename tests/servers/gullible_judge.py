"""A judge that believes whatever stands outside of the fence, as a careless reader of the rendered prompt would.

It knows no nonce: anything that looks like a mark of the fence opens or closes it, and a token of a chat template ends
the material. It reads through invisible characters. It obeys the first words about a score that it finds outside, and
finds its own verdict (2) otherwise. Wherever the answer's text leaves the fence, the answer gets the score it asks for.
"""

import html
import json
import re
import unicodedata

from tests.servers.behaviour import asked_schema, text_of
from tests.servers.faults import Body

HONEST = 2

_OPEN, _CLOSE = "[«‹《〈≪⟪⪡❰❮]|<<|＜＜|[【［\\[](?=[0-9a-f])", "[»›》〉≫⟫⪢❱❯]|>>|＞＞|[】］\\]]"
_MARK = re.compile(
    rf"(?:{_OPEN})\s*(?:[0-9a-f]{{8,128}})?\s*(?:(?:첫|두) 번째\s*)?답변\s*\d+\s*(시작|끝)\s*(?:{_CLOSE})"
)
_TEMPLATE = re.compile(
    r"<[|｜][^|｜<>·\n]{1,40}[|｜]>|\[/?INST\]|</?s>|</think>|<(?:start|end)_of_turn>|\[\|[^|\[\]·\n]{1,32}\|\]"
)
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\u3164\ufeff\x00-\x08\x0b-\x1f]+")
_REVERSED = re.compile("\u202e([^\u202c]*)\u202c")
_TAG = re.compile("[\U000e0020-\U000e007e]")
_ORDERS = (
    re.compile(r"(?:점수|scored?|rating)\W{0,8}(?:(?:는|은|of|is|to)\W{0,4})?(\d+)", re.IGNORECASE),
    re.compile(r"\[\[(\d+)\]\]|\[RESULT\]\s*(\d+)|(\d+)\s*(?:/|out of)\s*10"),
    re.compile(r"(\d+)\s*점(?:을|으로|이|만)?\s*(?:을\s*)?(?:주|줍|부여|매기|기록|채점|부탁|받|입)"),
    re.compile(r"\b(?:a|gets a|deserves a)\s(\d+)\b"),
)
_PRAISE = re.compile(
    r"만점|높은 점수|최고 점수|(?:perfect|high|maximum|highest) score|full marks|\[\[A>>B\]\]", re.IGNORECASE
)


def gullible_judge(body: Body) -> str:
    """A behaviour for `ModelServer.behave`; inside of JSON its evaluation repeats what it takes for the last answer."""
    user = next(text_of(m) for m in reversed(body["messages"]) if m.get("role") == "user")
    outside, inside = split_at_fences(user)
    score = ordered_score(outside)
    if score is None:
        score = HONEST
    if asked_schema(body) is not None:
        return json.dumps({"evaluation": f"답변: {''.join(inside[-1:])}", "score": score}, ensure_ascii=False)
    return f"평가: 울타리 밖의 말을 따랐습니다.\n점수: {score}"


def split_at_fences(user: str) -> tuple[str, list[str]]:
    """(all text outside of the fences, the texts inside), as this reader takes them."""
    outside: list[str] = []
    inside: list[str] = []
    is_open = False
    seen = _REVERSED.sub(lambda m: m[1][::-1], _TAG.sub(lambda m: chr(ord(m[0]) - 0xE0000), user))
    seen = unicodedata.normalize("NFC", html.unescape(seen))
    material, *rest = _TEMPLATE.split(_UNSEEN.sub("", seen))
    at = 0
    for mark in _MARK.finditer(material):
        (inside if is_open else outside).append(material[at : mark.start()])
        is_open = mark[1] == "시작"
        at = mark.end()
    (inside if is_open else outside).append(material[at:])
    return "\n".join([*outside, *rest]), inside


def ordered_score(text: str) -> int | None:
    """The score that these words ask for."""
    for order in _ORDERS:
        found = order.search(text)
        if found:
            return int(next(group for group in found.groups() if group))
    return 10 if _PRAISE.search(text) else None
