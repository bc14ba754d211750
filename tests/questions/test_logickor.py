"""LogicKor's question and result files, with every trap of the format."""

import json
from pathlib import Path
from typing import Any

import pytest

from questions.readers import read_questions
from questions.readers.logickor import LogicKorRow, read_rows
from questions.source import SourceError
from questions.types import QuestionSet
from tests.questions.rows import BOM, QUESTIONS, SUMMARY_IN_ENGLISH, evaluated, generated, write


@pytest.mark.parametrize("bom", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_questions_file(tmp_path: Path, *, bom: bool, end: str) -> None:
    found = read_questions(write(tmp_path / "questions.jsonl", QUESTIONS, bom=bom, end=end))
    assert found.set == "logickor"
    assert [q.id for q in found.questions] == ["1", "2", "3"]
    assert [q.category for q in found.questions] == ["글쓰기(Writing)", "수학(Math)", "추론(Reasoning)"]
    writing, maths, reasoning = found.questions
    assert [t.prompt for t in reasoning.turns] == QUESTIONS[0]["questions"][:2]
    assert [t.reference for t in reasoning.turns] == ["3개", None]
    assert [t.reference for t in maths.turns] == ["12", "28"]
    assert writing.turns[1].prompt == SUMMARY_IN_ENGLISH
    languages = [t.expected_language for q in found.questions for t in q.turns]
    assert languages == ["ko", "en", "ko", "ko", "ko", "ko"]


def test_result_files_hold_the_same_questions(tmp_path: Path) -> None:
    asked = read_questions(write(tmp_path / "questions.jsonl", QUESTIONS))
    made = write(tmp_path / "generated/v/m/default.jsonl", [generated(row) for row in QUESTIONS])
    judged = write(tmp_path / "evaluated/v/m/1-shot.jsonl", [evaluated(row) for row in QUESTIONS[::-1]], bom=True)
    for path, name in ((made, "default"), (judged, "1-shot")):
        found = read_questions(path)
        assert found.set == name
        assert found.digest() == asked.digest()


def test_rows_keep_order_lines_answers_and_verdicts(tmp_path: Path) -> None:
    rows = [evaluated(row, single=9, multi=0.0) for row in QUESTIONS]
    path = write(tmp_path / "default.jsonl", rows, bom=True, end="\n\n")
    found = list(read_rows(path))
    assert [(line, row.id) for line, row in found] == [(1, 3), (3, 1), (5, 2)]
    row = found[0][1]
    assert row.outputs is not None
    assert row.outputs[1] == "둘째 답입니다.\u2028줄 나눔이 섞였습니다.\x85끝."
    assert len(row.outputs) == 2
    assert len(row.questions) == 3
    assert row.query_single is not None
    assert row.query_multi is not None
    assert (row.query_single.judge_score, row.query_multi.judge_score) == (9.0, 0.0)
    assert row.query_single.judge_message == "잘 썼습니다."


def test_missing_answers_and_verdicts_are_missing_not_invented() -> None:
    row = LogicKorRow.model_validate(generated(QUESTIONS[2], outputs=["12입니다.", None]))
    assert row.outputs == ["12입니다.", None]
    assert row.query_single is None
    assert LogicKorRow.model_validate(generated(QUESTIONS[2], outputs=["12입니다."])).outputs == ["12입니다."]


def test_a_single_turn_row_is_one_turn() -> None:
    row = {"id": 9, "category": "이해(Understanding)", "questions": ["봄은 언제 오나?"], "references": [None]}
    assert len(LogicKorRow.model_validate(row).question().turns) == 1


def test_characters_written_as_escapes_are_read(tmp_path: Path) -> None:
    row = evaluated(QUESTIONS[2])
    row["outputs"] = ["\\ud800은 글자가 아니라 글이다 😀", "2"]
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=True), encoding="ascii")
    ((_, found),) = read_rows(path)
    assert found.outputs == row["outputs"]


def line(change: dict[str, Any] | None = None, *, without: str | None = None) -> str:
    row = {**QUESTIONS[2], **(change or {})}
    if without:
        del row[without]
    return json.dumps(row, ensure_ascii=False)


VERDICT = {"judge_message": "좋음", "judge_score": 3.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: the file is empty; expected one JSON object a line"),
        ("\n \n\r\n", ":1: the file is empty"),
        (line() + "\n" + line({"id": 5})[:-1], ":2: the line stops in the middle; the file was cut off"),
        (line() + "\n" + line({"id": 5})[:40], ":2: the line stops in the middle"),
        (line()[:-15], ":1: the line stops in the middle"),
        ('{"id": 1, "questions": ["가"], "references": [nul', ":1: the line stops in the middle"),
        ('{"id": 1, "questions": ["가"', ":1: the line stops in the middle"),
        ("{", ":1: the line stops in the middle"),
        (line() + "\n" + line()[:40] + "\n" + line(), ":2: not valid JSON: Unterminated string"),
        ("questions: [1]\n", ":1: not valid JSON"),
        (line() + line(), ":1: not valid JSON: Extra data"),
        ("[1, 2]\n", ":1: expected a JSON object, found a list"),
        ("3\n", ":1: expected a JSON object, found the number 3"),
        (line() + "\nnull\n", ":2: expected a JSON object, found nothing"),
        (line() + "\n" + "[" * 100_000, ":2: not usable JSON: nested too deeply"),
        (line() + '\n{"id": 1, "questions": [], "id": 2}\n', ":2: not usable JSON: the key 'id' appears twice"),
        (line({"query_single": {**VERDICT, "judge_score": float("nan")}}), ":1: not usable JSON: NaN is no JSON"),
        (line().replace('"id": 2', '"id": ' + "9" * 5000), ":1: not usable JSON"),
        (line().replace('"id": 2', '"id": ' + "9" * 300), ":1: id: "),
        (line(without="id"), ":1: id: this key is required"),
        (line(without="category"), ":1: category: this key is required"),
        (line() + "\n" + line(without="questions"), ":2: questions: this key is required"),
        (line(without="references"), ":1: references: this key is required"),
        (line({"id": "2"}), ":1: id: must be a whole number, found '2'"),
        (line({"id": True}), ":1: id: must be a whole number, found true"),
        (line({"category": 3}), ":1: category: must be text, found the number 3"),
        (line({"category": "  "}), ":1: category: must not be empty"),
        (line({"questions": "하나"}), ":1: questions: must be a list, found '하나'"),
        (line({"questions": []}), ":1: questions: must not be empty"),
        (line({"questions": ["하나", None]}), ":1: questions[1]: must be text, found nothing"),
        (line({"questions": ["하나", " \n"]}), ":1: one of the questions is blank"),
        (line({"references": None}), ":1: references: must be a list, found nothing"),
        (line({"references": ["12"]}), ":1: references has 1 of 2 entries; write null where there is none"),
        (line({"references": [12, None]}), ":1: references[0]: must be text, found the number 12"),
        (line({"outputs": ["1", "2", "3"]}), ":1: more outputs than questions"),
        (line({"outputs": [{"a": 1}, "2"]}), ":1: outputs[0]: must be text, found a mapping"),
        (line({"query_single": {"judge_score": 1.0}}), ":1: query_single.judge_message: this key is required"),
        (line({"query_single": {**VERDICT, "judge_score": "8"}}), ":1: query_single.judge_score: must be a number"),
        (line({"query_multi": {**VERDICT, "judge_score": True}}), ":1: query_multi.judge_score: must be a number"),
        (line({"query_multi": {**VERDICT, "judge_score": None}}), ":1: query_multi.judge_score: must be a number"),
        (line({"query_multi": [8]}), ":1: query_multi: must be a mapping (key: value), found a list"),
        (
            line({"questions": ["하나\ud800", "둘"]}).replace("\ud800", "\\ud800"),
            ":1: holds half a character (a \\ud800-",
        ),
        (line({"outputs": ["\\ud83d", "2"]}).replace("\\\\", "\\"), ":1: holds half a character"),
        (line() + "\n\n" + line(), ":3: id 2 is already on line 1; keep one of the two rows"),
    ],
)
def test_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(text, encoding="utf-8", newline="")
    with pytest.raises(SourceError) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}{message}")
    assert str(caught.value).isprintable()


def test_a_cut_inside_a_character(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    whole = write(path, QUESTIONS).read_bytes()
    path.write_bytes(whole[: whole.rindex("약수".encode()) + 2])
    with pytest.raises(SourceError, match=":3: the file stops in the middle of a character; it was cut off"):
        read_questions(path)


def outcome(path: Path) -> tuple[QuestionSet | None, str]:
    try:
        return read_questions(path), ""
    except SourceError as error:
        return None, str(error)


def test_every_cut_is_refused_or_reads_whole_rows(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    whole = BOM + write(path, QUESTIONS).read_bytes()
    for size in range(len(BOM), len(whole)):
        path.write_bytes(whole[:size])
        found, problem = outcome(path)
        if found is None:
            assert "cut off" in problem or "empty" in problem, (size, problem)
        else:
            assert whole[size - 1 : size + 1] in (b"}\n", b"\n{"), size
            assert len(found.questions) == whole[:size].count(b"}")
