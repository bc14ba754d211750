"""What a report says of ratings, length and looks, from imported files with planted preferences."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.service.published_files import fastchat_folder, single
from tests.service.support import write_jsonl

QUESTIONS = 60


def annotations(folder: Path, taste: float) -> Path:
    """Two models as good as a third; the judge takes the longer answer with a strength of `taste`."""
    dice = random.Random(20)
    for model in ("one", "two"):
        rows = []
        for n in range(QUESTIONS):
            texts = ["가" * dice.randint(50, 800), "나" * dice.randint(50, 800)]
            chance = 0.5 + taste * (1 if len(texts[1]) > len(texts[0]) else -1)
            rows.append(
                {
                    "instruction": f"{n}번 지시",
                    "output_1": texts[0],
                    "generator_1": "base",
                    "output_2": texts[1],
                    "generator_2": model,
                    "annotator": "judge",
                    "preference": 2.0 if dice.random() < chance else 1.0,
                }
            )
        path = folder / model / "annotations.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return folder


def part_of(run_cli, folder: Path) -> dict[str, Any]:
    assert run_cli("import", "alpaca-eval", folder, "--name", "r").code == 0
    part: dict[str, Any] = json.loads(run_cli("report", "r", "--format", "json").out)["pairwise"]
    return part


def test_a_taste_for_length_is_a_finding_in_both_languages(run_cli, tmp_path):
    part = part_of(run_cli, annotations(tmp_path / "results", 0.35))
    (length,) = part["style"]["effects"]
    assert length["feature"] == "length"
    assert length["effect"]["low"] > 0, length
    assert length["one_sd"]["low"] > 0.5, length
    for language, found, grid in (
        ("en", "matters by itself", "Bradley-Terry ratings"),
        ("ko", "자체가 승패를 바꿉니다", "브래들리-테리 레이팅"),
    ):
        for shape in ("table", "markdown", "html"):
            text = run_cli("report", "r", "--format", shape, "--language", language).out
            flat = " ".join(text.split())
            assert found in flat, (language, shape)
            assert grid in flat, (language, shape)


def test_a_judge_without_a_taste_is_not_accused(run_cli, tmp_path):
    part = part_of(run_cli, annotations(tmp_path / "results", 0.0))
    (length,) = part["style"]["effects"]
    assert length["effect"]["low"] < 0 < length["effect"]["high"], length
    assert "matters by itself" not in " ".join(run_cli("report", "r").out.split())
    base = next(m for m in part["ratings"]["models"] if m["model"] == "base")
    assert (base["rating"]["value"], part["ratings"]["baseline"]) == (0.0, "base")


def test_ratings_stand_in_the_long_form(run_cli, tmp_path):
    part = part_of(run_cli, annotations(tmp_path / "results", 0.2))
    lines = [line.split(",") for line in run_cli("report", "r", "--format", "csv").out.splitlines()]
    rated = {line[2]: float(line[5]) for line in lines if line[3] == "pairwise_rating"}
    assert rated == pytest.approx({m["model"]: m["rating"]["value"] for m in part["ratings"]["models"]})
    assert [line[4] for line in lines if line[3] == "pairwise_style"] == ["length"]


def test_a_model_that_always_wins_is_said_to_have_no_rating(run_cli, tmp_path):
    part = part_of(run_cli, annotations(tmp_path / "results", 0.0))
    assert part["ratings"]["connection"] == "finite"
    for file in (tmp_path / "results/one").iterdir():
        rows = json.loads(file.read_text("utf-8"))
        file.write_text(json.dumps([row | {"preference": 2.0} for row in rows], ensure_ascii=False), encoding="utf-8")
    assert run_cli("import", "alpaca-eval", tmp_path / "results", "--name", "s").code == 0
    done = run_cli("report", "s", "--format", "json")
    part = json.loads(done.out)["pairwise"]
    assert (part["ratings"]["connection"], part["ratings"]["parts"]) == ("separated", [["one"], ["two", "base"]])
    rated = {m["model"]: m["rating"]["value"] for m in part["ratings"]["models"]}
    assert rated["one"] is None
    assert rated["two"] is not None
    assert "no finite rating lies between these groups" in " ".join(run_cli("report", "s").out.split())


@pytest.mark.parametrize(("points", "said"), [(1.5, "scores +"), (0.0, "no effect on scores is seen")])
def test_length_in_scores_is_told_within_a_turn(run_cli, tmp_path, points, said):
    dice = random.Random(3)
    root = fastchat_folder(tmp_path / "mt_bench", answers=False)
    questions = [{"question_id": n, "category": "writing", "turns": [f"{n}번 물음"]} for n in range(40)]
    write_jsonl(root / "question.jsonl", questions)
    rows = []
    for model in ("one", "two", "three"):
        answers = []
        for n in range(40):
            doubled = dice.randint(0, 3)
            rows.append(single(model, n, 1, 2 + points * doubled + dice.random()))
            choices = [{"index": 0, "turns": ["가" * (50 * 2**doubled)]}]
            answers.append({"question_id": n, "model_id": model, "choices": choices})
        write_jsonl(root / f"model_answer/{model}.jsonl", answers)
    write_jsonl(root / "model_judgment/j_single.jsonl", rows)
    assert run_cli("import", "mtbench", root, "--name", "r").code == 0
    effect = json.loads(run_cli("report", "r", "--format", "json").out)["length_effect"]
    assert effect["low"] < points < effect["high"], effect
    assert (effect["n"], effect["every"]) == (120, 1)
    assert said in " ".join(run_cli("report", "r").out.split())
