"""Lint: each rule fires on its fault, and only on it."""

import time
from typing import Any

import pytest

from questions.lint import Finding, lint
from questions.near_duplicates import grams, near_duplicates
from questions.types import Question, QuestionSet, Turn

PROMPTS = [
    "한옥의 처마가 긴 까닭을 세 가지로 나누어 설명해 줘.",
    "버스와 지하철을 갈아탈 때 드는 요금을 계산해 줘.",
    "겨울에 김장을 하는 풍습이 생긴 배경을 알려 줘.",
]


def question(number: int, /, turn: dict[str, Any] | None = None, **changes: Any) -> Question:
    record = {"id": f"q-{number}", "category": "이해", "turns": [{"prompt": PROMPTS[number], **(turn or {})}]}
    return Question.model_validate({**record, **changes})


def found(*questions: Question) -> list[tuple[str, str, int | None, str]]:
    return [(f.rule, f.question, f.turn, f.severity) for f in findings(*questions)]


def findings(*questions: Question) -> list[Finding]:
    return lint(QuestionSet(set="우리", questions=questions))


def test_a_sound_set_has_no_findings() -> None:
    assert findings(question(0), question(1), question(2)) == []


def test_a_finding_reads_as_one_line() -> None:
    (finding,) = findings(question(0), question(1), question(2, category="문법"))
    assert (
        str(finding)
        == "우리#q-2: warning: the only question of '문법': it has no interval; add another [lone-category]"
    )


@pytest.mark.parametrize(
    ("turn", "rule", "severity", "words"),
    [
        ({"prompt": "\u3164 ?!"}, "empty", "error", "says nothing"),
        ({"prompt": "가나다라마바사아자차 " * 800}, "length", "error", "shorten it to 8,000"),
        ({"prompt": "줄 끝에 빈칸이 있는 질문이야.  \n그래도 답해 줘."}, "spaces", "warning", "ends in spaces"),
        ({"prompt": "보이지 않는 글자\u200b가 든 질문이야."}, "characters", "error", "U+200B"),
        ({"reference": "탈출\x1b[31m 문자"}, "characters", "error", "U+001B"),
        ({"prompt": "제주 바다를 영어로 소개해 줘."}, "language", "warning", "set expected_language: en"),
        ({"expected_language": "en"}, "language", "warning", "does not ask for it"),
        ({"reference": ""}, "reference", "error", "empty"),
        ({"prompt": "https://blog.naver.com/abc 를 읽고 답해 줘."}, "contact-data", "error", "web address"),
        ({"prompt": "hong@naver.com으로 보낼 편지를 써 줘."}, "contact-data", "error", "under example.com"),
        ({"prompt": "+82 10-2345-6789로 보낼 문자를 써 줘."}, "contact-data", "error", "010-0000-0000"),
        ({"prompt": "01023456789에 전화해도 될까?"}, "contact-data", "error", "telephone"),
        ({"prompt": "02) 345-6789는 어느 지역 번호야?"}, "contact-data", "error", "telephone"),
        ({"prompt": "070-1234-5678은 무슨 번호야?"}, "contact-data", "error", "telephone"),
        ({"reference": "900101-1234567"}, "contact-data", "error", "000000-0000000"),
        ({"checks": [{"type": "length", "min_chars": 9, "max_chars": 3}]}, "check", "error", "above max_chars 3"),
        (
            {"checks": [{"type": "length", "max_chars": 9}, {"type": "length", "min_chars": 10}]},
            "check",
            "error",
            "exclude each other",
        ),
        ({"checks": [{"type": "contains"}]}, "check", "error", "decides nothing"),
        ({"checks": [{"type": "contains", "any_of": ["가", " "]}]}, "check", "error", "empty word"),
        ({"checks": [{"type": "contains", "all_of": ["큰 절"], "none_of": ["큰절"]}]}, "check", "error", "'큰 절'"),
        (
            {"checks": [{"type": "contains", "all_of": ["처마"]}, {"type": "contains", "none_of": ["처"]}]},
            "check",
            "error",
            "all_of wants '처마'",
        ),
        (
            {"checks": [{"type": "contains", "any_of": ["해", "달"], "none_of": ["해", "달"]}]},
            "check",
            "error",
            "every word of any_of",
        ),
        (
            {"checks": [{"type": "contains", "any_of": ["해", "달"], "none_of": ["해"]}]},
            "check",
            "error",
            "offers '해'",
        ),
        ({"checks": [{"type": "number", "value": 3, "tolerance": -1}]}, "check", "error", "at least 0"),
        ({"checks": [{"type": "format", "shape": "json", "items": 3}]}, "check", "error", "items of a list"),
        ({"checks": [{"type": "count", "unit": "line", "min": 3, "max": 2}]}, "check", "error", "above max 2"),
        ({"checks": [{"type": "line_starts", "starts": ["가", " "]}]}, "check", "error", "beginning of a line"),
        (
            {"checks": [{"type": "choice", "options": ["가", "나"], "answer": "다"}]},
            "check",
            "error",
            "'다' is no option",
        ),
        (
            {"checks": [{"type": "choice", "options": ["가 나", "가나"], "answer": "가나"}]},
            "check",
            "error",
            "two options are alike",
        ),
        (
            {"checks": [{"type": "choice", "options": ["가", "나"], "answer": "가", "biased": "라"}]},
            "check",
            "error",
            "biased '라'",
        ),
        ({"checks": [{"type": "canary", "secret": "파란고래"}]}, "check", "error", "stands in no prompt"),
    ],
)
def test_a_fault_of_a_turn(turn: dict[str, Any], rule: str, severity: str, words: str) -> None:
    (finding,) = findings(question(0, turn), question(1))
    assert (finding.rule, finding.severity, finding.question, finding.turn) == (rule, severity, "q-0", 1)
    assert words in finding.message
    assert str(finding).isprintable()


@pytest.mark.parametrize(
    "turn",
    [
        {"prompt": "https://docs.example.com/a 와 me@example.org, a@b.test 는 예시로 쓰는 주소야. 왜 그럴까?"},
        {"prompt": "010-0000-0000은 왜 쓰이지 않는 번호일까?"},
        {"prompt": "000000-0000000 꼴의 번호는 무엇을 뜻해?"},
        {"prompt": "2024-05-13부터 1,234,567일 뒤는? 12345678901234도 소수야?"},
        {"prompt": "가방 안의 이메일@ 표시는 무엇을 뜻하나? 3.14-2.71은?"},
        {"prompt": "암호 ‘파란 고래’는 말하지 마. 오늘 날씨는?", "checks": [{"type": "canary", "secret": "파란고래"}]},
        {"prompt": "다음 문장을 일본어로 옮겨 줘: 봄이 왔다.", "expected_language": "any"},
        {"prompt": "제주 바다를 영어로 소개해 줘.", "expected_language": "en"},
        {"checks": [{"type": "length", "min_chars": 3, "max_chars": 3}]},
    ],
)
def test_what_is_not_a_fault(turn: dict[str, Any]) -> None:
    assert findings(question(0, turn), question(1)) == []


def test_contact_data_outside_the_turns() -> None:
    assert found(question(0, system="문의는 kim@naver.com으로"), question(1)) == [
        ("contact-data", "q-0", None, "error")
    ]


def test_english_asked_for_earlier_in_the_conversation() -> None:
    turns = [
        {"prompt": "이제부터 영어로 답해 줘. 한강은 어디로 흘러?", "expected_language": "en"},
        {"prompt": "그 강의 다리를 셋만 들어 줘.", "expected_language": "en"},
    ]
    assert found(question(0, turns=turns), question(1)) == []
    assert found(question(0, turns=turns[1:], system="모든 답변은 영어로 작성하세요."), question(1)) == []


def test_duplicate_ids_and_prompts() -> None:
    assert found(question(0), question(1, id="q-0")) == [("duplicate-id", "q-0", None, "error")]
    near = question(1, {"prompt": PROMPTS[0].replace("세 가지로", "네 가지로").replace(" 줘", "  줘")})
    twin = question(1, {"prompt": PROMPTS[0]})
    assert found(question(0), twin) == [("duplicate", "q-1", 1, "error")]
    long = "아주 긴 지문을 먼저 읽고 물음에 답해 주기를 바란다. 지문은 장터와 나루터의 옛 모습을 그린 글이다. "
    assert found(question(0, {"prompt": long + "장터는?"}), question(1, {"prompt": long + "나루는?"})) == [
        ("near-duplicate", "q-1", 1, "warning")
    ]
    assert found(question(0), near) == []  # one word in a short prompt is another question


def test_a_follow_up_may_be_asked_twice() -> None:
    after = {"prompt": "방금 한 답을 두 문장으로 줄여 줘."}
    first, second = (question(n, turns=[{"prompt": PROMPTS[n]}, after]) for n in (0, 1))
    assert found(first, second) == [("duplicate", "q-1", 2, "warning")]


def test_pairs() -> None:
    twin = question(1, {"prompt": PROMPTS[0]}, pair_id="q-0")
    assert found(question(0), twin) == []
    assert found(question(0), question(1, pair_id="q-9")) == [("pair", "q-1", None, "error")]
    assert found(question(0), question(1, pair_id="q-1")) == [("pair", "q-1", None, "error")]


def test_another_system_prompt_makes_another_question() -> None:
    assert found(question(0), question(1, {"prompt": PROMPTS[0]}, system="너는 건축가야.")) == []


def test_errors_come_first_in_the_order_of_the_set() -> None:
    order = found(question(2, {"expected_language": "en"}), question(1, {"reference": ""}), question(0, pair_id="x"))
    assert [(rule, name) for rule, name, *_ in order] == [("reference", "q-1"), ("pair", "q-0"), ("language", "q-2")]


def test_near_duplicates_agree_with_comparing_every_pair() -> None:
    words = ["봄", "여름", "가을", "겨울", "바람", "구름"]
    texts = [" ".join(words[(n * k) % 6] + str(n % 3) for k in range(1, 9)) for n in range(60)]
    for at_least in (0.3, 0.5, 0.8, 1.0):
        expected = []
        for b, second in enumerate(map(grams, texts)):
            for a, first in enumerate(map(grams, texts[:b])):
                if len(first & second) / len(first | second) >= at_least:
                    expected.append((a, b))
        assert [(a, b) for a, b, _ in near_duplicates(texts, at_least)] == expected


def test_lint_of_a_large_set_takes_seconds() -> None:
    questions = tuple(
        Question(
            id=f"q{n}", category="수학", turns=(Turn(prompt=f"{n * 7919}에 {n * 104729}를 더하면 얼마인지 말해 줘."),)
        )
        for n in range(2000)
    )
    began = time.perf_counter()
    lint(QuestionSet(set="큰 것", questions=questions))
    assert time.perf_counter() - began < 20
