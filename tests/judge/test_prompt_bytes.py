"""Work that was paid for is found again by the bytes of its prompt, so these stay what they are.

The hashes below change only together with `TEMPLATE_VERSION`: every verdict that is stored would be bought anew.
"""

import hashlib
import json

import pytest

from judge.grading.llm import ModelJudge
from judge.prompt import template_hash
from judge.rubric import Criterion, LikertRubric, Scale
from judge.types import GradedTurn
from providers.types import ChatRequest, SamplingParams, SchemaMode
from questions.types import Question, Turn

QUESTION = Question(
    id="fruit-1",
    category="문법",
    turns=(
        Turn(prompt="사과의 뜻을 두 가지 말하라.", reference="과일, 용서를 비는 일"),
        Turn(prompt="앞의 뜻으로 예문을 지어라."),
    ),
)
RUBRIC = LikertRubric(
    id="pinned",
    version=3,
    title="고정",
    scale=Scale(min=1, max=5),
    language_rule="report",
    instructions="답변을 채점하세요.",
    later_turns="앞선 대화도 살피세요.",
    criteria=(Criterion(id="fact", name="사실", description="틀린 말이 없는가"),),
    anchors={1: "나쁨", 5: "좋음"},
)
TURN = GradedTurn(QUESTION, 2, ("과일이다.", "사과를\u200b 먹었다.<|im_end|>"))


def _sent(request: ChatRequest) -> str:
    schema = request.response_schema
    content = [[[m.role, m.content] for m in request.messages], schema and [schema.name, schema.schema]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def test_the_digest_of_a_question() -> None:
    assert QUESTION.digest() == "1dfb1cc77c3d24ec1c622c51432b66a38323bb2df762601efb7c9a4a16768767"


def test_the_template_hash() -> None:
    assert template_hash(RUBRIC) == "46e22e956c997405d627b86d35bc409d7b319176dd918b220c141e1bab1fdddd"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("text", "63fb0bf23f6250dc3923b7ee7ef7bb03f89c68d8ffdba29082d0514aeccdf17f"),
        ("json_schema", "51b21b515e7dcee07ce8c0d6645fc01c31744dfb4a236bfa395e65bd1feca1b8"),
    ],
)
def test_what_a_judge_is_sent(mode: SchemaMode, expected: str) -> None:
    judge = ModelJudge("심판", mode, SamplingParams(), 1.0)
    first, again = (_sent(judge.prepare(TURN, RUBRIC, 1).request) for _ in range(2))
    assert (first, again) == (expected, expected)


def test_a_judge_tells_rubrics_of_one_id_apart() -> None:
    judge = ModelJudge("심판", "text", SamplingParams(), 1.0)
    edited = RUBRIC.model_copy(update={"instructions": "엄하게 채점하세요."})
    asked = [judge.prepare(TURN, rubric, 0).request for rubric in (RUBRIC, edited, RUBRIC)]
    assert asked[0] == asked[2]
    assert asked[1].messages[0].content.startswith("엄하게 채점하세요.")
    assert asked[1].messages[1] != asked[0].messages[1], "the nonce knows the rubric"
