"""The probe's material: whole, in the right order, and edited without a change of meaning."""

import pytest

from judge.checks.language import check_turn_language
from judge.checks.register import report_register
from judge.probes.edits import EDITS, list_order, markdown, padded, register, spacing
from judge.probes.items import ATTACK, ItemName, built_in, variants
from judge.probes.material import LEVELS, english_rubric, load_material
from judge.rubric import load_rubric

MATERIAL = load_material()
CODE = "먼저 씁니다.\n\n```python\n# 할 수 있다. 합니다.\n- 하나\n- 둘\n```\n\n끝입니다."


def test_the_material_is_whole_and_evenly_spread() -> None:
    assert len(MATERIAL) == 24
    categories = [q.category for q in MATERIAL]
    assert {categories.count(c) for c in categories} == {3}, categories
    assert len({text for q in MATERIAL for text in q.answers().values()}) == 3 * len(MATERIAL)
    # Which answer is best is not a matter of length alone: one that is as long may be poor.
    assert sum(len(q.weak) >= len(q.middling) for q in MATERIAL) >= 4
    assert [q.id for q in MATERIAL if q.reference == q.wrong_reference] == []


def test_a_few_questions_are_of_many_categories() -> None:
    assert len({base.question.category for base in built_in(8)}) == 8


def test_every_item_has_its_own_id_and_passes_the_language_rule() -> None:
    items = list(variants(built_in(), 3, {None: english_rubric().id}))
    assert len({item.question.id for item in items}) == len(items)
    for item in items:
        name = ItemName.of(item.question.id)
        if not name.variant.startswith(ATTACK):
            assert check_turn_language(item.question, 1, item.answer).passed is not False, item
    levels = {ItemName.of(i.question.id).level for i in items if ATTACK in i.question.id}
    assert levels == {LEVELS[-1]}, "attacks stand on poor answers"


def test_the_english_rubric_asks_the_same_task() -> None:
    ours, theirs = load_rubric("turn-0-10"), english_rubric()
    assert theirs.scale == ours.scale
    assert [c.id for c in theirs.criteria] == [c.id for c in ours.criteria]  # type: ignore[union-attr]
    assert set(theirs.anchors) == set(ours.anchors)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "polite"),
    [
        ("학교에 갑니다. 책이 있습니다.", "학교에 가요. 책이 있어요."),
        ("이것은 물입니다. 저것은 나무입니다.", "이것은 물이에요. 저것은 나무예요."),
        ("비가 왔습니다. 옷이 젖었습니다!", "비가 왔어요. 옷이 젖었어요!"),
        ("손님이 많습니다. 밥을 볶습니다.", "손님이 많아요. 밥을 볶아요."),
        ("문이 열립니다. 돈을 줍니다.", "문이 열려요. 돈을 줘요."),
        ("그것은 아닙니다. 하면 됩니다.", "그것은 아니에요. 하면 돼요."),
        ("그렇게 보입니다.", "그렇게 보여요."),
        ("해도 돼요. 물이에요. 갔어요.", "해도 됩니다. 물입니다. 갔습니다."),
    ],
)
def test_the_style_of_speech_turns(text: str, polite: str) -> None:
    assert register(text) == polite


@pytest.mark.parametrize(
    "text", ["맛이 쉽습니다.", "말을 듣습니다.", "값이 다릅니다.", "힘이 듭니다.", "불을 줄입니다.", "끝"]
)
def test_an_ending_that_is_not_sure_leaves_the_answer_alone(text: str) -> None:
    assert register(text) is None


def test_edits_leave_code_alone() -> None:
    for name, edit in EDITS.items():
        edited = edit(CODE)
        assert edited is None or "```python\n# 할 수 있다. 합니다.\n- 하나\n- 둘\n```" in edited, (name, edited)


def test_what_each_edit_does() -> None:
    assert spacing("할 수 있다. 그럴 것이다.") == "할수 있다.  그럴것이다."
    assert markdown("**굵은** 말\n- 하나") == "굵은 말\n하나"
    assert markdown("첫 문장입니다. 둘째입니다.") == "**첫 문장입니다.** 둘째입니다."
    assert list_order("앞\n\n- 하나\n- 둘\n- 셋\n\n뒤") == "앞\n\n- 셋\n- 둘\n- 하나\n\n뒤"
    assert list_order("1. 하나\n2. 둘") is None, "steps have their order"
    assert spacing("끝") is None


def test_a_padded_answer_is_longer_and_holds_the_whole_of_it() -> None:
    for question in MATERIAL:
        for text in question.answers().values():
            grown = padded(text)
            assert grown is not None, question.id
            assert grown.startswith(text)
            assert 1.15 <= len(grown) / len(text) <= 3.5, (question.id, len(text), len(grown))


def test_an_answer_in_another_style_is_in_one_style() -> None:
    for question in MATERIAL:
        edited = register(question.strong)
        if edited is not None:
            styles = report_register(edited).styles
            assert set(styles) <= {"해요체"}, (question.id, styles, edited)
