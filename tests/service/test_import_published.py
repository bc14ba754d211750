"""FastChat's, Arena-Hard's and AlpacaEval's files in: their aggregates are met, and every trap becomes a failure."""

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from questions.source import SourceError
from service.interchange.importing import counted
from tests.conftest import CliResult
from tests.service.published_files import alpaca_file, arena_folder, fastchat_folder, pairs, single, singles
from tests.service.support import write_jsonl


def report_of(run_cli, name: str) -> dict[str, Any]:
    done = run_cli("report", name, "--format", "json")
    assert done.code == 0, done
    report: dict[str, Any] = json.loads(done.out)
    return report


def imported(run_cli, *words: Any) -> CliResult:
    done = run_cli("import", *words)
    assert done.code == 0, done
    return done


def figures(report: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(f["model"], f["figure"]): f for f in report["imported"]["figures"]}


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    root = fastchat_folder(tmp_path / "mt_bench")
    write_jsonl(root / "model_judgment/gpt-4_single.jsonl", singles())
    write_jsonl(root / "model_judgment/gpt-4_pair.jsonl", pairs())
    return root


def test_fastchats_means_are_met_and_its_misses_are_failures(run_cli, bench):
    imported(run_cli, "mtbench", bench, "--name", "fc")
    report = report_of(run_cli, "fc")
    published = figures(report)
    rows = singles()
    for model in ("good", "poor", "broken"):
        for figure, turns in (("turn 1", (1,)), ("turn 2", (2,)), ("average", (1, 2))):
            mine = [r["score"] for r in rows if r["model"] == model and r["turn"] in turns]
            kept = [score for score in mine if score not in (-1, None)]
            told = published[model, figure]
            assert told["value"] == pytest.approx(sum(kept) / len(kept), abs=1e-12), (model, figure)
            assert (told["n"], told["dropped"]) == (len(kept), len(mine) - len(kept)), (model, figure)
    models = {m["model"]: m for m in report["models"]}
    assert models["poor"]["as_published"] == published["poor", "average"]["value"]
    assert models["poor"]["failures"] == {"provider_error": 1, "skipped": 1, "unparsed": 1}
    assert models["good"]["failures"] == {"unparsed": 1}
    assert models["broken"]["failures"] == {"skipped": 2, "unparsed": 1}
    assert models["broken"]["answer_failures"] == {"provider_error": 2}
    by_question = [(7.5 + 7) / 2, (8.5 + 8) / 2, (8.5 + 8) / 2, 8]
    assert models["good"]["overall"]["mean"] == pytest.approx(sum(by_question) / 4, abs=1e-12)
    assert models["good"]["overall"]["failed"] == 1
    assert any("1 single judgments stand again" in notice for notice in report["imported"]["notices"])
    assert report["status"] == "complete"


def test_fastchats_win_rates_are_met_beside_those_without_ghost_answers(run_cli, bench):
    imported(run_cli, "mtbench", bench, "--name", "fc")
    report = report_of(run_cli, "fc")
    published = figures(report)
    points: dict[str, list[float]] = {}
    for row in pairs():
        if "error" in (row["g1_winner"], row["g2_winner"]):
            continue
        tied = row["g1_winner"] == "tie" or row["g1_winner"] != row["g2_winner"]
        one = 0.5 if tied else float(row["g1_winner"] == "model_1")
        points.setdefault(row["model_1"], []).append(one)
        points.setdefault(row["model_2"], []).append(1 - one)
    for model, mine in points.items():
        assert published[model, "win_rate_adjusted"]["value"] == pytest.approx(np.mean(mine), abs=1e-12)
        assert published[model, "win_rate"]["value"] == pytest.approx(np.mean(np.array(mine) == 1), abs=1e-12)
        assert published[model, "win_rate_adjusted"]["n"] == len(mine)
    assert published["good", "win_rate"]["dropped"] == 1
    part = report["pairwise"]
    assert (part["baseline"], part["orders"]) == ("broken", 2)
    found = {(p["model_a"], p["model_b"]): p for p in part["pairs"]}
    good, poor = found["good", "broken"], found["poor", "broken"]
    # Question 84 is no comparison: broken has no answer there. 81 turn 2 lacks an order.
    assert [good[k] for k in ("wins", "ties", "losses", "inconsistent")] == [3, 2, 0, 2]
    assert good["win_rate"]["failed"] == 3
    assert [poor[k] for k in ("wins", "ties", "losses")] == [1, 3, 2]
    rates = {m["model"]: m["win_rate"] for m in part["models"]}
    assert rates["good"]["mean"] == good["win_rate"]["mean"]
    assert rates["broken"]["mean"] == pytest.approx((2 * 0.5 + 3 * 0.5 + 2) / 11)
    assert part["failures"] == {"provider_error": 1, "skipped": 8}


def test_only_pairs_make_a_run_without_scores(run_cli, tmp_path):
    root = fastchat_folder(tmp_path / "mt_bench", answers=False)
    file = write_jsonl(root / "model_judgment/gpt-4_pair.jsonl", pairs())
    done = imported(run_cli, "mtbench", file, "--name", "p")
    assert "3 models, 32 comparisons" in done.out, done
    report = report_of(run_cli, "p")
    assert report["status"] == "complete"
    assert {m["overall"]["n"] + m["overall"]["failed"] for m in report["models"]} == {0}
    assert report["pairwise"]["score_agreement"] is None
    assert report["pairwise"]["style"] is None
    assert any("no model_answer" in notice for notice in report["imported"]["notices"])


def test_the_order_of_the_two_models_in_a_row_changes_nothing(run_cli, tmp_path):
    turned = {"model_1": "model_2", "model_2": "model_1", "tie": "tie", "error": "error"}
    rows = pairs()[:-1]
    other = [
        row
        | {"model_1": row["model_2"], "model_2": row["model_1"]}
        | {"g1_winner": turned[row["g2_winner"]], "g2_winner": turned[row["g1_winner"]]}
        if number % 3
        else row
        for number, row in enumerate(rows)
    ]
    parts = []
    for name, mine in (("one", rows), ("other", other)):
        root = fastchat_folder(tmp_path / name)
        write_jsonl(root / "model_judgment/gpt-4_pair.jsonl", mine)
        imported(run_cli, "mtbench", root, "--name", name)
        part = report_of(run_cli, name)["pairwise"]
        parts.append(sorted([(p["model_a"], p["model_b"], p["wins"], p["ties"], p["losses"]) for p in part["pairs"]]))
        parts.append([part["judges"][0]["first_position"], part["baseline"]])
    assert parts[:2] == parts[2:]


LABELS = {"A>>B": [1] * 3, "A>B": [1], "A=B": [0.5], "B=A": [0.5], "B>A": [0], "A<B": [0], "B>>A": [0] * 3}


def test_arena_hards_score_is_met_beside_an_interval_over_questions(run_cli, tmp_path):
    root = arena_folder(tmp_path / "arena")
    done = imported(run_cli, "arena-hard", root, "--name", "ah")
    assert "3 models, 24 comparisons, 5 of them failures" in done.out, done
    report = report_of(run_cli, "ah")
    published = figures(report)
    for model in ("strong", "weak"):
        lines = (root / f"model_judgment/judge-x/{model}.jsonl").read_text("utf-8").splitlines()
        scores, dropped = [], 0
        for row in map(json.loads, lines):
            labels = [game and game["score"] for game in row["games"]]
            if not all(label in LABELS for label in labels):
                dropped += 1
                continue
            scores += [*LABELS[labels[1]], *(1 - s for s in LABELS[labels[0]])]
        told = published[model, "hard_prompt"]
        assert told["value"] == pytest.approx(100 * np.mean(scores), abs=1e-9), model
        assert (told["n"], told["dropped"]) == (len(scores), dropped), model
        assert told["interval"] == "90 %, games resampled"
        assert told["clustered_low"] <= told["low"] < told["value"] < told["high"] <= told["clustered_high"], told
        assert told["clustered_high"] - told["clustered_low"] > told["high"] - told["low"], told
    part = report["pairwise"]
    strong, weak = part["pairs"]
    assert part["baseline"] == "base"
    # By both orders: strong wins u0 and u1; u2, u3 and u5 disagree; u4 has a null game.
    assert [strong[k] for k in ("wins", "ties", "losses", "inconsistent")] == [2, 3, 0, 3]
    assert strong["win_rate"]["failed"] == 1
    # weak loses u0, ties u2, disagrees on u1; u3 is missing, u4 lacks a game, u5 has an unknown label.
    assert [weak[k] for k in ("wins", "ties", "losses", "inconsistent")] == [0, 2, 1, 1]
    assert weak["win_rate"]["failed"] == 3
    assert part["failures"] == {"provider_error": 1, "skipped": 2, "unparsed": 2}
    assert any("label at which" in notice for notice in report["imported"]["notices"])
    assert {e["feature"] for e in part["style"]["effects"]} == {"length", "bold"}


def test_alpacaevals_win_rate_is_met_and_its_single_order_is_said(run_cli, tmp_path):
    preferences = [1.93, 1.02, 1.5, 0, None, -1, 2.0, 1.7, 1.1, 7.0, 1.99]
    alpaca_file(tmp_path / "results/mine/weighted/annotations.json", preferences)
    alpaca_file(tmp_path / "results/other/weighted/annotations.json", [1.0] * 11, "other")
    imported(run_cli, "alpaca-eval", tmp_path / "results", "--name", "ae")
    report = report_of(run_cli, "ae")
    published = figures(report)
    worth = np.array([0.93, 0.02, 0.5, 0.5, 1.0, 0.7, 0.1, 0.99])
    told = published["mine", "win_rate"]
    assert told["value"] == pytest.approx(100 * worth.mean(), abs=1e-9)
    assert told["standard_error"] == pytest.approx(100 * worth.std(ddof=1) / 8**0.5, abs=1e-9)
    assert (told["n"], told["dropped"]) == (8, 3)
    assert published["mine", "discrete_win_rate"]["value"] == pytest.approx(100 * 5 / 8, abs=1e-9)
    part = report["pairwise"]
    assert (part["baseline"], part["orders"], part["planned"]) == ("base", 1, 22)
    mine, other = part["pairs"]
    assert [mine[k] for k in ("wins", "ties", "losses", "inconsistent")] == [4, 2, 2, 0]
    assert mine["win_rate"]["failed"] == 3
    assert [other[k] for k in ("wins", "ties", "losses")] == [0, 0, 11]
    assert part["judges"][0]["swap_consistency"]["n"] == 0
    assert part["judges"][0]["first_position"]["mean"] is None
    assert part["failures"] == {"unparsed": 3}
    assert report["questions"]["n"] == 11, "an instruction that stands twice is two questions"
    table = run_cli("report", "ae")
    assert "one order" in table.out, table


def test_importing_twice_is_importing_once_from_wherever_it_lies(run_cli, bench, tmp_path):
    imported(run_cli, "mtbench", bench, "--name", "fc")
    moved = bench.rename(tmp_path / "elsewhere")
    assert "Already there" in imported(run_cli, "mtbench", moved, "--name", "fc").out
    assert len(json.loads(run_cli("runs", "--format", "json").out)["runs"]) == 1
    write_jsonl(moved / "model_judgment/gpt-4_single.jsonl", [single("good", 81, 1, 5)])
    other = run_cli("import", "mtbench", moved, "--name", "fc")
    assert (other.code, "another --name" in other.err) == (2, True), other


def _two_questions(root: Path) -> None:
    write_jsonl(root / "question_ko.jsonl", [{"question_id": 81, "category": "c", "turns": ["물음"]}])


def _cut(root: Path) -> None:
    file = root / "model_judgment/gpt-4_single.jsonl"
    file.write_bytes(file.read_bytes()[:-40])


def _unknown_question(root: Path) -> None:
    write_jsonl(root / "model_judgment/gpt-4_single.jsonl", [single("good", 999, 1, 5)])


def _unknown_winner(root: Path) -> None:
    write_jsonl(root / "model_judgment/gpt-4_pair.jsonl", [pairs()[0] | {"g1_winner": "nobody"}])


def _itself(root: Path) -> None:
    write_jsonl(root / "model_judgment/gpt-4_pair.jsonl", [pairs()[0] | {"model_2": "good"}])


def _two_judges(root: Path) -> None:
    write_jsonl(root / "model_judgment/other_single.jsonl", [single("good", 81, 1, 5) | {"judge": ["x", "single-v1"]}])


def _no_judgments(root: Path) -> None:
    for file in (root / "model_judgment").iterdir():
        file.unlink()


def _third_turn(root: Path) -> None:
    write_jsonl(root / "model_judgment/gpt-4_single.jsonl", [single("good", 81, 3, 5)])


def _no_questions(root: Path) -> None:
    (root / "question.jsonl").unlink()


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (_two_questions, "--questions"),
        (_cut, "cut off"),
        (_unknown_question, "999"),
        (_unknown_winner, "g1_winner"),
        (_itself, "itself"),
        (_two_judges, "several judges"),
        (_no_judgments, "model_judgment"),
        (_third_turn, "turn 3"),
        (_no_questions, "--questions"),
    ],
)
def test_a_spoilt_folder_writes_nothing(run_cli, bench, spoil, word):
    spoil(bench)
    result = run_cli("import", "mtbench", bench)
    assert result.code == 2, result
    assert len(result.err.strip().splitlines()) == 1, result
    assert word in result.err, result
    assert json.loads(run_cli("runs", "--format", "json").out)["runs"] == []


@pytest.mark.parametrize("kind", ["mtbench", "arena-hard", "alpaca-eval"])
def test_what_is_not_there_and_what_is_something_else_is_one_line(run_cli, tmp_path, kind):
    (tmp_path / "empty").mkdir()
    (tmp_path / "other.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    write_jsonl(tmp_path / "question.jsonl", [{"uid": "u", "category": "c", "prompt": "물음"}])
    for path in ("nowhere", "empty", "other.jsonl"):
        result = run_cli("import", kind, tmp_path / path)
        assert (result.code, len(result.err.strip().splitlines())) == (2, 1), result


def test_questions_may_lie_elsewhere(run_cli, bench, tmp_path):
    named = bench.joinpath("question.jsonl").rename(tmp_path / "asked.jsonl")
    answers = bench.joinpath("model_answer").rename(tmp_path / "said")
    imported(run_cli, "mtbench", bench, "--questions", named, "--answers", answers, "--name", "fc")
    assert report_of(run_cli, "fc")["questions"]["n"] == 4
    shown = json.loads(run_cli("show", "fc", "good#81", "--format", "json").out)["conversations"][0]
    assert shown["turns"][0]["answer"].startswith("good 모델의 81번")


def test_the_report_shows_both_figures_in_every_format_and_language(run_cli, bench):
    imported(run_cli, "mtbench", bench, "--name", "fc")
    for language, word in (("en", "As published"), ("ko", "공표된 값")):
        for shape in ("table", "markdown", "html"):
            done = run_cli("report", "fc", "--format", shape, "--language", language)
            assert done.code == 0, done
            assert word in done.out, (language, shape)
    assert (
        Counter(line.split(",")[3] for line in run_cli("report", "fc", "--format", "csv").out.splitlines())[
            "pairwise_win_rate"
        ]
        == 2
    )


def test_what_was_imported_can_be_exported_and_imported_again(run_cli, bench):
    imported(run_cli, "mtbench", bench, "--name", "fc")
    exported = run_cli("export", "mtbench", "fc", "out")
    assert exported.code == 0, exported
    imported(run_cli, "mtbench", "out", "--name", "again")
    before, after = report_of(run_cli, "fc"), report_of(run_cli, "again")
    for key in ("pairs", "models", "ratings", "failures", "score_agreement", "style"):
        assert before["pairwise"][key] == after["pairwise"][key], key
    assert before["length_effect"] == after["length_effect"]
    for one, other in zip(before["models"], after["models"], strict=True):
        for key in ("model", "overall", "turns", "failures", "answer_failures", "bounds", "rank"):
            assert one[key] == other[key], (key, one["model"])


def test_one_order_does_not_fit_into_fastchats_layout(run_cli, tmp_path):
    imported(run_cli, "alpaca-eval", alpaca_file(tmp_path / "annotations.json", [1.0, 2.0, 1.5]), "--name", "ae")
    done = run_cli("export", "mtbench", "ae", "out")
    assert (done.code, "one order" in done.err) == (2, True), done
    assert not (tmp_path / "out").exists()


def test_arena_hards_first_release_and_the_korean_ones_come_in(run_cli, tmp_path):
    """Ensembles keep the labels alone, and one row has a single game; who the baseline was they do not say."""
    topics = {"category": "arena-hard-v0.1", "cluster": "Math", "ko_cluster": "수학"}
    questions = [{"question_id": f"{n:x}f", **topics, "turns": [{"content": f"{n}번 문제"}]} for n in range(3)]
    write_jsonl(tmp_path / "bench/question.jsonl", questions)
    games = [[{"score": "B>A"}, {"score": "A>B"}], [{"score": "A=B"}], [{"score": "A>>B"}, {"score": None}]]
    rows = [
        {"question_id": q["question_id"], "model": "mine", "games": game}
        for q, game in zip(questions, games, strict=True)
    ]
    file = write_jsonl(tmp_path / "bench/model_judgment/ensemble/mine.jsonl", rows)
    answers = [
        {"question_id": q["question_id"], "model_id": "mine", "choices": [{"turns": [{"content": "답변입니다."}]}]}
        for q in questions
    ]
    write_jsonl(tmp_path / "bench/model_answer/mine.jsonl", answers)
    imported(run_cli, "arena-hard", file, "--name", "ko")
    report = report_of(run_cli, "ko")
    (pair,) = report["pairwise"]["pairs"]
    assert report["judges"] == ["ensemble"]
    assert pair["model_b"] == "baseline (unrecorded)"
    assert (pair["wins"], pair["win_rate"]["n"], pair["win_rate"]["failed"]) == (1, 1, 2)
    (told,) = report["imported"]["figures"]
    assert (told["value"], told["n"], told["dropped"]) == (100.0, 2, 2)
    shown = json.loads(run_cli("show", "ko", "mine#0f", "--format", "json").out)["conversations"][0]
    assert shown["turns"][0]["answer"] == "답변입니다."
    assert {look["result"] for look in shown["comparisons"]} == {"win"}


def test_an_order_that_was_not_recorded_is_not_told(run_cli, tmp_path):
    imported(run_cli, "alpaca-eval", alpaca_file(tmp_path / "annotations.json", [1.2, 2.0, 1.5]), "--name", "ae")
    lines = run_cli("export", "jsonl", "ae", "out")
    assert lines.code == 0, lines
    rows = [json.loads(line) for line in (tmp_path / "out/conversations.jsonl").read_text("utf-8").splitlines()]
    looks = [look for row in rows for look in row["comparisons"]]
    assert {look["shown_first"] for look in looks} == {None}
    assert {look["criteria"]["preference"] for look in looks} == {1.2, 2.0, 1.5}
    question = rows[0]["question_id"]
    assert "순서 모름" in run_cli("show", "ae", question).out


def test_a_file_that_is_too_large_is_not_read(run_cli, bench):
    file = bench / "model_judgment/gpt-4_single.jsonl"
    with file.open("ab") as content:
        content.truncate(1024 * 2**20 + 1)
    done = run_cli("import", "mtbench", bench)
    assert (done.code, "1024 MiB" in done.err) == (2, True), done


def test_rows_without_end_are_not_read(tmp_path):
    endless = ((number, {}) for number in itertools.count(1))
    with pytest.raises(SourceError, match="more than 1,000,000 rows"):
        for _ in counted([tmp_path / "rows.jsonl"], lambda _: endless):
            pass


def test_hostile_names_and_texts_stay_text(run_cli, tmp_path):
    name = "=cmd|' /C calc'!A0\x1b[31m<script>"
    root = fastchat_folder(tmp_path / "mt_bench", answers=False)
    rows = [single(name, 81 + n, 1, 5 + n, "</script>") for n in range(4)]
    write_jsonl(root / "model_judgment/j_single.jsonl", rows)
    imported(run_cli, "mtbench", root, "--name", "h")
    for shape in ("table", "markdown", "html", "csv"):
        done = run_cli("report", "h", "--format", shape)
        assert done.code == 0, done
        assert "\x1b" not in done.out, shape
        assert shape != "html" or "<script>" not in done.out
    exported = run_cli("export", "mtbench", "h", "out")
    assert exported.code == 0, exported
    written = [(tmp_path / line).resolve() for line in exported.out.splitlines()]
    assert len(written) == 2
    assert all(path.is_relative_to((tmp_path / "out").resolve()) and path.is_file() for path in written), written
