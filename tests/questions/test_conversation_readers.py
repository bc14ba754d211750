"""MT-Bench, Arena-Hard and tables of the user's own."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from questions.library import load_set
from questions.readers import read_questions
from questions.source import SourceError

QUESTIONS = [
    {"question_id": 81, "category": "math", "turns": ["3 더하기 4는?", "거기에 2를 곱하면?"], "reference": ["7", "14"]},
    {"question_id": 82, "category": "reasoning", "turns": ["형이 둘이면 나는 몇째일까?", "동생이 생기면?"]},
    {"question_id": 83, "category": "writing", "turns": ["봄을 알리는 글을 써 줘.", "영어로 번역해 줘."]},
]


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def answer(question_id: int, *turns: str | None) -> dict[str, Any]:
    return {
        "question_id": question_id,
        "answer_id": "x",
        "model_id": "누군가",
        "choices": [{"index": 0, "turns": list(turns)}],
        "tstamp": 1.0,
    }


# ── MT-Bench ──


def test_mt_bench_takes_references_from_the_row_or_from_the_file_beside_it(tmp_path: Path) -> None:
    path = lines(tmp_path / "question.jsonl", QUESTIONS)
    beside = [answer(82, "셋째", "그대로"), answer(81, "다른 답", "다른 답"), answer(83, "어느 모델의 글", "A text")]
    lines(tmp_path / "reference_answer" / "gpt-4.jsonl", [*beside, *(answer(n, "가", "나") for n in (161, 162))])
    found = read_questions(path)
    assert found.set == "mt-bench"
    assert [q.id for q in found.questions] == ["81", "82", "83"]
    assert [[turn.reference for turn in q.turns] for q in found.questions] == [
        ["7", "14"],
        ["셋째", "그대로"],
        [None, None],  # an open question has no key
    ]
    assert [turn.expected_language for turn in found.questions[2].turns] == ["ko", "en"]
    [notice] = found.notices
    assert "2 references answer no question of question.jsonl (161, 162); left out" in notice, notice


def test_mt_bench_in_korean_has_its_own_folder_of_references(tmp_path: Path) -> None:
    path = lines(tmp_path / "question_ko.jsonl", QUESTIONS)
    lines(tmp_path / "reference_answer" / "a.jsonl", [answer(82, "Third", "The same")])
    lines(tmp_path / "reference_answer_ko" / "a.jsonl", [answer(82, "셋째", "그대로")])
    assert read_questions(path).questions[1].turns[0].reference == "셋째"


def test_mt_bench_in_english_is_answered_in_english(tmp_path: Path) -> None:
    row = {"question_id": "a1", "category": "stem", "turns": ["Why is the sky blue?"]}
    [question] = read_questions(lines(tmp_path / "q.jsonl", [row])).questions
    assert (question.id, question.turns[0].expected_language) == ("a1", "en")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"question_id": 81, "category": "math", "turns": ["다시"]}, "question '81' is already on line 1"),
        ({"question_id": 90, "category": "math", "turns": []}, "turns"),
        ({"question_id": 90, "category": "math", "turns": ["가", ""]}, "prompt"),
        ({"question_id": True, "category": "math", "turns": ["가"]}, "question_id"),
    ],
)
def test_a_broken_row_of_mt_bench_is_named(tmp_path: Path, row: dict[str, Any], problem: str) -> None:
    path = lines(tmp_path / "question.jsonl", [QUESTIONS[0], row])
    with pytest.raises(SourceError, match=problem) as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}:2:"), caught.value


def test_two_files_of_references_are_a_question(tmp_path: Path) -> None:
    path = lines(tmp_path / "question.jsonl", QUESTIONS)
    for name in ("a", "b"):
        lines(tmp_path / "reference_answer" / f"{name}.jsonl", [answer(81, "7", "14")])
    with pytest.raises(SourceError, match=r"several files of references \(a.jsonl, b.jsonl\)"):
        read_questions(path)


# ── Arena-Hard ──


def test_arena_hard_prompts_are_conversations_of_one_turn(tmp_path: Path) -> None:
    rows = [
        {"uid": "a1", "category": "hard_prompt", "cluster": "Cafe Menus", "prompt": "카페 차림표를 짜 줘."},
        {"uid": "a2", "category": "hard_prompt", "subcategory": "coding", "prompt": "Write a sorting function."},
    ]
    found = read_questions(lines(tmp_path / "question.jsonl", rows))
    assert [(q.id, q.category, q.turns[0].expected_language) for q in found.questions] == [
        ("a1", "Cafe Menus", "ko"),
        ("a2", "coding", "en"),
    ]
    with pytest.raises(SourceError, match="question 'a1' is already on line 1"):
        read_questions(lines(tmp_path / "twice.jsonl", [rows[0], rows[0]]))


def test_arena_hard_of_the_first_release_and_in_korean(tmp_path: Path) -> None:
    row = {"question_id": "9f1c", "category": "arena-hard-v0.1", "cluster": "Cafe Menus"}
    rows = [
        {**row, "ko_cluster": "카페 차림표", "turns": [{"content": "카페 차림표를 짜 줘."}]},
        {**row, "question_id": "9f1d", "turns": [{"content": "Name three teas."}]},
    ]
    found = read_questions(lines(tmp_path / "question.jsonl", rows))
    assert [(q.id, q.category, q.turns[0].prompt, q.turns[0].expected_language) for q in found.questions] == [
        ("9f1c", "카페 차림표", "카페 차림표를 짜 줘.", "ko"),
        ("9f1d", "Cafe Menus", "Name three teas.", "en"),
    ]
    path = lines(tmp_path / "mixed.jsonl", [rows[0], {**rows[1], "turns": ["plain"]}])
    with pytest.raises(SourceError, match=r"turns: expected a list of \{\"content\": ...\}") as caught:
        read_questions(path)
    assert str(caught.value).startswith(f"{path}:2:"), caught.value


# ── tables ──

CSV = '번호,분야,질문,정답,질문2,정답2\n1,셈,2+2는?,4,거기에 1을 더하면?,5\n2,글,"두 줄로\n써 줘.",,,\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_table_is_read_by_its_korean_column_names(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "문항.csv"
    path.write_bytes(CSV.replace("\n", "\r\n").encode(encoding))
    found = load_set(str(path))
    first, second = found.questions
    assert (first.id, first.category) == ("1", "셈")
    assert [(t.prompt, t.reference) for t in first.turns] == [("2+2는?", "4"), ("거기에 1을 더하면?", "5")]
    assert [(t.prompt, t.reference) for t in second.turns] == [("두 줄로\n써 줘.", None)]
    assert any("CP949" in notice for notice in found.notices) == (encoding == "cp949"), found.notices


def test_columns_of_other_names_are_said(tmp_path: Path) -> None:
    path = tmp_path / "items.tsv"
    path.write_text("물음\t갈래\t속말\n가는 말이 고와야?\t속담\tx\n", encoding="utf-8")
    found = load_set(str(path), columns={"prompt": "물음", "category": "갈래"})
    [question] = found.questions
    assert (question.id, question.category, question.turns[0].prompt) == ("row-2", "속담", "가는 말이 고와야?")
    assert found.notices == (f"{path}: columns not used: 속말",)


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"prompt": "물음표"}, "has no column '물음표'; did you mean '물음'?"),
        ({"promt": "물음"}, "there is no part 'promt'"),
        ({"category2": "물음"}, "there is no part 'category2'"),
        ({"category": "물음"}, "say which with --map prompt=COLUMN"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, columns: dict[str, str], problem: str) -> None:
    path = tmp_path / "items.tsv"
    path.write_text("물음\t갈래\n가는 말이 고와야?\t속담\n", encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        load_set(str(path), columns=columns)
    assert problem in str(caught.value), caught.value


def test_whole_conversations_in_one_cell(tmp_path: Path) -> None:
    rows = [{"id": "a", "prompt": ["첫 물음", "둘째 물음"], "reference": ["하나"], "language": "ko"}]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    [question] = read_questions(tmp_path / "t.parquet").questions
    assert [(t.prompt, t.reference) for t in question.turns] == [("첫 물음", "하나"), ("둘째 물음", None)]


def test_a_folder_of_parquet_files_is_one_table(tmp_path: Path) -> None:
    for n in range(3):
        rows = [{"id": f"q{n}", "prompt": f"{n}번 물음"}]
        parquet.write_table(pa.Table.from_pylist(rows), tmp_path / f"{n:04}.parquet")
    assert [q.id for q in read_questions(tmp_path).questions] == ["q0", "q1", "q2"]


@pytest.mark.parametrize(
    ("name", "content", "line", "problem"),
    [
        ("a.csv", "id,질문\n1,\n", 2, "the cell of '질문' is empty"),
        ("a.csv", "id,질문\n1,가,나\n", 2, "3 cells, but 2 columns"),
        ("a.csv", "id,질문\n1,가\n1,나\n", 3, "question '1' is already on line 2"),
        ("a.csv", "질문,질문\n가,나\n", 1, "the column '질문' stands twice"),
        ("a.csv", "id,질문\n", None, "the table has no rows"),
        ("a.csv", "", 1, "the file is empty"),
        ("a.csv", "id;질문\n1;가\n", 1, "separated by semicolons, not by commas; save the file as .csv"),
        ("a.tsv", "id,질문\n1,가\n", 1, "separated by commas, not by tabs"),
        ("a.csv", "질문,A,B,정답\n가,나,다,1\n", None, "looks like multiple choice (A, B) in no layout"),
        ("a.csv", "질문,보기,정답\n가,나/다,1\n", None, "looks like multiple choice (보기)"),
        ("a.jsonl", '{"question": "가", "options": ["나", "다"]}\n', None, "looks like multiple choice (options)"),
        ("a.csv", "id,질문,언어\n1,가,독일어\n", 2, "the language is '독일어'"),
        ("a.json", '"질문"', 1, "expected a JSON object"),
        ("a.json", '[{"질문": "가"}, 3]', None, "row 2: expected a JSON object"),
        (
            "a.json",
            '[{"id": "1", "질문": "가"}, {"id": "1", "질문": "나"}]',
            None,
            "row 2: question '1' is already on row 1",
        ),
        ("a.jsonl", '{"prompt": ["가", 3]}\n', 1, "a prompt of the list is no text"),
        (
            "a.jsonl",
            '{"question_id": 1, "turn": 1, "judgment": "좋다"}\n',
            None,
            "not a question file that is recognised",
        ),
        ("a.jsonl", '{"prompt": 7}\n', 1, "the cell of 'prompt' is no text"),
        ("a.parquet", "PAR1 이것은 아니다", None, "not a readable parquet file"),
    ],
)
def test_a_broken_table_is_one_clear_line(
    tmp_path: Path, name: str, content: str, line: int | None, problem: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        load_set(str(path))
    start = f"{path}: " if line is None else f"{path}:{line}: "
    assert str(caught.value).startswith(start), caught.value
    assert problem in str(caught.value), caught.value


def test_turns_may_be_columns_or_repeated_names(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("turn1,turn_2,Turn 3\n하나,둘,셋\n하나만,,\n", encoding="utf-8")
    found = load_set(str(path))
    assert [[t.prompt for t in q.turns] for q in found.questions] == [["하나", "둘", "셋"], ["하나만"]]


def test_options_may_be_left_out_on_purpose(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("질문,A,B,정답\n가?,나,다,1\n", encoding="utf-8")
    found = load_set(str(path), columns={"prompt": "질문"})
    assert found.questions[0].turns[0].prompt == "가?"
    assert found.notices == (f"{path}: columns not used: A, B",)


def test_cells_that_look_like_formulas_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("질문,정답\n=1+1은?,-2\n@합계는 무엇?,+82\n", encoding="utf-8")
    turns = [q.turns[0] for q in load_set(str(path)).questions]
    assert [(t.prompt, t.reference) for t in turns] == [("=1+1은?", "-2"), ("@합계는 무엇?", "+82")]


# ── names ──


def test_a_reader_before_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lines(tmp_path / "question.jsonl", QUESTIONS)
    assert len(load_set(f"mt-bench:{path}").questions) == 3
    with pytest.raises(SourceError, match=r"no reader 'mtbench'; did you mean 'mt-bench'\?"):
        load_set(f"mtbench:{path}")
    with pytest.raises(SourceError, match="no such file"):
        load_set("C:\\questions\\mine.jsonl")
    monkeypatch.chdir(tmp_path)
    lines(tmp_path / "a:b.jsonl", QUESTIONS)
    assert load_set("a:b.jsonl").questions[0].id == "81"


def test_a_private_set_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "set: ours\nquestions: [{id: a, category: 가, turns: [{prompt: 안녕?}]}]\n"
    (tmp_path / "ours.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match="no question set 'ours'"):
        load_set("ours")
    monkeypatch.setenv("KOJUDGE_SETS", str(tmp_path))
    assert load_set("ours").questions[0].id == "a"
    assert load_set("starter").set == "starter"
    (tmp_path / "ours.yaml").rename(tmp_path / "우리 모음.yaml")
    assert load_set("우리 모음").questions[0].id == "a"
    for name in ("", "..", "ours", "a\x00b", "가" * 5000):
        with pytest.raises(SourceError):
            load_set(name)
    with pytest.raises(SourceError, match=r"; in KOJUDGE_SETS: .우리 모음.; or name"):
        load_set("우리 모듬")
    monkeypatch.setenv("KOJUDGE_SETS", str(tmp_path / "none"))
    with pytest.raises(SourceError, match=r"KOJUDGE_SETS names .*, which is no folder"):
        load_set("우리 모음")
