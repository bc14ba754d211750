"""Which option an answer settles on: a table of answers as models write them, and answers made from a plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge.checks.choice import settle
from tests.judge_rules.answer_endings import ENDINGS, PEOPLE

ROWS = [(options, answer, place) for options, rows in ENDINGS.items() for answer, place in rows]
PIECES = [
    "정답: ",
    "답은 ",
    "김가상 씨",
    "이나래 씨",
    "알 수 없음",
    "가 정답",
    "입니다. ",
    "는 아닙니다",
    "지만 ",
    "\n",
    "②",
    "(3)",
    "?",
]


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len({(options, answer) for options, answer, _ in ROWS}) >= 150


@pytest.mark.parametrize(("options", "answer", "place"), ROWS, ids=[answer[:40] for _, answer, _ in ROWS])
def test_an_answer_settles_on(options: tuple[str, ...], answer: str, place: int) -> None:
    settled = settle(options, answer)
    assert settled.option == (place - 1 if place else None), settled


@given(st.permutations(PEOPLE), st.sampled_from(["정답: {}", "따라서 정답은 {}입니다.", "**답: {}**"]))
def test_a_plain_statement_outweighs_any_reasoning_before_it(order: list[str], ending: str) -> None:
    first, second, last = order
    answer = f"{first}일 수도 있고 {second}일 수도 있습니다.\n\n" + ending.format(last)
    assert settle(PEOPLE, answer).option == PEOPLE.index(last)


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=200))
def test_any_text_settles_on_an_option_or_on_none(answer: str) -> None:
    settled = settle(PEOPLE, answer)
    assert settled.option in (None, 0, 1, 2)
    assert settled.option is None or not settled.several


@pytest.mark.parametrize("options", [("a", "a"), ("(", ")"), ("", "1"), ("3", "4"), ("가" * 500, "나")])
def test_strange_options_do_no_harm(options: tuple[str, ...]) -> None:
    for answer in ("정답: 가", "정답: (", "3", "정답: 1번", ""):
        settle(options, answer)
