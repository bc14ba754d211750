"""The shipped set: its shape, and that the things it calls right are right."""

import re
import sqlite3
from collections import Counter
from itertools import permutations
from math import comb

import pytest

from judge.checks.answer import find_numbers, run_check
from questions.types import ContainsCheck, LengthCheck, Question
from tests.judge_rules.support import ask, starter

TURNS = [(q, n) for q in starter().questions for n in range(1, len(q.turns) + 1)]
IDS = [f"{q.id}#{n}" for q, n in TURNS]


def question(name: str) -> Question:
    return next(q for q in starter().questions if q.id == name)


def test_twelve_conversations_two_a_category_two_turns_each() -> None:
    assert starter().set == "starter"
    assert starter().licence == "Apache-2.0"
    assert starter().title
    assert starter().description
    assert len({q.id for q in starter().questions}) == 12
    assert Counter(q.category for q in starter().questions) == dict.fromkeys(
        ("추론", "수학", "글쓰기", "코딩", "이해", "문법"), 2
    )
    assert {len(q.turns) for q in starter().questions} == {2}


def test_english_is_asked_for_on_purpose() -> None:
    languages = Counter(q.turns[n - 1].expected_language for q, n in TURNS)
    assert languages["en"] >= 2
    assert languages["ko"] > 12


def test_every_question_says_what_a_good_answer_does() -> None:
    assert all(q.rationale and "\n" not in q.rationale for q in starter().questions)


@pytest.mark.parametrize(("asked", "turn"), TURNS, ids=IDS)
def test_every_turn_is_checked_and_its_reference_passes(asked: Question, turn: int) -> None:
    record = asked.turns[turn - 1]
    assert record.checks
    if record.reference is None:
        return
    # A reference is terse and free of the frame, so only what it says is held against the checks.
    failed = [
        result.detail
        for check in record.checks
        if not isinstance(check, LengthCheck)
        for result in [run_check(check, record.reference)]
        if not result.passed
    ]
    assert failed == []


def test_no_links_addresses_or_numbers_to_call() -> None:
    texts = [q.model_dump_json() for q in starter().questions]
    for model in ("good", "drifting", "weak"):
        texts += [ask(model, q.id, n).text for q, n in TURNS]
    assert not any(re.search(r"https?://|www\.|\w@\w+\.\w|\b0\d{1,2}-\d{3,4}-\d{4}\b", text) for text in texts)


def test_the_festival_has_one_order_and_one_way_out() -> None:
    def orders(*rules: str, magic_last: bool = False) -> list[tuple[str, ...]]:
        found = []
        for order in permutations(["사물놀이", "합창", "마술", "태권도", "색소폰"]):
            at = {team: place for place, team in enumerate(order, 1)}
            holds = {
                "가": at["색소폰"] - at["마술"] == 2,
                "나": at["합창"] - at["태권도"] >= 2,
                "다": at["사물놀이"] in (1, 5),
                "라": abs(at["태권도"] - at["사물놀이"]) == 1,
            }
            if all(holds[rule] for rule in rules) and (not magic_last or at["마술"] == 5):
                found.append(order)
        return found

    first, second = question("reasoning-1").turns
    (order,) = orders(*"가나다라")
    assert f"순서: {', '.join(order)}" in (first.reference or "")
    assert orders(*"가나다라", magic_last=True) == []
    ways = {dropped: orders(*"가나다라".replace(dropped, ""), magic_last=True) for dropped in "가나다라"}
    assert [dropped for dropped, found in ways.items() if found] == ["가"]
    (order,) = ways["가"]
    assert f"순서: {', '.join(order)}" in (second.reference or "")


def test_the_numbers_of_the_references_come_out() -> None:
    rent, burden = (turn.reference or "" for turn in question("math-1").turns)
    assert 180_000_000 * 55 // 1000 // 12 in find_numbers(rent)
    assert 9_900_000 - 180_000_000 * 36 * 846 // 1_000_000 in find_numbers(burden)
    assert round(9_900_000 / (180_000_000 * 0.846) * 100, 2) in find_numbers(burden)
    throws, squares = (turn.reference or "" for turn in question("math-2").turns)
    chance = [comb(4, flat) * 0.6**flat * 0.4 ** (4 - flat) for flat in range(5)]
    assert all(round(p, 4) in find_numbers(throws) for p in chance)
    again = chance[4] + chance[0]
    moved = chance[0] * 5 + sum(flat * chance[flat] for flat in range(1, 5))
    assert {round(1 / (1 - again), 2), round(moved / (1 - again), 2)} <= set(find_numbers(squares))


def code(text: str) -> str:
    match = re.search(r"```\w*\n(.*?)```", text, re.S)
    assert match
    return match[1]


@pytest.mark.parametrize("source", ["reference", "good", "drifting"])
def test_the_python_answers_work(source: str) -> None:
    turns = question("coding-1").turns
    texts = [
        turn.reference if source == "reference" else ask(source, "coding-1", number).text
        for number, turn in enumerate(turns, 1)
    ]
    names: dict[str, object] = {}
    exec("\n".join(code(text or "") for text in texts), names)  # noqa: S102 (our own code)
    chosung, match = names["chosung"], names["match"]
    assert callable(chosung)
    assert callable(match)
    assert chosung("국어 사전 v2") == "ㄱㅇ ㅅㅈ v2"
    assert chosung("가힣까") == "ㄱㅎㄲ"
    assert match("ㄱ어ㅅ", "표준국어사전") is True
    assert match("ㄱㅅ", "표준국어사전") is False
    assert match("사전", "표준국어사전") is True
    assert match("표준국어사전집", "표준국어사전") is False
    assert match("ㄱ", "까치") is False


@pytest.mark.parametrize("source", ["reference", "good", "drifting"])
def test_the_sql_answers_work(source: str) -> None:
    base = sqlite3.connect(":memory:")
    base.executescript("""
        CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT);
        CREATE TABLE orders (member_id INTEGER, amount INTEGER, status TEXT, ordered_at TEXT);
        INSERT INTO members VALUES (1, '하나'), (2, '하나'), (3, '두리');
        INSERT INTO orders VALUES (1, 100, 'paid', '2025-01-03'), (1, 30, 'cancelled', '2025-01-04'),
                                  (2, 7, 'paid', '2025-01-31'), (3, 50, 'paid', '2025-02-01');
    """)
    expected = [
        [(1, "하나", 130), (2, "하나", 7), (3, "두리", 0)],
        [(1, "하나", 100, 1), (2, "하나", 7, 0), (3, "두리", 0, 0)],
    ]
    for number, turn in enumerate(question("coding-2").turns, 1):
        text = turn.reference if source == "reference" else ask(source, "coding-2", number).text
        assert sorted(base.execute(code(text or ""))) == expected[number - 1]
    base.close()


def test_the_asked_phrases_do_not_stand_in_their_own_prompt() -> None:
    """Else a model that only repeats the question would pass."""
    given = [
        (q.id, n)
        for q, n in TURNS
        for check in q.turns[n - 1].checks
        if isinstance(check, ContainsCheck) and check.any_of == () and len(check.all_of) == 1
        if run_check(check, q.turns[n - 1].prompt).passed and check.none_of == ()
    ]
    # 단골: the three causes are named in the prompt, and what is asked is to explain them.
    assert given == [("reasoning-2", 1)]
