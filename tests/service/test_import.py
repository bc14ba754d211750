"""LogicKor's result files, with every trap, through import and report."""

import json
from pathlib import Path

import pytest

from tests.service.support import logickor_questions, write_jsonl

FAILED = {"judge_message": "Impossible to judge due to repetition.", "judge_score": 0}


def evaluated(scores: list[tuple[float, float]]) -> list[dict]:
    rows = []
    for row, (first, second) in zip(logickor_questions(len(scores)), scores, strict=True):
        rows.append(
            {
                **row,
                "outputs": ["손님 수를 세어 평균을 냅니다.\u2028다음 줄입니다.", "수를 셉니다. 곱합니다."],
                "query_single": {"judge_message": "좋은 답입니다.", "judge_score": first},
                "query_multi": {"judge_message": "괜찮은 답입니다.", "judge_score": second},
            }
        )
    return rows[::-1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    good = evaluated([(9.0, 8), (7.0, 6.0), (10.0, 10.0), (8.0, 9.0)])
    broken = evaluated([(9.0, 8.0), (7.0, 6.0), (10.0, 10.0), (8.0, 9.0)])
    broken[0]["query_multi"] = FAILED
    write_jsonl(tmp_path / "evaluated/Qwen/m/default.jsonl", good, bom=True)
    write_jsonl(tmp_path / "evaluated/qwen/m/default.jsonl", broken)
    return tmp_path / "evaluated"


def test_scores_are_as_published_and_failures_are_failures(run_cli, folder):
    assert run_cli("import", "logickor", folder, "--name", "lk").code == 0
    result = run_cli("report", "lk", "--format", "json")
    assert result.code == 0, result
    models = {m["model"]: m for m in json.loads(result.out)["models"]}
    assert set(models) == {"Qwen/m/default", "qwen/m/default"}
    assert models["Qwen/m/default"]["as_published"] == 8.375
    assert models["Qwen/m/default"]["overall"]["mean"] == pytest.approx(8.375)
    failing = models["qwen/m/default"]
    assert failing["as_published"] == pytest.approx(((9 + 7 + 10 + 8) / 4 + (8 + 6 + 10 + 0) / 4) / 2)
    assert failing["overall"]["mean"] == pytest.approx((8.5 + 8.0) / 2)
    assert (failing["overall"]["n"], failing["overall"]["failed"]) == (7, 1)
    assert failing["failures"] == {"unparsed": 1}


def test_importing_twice_is_importing_once(run_cli, folder):
    assert run_cli("import", "logickor", folder, "--name", "lk").code == 0
    again = run_cli("import", "logickor", folder, "--name", "lk")
    assert again.code == 0, again
    assert "Already there" in again.out
    assert len(json.loads(run_cli("runs", "--format", "json").out)["runs"]) == 1


def test_the_folder_above_is_understood_too(run_cli, folder):
    write_jsonl(folder.parent / "generated/Qwen/m/default.jsonl", logickor_questions(2))
    done = run_cli("import", "logickor", folder.parent, "--name", "lk")
    assert done.code == 0, done
    models = {m["model"] for m in json.loads(run_cli("report", "lk", "--format", "json").out)["models"]}
    assert models == {"Qwen/m/default", "qwen/m/default"}


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def _other_question(file: Path) -> None:
    file.write_text(file.read_text("utf-8-sig").replace("1번 가게", "첫째 가게"), encoding="utf-8")


def _off_scale(file: Path) -> None:
    file.write_text(file.read_text("utf-8-sig").replace('"judge_score": 10.0', '"judge_score": 85.0'), encoding="utf-8")


def _twice(file: Path) -> None:
    text = file.read_text("utf-8-sig")
    file.write_text(text + text.splitlines()[0] + "\n", encoding="utf-8")


@pytest.mark.parametrize("spoil", [_cut, _other_question, _off_scale, _twice])
def test_a_spoilt_file_writes_nothing(run_cli, folder, spoil):
    spoil(folder / "qwen/m/default.jsonl")
    result = run_cli("import", "logickor", folder)
    assert result.code == 2, result
    assert len(result.err.strip().splitlines()) == 1, result
    assert "default" in result.err
    assert json.loads(run_cli("runs", "--format", "json").out)["runs"] == []


def test_an_import_cannot_be_resumed(run_cli, folder):
    assert run_cli("import", "logickor", folder, "--name", "lk").code == 0
    result = run_cli("resume", "lk")
    assert result.code == 2
    assert "imported" in result.err


def test_what_was_imported_can_be_exported_again(run_cli, folder, tmp_path):
    assert run_cli("import", "logickor", folder, "--name", "lk").code == 0
    assert run_cli("export", "logickor", "lk", "out").code == 0
    rows = [json.loads(x) for x in (tmp_path / "out/Qwen/m/default.jsonl").read_text("utf-8").split("\n") if x]
    assert [r["query_single"]["judge_score"] for r in rows] == [9.0, 7.0, 10.0, 8.0]
    assert rows[0]["outputs"][0].count("\u2028") == 1
