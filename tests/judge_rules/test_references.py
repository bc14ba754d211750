"""A reference that fails its own check is named; one that passes, or cannot be decided, is not."""

from typing import Any

import pytest

from judge.checks.references import reference_findings
from questions.types import Question, QuestionSet


def found(reference: str | None, *checks: dict[str, Any]) -> list[str]:
    turns = [{"prompt": "첫 물음", "reference": "그렇다"}, {"prompt": "둘째", "reference": reference, "checks": checks}]
    question = Question.model_validate({"id": "q-1", "category": "이해", "turns": turns})
    return [str(finding) for finding in reference_findings(QuestionSet(set="우리", questions=(question,)))]


@pytest.mark.parametrize(
    ("reference", "check", "words"),
    [
        ("비를 막는다", {"type": "contains", "all_of": ["햇빛"]}, "contains: ‘햇빛’ 없음"),
        ("비를 막는다", {"type": "contains", "none_of": ["비를막"]}, "contains: 쓰지 말아야 할"),
        ("모두 1,250원이다.", {"type": "number", "value": 1200}, "number: 숫자 1,200 없음"),
        ("조금 긴 답이다", {"type": "length", "max_chars": 3}, "length: 8자(최대 3자)"),
        ("하나. 둘.", {"type": "format", "shape": "list"}, "format: 목록 없음"),
        ("비가 왔다. 길이 젖었다.", {"type": "count", "unit": "sentence", "max": 1}, "count: 문장 2개"),
        ("나무\n가을", {"type": "line_starts", "starts": ["가", "나"]}, "line_starts: 1번째 줄"),
        ("정답: 나", {"type": "choice", "options": ["가", "나"], "answer": "가"}, "choice: ‘나’ 고름"),
        ("암호는 은빛수달", {"type": "canary", "secret": "은빛수달"}, "canary: 비밀 말"),
        ("비가 와요. 추워요.", {"type": "register", "style": "한다체"}, "register: 한다체 문장 2개 가운데 0개"),
    ],
)
def test_a_reference_that_fails_its_check(reference: str, check: dict[str, Any], words: str) -> None:
    (line,) = found(reference, check)
    assert line.startswith("우리#q-1 turn 2: warning: the reference fails the check ")
    assert words in line
    assert line.endswith("mend one of the two [reference]")


@pytest.mark.parametrize(
    ("reference", "check"),
    [
        ("1억 8천만 원", {"type": "number", "value": 180000000}),
        ("답은 −3이다.", {"type": "number", "value": -3}),
        ("큰 절을 올린다", {"type": "contains", "all_of": ["큰절"]}),
        ("짧다", {"type": "length", "min_chars": 200, "max_chars": 400}),
        ("print(1)", {"type": "code", "tests": [{"stdout": "2"}]}),
        ("모르겠다", {"type": "choice", "options": ["가", "나"], "answer": "가"}),
        (None, {"type": "number", "value": 3}),
        ("", {"type": "number", "value": 3}),
    ],
)
def test_a_reference_that_does_not(reference: str | None, check: dict[str, Any]) -> None:
    assert found(reference, check) == []
