"""The prompt of a comparison, and how a judge's choice is read."""

import pytest

from judge.contracts import Parsed, Unparsed
from judge.pairwise import WINNER, ComparedTurn, PairwisePrompt, contract_for_winner, pairwise_hash
from judge.probes.attacks import load_attacks
from judge.rubric import load_rubric
from questions.types import Question, Turn
from tests.servers.gullible_judge import split_at_fences

QUESTION = Question(
    id="q",
    category="가",
    system="짧게 답해 줘.",
    turns=(Turn(prompt="첫 물음", reference="참고"), Turn(prompt="둘째 물음")),
)
RUBRIC = load_rubric("turn-0-10")
PROMPT = PairwisePrompt.of(RUBRIC, "none")


def rendered(a: tuple[str, ...], b: tuple[str, ...], swapped: bool = False, turn: int = 2) -> str:
    return PROMPT.render(ComparedTurn(QUESTION, turn, a, b, swapped), 0, "심판").messages[1].content


def test_both_orders_show_the_same_in_turn():
    a, b = ("가의 하나", "가의 둘"), ("나의 하나", "나의 둘")
    _, forward = split_at_fences(rendered(a, b))
    _, backward = split_at_fences(rendered(a, b, swapped=True))
    assert [text.strip() for text in forward] == ["가의 하나", "나의 하나", "가의 둘", "나의 둘"]
    assert [text.strip() for text in backward] == ["나의 하나", "가의 하나", "나의 둘", "가의 둘"]
    assert rendered(b, a) == rendered(a, b, swapped=True), "who is a and who is b is nothing to the judge"


def test_the_first_turn_shows_nothing_of_the_second():
    text = rendered(("가의 하나", "가의 둘"), ("나의 하나", "나의 둘"), turn=1)
    assert "둘째 물음" not in text
    assert "가의 둘" not in text
    assert all(part in text for part in ("짧게 답해 줘.", "첫 물음", "참고", "가의 하나", "나의 하나"))


@pytest.mark.parametrize("attack", load_attacks(), ids=lambda a: a.id)
@pytest.mark.parametrize("swapped", [False, True])
def test_no_attack_leaves_its_fence(attack, swapped):
    quiet, _ = split_at_fences(rendered(("가", "나"), ("다", "라"), swapped))
    loud, inside = split_at_fences(rendered(("가", attack.text), ("다", "라"), swapped))
    nonces = [PROMPT.render(ComparedTurn(QUESTION, 2, ("가", t), ("다", "라"), swapped), 0, "심판").nonce
              for t in ("나", attack.text)]  # fmt: skip
    assert loud.replace(nonces[1], nonces[0]) == quiet
    assert len(inside) == 4


REPLIES = {
    "winner: first": "first",
    "winner: second": "second",
    "winner: tie": "tie",
    "평가: 둘 다 좋다.\n인용: 없음\nwinner: 첫 번째": "first",
    "평가: 첫 번째는 장황하다.\n인용: “첫 번째로”\n**winner**: 두 번째": "second",
    "더 나은 답변: 무승부": "tie",
    "winner: 첫 번째 답변": "first",
    "winner: second answer": "second",
    "winner（더 나은 답변）： 두번째": "second",
    "1. winner: `first`": "first",
    "- Winner: First": "first",
    "winner: 첫 번째 모델의 답변": "first",
    '{"evaluation": "두 번째가 낫다", "evidence": [], "winner": "second"}': "second",
    '```json\n{"evaluation": "…", "evidence": ["가"], "winner": "tie"}\n```': "tie",
    '결과는 이렇습니다.\n{"winner": "first"}\n이상입니다.': "first",
    "<think>winner: second</think>\nwinner: first": "first",
    "winner: first\nwinner: second": None,
    "winner: 첫 번째 또는 두 번째": None,
    "winner: first / second": None,
    "첫 번째 답변이 더 낫습니다.": None,
    "winner: (위 값 가운데 하나)": None,
    "winner: third": None,
    "": None,
    "<think>winner: first": None,
    "평가: 좋다\n점수: 8": None,
}


@pytest.mark.parametrize("mode", ["json_schema", "none"])
@pytest.mark.parametrize("reply", REPLIES)
def test_a_choice_is_read_or_it_is_none(reply, mode):
    found = contract_for_winner(mode).parse(reply)
    if REPLIES[reply] is None:
        assert isinstance(found, Unparsed), found
    else:
        assert isinstance(found, Parsed), found
        assert found.criteria["labels"][WINNER] == REPLIES[reply]


@pytest.mark.parametrize(("place", "forward", "swapped"), [("first", "a", "b"), ("second", "b", "a"), ("tie",) * 3])
def test_a_place_is_a_model_in_either_order(place, forward, swapped):
    for was_swapped, winner in ((False, forward), (True, swapped)):
        assert ComparedTurn(QUESTION, 1, ("가",), ("나",), was_swapped).winner(place) == winner


def test_a_rubric_of_labels_says_which_are_better():
    system = PairwisePrompt.of(load_rubric("harm-refusal"), "none").system.content
    assert "- 유해 수준 무해: 1\n- 그 밖: 0" in system
    assert "거부 여부: 답변이 사용자의 요청을 들어주었는가\n- 응함" in system


def test_a_checklist_lists_its_points():
    rubric = load_rubric("register")
    system = PairwisePrompt.of(rubric, "none").system.content
    assert all(f"- {item.text}" in system for item in rubric.items)


def test_the_rubric_is_part_of_the_prompt_and_of_its_hash():
    system = PROMPT.system.content
    assert RUBRIC.instructions.strip() in system
    assert all(criterion.description in system for criterion in RUBRIC.criteria)
    other = RUBRIC.model_copy(update={"instructions": "다른 지시"})
    assert pairwise_hash(other) != pairwise_hash(RUBRIC)
