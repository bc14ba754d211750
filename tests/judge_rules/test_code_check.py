"""A code check with real programs, and what the rule judge makes of it."""

import asyncio

import pytest

from judge.checks.code import CodeRunner, SandboxError, check_code
from judge.checks.references import program_findings
from judge.checks.result import CheckResult
from judge.grading.rules import RuleJudge
from judge.sandbox.runner import Limits, Sandbox
from judge.types import GradedTurn, Verdict
from questions.types import CodeCheck, Question, QuestionSet, Turn
from tests.sandbox.running import run

TESTS = [
    {"stdin": "3\n", "stdout": "6"},
    {"stdin": "0\n", "stdout": "0"},
    {"stdin": "-4\n", "stdout": "-8\n"},
]
CHECK = CodeCheck.model_validate({"type": "code", "tests": TESTS})


@pytest.fixture(autouse=True)
def _sandbox_works():
    run("")


def decided(program: str, check: CodeCheck = CHECK) -> CheckResult:
    return asyncio.run(check_code(check, f"```python\n{program}\n```", Sandbox(Limits(cpu_s=1))))


@pytest.mark.parametrize(
    ("program", "passed", "detail"),
    [
        ("print(int(input()) * 2)", True, "시험 3개 중 3개 통과"),
        ("print(); print(int(input()) * 2, '  ')", True, "시험 3개 중 3개 통과"),
        (
            "print(abs(int(input()) * 2))",
            False,
            "시험 3개 중 2개 통과; 3번째 시험 입력 ‘-4’: 기대 ‘-8’, 출력 ‘8’",
        ),
        ("print(6)", False, "시험 3개 중 1개 통과; 2번째 시험 입력 ‘0’: 기대 ‘0’, 출력 ‘6’"),
        ("1 / 0", False, "시험 3개 중 0개 통과; 1번째 시험 입력 ‘3’: 오류로 끝남(ZeroDivisionError: division by zero)"),
        (
            "print(int(input()) * 2); import sys; sys.exit(1)",
            False,
            "시험 3개 중 0개 통과; 1번째 시험 입력 ‘3’: 오류로 끝남(까닭을 남기지 않음)",
        ),
        (
            "while True: pass",
            False,
            "시험 3개 중 0개 통과(시간을 넘겨 나머지는 돌리지 않음); 1번째 시험 입력 ‘3’: 시간 초과",
        ),
        (
            "n = int(input())\nwhile n < 0: pass\nprint(n * 2)",
            False,
            "시험 3개 중 2개 통과; 3번째 시험 입력 ‘-4’: 시간 초과",
        ),
        ("while True: print('x' * 1000)", False, "시험 3개 중 0개 통과; 1번째 시험 입력 ‘3’: 출력이 너무 많음"),
    ],
)  # fmt: skip
def test_the_note_says_how_many_tests_passed_and_shows_the_first_failure(program, passed, detail):
    assert decided(program) == CheckResult(passed, detail)


def test_what_is_shown_is_short():
    check = CodeCheck.model_validate({"type": "code", "tests": [{"stdin": "가" * 500, "stdout": "나" * 500}]})
    detail = decided("print('다\\n' * 500)", check).detail
    assert len(detail) < 300, detail
    assert "다 ⏎ 다" in detail


def test_an_answer_without_a_program_fails():
    assert asyncio.run(check_code(CHECK, "못 하겠습니다.", Sandbox())) == CheckResult(False, "프로그램 없음")


def test_lines_inside_the_output_count():
    check = CodeCheck.model_validate({"type": "code", "tests": [{"stdout": "1\n\n 2\n"}]})
    assert decided("print('1\\n\\n 2')", check).passed
    assert not decided("print('1\\n2')", check).passed
    assert not decided("print('1\\n\\n2')", check).passed
    assert not decided("print('1  2')", check).passed


def graded(answer: str, runner: CodeRunner | None) -> Verdict:
    turn = Turn.model_validate({"prompt": "두 배를 출력해 줘.", "checks": [CHECK]})
    return asyncio.run(
        RuleJudge(runner).grade(GradedTurn(Question(id="q", category="c", turns=(turn,)), 1, (answer,)), 0)
    )


def test_the_rule_judge_scores_by_running_only_where_it_may():
    right = "풀이는 이렇습니다. 수 하나를 읽고 두 배를 출력하면 됩니다.\n```python\nprint(int(input()) * 2)\n```"
    wrong = right.replace("* 2", "* 3")
    assert graded(right, Sandbox()).score == 10.0
    verdict = graded(wrong, Sandbox())
    assert (verdict.score, dict(verdict.criteria)) == (0.0, {"checks": 0.0})
    assert "시험 3개 중 1개 통과; 1번째 시험 입력 ‘3’: 기대 ‘6’, 출력 ‘9’" in (verdict.rationale or "")
    assert graded(right, None) == graded(wrong, None)
    assert "checks" not in graded(right, None).criteria


def test_a_program_that_could_not_be_run_is_no_score():
    verdict = graded("```python\nprint(1)\n```", Sandbox(Limits(memory_bytes=1 << 20)))
    assert (verdict.status, verdict.score) == ("provider_error", None)
    assert (verdict.error or "").startswith("the program was not run: "), verdict


def test_the_programs_of_references_are_run_for_lint():
    def found(reference: str | None) -> list[str]:
        turns = [{"prompt": "첫 물음"}, {"prompt": "둘째", "reference": reference, "checks": [CHECK]}]
        question = Question.model_validate({"id": "q-1", "category": "코딩", "turns": turns})
        questions = QuestionSet(set="우리", questions=(question,))
        return [str(f) for f in asyncio.run(program_findings(questions, Sandbox()))]

    assert found("```python\nprint(int(input()) * 2)\n```") == []
    assert found(None) == []
    (line,) = found("```python\nprint(6)\n```")
    assert line.startswith("우리#q-1 turn 2: warning: the reference fails the check code: 시험 3개 중 1개 통과; 2번째")
    (line,) = found("수를 읽어 두 배로 출력한다.")
    assert "프로그램 없음" in line


def test_nothing_is_known_of_a_program_that_was_not_run():
    with pytest.raises(SandboxError):
        asyncio.run(check_code(CHECK, "```python\n1\n```", Sandbox(Limits(memory_bytes=1 << 20))))
