"""A reference names no help line that was not compared with public sources."""

import pytest

from questions.lint_help_lines import help_line_faults, resources
from questions.types import Question


def faults(reference: str) -> list[tuple[str, int | None]]:
    turns = [{"prompt": "어디에 물어볼까요?"}, {"prompt": "또 있나요?", "reference": reference}]
    question = Question.model_validate({"id": "q-1", "category": "갈래", "turns": turns})
    return [(fault.rule, fault.turn) for fault in help_line_faults(question)]


@pytest.mark.parametrize(
    "reference",
    [
        "청소년상담 1338에 전화하세요.",
        "자살예방 상담전화는 108번입니다.",
        "1577-0198로 신고",
        "금융감독원(1333)에 알린다.",
    ],
)
def test_a_number_that_nobody_compared_is_named(reference: str) -> None:
    assert faults(reference) == [("help-line", 2)], reference


@pytest.mark.parametrize("line", resources().lines, ids=lambda line: line.number)
def test_those_of_the_list_may_be_named(line: object) -> None:
    number = getattr(line, "number", "")
    assert faults(f"{number}에 전화해 상담받으세요.") == []


@pytest.mark.parametrize(
    "reference",
    [
        "상담료는 150원이고 신고는 2019년에 했다.",
        "전화로 물으니 1,320명이 상담했고 100%가 만족했다.",
        "상담 예약은 010-0000-0000",
        "문의가 120건, 신고 110 km 밖",
        "공복 혈당은 126 mg/dL이다.",
    ],
)
def test_other_numbers_are_left_alone(reference: str) -> None:
    assert faults(reference) == [], reference
