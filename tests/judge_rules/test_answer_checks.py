"""The deterministic checks on an answer, case by case."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.checks.answer import find_numbers, run_check
from questions.types import Check, ContainsCheck, FormatCheck, LengthCheck, NumberCheck

NFD = unicodedata.normalize("NFD", "의존 명사")


def contains(**phrases: tuple[str, ...]) -> ContainsCheck:
    return ContainsCheck(type="contains", **phrases)


def shape(name: str, items: int | None = None) -> FormatCheck:
    return FormatCheck.model_validate({"type": "format", "shape": name, "items": items})


@pytest.mark.parametrize(
    ("check", "answer", "passed"),
    [
        (contains(all_of=("의존 명사", "조사")), "‘지’는 의존명사이고 ‘만큼’은 조사다.", True),
        (contains(all_of=("의존 명사", "조사")), "‘지’는 의존명사다.", False),
        (contains(all_of=("의존명사",)), NFD, True),
        (contains(all_of=(NFD,)), "의존명사", True),
        (contains(all_of=("left join",)), "LEFT\n  JOIN", True),
        (contains(all_of=("정답: 2, 3",)), "**정답:** 2, **3**", True),
        (contains(all_of=("SELECT *",)), "select * from t", True),
        (contains(any_of=("장마", "날씨")), "날씨가 풀렸다", True),
        (contains(any_of=("장마", "날씨")), "봄이 왔다", False),
        (contains(none_of=("슬프",)), "당신은 불을 끈다", True),
        (contains(none_of=("슬프",)), "당신은 슬 프다", False),
        (contains(all_of=("당신",), none_of=("슬프",)), "당신은 슬프다", False),
        (contains(), "", True),
        (LengthCheck(type="length", min_chars=3, max_chars=5), "  가나다  \n", True),
        (LengthCheck(type="length", min_chars=3, max_chars=5), "가나", False),
        (LengthCheck(type="length", min_chars=3, max_chars=5), "가나다라마바", False),
        (LengthCheck(type="length", min_chars=1, max_chars=5), NFD, True),
        (LengthCheck(type="length"), " ", False),
        (shape("code"), "보세요.\n```python\nprint(1)\n```", True),
        (shape("code"), "~~~\na\n~~~", True),
        (shape("code"), "```\n\n```", False),
        (shape("code"), "```python\nprint(1)", False),
        (shape("code"), "`print(1)`", False),
        (shape("json"), '{"답": 9}', True),
        (shape("json"), '정리했습니다.\n```json\n{"답": 9}\n```', True),
        (shape("json"), '답은 {"답": 9}', False),
        (shape("json"), "9", False),
        (shape("json"), '{"답": NaN}', False),
        (shape("json"), "[" * 100_000, False),
        (shape("list"), "1. 하나\n2. 둘", True),
        (shape("list"), "하나, 둘", False),
        (shape("list", 2), "1. 하나\n2. 둘", True),
        (shape("list", 3), "1. 하나\n2. 둘", False),
        (shape("list", 2), "앞말\n\n- 하나\n- 둘\n\n뒷말", True),
        (shape("list", 2), "**1. 하나**\n설명\n**2. 둘**\n설명", True),
        (shape("list", 2), "### 1. 하나\n- 가\n- 나\n- 다\n### 2. 둘", True),
        (shape("list", 2), "1. 하나\n   - 까닭\n   - 보기\n2. 둘", True),
        (shape("list", 3), "① 하나\n② 둘\n③셋", True),
        (shape("list", 1), "```\n- 코드\n```\n- 하나", True),
        (shape("list"), "2024. 10. 3.\n3.5배\n-5도", False),
        (shape("list"), "---\n**굵게**", False),
    ],
)
def test_check(check: Check, answer: str, passed: bool) -> None:
    assert run_check(check, answer).passed is passed


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("답은 142다", [142]),
        ("답은 42입니다.", [42]),
        ("825,000원", [825000]),
        ("$825{,}000$", [825000]),
        ("82만 5천 원", [825000]),
        ("82만5천원", [825000]),
        ("82.5만 원", [825000]),
        ("1억 2천만 원", [120_000_000]),
        ("1억8,000만 원", [180_000_000]),
        ("2천5백만", [25_000_000]),
        ("180 만 원", [1_800_000]),
        ("10만 20만", [100_000, 200_000]),
        ("3만 2번", [30_000, 2]),
        ("1만 2천 명과 3백 명", [12_000, 300]),
        ("42 만약", [42]),
        ("3만큼", [3]),
        ("４２，１９５", [42195]),
        ("0.1536이다", [0.1536]),
        ("34.5%", [34.5, 0.345]),
        ("34.5 퍼센트", [34.5, 0.345]),
        ("x = -3, 마이너스 4, −5", [-3, -4, -5]),
        ("10-20과 2025-01-02", [10, 20, 2025, 1, 2]),
        ("1, 2,3", [1, 2, 3]),
        ("1,2345", [1, 2345]),
        ("① 2³", [2]),
        ("v2, x10, a_3", []),
        ("", []),
    ],
)
def test_numbers(text: str, numbers: list[float]) -> None:
    assert find_numbers(text) == pytest.approx(numbers)


@pytest.mark.parametrize(
    ("value", "tolerance", "answer", "passed"),
    [
        (42, 0, "답은 42", True),
        (42, 0, "답은 142와 421과 4.2와 42.5", False),
        (42, 0, "답은 -42", False),
        (-42, 0, "답은 -42", True),
        (1200, 0, "1,200", True),
        (1200, 0, "1200.0", True),
        (0.3, 0, "0.1 + 0.2 = 0.3", True),
        (1.18, 0.004, "약 1.1837번", True),
        (1.18, 0.004, "약 1.19번", False),
        (0.15, 0, "15%", True),
    ],
)
def test_number_check(value: float, tolerance: float, answer: str, passed: bool) -> None:
    assert run_check(NumberCheck(type="number", value=value, tolerance=tolerance), answer).passed is passed


def test_details_are_korean_and_exact() -> None:
    assert run_check(NumberCheck(type="number", value=4417920), "4,417,920원").detail == "숫자 4,417,920 있음"
    assert run_check(contains(any_of=("가", "나")), "다").detail == "‘가’, ‘나’ 가운데 하나도 없음"
    assert run_check(LengthCheck(type="length", max_chars=2), "가나다").detail == "3자(최대 2자)"
    assert run_check(shape("list", 3), "- 가\n- 나").detail == "목록 항목 2개(요구 3개)"


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**12))
def test_an_integer_is_found_however_its_digits_are_grouped(value: int) -> None:
    for written in (f"{value}", f"{value:,}"):
        assert find_numbers(f"답은 {written}이다") == [value]


@settings(deadline=None)
@given(st.integers(min_value=1, max_value=9999), st.integers(min_value=1, max_value=9999))
def test_eok_and_man_make_one_number(eok: int, man: int) -> None:
    for written in (f"{eok}억 {man}만 원", f"{eok:,}억{man:,}만 원"):
        assert find_numbers(written) == [eok * 10**8 + man * 10**4]


@settings(deadline=None)
@given(st.text() | st.text(alphabet="0123456789,.-%만억천 \n`*①"))
def test_no_text_makes_a_check_fail_to_decide(answer: str) -> None:
    checks: list[Check] = [
        contains(all_of=("가",), none_of=("나",)),
        NumberCheck(type="number", value=42),
        LengthCheck(type="length", max_chars=10),
        shape("code"),
        shape("json"),
        shape("list", 2),
    ]
    for check in checks:
        result = run_check(check, answer)
        assert isinstance(result.passed, bool)
        assert result.detail


@pytest.mark.parametrize(
    ("answer", "passed"),
    [
        ("정답: 41", True),
        ("정답: **41**개", True),
        ("정답:41.", True),
        ("정답: 41, 42", True),
        ("정답: 41\n2번 풀이도 같다.", True),
        ("정답: 410", False),
        ("정답: 41.5", False),
        ("정답: 41,000", False),
        ("정답: 4 1", True),  # spaces are ignored
    ],
)
def test_a_number_is_not_found_inside_a_longer_one(answer: str, passed: bool) -> None:
    check = ContainsCheck(type="contains", all_of=("정답: 41",))
    assert run_check(check, answer).passed is passed, answer
