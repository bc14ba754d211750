"""Judges that compare by a rule of the test's, and grade like any other judge where they are not asked to compare."""

import json
import re
from collections.abc import Callable

from tests.servers import behaviour
from tests.servers.behaviour import Behaviour, asked_schema, text_of
from tests.servers.faults import Body
from tests.servers.model_server import ModelServer

_FENCED = re.compile(
    r"«(?P<nonce>[0-9a-f]{16}) (?P<which>첫 번째|두 번째) 답변 (?P<number>\d+) 시작»\n(?P<text>.*?)\n"
    r"«(?P=nonce) (?P=which) 답변 (?P=number) 끝»",
    re.DOTALL,
)
_REMARK = "두 답변을 나란히 읽고 골랐습니다."

Choose = Callable[[str, str], str]


def compares(body: Body) -> bool:
    """Whether this is asked of a judge of pairs."""
    return "견주세요." in text_of(body["messages"][-1])


def shown(body: Body) -> tuple[str, str]:
    """The two answers to be compared: those of the last turn, in the order shown."""
    fenced = _FENCED.findall(text_of(body["messages"][-1]))
    first, second = (text for _, _, _, text in fenced[-2:])
    return first, second


def pairwise_judge(choose: Choose) -> Behaviour:
    """`choose(first, second)` says `first`, `second` or `tie`."""

    def judge(body: Body) -> str:
        if not compares(body):
            return behaviour.judge(body)
        winner = choose(*shown(body))
        if asked_schema(body) is not None:
            return json.dumps({"evaluation": _REMARK, "evidence": [], "winner": winner}, ensure_ascii=False)
        return f"평가: {_REMARK}\n인용: 없음\nwinner: {winner}"

    return judge


def prefers(word: str) -> Choose:
    """Chooses the answer that holds the word; a tie if both or neither do."""

    def choose(first: str, second: str) -> str:
        if (word in first) == (word in second):
            return "tie"
        return "first" if word in first else "second"

    return choose


def furnish(server: ModelServer) -> None:
    """The models `good` and `poor`, with an answer of their own to every turn, and a `judge` that tells them apart."""

    def saying(answer: str) -> Behaviour:
        def candidate(body: Body) -> str:
            asked = text_of(body["messages"][-1]).split()[0]
            return f"{answer} ({asked} 물음, {len(body['messages'])}째 말)"

        return candidate

    server.behave("good", saying("좋은 답변입니다. 하루 손님 수에 한 사람이 쓰는 돈을 곱해 어림합니다."))
    server.behave("poor", saying("모자란 답변입니다. 잘 모르겠으니 다른 곳에 물어보시기 바랍니다."))
    server.behave("judge", pairwise_judge(prefers("좋은")))
