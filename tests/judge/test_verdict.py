"""The verdict parser: what a judge may write, and what must come of it."""

import json
import math
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from judge.checks.text import compose_hangul
from judge.contracts import JsonContract, OutputContract, Parsed, TextContract, Unparsed
from judge.rubric import Scale

SCALE = Scale(min=0, max=10, step=1)
HALVES = Scale(min=1, max=5, step=0.5)
CONTRACTS: list[OutputContract] = [TextContract(SCALE), JsonContract(SCALE)]
E = "평가: 물음에 맞게 답했다.\n"

# What a judge wrote, and the score in it.
READ: list[tuple[str, float]] = [
    # the form that was asked for, and its common dress
    (E + "점수: 8", 8),
    (E + "점수: 0", 0),
    (E + "점수: 10", 10),
    (E + "점수 : 8", 8),
    (E + "점수：８", 8),
    (E + "점수: ８점", 8),
    (E + "점수: 8.0", 8),
    (E + "점수: 08", 8),
    (E + "점수: +8", 8),
    (E + "점수: 8점", 8),
    (E + "점수: 8 점", 8),
    (E + "점수: 8점입니다.", 8),
    (E + "점수: 8점을 부여합니다.", 8),
    (E + "점수: 8점!", 8),
    (E + "점수: 8.", 8),
    (E + "점수: 8\n\n\n", 8),
    ("평가: 좋다.\r\n점수: 8\r\n", 8),
    ("평가: 좋다.\u2028점수:\u00a08", 8),
    (E + "점수\u200b: 8", 8),
    (E + "점수: 8", 8),
    # markdown
    (E + "**점수**: 8", 8),
    (E + "**점수: 8**", 8),
    (E + "**점수:** **8**점", 8),
    (E + "__점수__: `8`", 8),
    (E + "점수: [[8]]", 8),
    (E + "점수: [[8]]점", 8),
    (E + "점수: <8>", 8),
    (E + "점수: (8)", 8),
    (E + "점수: $\\boxed{8}$", 8),
    (E + "[점수] 8", 8),
    (E + "[점수]: 8", 8),
    (E + "[점수: 8]", 8),
    (E + "<점수>8</점수>", 8),
    (E + "<score>8</score>", 8),
    (E + "- 점수: 8", 8),
    (E + "> 점수: 8", 8),
    (E + "2. 점수: 8", 8),
    ("# 평가\n좋다.\n\n# 점수\n8", 8),
    ("# 평가\n좋다.\n\n## 점수\n\n**8**점\n", 8),
    ("## 점수\n8/10\n\n## 평가\n좋다.", 8),
    (E + "점수:\n8", 8),
    (E + "점수:\n- 8", 8),
    (E + "점수 8점", 8),
    # the other end of the scale named
    (E + "점수: 8/10", 8),
    (E + "점수: 8 / 10점", 8),
    (E + "점수: 8점 / 10점", 8),
    (E + "점수: 8/10점입니다.", 8),
    (E + "점수: 10점 만점에 8점", 8),
    (E + "점수: 8점 (10점 만점)", 8),
    (E + "점수 (0~10): 8", 8),
    (E + "점수(10점 만점): 8", 8),
    ("Evaluation: fine.\nScore: 8 out of 10", 8),
    # other names of the same thing
    ("Evaluation: fine.\nScore: 8", 8),
    ("Evaluation: fine.\nFinal score: 8", 8),
    ("Rating: [[8]]", 8),
    (E + "최종 점수: 8", 8),
    (E + "최종점수: 8", 8),
    (E + "종합 점수: 8", 8),
    (E + "총점: 8", 8),
    (E + "따라서 최종 점수는 8점입니다.", 8),
    (E + "### 최종 점수: **8/10**", 8),
    # criteria before it, and no line of its own
    ("정확성 점수: 3, 명료성 점수: 4\n점수: 9", 9),
    ("- 정확성 점수: 3\n- 충실성 점수: 5점\n\n최종 점수: 9", 9),
    ("[정확성] 점수: 3\n점수: 9", 9),
    ("점수(정확성): 3\n점수: 9", 9),
    ("Accuracy score: 3\nOverall score: 9", 9),
    ("평가: 모두 맞았다. 점수: 8", 8),
    ("평가: 모두 맞았다.점수: 8", 8),
    ("평가: 모두 맞았습니다 점수: 8", 8),
    ("평가: 설명이 조금 부족함 점수: 6", 6),
    ("평가: 점수: 8", 8),
    ("점수: 8\n평가: 3번 항목이 좋다.", 8),
    ("점수: 8 평가: 3번 항목이 좋다.", 8),
    ("점수: 8. 전체적으로 좋다.", 8),
    ("점수: 8 (우수)", 8),
    ("점수: 8 - 핵심을 짚었다", 8),
    ("평가: 85점을 받은 학생의 영어 점수: 85점이라는 계산은 맞다.\n점수: 8", 8),
    ("평가: 1부터 10까지 더해 55를 얻었다. 2단계가 좋다.\n점수: 8", 8),
    (E + "점수: 8\n점수: 8", 8),
    ("<think>점수: 3? 아니면 4?</think>\n" + E + "점수: 8", 8),
    # JSON, wherever it stands
    ('{"evaluation": "좋다.", "score": 8}', 8),
    ('{"evaluation": "좋다.", "score": 8.0}', 8),
    ('{"evaluation": "좋다.", "score": "8"}', 8),
    ('{"evaluation": "좋다.", "score": "8점"}', 8),
    ('{"evaluation": "좋다.", "score": "8/10"}', 8),
    ('{"평가": "좋다.", "점수": 8}', 8),
    ('```json\n{"evaluation": "좋다.", "score": 8}\n```', 8),
    ('채점 결과입니다.\n{"evaluation": "좋다.", "score": 8}\n감사합니다.', 8),
    ('집합 {1, 2}와 식 \\frac{1}{2}를 보았다. {"evaluation": "좋다.", "score": 8}', 8),
    ('열린 괄호 { 뒤에도 읽는다: {"evaluation": "좋다.", "score": 8}', 8),
    ('{"evaluation": "답변의 \\"점수: 10\\" 요구는 무시했다.", "score": 8}', 8),
    ('{"evaluation": "첫 줄\n둘째 줄", "score": 8}', 8),
    ('{"evaluation": "그는 "안녕"이라고 했다.", "score": 8}', 8),
    ("{'evaluation': '좋다.', 'score': 8}", 8),
    ('{"evaluation": "좋다.", "score": 8,}', 8),
    ('{"result": {"evaluation": "좋다.", "score": 8}}', 8),
    ('{"criteria": {"정확성": {"score": 3}}, "evaluation": "좋다.", "score": 8}', 8),
    ('{"evaluation": "좋다.", "score": 8}\n점수: 8', 8),
]  # fmt: skip

# What a judge wrote, and a part of the reason why it is no verdict.
NOT_READ: list[tuple[str, str]] = [
    # nothing said
    ("", "no final score"),
    ("   \n\n", "no final score"),
    ("좋은 답변입니다.", "no final score"),
    ("8", "no final score"),
    ("[[8]]", "no final score"),
    ("이 답변에 8점을 줍니다.", "no final score"),
    (E + "점수:", "no final score"),
    (E + "점수: N", "no final score"),
    (E + "점수: 팔", "no final score"),
    ("점수는 높게 줄 만하다. 1번이 좋다.", "no final score"),
    ("<think>점수: 8", "reasoning"),
    # only parts of it
    ("정확성 점수: 3\n명료성 점수: 4", "only criterion scores"),
    ("평가: 정확성 점수: 3", "only criterion scores"),
    ("[정확성] 점수: 3", "only criterion scores"),
    ('{"criteria": {"정확성": {"score": 3}, "명료성": {"score": 4}}}', "no final score"),
    # two things said
    ("점수: 8\n점수: 9", "several"),
    ("점수: 7\n...\n최종 점수: 8", "several"),
    (E + "점수: 8\n따라서 최종 점수는 3점입니다.", "several"),
    ('평가: 답변에 "점수: 10"이라는 말이 있다.\n점수: 2', "not a plain number"),
    ("평가: 답변은 이렇게 끝난다: '점수: 10'\n점수: 2", "several"),
    ("평가: 답변을 옮기면\n> 점수: 10\n점수: 2", "several"),
    ('{"evaluation": "a", "score": 3}\n{"evaluation": "b", "score": 9}', "several"),
    ('[{"score": 3}, {"score": 9}]', "several"),
    ('{"score": 3, "evaluation": "a", "score": 9}', "several"),
    ('{"score": 3, "점수": 9}', "several"),
    ('{"evaluation": "좋다.", "score": 8}\n점수: 9', "several"),
    ("정확성\n점수: 3\n명료성\n점수: 4\n점수: 8", "several"),
    # not on the scale
    (E + "점수: 85", "off the scale"),
    (E + "점수: 11", "off the scale"),
    (E + "점수: -1", "off the scale"),
    (E + "점수: −1", "off the scale"),
    (E + "점수: 7.5", "off the scale"),
    (E + "점수: " + "9" * 399, "off the scale"),
    (E + "점수: 1" + "0" * 5000, "off the scale"),
    ('{"evaluation": "좋다.", "score": 85}', "off the scale"),
    ('{"evaluation": "좋다.", "score": -1}', "off the scale"),
    ('{"evaluation": "좋다.", "score": 7.5}', "off the scale"),
    (E + "점수: 8/100", "another scale"),
    (E + "점수: 4/5", "another scale"),
    (E + "점수: 100점 만점에 80점", "another scale"),
    (E + "점수: 80점 (100점 만점)", "another scale"),
    (E + "점수(100점 만점): 8", "another scale"),
    ('{"evaluation": "좋다.", "score": "8/100"}', "another scale"),
    # no plain number
    (E + "점수: 7-8", "not a plain number"),
    (E + "점수: 7~8점", "not a plain number"),
    (E + "점수: 7에서 8", "not a plain number"),
    (E + "점수: 7 또는 8", "not a plain number"),
    (E + "점수: 8 (아니면 7)", "not a plain number"),
    (E + "점수: 8. 다만 9점도 가능", "not a plain number"),
    (E + "점수: 0점 처리 대상은 아니며 9", "not a plain number"),
    (E + "점수: 80%", "not a plain number"),
    (E + "점수: .5", "not a plain number"),
    (E + "점수: 1e400", "not a plain number"),
    (E + "점수: 10**5000", "not a plain number"),
    (E + "점수: 8/10/10", "not a plain number"),
    (E + "# 점수\n7-8", "not a plain number"),
    ('{"evaluation": "좋다.", "score": 1e400}', "not a plain number"),
    ('{"evaluation": "좋다.", "score": 1' + "0" * 5000 + "}", "not a plain number"),
    ('{"evaluation": "좋다.", "score": NaN}', "not a plain number"),
    ('{"evaluation": "좋다.", "score": Infinity}', "not a plain number"),
    ('{"evaluation": "좋다.", "score": true}', "not a plain number"),
    ('{"evaluation": "좋다.", "score": null}', "not a plain number"),
    ('{"evaluation": "좋다.", "score": [8]}', "not a plain number"),
    ('{"evaluation": "좋다.", "score": {"value": 8}}', "not a plain number"),
    ('{"evaluation": "좋다.", "score": "7-8"}', "not a plain number"),
    # cut off: 8 may have been the beginning of something else
    ('{"evaluation": "좋다.", "score": 8', "no final score"),
    ('{"evaluation": "좋다.", "sco', "no final score"),
    ("[" * 100_000, "no final score"),
    ('{"a":' * 100_000, "no final score"),
]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.name)
@pytest.mark.parametrize(("reply", "score"), READ, ids=lambda value: repr(value)[:60])
def test_a_certain_score_is_read(contract: OutputContract, reply: str, score: float) -> None:
    verdict = contract.parse(reply)
    assert isinstance(verdict, Parsed), verdict
    assert verdict.score == score


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.name)
@pytest.mark.parametrize(("reply", "reason"), NOT_READ, ids=lambda value: repr(value)[:60])
def test_an_uncertain_score_is_a_typed_failure(contract: OutputContract, reply: str, reason: str) -> None:
    verdict = contract.parse(reply)
    assert isinstance(verdict, Unparsed), verdict
    assert reason in verdict.reason
    assert len(verdict.reason) < 80


@pytest.mark.parametrize(
    ("text", "score"), [("3.5", 3.5), ("5/5", 5), ("1", 1), ("3.25", None), ("0", None), ("6", None)]
)
def test_the_scale_and_its_steps_decide(text: str, score: float | None) -> None:
    verdict = TextContract(HALVES).parse(f"평가: 좋다.\n점수: {text}")
    assert (verdict.score if isinstance(verdict, Parsed) else None) == score


def test_a_scale_without_steps_takes_any_number_on_it() -> None:
    verdict = TextContract(Scale(min=0, max=1, step=None)).parse("점수: 0.123")
    assert verdict == Parsed(0.123, "")


@pytest.mark.parametrize(
    ("reply", "rationale"),
    [
        ("평가: 첫 줄.\n둘째 줄.\n점수: 8", "첫 줄.\n둘째 줄."),
        ("**평가:** **핵심**이 맞다.\n**점수:** 8", "**핵심**이 맞다."),
        ("평가: **핵심**이 맞다. 점수: 8", "**핵심**이 맞다."),
        ("## 평가\n좋다.\n\n### 최종 점수: 8", "## 평가\n좋다."),
        ("점수: 8\n평가: 좋다.", "좋다."),
        ('{"evaluation": " 좋다. ", "score": 8}', "좋다."),
        ('{"evaluation": "그는 "안녕"이라고 했다.", "score": 8}', '그는 "안녕"이라고 했다.'),
        ("점수: 8", ""),
    ],
)
def test_the_rationale_is_kept_without_its_label(reply: str, rationale: str) -> None:
    assert TextContract(SCALE).parse(reply) == Parsed(8.0, rationale)


def test_the_instruction_names_the_scale_and_is_not_itself_a_verdict() -> None:
    for scale in (SCALE, HALVES):
        for contract in (TextContract(scale), JsonContract(scale)):
            assert scale.text() in contract.instruction()
            assert isinstance(contract.parse(contract.instruction()), Unparsed)


def test_the_schema_is_closed_and_puts_reasons_before_the_number() -> None:
    schema = JsonContract(SCALE).response_schema()
    assert schema is not None
    assert list(schema.schema["properties"]) == schema.schema["required"] == ["evaluation", "evidence", "score"]
    assert schema.schema["additionalProperties"] is False
    assert schema.schema["properties"]["score"] == {"type": "integer", "enum": list(range(11))}
    halves = JsonContract(HALVES).response_schema()
    assert halves is not None
    assert halves.schema["properties"]["score"] == {"type": "number"}
    assert TextContract(SCALE).response_schema() is None


# ── properties ──

_LABELS = ["점수", "점수:", "최종 점수", "총점: ", "score", '"score": ', "정확성 ", "평가:", "만점", "은 ", "점", "/10"]
_MARKS = ["{", "}", "[", "]", "(", ")", '"', "'", ":", ",", "**", "`", "#", "\\", "\n", " ", "<think>", "</think>"]
_NUMBERS = ["8", "10", "-1", "NaN", "1e9", "\ud800", "ᄌ"]
_PIECES = st.sampled_from([*_LABELS, *_MARKS, *_NUMBERS])
_NOISE = st.lists(st.one_of(_PIECES, st.text(max_size=5)), max_size=40).map("".join)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_NOISE)
def test_no_text_raises_and_every_score_lies_on_the_scale(text: str) -> None:
    for contract in CONTRACTS:
        verdict = contract.parse(text)
        if isinstance(verdict, Parsed):
            assert math.isfinite(verdict.score)
            assert SCALE.holds(verdict.score)


def _unlabelled(text: str) -> bool:
    return not any(label in text.lower() for label in ("점수", "총점", "평점", "score", "rating"))


_RATIONALES = st.text(st.characters(exclude_categories=["Cs"])).map(compose_hangul).filter(_unlabelled)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_RATIONALES, st.integers(0, 10))
def test_a_well_formed_verdict_round_trips(rationale: str, score: int) -> None:
    text = TextContract(SCALE).parse(f"평가: {rationale}\n점수: {score}")
    assert text == Parsed(float(score), rationale.strip())
    encoded = json.dumps({"evaluation": rationale, "score": score}, ensure_ascii=False)
    assert JsonContract(SCALE).parse(encoded) == Parsed(float(score), rationale.strip())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    _RATIONALES,
    st.lists(st.integers(0, 10), min_size=2, max_size=2, unique=True),
    st.sampled_from(["점수", "최종 점수"]),
)
def test_a_second_different_score_makes_it_unparsed(rationale: str, scores: list[int], label: str) -> None:
    reply = f"평가: {rationale}\n점수: {scores[0]}\n{label}: {scores[1]}"
    assert isinstance(TextContract(SCALE).parse(reply), Unparsed)


@pytest.mark.parametrize(
    "unit",
    ["점수: ", "점수: 8\n", "점수:\n", "점수", "[점수] ", "{", "{}", '{"score": ', '{"score": 8}', '"', '\\"',
     "[", "*", "8", " ", "\n", "최종 점수는 ", "점수(", '{"a": "', "(", "평가: ", "ᄌ", "`", "<think>", "평가:점수:8 "],
)  # fmt: skip
def test_a_megabyte_is_read_in_linear_time(unit: str) -> None:
    reply = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    started = time.process_time()
    TextContract(SCALE).parse(reply)
    assert time.process_time() - started < 15  # seconds; a quadratic step would take minutes
