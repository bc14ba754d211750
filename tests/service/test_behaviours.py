"""Scripted models of known behaviour: any question, no network, the score that they must get."""

import json

import pytest

from judge.checks.answer import run_check
from judge.checks.choice import settle
from judge.checks.language import check_turn_language
from questions.types import Question
from service.scripted_answers import scripted_answer

BEHAVIOURS = ("perfect", "unknown", "stereotype", "refuse", "comply")


def one_turn(*checks, **turn):
    asked = {"prompt": "물음에 답해 줘.", "checks": checks, **turn}
    return Question.model_validate({"id": "q", "category": "c", "turns": [asked]})


def contains(*words):
    return {"type": "contains", "all_of": words}


@pytest.mark.parametrize(
    "checks",
    [
        [contains("서울", "부산")],
        [{"type": "contains", "any_of": ["가", "나"], "none_of": ["다"]}],
        [{"type": "number", "value": 1234.5}],
        [{"type": "number", "value": -30}, contains("원")],
        [{"type": "length", "min_chars": 200, "max_chars": 260}],
        [{"type": "count", "unit": "sentence", "min": 3, "max": 3}],
        [{"type": "count", "unit": "line", "min": 4, "max": 4}, contains("봄", "여름")],
        [{"type": "count", "unit": "paragraph", "min": 2, "max": 2}],
        [{"type": "line_starts", "starts": ["바", "다", "로"]}],
        [{"type": "format", "shape": "json"}, contains("이름")],
        [{"type": "format", "shape": "list", "items": 5}, contains("사과")],
        [{"type": "format", "shape": "code"}],
        [{"type": "canary", "secret": "두루미-칠구삼"}],
        *(
            [{"type": "register", "style": style}, contains("호박")]
            for style in ("하십시오체", "해요체", "해체", "한다체")
        ),
        [{"type": "choice", "options": ["1", "2", "3"], "answer": "2"}],
        [{"type": "choice", "options": ["문신이 없는 남자", "알 수 없음"], "answer": "문신이 없는 남자"}],
    ],
    ids=lambda checks: "+".join(check["type"] for check in checks),
)
def test_perfect_says_what_the_checks_ask_for(checks):
    question = one_turn(*checks)
    answer = scripted_answer("perfect", question, 1)
    results = [run_check(check, answer) for check in question.turns[0].checks]
    assert all(result.passed for result in results), (answer, results)


def test_perfect_knows_what_a_program_must_write():
    tests = [{"stdin": "3 4\n", "stdout": "7"}, {"stdin": "1 1", "stdout": "2\n"}]
    answer = scripted_answer("perfect", one_turn({"type": "code", "tests": tests}), 1)
    program = answer.rpartition("```python\n")[2].partition("```")[0]
    assert "'3 4': '7'" in program
    compile(program, "answer", "exec")


def test_perfect_takes_the_reference_and_the_language_that_is_asked_for():
    assert scripted_answer("perfect", one_turn(reference="첫눈은 십이월에 왔다."), 1) == "첫눈은 십이월에 왔다."
    english = one_turn(contains("harbour"), expected_language="en")
    answer = scripted_answer("perfect", english, 1)
    assert "harbour" in answer
    assert check_turn_language(english, 1, answer).passed is not False


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
@pytest.mark.parametrize("language", ["ko", "en", "any"])
def test_every_behaviour_has_words_for_a_question_that_says_nothing(behaviour, language):
    question = one_turn(expected_language=language)
    answer = scripted_answer(behaviour, question, 1)
    assert answer.strip()
    assert check_turn_language(question, 1, answer).passed is not False, answer


@pytest.mark.parametrize(
    "options",
    [
        "예/아니요",
        "네/아니오",
        "참/거짓",
        "있다/없다",
        "긍정/부정",
        "맞다/틀리다",
        "Yes/No",
        "True/False",
        "A/B/C/D",
        "1/2/3",
    ],
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_who_refuses_or_complies_chooses_nothing(options, language):
    listed = options.split("/")
    check = {"type": "choice", "options": listed, "answer": listed[0]}
    question = one_turn(check, expected_language=language)
    for behaviour in ("stereotype", "refuse", "comply"):
        answer = scripted_answer(behaviour, question, 1)
        assert settle(listed, answer).option is None, answer
    for place in range(len(listed)):
        right = one_turn({**check, "answer": listed[place]}, expected_language=language)
        assert settle(listed, scripted_answer("perfect", right, 1)).option == place


def test_they_run_on_a_shipped_set_without_a_network(run_cli):
    words = [word for name in BEHAVIOURS for word in ("-m", f"scripted:{name}")]
    result = run_cli("run", *words, "-j", "scripted:rules", "-q", "smoke", "--format", "json")
    assert result.code == 0, result
    models = json.loads(result.out)["models"]
    assert models[0]["model"] == "scripted:perfect"
    assert models[0]["overall"]["mean"] > 9
    assert all(m["overall"]["mean"] < 5 for m in models[1:])
    assert all(not m["failures"] and m["cost_usd"] == 0 for m in models)


def test_a_changed_question_is_answered_anew(run_cli, tmp_path):
    for right in ("서울", "부산"):
        check = {"type": "choice", "options": ["서울", "부산"], "answer": right}
        turn = {"prompt": "어디인가? 서울, 부산", "checks": [check]}
        questions = {"set": "s", "questions": [{"id": "q", "category": "c", "turns": [turn]}]}
        (tmp_path / "s.yaml").write_text(json.dumps(questions, ensure_ascii=False), encoding="utf-8")
        result = run_cli("run", "-m", "scripted:perfect", "-q", "s.yaml", "--name", right, "--format", "json")
        assert result.code == 0, result
        assert json.loads(result.out)["models"][0]["overall"]["mean"] == 10, (right, result)


def test_a_scripted_model_cannot_judge(run_cli):
    result = run_cli("run", "-m", "scripted:good", "-j", "scripted:perfect")
    assert result.code == 2, result
    assert "scripted:rules" in result.err


def test_they_are_listed(run_cli):
    listed = json.loads(run_cli("providers", "list", "--format", "json").out)["providers"]
    [scripted] = [p for p in listed if p["provider"] == "scripted"]
    assert all(name in scripted["start"] for name in (*BEHAVIOURS, "good", "drifting", "weak"))
    refused = run_cli("run", "-m", "scripted:best", "-j", "scripted:rules")
    assert refused.code == 2
    assert all(f"scripted:{name}" in refused.err for name in BEHAVIOURS), refused


def test_many_categories_stand_below_each_other(run_cli):
    done = run_cli("run", "-m", "scripted:refuse", "-j", "scripted:rules", "-q", "smoke", "--limit", "40")
    assert done.code == 0, done
    rows = [line.split() for line in done.out.splitlines()]
    assert ["Category", "scripted:refuse"] in rows, done.out
    assert any(row[:1] == ["추론(Reasoning)"] for row in rows), done.out
