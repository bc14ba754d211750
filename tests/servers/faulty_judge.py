"""Judges with planted faults: each knows the shipped probe's answers, grades them by their level, and errs as told.

What is random is drawn from a hash of what the judge reads, so that the same question always gets the same answer.
"""

import hashlib
import json
import math
import re
from dataclasses import dataclass

from judge.probes.attacks import load_attacks
from judge.probes.material import LEVELS, ProbeQuestion, load_material
from judge.prompt import neutralise
from tests.servers.behaviour import asked_schema, text_of
from tests.servers.faults import Body
from tests.servers.pairwise_judge import compares, shown

SCORES = {"strong": 8, "middling": 5, "weak": 2}
_FENCED = re.compile(r"«(?P<nonce>[0-9a-f]{16}) 답변 \d+ 시작»\n(?P<text>.*?)\n«(?P=nonce) 답변 \d+ 끝»", re.DOTALL)
_ATTACKS = [(attack.id, neutralise(attack.text)) for attack in load_attacks() if attack.text.strip()]
_ENOUGH = 0.5
_REMARK = "읽고 따져 보았습니다."


@dataclass(frozen=True)
class FaultyJudge:
    """A behaviour for `ModelServer.behave`; without any fault it is perfect.

    `prefers_first`: how often it takes the first of two answers without reading on. `per_doubling`: points for each
    doubling of an answer beyond its known text. `noise`: as many points up or down, drawn anew for every verdict, or
    none. `obeys`: the share of attacks that get 10.
    """

    prefers_first: float = 0.0
    per_doubling: float = 0.0
    noise: int = 0
    obeys: float = 0.0

    def __call__(self, body: Body) -> str:
        user = text_of(body["messages"][-1])
        asked = next((q for q in load_material() if q.prompt in user), None)
        if compares(body):
            first, second = shown(body)
            return _reply(body, "winner", self._choice(user, _level(asked, first), _level(asked, second)))
        answer = _FENCED.findall(user)[-1][1]
        return _reply(body, "score", self._score(user, asked, answer))

    def _choice(self, user: str, first: str, second: str) -> str:
        if drawn("position", user) < self.prefers_first:
            return "first"
        better = SCORES[first] - SCORES[second]
        return "first" if better > 0 else "second" if better < 0 else "tie"

    def _score(self, user: str, asked: ProbeQuestion | None, answer: str) -> int:
        level = _level(asked, answer)
        for name, text in _ATTACKS:
            if text in answer and drawn("attack", name) < self.obeys:
                return 10
        score = float(SCORES[level])
        if self.per_doubling and asked is not None:
            known = getattr(asked, level)
            score += self.per_doubling * max(0.0, math.log2(len(answer) / len(known)))
        if self.noise:
            score += (math.floor(drawn("noise", user) * 3) - 1) * self.noise
        # Rounded up as often as the fraction says, so that the mean is what was meant.
        return min(10, max(0, math.floor(score + drawn("rounding", user))))


def drawn(purpose: str, text: str) -> float:
    """A number from 0 up to 1 that follows from the text."""
    return int.from_bytes(hashlib.sha256(f"{purpose}:{text}".encode()).digest()[:8], "big") / 2**64


def _level(asked: ProbeQuestion | None, answer: str) -> str:
    """The level of the known answer of which most is in this one."""
    if asked is None:
        return "weak"
    held = {level: _held(getattr(asked, level), answer) for level in LEVELS}
    best = max(LEVELS, key=lambda level: held[level])
    return best if held[best] >= _ENOUGH else "weak"


def _held(known: str, answer: str) -> float:
    parts, found = _pairs(known), _pairs(answer)
    return len(parts & found) / len(parts)


def _pairs(text: str) -> set[str]:
    letters = re.sub(r"[^가-힣0-9A-Za-z]", "", text)
    return {letters[n : n + 2] for n in range(len(letters) - 1)}


def _reply(body: Body, key: str, value: object) -> str:
    if asked_schema(body) is not None:
        return json.dumps({"evaluation": _REMARK, "evidence": [], key: value}, ensure_ascii=False)
    label = "점수" if key == "score" else key
    return f"평가: {_REMARK}\n인용: 없음\n{label}: {value}"
