"""Labels through the command line: a blind sheet out, the filled one in, and what cannot be taken."""

import csv
import json
from pathlib import Path

import pytest

from tests.service.reviewing import count, fill, items, json_of, judged, read_sheet, write_sheet


@pytest.fixture
def sheet(run_cli, tmp_path) -> Path:
    """A sheet of the demo with 50 answers."""
    assert run_cli("demo", "--quick").code == 0
    done = run_cli("labels", "sample", "demo", "--n", "50", "--output", "sheet.csv")
    assert done.code == 0, done
    return tmp_path / "sheet.csv"


def test_the_sheet_is_blind_and_the_same_each_time(run_cli, tmp_path, sheet):
    text = sheet.read_text("utf-8-sig")
    for hidden in ("scripted", "drifting", "demo", "random", "targeted"):
        assert hidden not in text, hidden
    rows = read_sheet(sheet)
    assert {row["score"] for row in rows} == {""}
    assert len({row["item"] for row in rows}) == len(rows) == 50
    assert all(row["answer"] and "[사용자]" in row["conversation"] for row in rows)
    again = run_cli("labels", "sample", "demo", "--n", "50", "--output", "again.csv")
    assert again.code == 0, again
    assert (tmp_path / "again.csv").read_bytes() == sheet.read_bytes()
    larger = run_cli("labels", "sample", "demo", "--n", "60", "--output", "larger.csv")
    assert larger.code == 0, larger
    random = {code for code, item in items(tmp_path, "demo").items() if item.stratum == "random"}
    assert {row["item"] for row in read_sheet(tmp_path / "larger.csv")} >= random & {row["item"] for row in rows}


def test_parts_share_some_answers_and_divide_the_rest(run_cli, tmp_path, sheet):
    parts = []
    for k in (1, 2, 3):
        done = run_cli("labels", "sample", "demo", "--n", "50", "--part", f"{k}/3", "--output", f"{k}.csv")
        assert done.code == 0, done
        parts.append([row["item"] for row in read_sheet(tmp_path / f"{k}.csv")])
    shared = {code for code, item in items(tmp_path, "demo").items() if item.shared}
    assert len(shared) == 9
    assert set(parts[0]) & set(parts[1]) == set(parts[1]) & set(parts[2]) == shared
    assert set().union(*parts) == {row["item"] for row in read_sheet(sheet)}
    orders = [[code for code in part if code in shared] for part in parts]
    assert orders[0] != orders[1] != orders[2]


def test_a_filled_sheet_becomes_labels_once_and_a_changed_one_supersedes(run_cli, tmp_path, sheet):
    fill(tmp_path / "kim.csv", sheet, lambda code: 7)
    first = run_cli("labels", "import", "demo", "kim.csv")
    assert "50 new labels, 0 known" in first.out, first
    again = run_cli("labels", "import", "demo", "kim.csv")
    assert "0 new labels, 50 known" in again.out, again
    assert count(tmp_path, "labels") == 50
    changed = read_sheet(tmp_path / "kim.csv")
    changed[0]["score"], changed[1]["status"], changed[2]["status"] = "3", "skipped", "unsure"
    write_sheet(tmp_path / "changed.csv", changed)
    assert "3 new labels, 47 known" in run_cli("labels", "import", "demo", "changed.csv").out
    report = json_of(run_cli("judge", "agree", "demo", "--format", "json"))
    assert report["labels"]["superseded"] == 3
    assert report["reviewers"] == [{"reviewer": "kim", "given": 48, "skipped": 1, "unsure": 1}]
    # One may go back to what one said before.
    assert "3 new labels, 47 known" in run_cli("labels", "import", "demo", "kim.csv").out
    assert count(tmp_path, "labels") == 56


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_a_sheet_may_come_back_as_a_spreadsheet_saves_it(run_cli, tmp_path, sheet, encoding):
    rows = [row | {"score": "8점", "note": "꼼꼼한 답"} for row in read_sheet(sheet)]
    write_sheet(tmp_path / "kim.csv", rows, encoding)
    done = run_cli("labels", "import", "demo", "kim.csv", "--reviewer", "김 하나")
    assert "50 new labels" in done.out, done


def test_rows_that_are_not_filled_in_are_no_labels(run_cli, tmp_path, sheet):
    rows = read_sheet(sheet)
    rows[0]["score"] = "9"
    write_sheet(tmp_path / "kim.csv", rows)
    done = run_cli("labels", "import", "demo", "kim.csv", "--reviewer", "kim")
    assert "1 new labels, 0 known already, 49 rows not filled in" in done.out, done


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"score": "11"}, "the score '11' is not on the scale 0~10"),
        ({"score": "7.5"}, "in steps of 1"),
        ({"score": "좋음"}, "the score '좋음' is not on the scale"),
        ({"score": "nan"}, "the score 'nan' is not on the scale"),
        ({"status": "given", "score": ""}, "there is no score"),
        ({"status": "maybe"}, "leave it empty, or write skipped or unsure"),
        ({"item": "k0000000000a"}, "is this the sheet of another run?"),
        ({"reviewer": ""}, "give --reviewer NAME"),
        ({"reviewer": "a" * 101}, "1 to 100 characters"),
    ],
)
def test_a_bad_row_is_named_and_nothing_of_the_file_is_kept(run_cli, tmp_path, sheet, change, told):
    rows = read_sheet(fill(tmp_path / "kim.csv", sheet, lambda code: 7))
    rows[-1] |= change
    write_sheet(tmp_path / "kim.csv", rows)
    done = run_cli("labels", "import", "demo", "kim.csv")
    assert done.code == 2, done
    assert told in done.err, done
    assert done.err.count("\n") == 1, done
    assert "kim.csv:" in done.err, done
    assert count(tmp_path, "labels") == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["labels", "import", "demo", "none.csv"], "none.csv"),
        (["labels", "import", "demo", "empty.csv"], "empty"),
        (["labels", "import", "demo", "broken.jsonl"], "broken.jsonl"),
        (["labels", "import", "demo", "sheet.txt"], "is no table"),
        (["labels", "import", "demo", "foreign.jsonl"], "a row needs the column item of a sheet"),
        (["labels", "import", "demo", "model.jsonl"], "has no model 'x'"),
        (["labels", "import", "demo", "turn.jsonl"], "no judged answer"),
        (["labels", "import", "demo", "value.jsonl"], "the value is no object"),
        (["labels", "import", "demo", "time.jsonl"], "created_at"),
        (["labels", "import", "other", "sheet.csv"], "there is no run named 'other'"),
        (["labels", "export", "demo", "labels.xlsx"], ".jsonl or .csv"),
        (["labels", "export", "demo", "labels.jsonl"], "has no label yet"),
        (["labels", "sample", "demo", "--output", "sheet.csv"], "there already"),
        (["labels", "sample", "demo", "--output", "sheet.xlsx"], ".csv"),
        (["labels", "sample", "demo", "--output", "b.csv", "--seed", "7"], "has a sample with seed 1"),
        (["labels", "sample", "demo", "--output", "b.csv", "--part", "4/3"], "write K/N"),
        (["labels", "plan", "demo", "--half-width", "0"], "--half-width"),
        (["judge", "agree", "demo"], "has no label yet"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(run_cli, tmp_path, sheet, words, told):
    row = {"model": "scripted:good", "question": "math-1", "turn": 1, "reviewer": "kim", "score": 7}
    files = {
        "empty.csv": "",
        "broken.jsonl": '{"item": ',
        "sheet.txt": "x",
        "foreign.jsonl": json.dumps({"a": 1}),
        "model.jsonl": json.dumps(row | {"model": "x"}),
        "turn.jsonl": json.dumps(row | {"turn": 9}),
        "value.jsonl": json.dumps(row | {"value": [1]}),
        "time.jsonl": json.dumps(row | {"created_at": "gestern"}),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = run_cli(*words)
    assert done.code == 2, done
    assert told in done.err, done
    assert done.err.count("\n") == 1, done
    assert count(tmp_path, "labels") == 0


def test_a_run_that_has_not_ended_gives_no_sample(run_cli, tmp_path, model_server):
    from tests.service.support import logickor_questions, specs, write_jsonl

    write_jsonl(tmp_path / "questions.jsonl", logickor_questions(3))
    model_server.inject("judge", then="quota")
    done = run_cli("run", *specs(model_server), "-q", "questions.jsonl", "--name", "r")
    assert done.code == 3, done
    sample = run_cli("labels", "sample", "r", "--output", "sheet.csv")
    assert sample.code == 2, sample
    assert "kojudge resume r" in sample.err
    assert not (tmp_path / "sheet.csv").exists()


def test_formulas_and_control_characters_stay_text_and_line_breaks_stay(run_cli, tmp_path):
    said = ["=1+1", "+1", "-1", "@SUM(1)", " =1+1", "＝1+1", "'=1+1", "첫 줄\n=둘째 줄", "\x1b[2J\u202e지움"]
    lines = [
        json.dumps(
            {
                "model": f"m{n}",
                "question": {"id": "q1", "category": "=c", "turns": [{"prompt": "=무엇인가요?"}]},
                "turns": [{"prompt": "=무엇인가요?", "answer": text}],
            }
        )
        for n, text in enumerate(said)
    ]
    (tmp_path / "r.jsonl").write_text("\n".join(lines), encoding="utf-8")
    words = [w for n in range(len(said)) for w in ("-m", f"replay:m{n}.jsonl")]
    for n, line in enumerate(lines):
        (tmp_path / f"m{n}.jsonl").write_text(line, encoding="utf-8")
    assert run_cli("run", *words, "-j", "scripted:rules", "--name", "r").code == 0
    done = run_cli("labels", "sample", "r", "--output", "sheet.csv")
    assert done.code == 0, done
    with (tmp_path / "sheet.csv").open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [c for c in cells if c.lstrip(" \t'\"")[:1] in "=+-@＝" and c.strip() and not c.startswith("'")], cells
    assert not set("\x1b\u202e") & set("".join(cells))
    assert "첫 줄\n=둘째 줄" in cells


def test_an_export_comes_back_with_everything_and_once(run_cli, tmp_path, sheet):
    said = judged(tmp_path, "demo")
    for who in ("kim", "lee"):
        fill(tmp_path / f"{who}.csv", sheet, lambda code: round(said[code]), who)
        assert run_cli("labels", "import", "demo", f"{who}.csv").code == 0
    code = read_sheet(sheet)[0]["item"]
    decision = {"item": code, "status": "adjudicated", "reviewer": "park", "score": 4, "note": "=둘 다 지나치다"}
    (tmp_path / "decided.jsonl").write_text(json.dumps(decision), encoding="utf-8")
    assert "1 new" in run_cli("labels", "import", "demo", "decided.jsonl").out
    assert "0 new" in run_cli("labels", "import", "demo", "decided.jsonl").out
    before = json_of(run_cli("judge", "agree", "demo", "--format", "json"))
    assert before["labels"]["adjudicated"] == (items(tmp_path, "demo")[code].stratum == "random")
    for name in ("labels.jsonl", "labels.csv"):
        assert "101 labels" in run_cli("labels", "export", "demo", name).out
        assert "0 new labels, 101 known" in run_cli("labels", "import", "demo", name).out
        # The same run in another database, which has drawn nothing.
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        assert run_cli("demo", "--quick", cwd=folder).code == 0
        done = run_cli("labels", "import", "demo", tmp_path / name, cwd=folder)
        assert "101 new labels" in done.out, done
        assert json_of(run_cli("judge", "agree", "demo", "--format", "json", cwd=folder)) == before
