"""Packed questions are a sequence like any other, and keep next to nothing in memory."""

import gc
import random

import pytest

from questions.packed import PackedQuestions
from questions.types import ContainsCheck, Question, QuestionSet, Turn, question_digests


def question(number: int) -> Question:
    turn = Turn(prompt=f"{number}번 질문입니다.\n둘째 줄 \u2028 끝.", reference=None if number % 2 else "답", checks=())
    checked = Turn(prompt="이어서 답해 주세요.", checks=(ContainsCheck(type="contains", any_of=("가", "나")),))
    return Question(id=f"q{number}", category="어림", turns=(turn, checked)[: 1 + number % 2], tags=("가",))


QUESTIONS = tuple(question(number) for number in range(40))


def test_what_was_packed_comes_back_in_order():
    packed = PackedQuestions(iter(QUESTIONS))
    assert len(packed) == 40
    assert tuple(packed) == QUESTIONS
    assert packed[7] == QUESTIONS[7]
    assert packed[-1] == QUESTIONS[-1]
    with pytest.raises(IndexError):
        packed[40]


@pytest.mark.parametrize("part", [slice(None, 5), slice(3, 30, 7), slice(None, None, 9), slice(50, None)])
def test_a_slice_is_packed_too_and_outlives_the_whole(part):
    chosen = PackedQuestions(QUESTIONS)[part]
    gc.collect()
    assert isinstance(chosen, PackedQuestions)
    assert tuple(chosen) == QUESTIONS[part]
    assert list(chosen.digests()) == [q.digest() for q in QUESTIONS[part]]


def test_any_order_can_be_chosen():
    places = random.Random(7).sample(range(40), 40)
    chosen = PackedQuestions(QUESTIONS).chosen(places)
    assert [q.id for q in chosen] == [f"q{place}" for place in places]
    assert list(question_digests(chosen)) == [QUESTIONS[place].digest() for place in places]


def test_a_set_of_packed_questions_has_the_digest_of_the_plain_one():
    plain, packed = (QuestionSet(set="s", questions=q) for q in (QUESTIONS, PackedQuestions(QUESTIONS)))
    assert packed.questions[3] == plain.questions[3]
    assert packed.digest() == plain.digest()


def test_what_is_too_much_for_memory_goes_to_disk_and_comes_back():
    long = [q.model_copy(update={"system": "가" * 100_000}) for q in QUESTIONS]
    assert list(PackedQuestions(long)) == long
