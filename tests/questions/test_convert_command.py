"""`kojudge questions convert`, `new`, `formats`, and what is said of the files of a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from questions.library import load_set
from questions.readers import READERS, read_questions
from questions.source import parse_yaml
from questions.types import Question, QuestionSet, Turn
from questions.writing import as_yaml

ROWS = [
    {"question_id": 1, "category": "math", "turns": ["1+1은?\n식도 써 줘.", "2+2는?"]},
    {"question_id": 2, "category": "math", "turns": ["3+3은?"]},
]


def mt_bench(folder: Path) -> Path:
    path = folder / "question_ko.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS), encoding="utf-8")
    (folder / "reference_answer").mkdir()
    choice = {"question_id": 9, "choices": [{"index": 0, "turns": ["2", "4"]}]}
    (folder / "reference_answer" / "a.jsonl").write_text(json.dumps(choice) + "\n", encoding="utf-8")
    return path


def digests(path: Path) -> list[str]:
    return [question.digest() for question in read_questions(path).questions]


def test_a_set_survives_both_of_our_formats(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    source = mt_bench(tmp_path)
    for name in ("out.yaml", "out.jsonl"):
        done = run_cli("questions", "convert", source, tmp_path / name)
        assert done.code == 0, done
        assert "1 references answer no question" in done.err, done
        assert digests(tmp_path / name) == digests(source), name
    assert "1+1은?\n" in (tmp_path / "out.yaml").read_text(encoding="utf-8")


@given(prompt=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), reference=st.text())
@example(prompt="첫째\u2028둘째\x85셋째\u2029\n넷째\r\n", reference="- 가: 나 # 다  \n\t끝")
@example(prompt="123", reference="null")
def test_no_text_changes_in_yaml(prompt: str, reference: str) -> None:
    turn = Turn(prompt=prompt, reference=reference)
    written = QuestionSet(set="가", questions=(Question(id="a", category="나", turns=(turn,)),))
    assert parse_yaml(as_yaml(written), "a.yaml", QuestionSet) == written, as_yaml(written)


def test_a_shipped_set_survives(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    assert run_cli("questions", "convert", "safety", tmp_path / "s.yaml").code == 0
    assert digests(tmp_path / "s.yaml") == [question.digest() for question in load_set("safety").questions]


def test_a_set_of_leaves_survives_as_a_folder(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    target = tmp_path / "새 모음"
    done = run_cli("questions", "convert", "alignment", target)
    assert done.code == 0, done
    shipped, written = load_set("alignment"), load_set(str(target))
    assert written == shipped, (written.set, len(written.questions))
    assert (target / "A1.2.yaml").is_file()
    again = run_cli("questions", "convert", "alignment", target, "--force")
    assert again.code == 2, again
    assert "name a new folder" in again.err, again
    flat = run_cli("questions", "convert", mt_bench(tmp_path), tmp_path / "flat")
    assert flat.code == 2, flat
    assert "'1' has not the leaf, category and id of a leaf file; name a file that ends in .yaml" in flat.err, flat
    assert {path.name for path in tmp_path.iterdir()} == {"새 모음", "question_ko.jsonl", "reference_answer"}


def test_nothing_is_overwritten_or_left_half_written(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    target = tmp_path / "out.yaml"
    target.write_text("mine", encoding="utf-8")
    done = run_cli("questions", "convert", mt_bench(tmp_path), target)
    assert done.code == 2, done
    assert "overwrite it with --force" in done.err, done
    broken = tmp_path / "broken.csv"
    broken.write_text('질문\n가\n\n"', encoding="utf-8")
    bad_row = tmp_path / "bad.csv"
    bad_row.write_text("id,질문\n1,가\n1,나\n", encoding="utf-8")
    done = run_cli("questions", "convert", bad_row, target, "--force")
    assert done.code == 2, done
    assert target.read_text(encoding="utf-8") == "mine"
    assert run_cli("questions", "convert", bad_row, tmp_path / "x.txt").code == 2


def test_a_table_is_mapped_on_the_command_line(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    table = tmp_path / "items.csv"
    table.write_text("물음,갈래\n안녕?,인사\n잘 가?,인사\n", encoding="utf-8")
    done = run_cli("questions", "convert", table, tmp_path / "o.yaml", "--map", "prompt=물음,category=갈래")
    assert done.code == 0, done
    assert [q.category for q in load_set(str(tmp_path / "o.yaml")).questions] == ["인사", "인사"]
    done = run_cli("questions", "lint", table, "--map", "prompt=물음", "--map", "category=갈래")
    assert done.code == 0, done
    assert "2 conversations, 0 findings" in done.err, done
    done = run_cli("questions", "show", table, "--map", "물음")
    assert done.code == 2, done
    assert "expected PART=COLUMN" in done.err, done


def test_a_new_set_lints_clean(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    for arguments in ((tmp_path / "shop.yaml",), ("--folder", tmp_path / "우리 모음")):
        done = run_cli("questions", "new", *arguments)
        assert done.code == 0, done
        assert run_cli("questions", "lint", arguments[-1]).code == 0
        again = run_cli("questions", "new", *arguments)
        assert again.code == 2, again
        assert "is there already; name a new" in again.err, again
    assert load_set(str(tmp_path / "우리 모음")).set == "우리 모음"
    assert run_cli("questions", "new", tmp_path / "shop").code == 2


def test_every_format_is_listed(run_cli: Callable[..., Any]) -> None:
    listed = json.loads(run_cli("questions", "formats", "--format", "json").out)["formats"]
    assert [entry["reader"] for entry in listed] == [reader.name for reader in READERS]
    assert run_cli("questions", "formats").code == 0


def test_a_run_says_what_is_to_be_known_of_its_files(run_cli: Callable[..., Any], tmp_path: Path) -> None:
    done = run_cli("run", "--dry-run", "-m", "ollama:x", "-j", "scripted:rules", "-q", f"mt-bench:{mt_bench(tmp_path)}")
    assert done.code == 0, done
    assert "1 references answer no question of question_ko.jsonl (9)" in done.err, done
