"""Multiple-choice files of every format: the right option is the one that the data set says."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from judge.checks.answer import run_check
from questions.library import load_set
from questions.readers import READERS, read_questions
from questions.source import SourceError
from questions.types import ChoiceCheck, QuestionSet
from tests.questions.choice_files import KOBBQ, PAIR, SAMPLES, STEM, TREES, Sample, kobbq_row


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        case ".json":
            path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
        case ".parquet":
            parquet.write_table(pa.Table.from_pylist(rows), path)
        case _:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
                writer.writeheader()
                writer.writerows(rows)
    return path


def checks(found: QuestionSet) -> list[ChoiceCheck]:
    [first, *rest] = [question.turns[0].checks[0] for question in found.questions]
    assert all(isinstance(check, ChoiceCheck) for check in (first, *rest))
    return [first, *rest]  # type: ignore[list-item]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s.reader}{s.suffix}")
def test_the_format_is_recognised_and_its_key_is_right(tmp_path: Path, sample: Sample) -> None:
    path = write_rows(tmp_path / f"items{sample.suffix}", sample.rows)
    found = read_questions(path)
    assert found.set == f"{sample.reader}{'@1' if sample.telling else ''}:items"
    assert [f"options are shuffled with seed 1; {sample.reader}@N:FILE" in notice for notice in found.notices] == [
        True
    ] * sample.telling
    assert [check.answer for check in checks(found)] == sample.right
    for question, check in zip(found.questions, checks(found), strict=True):
        turn = question.turns[0]
        assert turn.expected_language == sample.language
        assert f"dataset:{sample.reader}" in question.tags
        assert all(option in turn.prompt for option in check.options), turn.prompt
        assert not any("정답:" in line and "`" not in line for line in turn.prompt.splitlines()), turn.prompt
        # The label beside the right option in the prompt is what an answer would name.
        line = next(line for line in turn.prompt.splitlines() if line.endswith(f". {check.answer}"))
        word = "정답" if sample.language == "ko" else "Answer"
        assert run_check(check, f"{word}: {line[0]}").passed is True, (line, turn.prompt)
    assert all(word in found.questions[0].turns[0].prompt for word in sample.words), found.questions[0].turns[0].prompt


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda s: f"{s.reader}{s.suffix}")
def test_exactly_one_format_claims_the_file_and_it_can_be_named(tmp_path: Path, sample: Sample) -> None:
    path = write_rows(tmp_path / f"items{sample.suffix}", sample.rows)
    named = load_set(f"{sample.reader}:{path}")
    assert [q.digest() for q in named.questions] == [q.digest() for q in read_questions(path).questions]


def test_every_multiple_choice_reader_has_a_sample() -> None:
    others = {"kojudge", "kojudge-export", "logickor", "mt-bench", "arena-hard", "table"}
    assert {reader.name for reader in READERS} - others == {sample.reader for sample in SAMPLES}


def sample_rows(reader: str) -> list[dict[str, Any]]:
    return next(s.rows for s in SAMPLES if s.reader == reader)


def spoiled(reader: str, row: int = 0, **cells: Any) -> tuple[str, list[dict[str, Any]]]:
    sample = next(s for s in SAMPLES if s.reader == reader)
    rows = [dict(r) for r in sample.rows]
    rows[row].update(cells)
    return reader, rows


@pytest.mark.parametrize(
    ("spoilt", "problem"),
    [
        (spoiled("kmmlu", answer=0), "answer is '0', expected a number from 1 to 4"),
        (spoiled("kmmlu", answer=5), "answer is '5', expected a number from 1 to 4"),
        (spoiled("kmmlu", answer=None), "answer is missing or empty"),
        (spoiled("kmmlu", answer="B"), "answer is 'B', expected a number"),
        (spoiled("kmmlu", C=""), "C is missing or empty"),
        (spoiled("ko-mmlu", gold=2.5), "gold is '2.5', expected a number"),
        (spoiled("ko-arc", answerKey="E"), "answerKey 'E' is none of the 4 labels"),
        (spoiled("ko-arc", choices=["가", "나"]), "choices is no mapping"),
        (spoiled("ko-hellaswag", label=""), "label is missing or empty"),
        (spoiled("ko-hellaswag", label="4"), "label is '4', expected a number from 0 to 3"),
        (spoiled("ko-truthfulqa", mc1_targets={"choices": ["가", "나"], "labels": [0, 0]}), "exactly one choice"),
        (spoiled("ko-commongen", gold=0), "gold is '0', expected a number from 1 to 4"),
        (spoiled("ko-commongen-endings", label=4), "label is '4', expected a number from 0 to 3"),
        (spoiled("click", answer="은행"), "answer '은행' is none of the options"),
        (spoiled("kobest-boolq", label=2), "label is '2', expected 0, 1, True or False"),
        (spoiled("kobest-copa", question="까닭"), "question is '까닭', expected 원인 or 결과"),
        (spoiled("kobest-copa", label=2), "label is '2', expected a number from 0 to 1"),
        (spoiled("kobest-copa-table", Answer="0"), "Answer is '0', expected a number from 1 to 2"),
        (spoiled("hae-rae", answer="(D)"), "answer is '(D)', expected a letter from A to C"),
        (spoiled("hae-rae", query="물음뿐 ### 정답:"), "query lists no options"),
        (spoiled("hae-rae-columns", answer="은행나무"), "expected a letter from A to E"),
        (spoiled("kobbq", choices="__import__('os').getcwd()"), "choices is"),
        (spoiled("kobbq", answer="여우"), "answer '여우' is none of the options"),
        (spoiled("kobbq", sample_id="x-1"), "sample_id is 'x-1', expected CATEGORY"),
        (spoiled("kobbq", answer="손님"), "the last choice (it cannot be known) in an amb context"),
        (spoiled("kobbq", row=2, answer="알 수 없음"), "the last choice (it cannot be known) in an amb context"),
        (spoiled("kobbq", row=2, answer="손님"), "biased_answer in the dis contexts of templates b and d"),
        (spoiled("kobbq", row=3, answer="주인"), "biased_answer in the dis contexts of templates b and d"),
        (spoiled("kobbq", biased_answer="알 수 없음"), "biased_answer is the last choice"),
        (spoiled("arc", answerKey=""), "answerKey is missing or empty"),
        (spoiled("kobest-hellaswag-table", label="4"), "label is '4', expected a number from 0 to 3"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_key_that_cannot_be_is_an_error_that_names_the_row(
    tmp_path: Path, spoilt: tuple[str, list[dict[str, Any]]], problem: str
) -> None:
    reader, rows = spoilt
    good = next(s for s in SAMPLES if s.reader == reader).rows[-1]
    path = write_rows(tmp_path / "items.jsonl", [good, *rows])
    with pytest.raises(SourceError) as caught:
        load_set(f"{reader}:{path}")
    number = next(place for place, row in enumerate(rows, 2) if row not in sample_rows(reader))
    assert str(caught.value).startswith(f"{path}:{number}: "), caught.value
    assert problem in str(caught.value), caught.value


def test_kobbq_says_what_its_scores_need(tmp_path: Path) -> None:
    found = read_questions(write_rows(tmp_path / "s.tsv", KOBBQ))
    tags = [set(question.tags) for question in found.questions]
    assert [("context:ambiguous" in t, "bias:biased" in t, "bias:counter" in t) for t in tags] == [
        (True, False, False),
        (True, False, False),
        (False, False, True),
        (False, True, False),
    ]
    assert [check.biased for check in checks(found)] == ["손님", "주인", "손님", "손님"]
    assert {question.category for question in found.questions} == {"family"}


def test_what_stands_at_a_telling_place_is_shuffled_and_always_alike(tmp_path: Path) -> None:
    rows = [
        kobbq_row(f"family-{n:03}a-001-amb-bsd", PAIR, "손님", "알 수 없음", f"두 사람이 {n}번 출구 앞에 있었다.")
        for n in range(1, 61)
    ]
    path = write_rows(tmp_path / "s.tsv", rows)
    first, again = read_questions(path), read_questions(path)
    assert [q.digest() for q in first.questions] == [q.digest() for q in again.questions]
    places = [check.options.index("알 수 없음") for check in checks(first)]
    assert all(places.count(place) >= 10 for place in range(3)), places
    assert all("shuffle:1" in question.tags for question in first.questions)
    kmmlu = next(s for s in SAMPLES if s.reader == "kmmlu")
    plain = read_questions(write_rows(tmp_path / "k.jsonl", kmmlu.rows))
    assert all(check.options == tuple(TREES) for check in checks(plain))


def test_items_that_nobody_can_answer_are_left_out_and_counted(tmp_path: Path) -> None:
    good = {"id": "1", "paragraph": "", "question": STEM, "choices": TREES, "answer": "은행나무"}
    bad = {**good, "id": "2", "choices": ["은행나무", " 은행나무", "소나무"]}
    found = read_questions(write_rows(tmp_path / "c.jsonl", [good, bad]))
    assert len(found.questions) == 1
    assert [notice.partition(": ")[2] for notice in found.notices] == [
        "1 items left out, two of their options are the same (line 2)"
    ]


def test_ids_are_made_where_there_are_none_and_kept_apart(tmp_path: Path) -> None:
    row = {"id": "가 나#다", "paragraph": "", "question": STEM, "choices": TREES, "answer": "은행나무"}
    found = read_questions(write_rows(tmp_path / "c.jsonl", [row, row, {**row, "id": ""}]))
    assert [question.id for question in found.questions] == ["가-나-다", "가-나-다.row-2", "row-3"]
