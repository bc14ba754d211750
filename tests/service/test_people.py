"""What labels say of judges and scores, through the command line, on runs whose truth is known."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from judge.scoring.corrected import corrected_mean, corrected_share
from tests.servers.model_server import ModelServer
from tests.service.reviewing import (
    behave,
    fill,
    harm_verdict,
    items,
    json_of,
    judged,
    questions,
    read_sheet,
    run_and_sample,
    write_sheet,
)


def agree(run_cli: Any, run: str = "r") -> dict[str, Any]:
    return json_of(run_cli("judge", "agree", run, "--format", "json"))


def test_the_demo_from_sample_to_figures(run_cli, tmp_path):
    assert run_cli("demo", "--quick").code == 0
    assert json_of(run_cli("report", "demo", "--format", "json"))["people"] is None
    assert run_cli("labels", "sample", "demo", "--n", "60", "--output", "sheet.csv").code == 0
    said, stored = judged(tmp_path, "demo"), items(tmp_path, "demo")
    noise = {code: (-1, 0, 1)[(item.question + item.turn + item.model) % 3] for code, item in stored.items()}
    score = {code: int(np.clip(round(said[code]) + noise[code], 0, 10)) for code in said}
    fill(tmp_path / "kim.csv", tmp_path / "sheet.csv", score.__getitem__)
    assert run_cli("labels", "import", "demo", "kim.csv").code == 0
    report = agree(run_cli, "demo")
    counted = [code for code in sorted(stored) if stored[code].stratum == "random"]
    assert report["labels"]["random"] == len(counted) >= 36
    assert report["labels"]["left_out"]["targeted"] == len(stored) - len(counted) > 0
    (judge,) = report["judges"]
    (row,) = judge["agreement"]
    people = np.array([score[code] for code in counted])
    judge_says = np.floor(np.array([said[code] for code in counted]) + 0.5)
    table = to_table(np.stack([people, judge_says], axis=1).astype(int), bins=11)[0]
    kappa = row["coefficients"]["weighted_kappa"]
    assert kappa["value"] == pytest.approx(cohens_kappa(table, wt="quadratic").kappa, abs=1e-9)
    assert kappa["low"] < kappa["value"] < kappa["high"]
    spearman = stats.spearmanr(people, judge_says).statistic
    assert row["coefficients"]["spearman"]["value"] == pytest.approx(spearman, abs=1e-9)
    assert sum(map(sum, row["confusion"]["counts"])) == row["n"] == len(counted)
    means = {m["model"]: m["overall"]["mean"] for m in json_of(run_cli("report", "demo", "--format", "json"))["models"]}
    assert {m["model"]: m["raw"] for m in report["models"]} == pytest.approx(means, abs=1e-9)
    for model in report["models"]:
        assert model["corrected"]["low"] < model["raw"] - 0.1 < model["corrected"]["high"], model
    # The run's own report says the same, and says how; what it shows is in the long form too.
    whole = json_of(run_cli("report", "demo", "--format", "json"))["people"]
    assert whole["models"] == report["models"]
    assert whole["labels"] == report["labels"]
    for language, words in (("en", ("Corrected", "PPI++", "drawn at random")), ("ko", ("보정", "PPI++", "무작위로"))):
        for shape in ("table", "markdown", "html"):
            text = run_cli("report", "demo", "--format", shape, "--language", language).out
            assert all(word in text for word in words), (language, shape)
    rows = list(csv.DictReader(io.StringIO(run_cli("report", "demo", "--format", "csv").out)))
    corrected = {row["model"]: (float(row["mean"]), row["n"]) for row in rows if row["slice"] == "corrected"}
    assert corrected == {m["model"]: (m["corrected"]["mean"], str(m["labels"])) for m in report["models"]}
    korean = run_cli("judge", "agree", "demo", "--language", "ko", "--format", "html", "--output", "people.html")
    assert korean.code == 0, korean
    page = (tmp_path / "people.html").read_text(encoding="utf-8")
    assert 'lang="ko"' in page
    assert "사람이 보정한 점수" in page
    shown = run_cli("judge", "agree", "demo")
    assert shown.code == 0, shown
    for word in ("Weighted κ", "Corrected", "left out", "alternative annotator test"):
        assert word in shown.out, shown
    plan = json_of(run_cli("labels", "plan", "demo", "--half-width", "2", "--format", "json"))
    assert (plan["sd_from"], plan["turns"]) == ("people", 24)
    needed = [row["labels"] for row in plan["plans"]]
    assert needed == sorted(needed, reverse=True), plan


def test_a_late_turn_of_few_questions_weighs_as_much_as_those_questions(run_cli, tmp_path, model_server):
    """The corrected mean is that of the report, also where questions have different numbers of turns."""
    turns = [{"prompt": "{n}번 안내문을 써 주세요."}, {"prompt": "{n}번 안내문을 줄여 주세요."}]
    asked = [
        {"id": f"q{n}", "category": "c", "turns": [{"prompt": t["prompt"].format(n=n)} for t in turns[: 1 + (n < 8)]]}
        for n in range(40)
    ]
    (tmp_path / "q.yaml").write_text(yaml.safe_dump({"set": "own", "questions": asked}), encoding="utf-8")
    model = behave(model_server, "candidate", lambda n: f"{n}번 안내문입니다.")
    judge = behave(model_server, "judge", lambda n: f"평가: 보았다.\n점수: {n % 5 + 4}")
    run_and_sample(run_cli, "-m", model, "-j", judge, "-q", tmp_path / "q.yaml", n=48)
    said = judged(tmp_path, "r")
    fill(tmp_path / "kim.csv", tmp_path / "sheet.csv", lambda code: int(said[code]) - 1)
    assert run_cli("labels", "import", "r", "kim.csv").code == 0
    (model_row,) = json_of(run_cli("report", "r", "--format", "json"))["models"]
    (row,) = agree(run_cli)["models"]
    truth = np.mean([n % 5 + 4 for n in range(40)])
    assert model_row["overall"]["mean"] == pytest.approx(truth, abs=1e-9)
    assert row["judged"] == pytest.approx({name: model_row["overall"][name] for name in ("mean", "low", "high", "n")})
    # The judge is one too kind everywhere: whichever answers were labelled, that is what is taken off.
    assert row["corrected"]["mean"] == pytest.approx(truth - 1, abs=0.15), row


def test_the_language_rule_holds_for_people_too(run_cli, tmp_path):
    """Reviewers, like judges, do not score the language: an answer in another one is worth the least to both."""
    assert run_cli("demo", "--quick").code == 0
    assert run_cli("labels", "sample", "demo", "--n", "72", "--output", "sheet.csv").code == 0
    said = judged(tmp_path, "demo")
    fill(tmp_path / "kim.csv", tmp_path / "sheet.csv", lambda code: round(said[code]))
    assert run_cli("labels", "import", "demo", "kim.csv").code == 0
    report = agree(run_cli, "demo")
    drifting = next(m for m in report["models"] if m["model"] == "scripted:drifting")
    assert drifting["labels"] == drifting["turns"] == 24
    assert drifting["corrected"]["mean"] == pytest.approx(drifting["raw"], abs=0.3)


def test_below_thirty_labels_only_counts_are_shown(run_cli, tmp_path):
    assert run_cli("demo", "--quick").code == 0
    assert run_cli("labels", "sample", "demo", "--n", "40", "--output", "sheet.csv").code == 0
    stored = items(tmp_path, "demo")
    rows = [row | {"score": "5"} for row in read_sheet(tmp_path / "sheet.csv")]
    kept = [row for row in rows if stored[row["item"]].stratum == "random"][:29]
    write_sheet(tmp_path / "kim.csv", kept[:26])
    assert run_cli("labels", "import", "demo", "kim.csv", "--reviewer", "kim").code == 0
    (judge,) = agree(run_cli, "demo")["judges"]
    (row,) = judge["agreement"]
    assert (row["n"], row["coefficients"]) == (26, None)
    assert row["confusion"]["counts"]
    shown = run_cli("judge", "agree", "demo").out
    assert "too few" in shown
    assert "too few labels" in shown


def test_harm_that_a_judge_misses_is_given_back_to_the_rate(run_cli, tmp_path, model_server: ModelServer):
    harmful, missed, alarmed = (lambda n: n % 4 == 0), (lambda n: n % 20 == 0), (lambda n: n % 25 == 1)

    def verdict(n: int) -> str:
        return harm_verdict((harmful(n) and not missed(n)) or alarmed(n))

    model = behave(model_server, "candidate", lambda n: f"{n}번 안내문입니다. 차례를 지켜 주세요.")
    judge = behave(model_server, "judge", verdict)
    path = questions(tmp_path / "q.yaml", 150, "harm-refusal")
    run_and_sample(run_cli, "-m", model, "-j", judge, "-q", path, n=100)
    stored = items(tmp_path, "r")
    rows = read_sheet(tmp_path / "sheet.csv")
    assert {"label:harm", "label:refusal"} <= rows[0].keys()
    for row in rows:
        level = "심각" if harmful(stored[row["item"]].question) else "0"
        row |= {"label:harm": level, "label:refusal": "응함", "reviewer": "kim"}
    write_sheet(tmp_path / "kim.csv", rows)
    done = run_cli("labels", "import", "r", "kim.csv")
    assert "100 new" in done.out, done
    report = agree(run_cli)
    (judge,) = report["judges"]
    by_measure = {row["measure"]: row for row in judge["agreement"]}
    assert set(by_measure) == {"score", "harm", "refusal"}
    random = [i.question for i in stored.values() if i.stratum == "random"]
    found = [n for n in random if harmful(n) and not missed(n)]
    unsafe, passed = [n for n in random if harmful(n)], [n for n in random if not harmful(n) and not alarmed(n)]
    detection = by_measure["harm"]["detection"]
    assert detection["positive"] == "harm > 0"
    assert detection["sensitivity"]["mean"] == pytest.approx(len(found) / len(unsafe), abs=1e-9)
    assert detection["specificity"]["mean"] == pytest.approx(len(passed) / (len(random) - len(unsafe)), abs=1e-9)
    assert by_measure["harm"]["confusion"]["values"] == [0, 1, 2, 3]
    (rate,) = judge["unsafe"]
    positive = sum((harmful(n) and not missed(n)) or alarmed(n) for n in range(150))
    assert (rate["raw"], rate["n"]) == (pytest.approx(positive / 150), 150)
    expected = corrected_share(positive, 150, len(found), len(unsafe), len(passed), len(random) - len(unsafe))
    assert expected is not None
    assert rate["corrected"]["mean"] == pytest.approx(expected.mean, abs=1e-9)
    assert rate["corrected"]["low"] <= 38 / 150 <= rate["corrected"]["high"]
    reasons = {i.reason for i in stored.values() if i.stratum == "targeted"}
    assert reasons == {"harm"}
    assert "Unsafe answers" in run_cli("judge", "agree", "r").out


def test_a_jury_and_its_members_beside_three_people(run_cli, tmp_path, model_server: ModelServer):
    model = behave(model_server, "candidate", lambda n: f"{n}번 안내문입니다.")
    judges = []
    for name, shift in (("kind", 2), ("fair", 0)):
        spec = behave(model_server, name, lambda n, shift=shift: f"평가: 보았다.\n점수: {n % 7 + 2 + shift}")
        judges += ["-j", spec]
    run_and_sample(run_cli, "-m", model, *judges, "-q", questions(tmp_path / "q.yaml", 210), n=180)
    stored = items(tmp_path, "r")
    assert {i.reason for i in stored.values() if i.stratum == "targeted"} == {"jury"}
    truth: dict[str, dict[str, int]] = {}
    for seed, who in enumerate(("kim", "lee", "park")):
        noise = np.random.default_rng(seed).integers(-1, 2, 210)
        truth[who] = {code: int(np.clip(i.question % 7 + 2 + noise[i.question], 0, 10)) for code, i in stored.items()}
        fill(tmp_path / f"{who}.csv", tmp_path / "sheet.csv", truth[who].__getitem__, who)
        assert run_cli("labels", "import", "r", f"{who}.csv").code == 0
    report = agree(run_cli)
    assert [j["judge"] for j in report["judges"]] == ["compatible:kind", "compatible:fair"]
    for judge in report["judges"]:
        assert judge["agreement"][0]["n"] == 3 * 108
        assert judge["alt_test"]["annotators"] == 3
    assert report["judges"][1]["alt_test"]["passed"] is True
    assert report["judges"][0]["alt_test"]["passed"] is False
    (ceiling,) = report["people"]
    assert ceiling["n"] == 108
    fair = report["judges"][1]["agreement"][0]["coefficients"]["weighted_kappa"]["value"]
    assert ceiling["coefficients"]["weighted_kappa"]["value"] < fair < 1
    # The cards hold the same figures against those of people among themselves.
    verdicts = {}
    for place, name in enumerate(("kind", "fair")):
        card = json_of(run_cli("judge", "card", "--judge", f"compatible:{name}", "--format", "json"))
        (lines,) = (section["lines"] for section in card["sections"] if section["id"] == "people")
        shown = {(line["id"], line["about"]): line for line in lines}
        for coefficient in ("weighted_kappa", "alpha", "ac1"):
            told = report["judges"][place]["agreement"][0]["coefficients"][coefficient]
            assert shown["people", coefficient]["mean"] == pytest.approx(told["value"], abs=1e-9)
            assert (shown["people", coefficient]["n"], shown["people", coefficient]["verdict"]) == (324, None)
            best = ceiling["coefficients"][coefficient]
            assert shown["people_ceiling", coefficient]["mean"] == pytest.approx(best["value"], abs=1e-9)
            gap = shown["people_gap", coefficient]
            assert gap["mean"] == pytest.approx(told["value"] - best["value"], abs=1e-9)
            assert gap["low"] < gap["mean"] < gap["high"]
            verdicts[name, coefficient] = gap["verdict"]
    assert verdicts["fair", "weighted_kappa"] == verdicts["fair", "alpha"] == "good", verdicts
    assert verdicts["kind", "alpha"] in ("watch", "bad"), verdicts
    page = run_cli("judge", "card", "--judge", "compatible:fair", "--language", "ko").out
    assert "사람과 얼마나 일치하는가" in page
    # The mean of two members that is one too high, mended by the mean of three people.
    counted = sorted((i.question, code) for code, i in stored.items() if i.stratum == "random")
    jury = {n: np.mean([n % 7 + 4, n % 7 + 2]) for n in range(210)}
    labelled = [n for n, _ in counted]
    rest = [n for n in range(210) if n not in set(labelled)]
    expected = corrected_mean(
        np.array([np.mean([truth[who][code] for who in truth]) for _, code in counted]),
        np.array([jury[n] for n in labelled]),
        np.array([jury[n] for n in rest]),
        (0, 10),
    )
    assert expected is not None
    (model_row,) = report["models"]
    assert model_row["corrected"]["mean"] == pytest.approx(expected.mean, abs=1e-9)
    assert model_row["corrected"]["low"] == pytest.approx(expected.low, abs=1e-9)
    assert model_row["raw"] == pytest.approx(np.mean(list(jury.values())), abs=1e-9)


def test_labels_from_elsewhere_count_only_where_they_were_drawn_at_random(run_cli, tmp_path):
    assert run_cli("demo", "--quick").code == 0
    row = {"model": "scripted:good", "reviewer": "kim", "score": 9}
    rows = [row | {"question": f"math-{n}", "turn": t} for n in (1, 2) for t in (1, 2)]
    rows[1] |= {"stratum": "random"}
    rows[2] |= {"stratum": "random", "blind": False}
    (tmp_path / "own.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    done = run_cli("labels", "import", "demo", "own.jsonl")
    assert "4 new labels" in done.out, done
    counts = agree(run_cli, "demo")["labels"]
    assert (counts["random"], counts["left_out"]["targeted"], counts["left_out"]["not_blind"]) == (1, 2, 1)
    card = json_of(run_cli("judge", "card", "--judge", "scripted:rules", "--format", "json"))
    (lines,) = (section["lines"] for section in card["sections"] if section["id"] == "people")
    assert [(li["mean"], li["n"], li["verdict"]) for li in lines] == [(None, 1, "not_enough_data")] * 3
    people = json_of(run_cli("report", "demo", "--format", "json"))["people"]
    assert [(m["labels"], m["corrected"]) for m in people["models"]] == [(1, None), (0, None), (0, None)], people
