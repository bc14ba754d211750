"""The language rule: Korean answers pass, foreign ones do not, and what is no prose decides nothing."""

import json
import time
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judge.checks.language import check_language, check_turn_language
from judge.checks.text import QUOTE_CHARS, compose_hangul, prose, without_quotes
from questions.types import ExpectedLanguage, Question, Turn

KOREAN = "물의 증발량은 온도와 습도, 바람과 표면의 넓이에 따라 달라집니다."
ENGLISH = "The amount of evaporation depends on temperature, humidity, wind and the surface."

CODE = """def reverse(items):
    # {comment}
    result = []
    for item in items:
        result.insert(0, item)
    return result

print(reverse([1, 2, 3]))"""

KO: list[tuple[str, bool | None]] = [
    (KOREAN, True),
    (unicodedata.normalize("NFD", KOREAN), True),
    ("다섯 벌", True),
    ("AI 모델의 GPU memory usage는 12 GB입니다", True),
    ("HTTP의 GET, POST, PUT, DELETE 메서드는 REST API에서 CRUD에 쓰입니다.", True),
    ("Dropout, Batch Normalization, Early Stopping, Weight Decay 등을 씁니다. 과적합을 막습니다.", True),
    ("TypeError: unsupported operand type 오류는 문자열과 정수를 더해서 생깁니다. 형을 맞추면 풀립니다.", True),
    ("민수는 'Attention Is All You Need'라는 논문을 읽고 감탄했다.", True),
    ("이 속담은 \"A stitch in time saves nine.\"에 해당하며, 때를 놓치지 말라는 뜻을 담고 있습니다.", True),
    ("f'(x) = 9x^2 + 4x이므로 한 번 더 미분하면 18x + 4가 됩니다.", True),
    (r"따라서 \[ \text{area} = \frac{1}{2} \times base \times height \] 가 되어 답은 $x = 3$입니다.", True),
    ("단가는 $100에서 $80로 내려가고 이익은 개당 $20가 된다.", True),
    ("자세한 내용은 https://example.com/very/long/english/path/about/things 에 있습니다.", True),
    (f"다음과 같습니다.\n```python\n{CODE.format(comment='walk over all the items')}\n```\n목록을 뒤집습니다.", True),
    (f"목록을 뒤집는 함수입니다.\n\n{CODE.format(comment='walk over all the items')}", True),
    (CODE.format(comment="앞에서부터 하나씩 넣는다"), True),
    (f"```markdown\n{KOREAN}\n```", True),
    # English, Chinese, Japanese
    (ENGLISH, False),
    (f"```text\n{ENGLISH}\n```", False),
    (f"{ENGLISH} (증발)", False),
    ("In Korean, the word 사과 has two meanings. One is the fruit, as in 사과를 먹다; the other is an apology.", False),
    ('The corrected sentence is: "어제 친구와 밥을 먹었다." I put a space after each particle, as rules ask.', False),
    (f"Here is the function you asked for. It walks over the list.\n\n{CODE.format(comment='x')}", False),
    (f"The formula is $x = 3$, so the answer must be {'three ' * 8}.", False),
    ("答案是三，因为其他的选项都不正确，所以我们选择第三个，这是唯一的可能。", False),
    ("答えは三です。なぜなら他の選択肢はすべて間違っているからです。", False),
    ("Ответ три, потому что все остальные варианты неверны и не подходят.", False),
    # nothing to decide by
    ("", None),
    ("42", None),
    ("B", None),
    ("x = 4/3(y - 2)", None),
    (r"$$\int_0^1 x^2 \, dx = \frac{1}{3}$$", None),
    ("GET, POST, PUT", None),
    ("https://example.com/about/the/things/that/matter", None),
    (f"```python\n{CODE.format(comment='walk over all the items of it')}\n```", None),
    (f"```python\n{CODE.format(comment='the closing fence was cut off here')}", None),
    (CODE.format(comment="walk over all the items of the list"), None),
    ("<|im_start|><|im_end|><|eot_id|>" * 9, None),
]  # fmt: skip

EN: list[tuple[str, bool | None]] = [
    (ENGLISH, True),
    (f"{ENGLISH}\n\n낱말의 뜻\n- evaporation: 증발\n- humidity: 습도\n" + KOREAN * 5, True),
    ("I like cats. They are cute. I want one.\n" + KOREAN * 5, True),
    ("Yes.", True),
    (KOREAN, False),
    ("정의(justice), 합의(consensus), 공정(fairness)의 뜻을 설명하면 다음과 같습니다. " + KOREAN, False),
    ("答案是三，因为其他的选项都不正确，所以我们选择第三个，这是唯一的可能。", False),
    ("", None),
    ("42", None),
    ("네", None),
]


@pytest.mark.parametrize(("answer", "passed"), KO, ids=lambda value: repr(value)[:50])
def test_korean_is_expected(answer: str, passed: bool | None) -> None:
    assert check_language(answer, "ko").passed is passed


@pytest.mark.parametrize(("answer", "passed"), EN, ids=lambda value: repr(value)[:50])
def test_english_is_expected(answer: str, passed: bool | None) -> None:
    assert check_language(answer, "en").passed is passed


@pytest.mark.parametrize("answer", ["", "42", KOREAN, ENGLISH, "答案是三"])
def test_any_language_always_passes(answer: str) -> None:
    assert check_language(answer, "any").passed is True


def test_decomposed_hangul_counts_the_same() -> None:
    mixed = f"{KOREAN} {ENGLISH}"
    assert check_language(unicodedata.normalize("NFD", mixed), "ko") == check_language(mixed, "ko")


def test_quotations_of_the_question_are_not_counted() -> None:
    email = "Dear Dr. Kim, I would like to ask for an interview about the design of your game."
    answer = f"원문 '{email}'은 면담을 청하는 글입니다."
    assert check_language(answer, "ko").passed is False
    assert check_language(answer, "ko", f"다음을 요약하라.\n{email}").passed is True
    echo = "이 문장을 올바르게 띄어 쓰고 그 까닭을 밝혀라."
    assert check_language(f"{echo} {ENGLISH}", "ko", echo).hangul_share == 0
    assert check_language(unicodedata.normalize("NFD", echo) + ENGLISH, "ko", echo).hangul_share == 0


def test_short_echoes_stay() -> None:
    assert without_quotes("정답은 사과입니다", "사과는 무엇인가? 정답을 고르라.") == "정답은 사과입니다"


def test_report_is_plain_data() -> None:
    report = check_language(KOREAN, "ko")
    assert json.loads(json.dumps(report.to_dict())) == {
        "expected": "ko",
        "passed": True,
        "hangul_share": 1.0,
        "latin_share": 0.0,
        "letters": report.letters,
    }
    empty = check_language("", "ko")
    assert (empty.hangul_share, empty.latin_share, empty.letters) == (None, None, 0)


def test_syllables_count_as_the_jamo_they_are_typed_with() -> None:
    assert check_language("가나", "ko").letters == 4
    assert check_language("각", "ko").letters == 3
    assert check_language("가 of 나 an", "ko").hangul_share == 0.5


def test_prices_are_not_formulas_and_formulas_are_not_prose() -> None:
    assert "가격은" in prose("가격은 $100에서 $80로 내려갔다")
    assert "frac" not in prose(r"답은 $\frac{a}{b}$이다")
    assert "넓이" in prose(r"$S_{\text{넓이}}$")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(), st.sampled_from(["ko", "en", "any"]), st.text())
def test_any_text_is_decided(answer: str, expected: ExpectedLanguage, prompt: str) -> None:
    report = check_language(answer, expected, prompt)
    for share in (report.hangul_share, report.latin_share):
        assert share is None or 0 <= share <= 1


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
def test_hangul_is_composed_as_unicode_does(text: str) -> None:
    composed = compose_hangul(unicodedata.normalize("NFD", text))
    assert unicodedata.normalize("NFC", composed) == unicodedata.normalize("NFC", text)


_SYLLABLES = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=6)
_ENGLISH_WORDS = st.text("aeokmwyz", min_size=2, max_size=7)  # spells no keyword


@settings(deadline=None)
@given(st.lists(_SYLLABLES | _ENGLISH_WORDS, min_size=1, max_size=30), st.sampled_from([" ", "  ", ", ", "\n", " 1 "]))
def test_letters_are_the_sum_of_the_words(words: list[str], between: str) -> None:
    report = check_language(between.join(words), "ko")
    hangul = sum(len(unicodedata.normalize("NFD", word)) for word in words if not word.isascii())
    latin = sum(len(word) for word in words if word.isascii())
    shares = (round(hangul / (hangul + latin), 4), round(latin / (hangul + latin), 4))
    assert (report.letters, report.hangul_share, report.latin_share) == (hangul + latin, *shares)


@settings(deadline=None)
@given(
    st.lists(_ENGLISH_WORDS, min_size=1, max_size=12),
    st.sampled_from(["", ".", "?", "!", ",", ":", "\u201d", "가"]),
    st.integers(0, 3),
)
def test_a_clause_is_four_words_or_three_and_a_stop(words: list[str], stop: str, repeats: int) -> None:
    """Latin letters in clauses beyond those in Hangul make an answer foreign, and shorter runs never do."""
    english = " ".join(words)
    letters = sum(map(len, words))
    # As many Hangul letters as leave the share at 0.4 or above, all of them before the run.
    korean = "가" * max(letters // 3 + 1, 15)
    answer = f"{korean} {english}{stop}" + " 가나 ok" * repeats
    is_clause = len(words) >= (3 if stop in {".", "?", "!"} else 4)
    hangul = 2 * (len(korean) + 2 * repeats + (stop == "가"))
    assert check_language(answer, "ko").passed is not (is_clause and letters > hangul), answer


_FEW = st.text("가나 ab", max_size=60)


@settings(deadline=None)
@given(_FEW, _FEW, st.integers(0, 60), st.integers(0, 60), st.sampled_from([1, 40]))
def test_a_quotation_is_every_long_window_that_stands_in_the_prompt(
    answer: str, rest: str, start: int, end: int, repeats: int
) -> None:
    prompt = " ".join(f"{rest} {answer[start:end]} {rest}".split() * repeats)
    text = " ".join(answer.split())
    quoted = set[int]()
    for at in range(len(text) - QUOTE_CHARS + 1):
        if text[at : at + QUOTE_CHARS] in prompt:
            quoted |= set(range(at, at + QUOTE_CHARS))
    left = "".join("" if at in quoted else char for at, char in enumerate(text))
    got = without_quotes(answer, prompt)
    assert got.replace(" ", "") == left.replace(" ", ""), (answer, prompt)


@pytest.mark.parametrize(
    "unit",
    [
        *["$", "`", "$a ", "`a ", "```\n", "~~~\n", "\\[", "\\begin{a}", "<", "<a", "<|", "[|", "{", "#\n"],
        *["a", "a ", "a@", "x=", "a(", "x, ", "def f(\n", "for a in ", "가", "漢"],
        *["\n", "\r", " ", "\u0301\u0316", "\x00"],
    ],
)
def test_a_megabyte_takes_linear_time(unit: str) -> None:
    answer = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    started = time.process_time()
    check_language(answer, "ko", KOREAN * 20)
    assert time.process_time() - started < 15  # seconds; a quadratic step would take minutes


def test_a_quotation_of_an_earlier_prompt_is_not_the_answers_language() -> None:
    quoted = "The committee postponed its decision because the report had not been translated in time for the meeting."
    turns = (
        Turn(prompt=f"다음 문장의 뜻을 알려 주세요.\n{quoted}"),
        Turn(prompt="그 문장을 그대로 적고 한 줄로 평해 주세요."),
    )
    question = Question(id="q", category="이해", turns=turns)
    report = check_turn_language(
        question, 2, f"{quoted}\n회의 전에 번역이 끝나지 않아 결정을 미루었다는, 군더더기 없는 문장입니다."
    )
    assert report.passed, report
    assert report.latin_share == 0
