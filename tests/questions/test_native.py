"""kojudge's own question files, and telling formats apart."""

import json
from pathlib import Path

import pytest

from questions.readers import READERS, read_questions
from questions.source import SourceError
from questions.types import ContainsCheck, NumberCheck

SET = """\
set: 우리 것
version: "2"
questions:
  - id: 셈-1
    category: 수학
    turns:
      - prompt: |-
          사과 세 개에 배 네 개를 더하면?
          숫자로 답해 줘.
        reference: 7개
        checks:
          - {type: number, value: 7}
          - {type: contains, any_of: ["7", "일곱"]}
      - prompt: 영어로 설명해 줘.
        expected_language: en
  - id: 셈-2
    category: 수학
    turns: [{prompt: 둘 더하기 둘}]
"""


def test_a_yaml_set(tmp_path: Path) -> None:
    path = tmp_path / "mine.YAML"
    path.write_text(SET, encoding="utf-8-sig")
    found = read_questions(path)
    assert (found.set, found.version) == ("우리 것", "2")
    first = found.questions[0]
    assert first.turns[0].prompt == "사과 세 개에 배 네 개를 더하면?\n숫자로 답해 줘."
    assert first.turns[0].checks == (
        NumberCheck(type="number", value=7),
        ContainsCheck(type="contains", any_of=("7", "일곱")),
    )
    assert [t.expected_language for t in first.turns] == ["ko", "en"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: 셈-2", "id: 셈-1", ":16: questions[1].id: '셈-1' is already the id on line 4; make it unique"),
        ("id: 셈-2", "id: 12", ":16: questions[1].id: must be text, found the number 12; put it in quotes"),
        ("id: 셈-2", "id: 셈 2", ":16: questions[1].id: "),
        ("id: 셈-2", 'id: "\\e2"', ":16: questions[1].id: "),
        (
            "expected_language: en",
            "expected_language: eng",
            ":15: questions[0].turns[1].expected_language: must be one",
        ),
        ("value: 7", "valeu: 7", ":12: questions[0].turns[0].checks[0]: unknown key 'valeu'; did you mean 'value'?"),
        ("type: number", "type: numbr", ":12: questions[0].turns[0].checks[0]: type must be one of contains, number"),
        ("turns: [{prompt: 둘 더하기 둘}]", "turns: []", ":18: questions[1].turns: must not be empty"),
        ("{prompt: 둘 더하기 둘}", "{prompt: '  '}", ":18: questions[1].turns[0].prompt: must not be empty"),
        ("questions:", "question:", ":3: unknown key 'question'; did you mean 'questions'? (and 1 more)"),
        ('version: "2"', "version: 2", ":2: version: must be text, found the number 2; put it in quotes"),
    ],
)
def test_one_clear_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert SET.count(old) == 1
    path = tmp_path / "mine.yaml"
    path.write_text(SET.replace(old, new), encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}{message}")


def conversation(question_id: str = "셈-1", prompt: str = "하나 더하기 둘은?") -> str:
    question = {"id": question_id, "category": "수학", "turns": [{"prompt": prompt}]}
    return json.dumps({"model": "a", "question": question, "turns": []}, ensure_ascii=False)


def test_an_export_gives_its_questions_once(tmp_path: Path) -> None:
    path = tmp_path / "my-run.jsonl"
    path.write_text("\n".join([conversation(), conversation("셈-2"), conversation()]), encoding="utf-8")
    found = read_questions(path)
    assert found.set == "my-run"
    assert [q.id for q in found.questions] == ["셈-1", "셈-2"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([conversation(), conversation()[:-20]], ":2: the line stops in the middle"),
        ([conversation(), conversation(prompt="다른 말")], ":2: question '셈-1' differs from the one of that id above"),
        ([conversation(prompt="")], ":1: question.turns[0].prompt: must not be empty"),
    ],
)
def test_a_spoilt_export(tmp_path: Path, lines: list[str], message: str) -> None:
    path = tmp_path / "my-run.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}{message}")


@pytest.mark.parametrize(("name", "text"), [("a.txt", "가"), ("a.csv", "id,x\n1,2\n"), ("other.jsonl", '{"a": 1}\n')])
def test_no_question_file(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match="not a question file that is recognised; see `kojudge questions formats`"):
        read_questions(path)


def test_every_reader_has_a_name() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert all(reader.about for reader in READERS)
