"""`compare` and `power` through the command line, on imports and runs whose figures are known."""

import csv
import io
import json
import random
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tests.servers.model_server import ModelServer
from tests.service.support import logickor_questions, specs, write_jsonl

ASKED = 24
ANSWER = "손님 수를 세어 하루 평균을 낸 다음 값을 곱합니다."


def raw_scores(models: int = 4, asked: int = ASKED, seed: int = 1) -> np.ndarray:
    """(models, questions, turns): the first is clearly the best, the second and third are alike."""
    spread = np.random.default_rng(seed)
    ability = np.array([9.0, 6.0, 6.0, 3.0, 5.0, 4.0, 2.0, 7.0, 8.0, 1.0, 6.5, 7.5])[:models, None, None]
    hard = spread.normal(0, 1, (1, asked, 2))
    return np.clip(np.round(ability + hard + spread.normal(0, 1.2, (models, asked, 2))), 0, 10)


def write_models(folder: Path, raw: np.ndarray, first: int = 0) -> Path:
    for number, model in enumerate(raw, first):
        rows = [
            {
                **row,
                "outputs": [ANSWER, ANSWER],
                "query_single": {"judge_message": "판정", "judge_score": float(own[0])},
                "query_multi": {"judge_message": "판정", "judge_score": float(own[1])},
            }
            for row, own in zip(logickor_questions(raw.shape[1]), model, strict=True)
        ]
        write_jsonl(folder / f"acme/m{number}/default.jsonl", rows, bom=True)
    return folder


def imported(run_cli, tmp_path: Path, name: str, raw: np.ndarray, first: int = 0) -> None:
    write_models(tmp_path / name, raw, first)
    done = run_cli("import", "logickor", name, "--name", name)
    assert done.code == 0, done


def compared(run_cli, *words: str) -> dict:
    done = run_cli("compare", *words, "--format", "json")
    assert done.code == 0, done
    return json.loads(done.out)


def pairs_of(report: dict) -> dict[tuple[str, str], dict]:
    return {(p["model_a"], p["model_b"]): p for p in report["differences"]["pairs"]}


def name(number: int) -> str:
    return f"acme/m{number}/default"


@pytest.fixture
def lk(run_cli, tmp_path: Path) -> np.ndarray:
    raw = raw_scores()
    imported(run_cli, tmp_path, "lk", raw)
    return raw


def test_the_figures_are_those_of_scipy_and_statsmodels(run_cli, lk):
    report = compared(run_cli, "lk")
    pairs = pairs_of(report)
    assert len(pairs) == 6
    for (a, b), pair in pairs.items():
        one, other = (int(label.split("/")[1][1:]) for label in (a, b))
        apart = (lk[one] - lk[other]).mean(axis=1)
        interval = stats.ttest_1samp(apart, 0).confidence_interval()
        d = pair["difference"]
        assert (d["mean"], d["n"], d["failed"]) == (pytest.approx(apart.mean(), abs=1e-9), ASKED, 0)
        assert (d["low"], d["high"]) == pytest.approx((interval.low, interval.high), abs=1e-9), (a, b)
        assert (pair["wins"], pair["losses"]) == ((apart > 0).sum(), (apart < 0).sum())
    adjusted = multipletests([p["p"] for p in pairs.values()], method="holm")[1]
    assert [p["p_adjusted"] for p in pairs.values()] == pytest.approx(list(adjusted), abs=1e-9)
    best = report["models"][0]
    assert (best["model"], best["rank"]) == (name(0), {"low": 1, "high": 1})
    assert best["overall"]["mean"] == pytest.approx(lk[0].mean())


@pytest.mark.usefixtures("lk")
def test_the_first_finding_says_who_differs_in_both_languages(run_cli):
    pair = next(p for p in compared(run_cli, "lk")["differences"]["pairs"] if not p["differs"])
    d = pair["difference"]
    figures = f"{d['mean']:.2f} [{d['low']:.2f}, {d['high']:.2f}]"
    others = {name(1), name(2)}
    assert {pair["model_a"], pair["model_b"]} == others
    for command in ("compare", "report"):
        lines = run_cli(command, "lk").out
        said = " ".join(lines.split())
        assert f"{name(0)} is better than {pair['model_a']}, {pair['model_b']} and {name(3)}" in said, lines
        assert f"{pair['model_a']} and {pair['model_b']} cannot be told apart with these 24 questions" in said, lines
        assert f"(difference {figures})" in said, lines
        korean = " ".join(run_cli(command, "lk", "--language", "ko").out.split())
        assert f"{name(0)}의 점수가 {pair['model_a']}, {pair['model_b']}, {name(3)}보다 높습니다" in korean, korean
        assert f"문항 24개로 가릴 수 없습니다(차이 {figures})" in korean, korean


@pytest.mark.usefixtures("lk")
def test_groups_and_letters_follow_from_the_pairs(run_cli):
    report = compared(run_cli, "lk")
    groups = report["differences"]["groups"]
    for pair in report["differences"]["pairs"]:
        together = any({pair["model_a"], pair["model_b"]} <= set(group) for group in groups)
        assert together is not pair["differs"], groups
    rows = [line.split() for line in run_cli("compare", "lk").out.splitlines() if line.strip().startswith("1 ")]
    assert rows[0][-1] == "a", rows


@pytest.mark.usefixtures("lk")
def test_a_baseline_is_the_second_of_every_pair_and_swapping_flips_the_sign(run_cli):
    of_first = pairs_of(compared(run_cli, "lk", "--baseline", name(0)))
    assert set(of_first) == {(name(n), name(0)) for n in (1, 2, 3)}
    other = pairs_of(compared(run_cli, "lk", "--baseline", name(3)))[name(0), name(3)]["difference"]
    one = of_first[name(3), name(0)]["difference"]
    assert (one["mean"], one["low"], one["high"]) == (-other["mean"], -other["high"], -other["low"])
    table = run_cli("compare", "lk", "--baseline", name(0))
    assert f"Worse than {name(0)}: " in table.out, table
    assert "B better" in table.out, table


@pytest.mark.usefixtures("lk")
def test_the_false_discovery_rate_is_dearer_for_nobody(run_cli):
    holm, bh = (pairs_of(compared(run_cli, "lk", "--correction", c)) for c in ("holm", "bh"))
    assert all(bh[k]["p_adjusted"] <= holm[k]["p_adjusted"] for k in holm)
    assert "Benjamini-Hochberg over 6 comparisons" in run_cli("compare", "lk", "--correction", "bh").out


@pytest.mark.usefixtures("lk")
def test_every_format_has_every_pair(run_cli, tmp_path: Path):
    pairs = pairs_of(compared(run_cli, "lk"))
    for form in ("table", "markdown", "html"):
        done = run_cli("compare", "lk", "-f", form, "-o", f"out.{form}")
        assert done.code == 0, done
        text = (tmp_path / f"out.{form}").read_text("utf-8")
        for pair in pairs.values():
            assert f"{pair['difference']['mean']:.2f}" in text, (form, pair)
    rows = list(csv.DictReader(io.StringIO(run_cli("compare", "lk", "-f", "csv").out)))
    whole = [r for r in rows if not r["category"]]
    assert {(r["model_a"], r["model_b"]): float(r["mean"]) for r in whole} == pytest.approx(
        {k: p["difference"]["mean"] for k, p in pairs.items()}
    )
    assert len(rows) == 6 * 3  # two categories


def test_of_many_pairs_people_see_the_neighbours(run_cli, tmp_path: Path):
    imported(run_cli, tmp_path, "many", raw_scores(12))
    report = compared(run_cli, "many")
    assert len(report["differences"]["pairs"]) == 66
    done = run_cli("compare", "many")
    assert "Differences between neighbours" in done.out, done
    assert "Of 66 pairs of models" in done.out, done
    assert "--format json or csv" in done.out, done


def test_very_many_models_are_compared_with_a_baseline_only(run_cli, tmp_path: Path):
    level = np.linspace(2, 8, 400)[:, None, None]
    noise = np.random.default_rng(9).normal(0, 1, (400, 12, 2))
    imported(run_cli, tmp_path, "most", np.clip(np.round(level + noise), 0, 10))
    report = json.loads(run_cli("report", "most", "--format", "json").out)
    for whole in (report, compared(run_cli, "most")):
        found = whole["differences"]
        assert (found["not_compared"], found["pairs"], found["groups"]) == ("many_models", [], None)
        assert [m["rank"] for m in whole["models"]] == [None] * 400
    for words in (("report", "most", "--format", "markdown"), ("compare", "most", "--format", "markdown")):
        for language, told in (("en", "400 models are too many"), ("ko", "모델이 400개로 너무 많아")):
            done = run_cli(*words, "--language", language)
            assert done.code == 0, done
            assert told in done.out, (words, language, done.out[-2000:])
            assert "--baseline" in done.out, (words, language)
    beside = compared(run_cli, "most", "--baseline", name(0))["differences"]
    assert (len(beside["pairs"]), beside["not_compared"]) == (399, None)
    assert pairs_of({"differences": beside})[name(399), name(0)]["p"] < 0.001
    refused = run_cli("power", "most")
    assert refused.code == 2, refused
    assert "--sd" in refused.err, refused


def test_several_comparable_runs_are_one_comparison(run_cli, tmp_path: Path, lk):
    imported(run_cli, tmp_path, "low", lk[:2])
    imported(run_cli, tmp_path, "high", lk[2:], first=2)
    together = compared(run_cli, "low", "high")
    assert together["comparable"] is True
    assert pairs_of(together) == pairs_of(compared(run_cli, "lk"))
    assert {m["model"]: m["run"] for m in together["models"]}[name(3)] == "high"


def test_a_model_does_not_differ_from_itself_in_another_run(run_cli, tmp_path: Path, lk):
    imported(run_cli, tmp_path, "again", lk[:1])
    report = compared(run_cli, "lk", "again", "--baseline", f"{name(0)} (again)")
    pair = pairs_of(report)[f"{name(0)} (lk)", f"{name(0)} (again)"]
    assert (pair["difference"]["mean"], pair["p"], pair["differs"]) == (0.0, 1.0, False)
    assert (pair["wins"], pair["ties"], pair["losses"]) == (0, ASKED, 0)


def test_runs_that_differ_are_refused_with_both_values_or_pooled_under_a_warning(run_cli):
    for run, extra in (("one", ()), ("two", ("--judge-repeats", "2")), ("few", ("--limit", "11"))):
        done = run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", "--name", run, *extra)
        assert done.code == 0, done
    done = run_cli("compare", "one", "two")
    assert done.code == 2, done
    assert len(done.err.strip().splitlines()) == 1, done
    assert "judging judge_repeats 1 against judge_repeats 2" in done.err, done
    done = run_cli("compare", "one", "few")
    assert done.code == 2, done
    assert "(12 questions" in done.err, done
    assert "(11 questions" in done.err, done
    mixed = compared(run_cli, "one", "few", "--mixed")
    assert mixed["comparable"] is False
    assert mixed["questions"] == {"n": 11, "unshared": 1}
    assert [d["part"] for d in mixed["differing"]] == ["questions"]
    table = run_cli("compare", "one", "two", "--mixed")
    assert "WARNING: these runs are not comparable" in table.out, table
    assert compared(run_cli, "one", "two", "--mixed")["differences"]["pairs"][0]["difference"]["mean"] == 0.0


def test_mixed_judges_are_compared_under_the_warning(run_cli, model_server: ModelServer):
    for judge, points in (("strict", 4), ("kind", 8)):
        model_server.behave(judge, f"평가: 보았다.\n점수: {points}")
        spec = f"compatible:{judge}@{model_server.openai_url}"
        done = run_cli("run", "-m", "scripted:perfect", "-j", spec, "-q", "starter", "--name", judge)
        assert done.code == 0, done
    refused = run_cli("compare", "strict", "kind")
    assert refused.code == 2, refused
    assert "judge compatible:strict" in refused.err, refused
    report = compared(run_cli, "strict", "kind", "--mixed")
    (pair,) = report["differences"]["pairs"]
    assert (pair["difference"]["mean"], pair["comparable"], pair["differs"]) == (4.0, True, True)
    assert [m["rank"] for m in report["models"]] == [{"low": 1, "high": 1}, {"low": 2, "high": 2}]
    korean = run_cli("compare", "strict", "kind", "--mixed", "--language", "ko")
    assert "주의: 서로 비교할 수 없는 실행" in korean.out, korean


def test_fewer_than_ten_shared_questions_are_not_comparable(run_cli, tmp_path: Path):
    imported(run_cli, tmp_path, "few", raw_scores(asked=9))
    report = compared(run_cli, "few")
    for pair in report["differences"]["pairs"]:
        assert (pair["p"], pair["p_adjusted"], pair["differs"]) == (None, None, False)
        assert (pair["comparable"], pair["reason"]) == (False, "few_questions")
        assert pair["difference"]["n"] == 9
    assert report["differences"]["detectable"] is None
    table = run_cli("compare", "few")
    assert "6 of 6 pairs are not comparable: fewer than 10 shared questions" in table.out, table
    assert "better than" not in table.out, table
    refused = run_cli("power", "few")
    assert refused.code == 2, refused
    assert "--sd" in refused.err


def test_models_that_other_judges_graded_are_not_comparable(run_cli, model_server: ModelServer, tmp_path: Path):
    for judge in ("solar-judge", "gpt-judge"):
        model_server.behave(judge, "평가: 좋다.\n점수: 7")
    for model in ("solar-a", "qwen-b"):
        model_server.behave(model, ANSWER)
    write_jsonl(tmp_path / "q.jsonl", logickor_questions(12))
    models = [w for m in ("solar-a", "qwen-b") for w in ("-m", f"compatible:{m}@{model_server.openai_url}")]
    judges = [w for j in ("solar-judge", "gpt-judge") for w in ("-j", f"compatible:{j}@{model_server.openai_url}")]
    done = run_cli("run", *models, *judges, "-q", "q.jsonl", "--name", "seats", "-f", "json")
    assert done.code == 0, done
    report = json.loads(done.out)
    assert report["jury"]["same_members"] is False, report["jury"]
    (pair,) = report["differences"]["pairs"]
    assert (pair["comparable"], pair["reason"], pair["p"]) == (False, "other_judges", None)
    assert all(m["rank"] is None for m in compared(run_cli, "seats")["models"])
    assert "other judges graded them" in run_cli("compare", "seats").out


@pytest.mark.usefixtures("lk")
def test_wrong_use_is_one_line(run_cli):
    assert run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", "--name", "alone").code == 0
    for words in (
        ["compare", "absent"],
        ["compare", "lk", "--baseline", "nobody"],
        ["compare", "alone"],
        ["compare", "lk", "alone", "--mixed"],
        ["power"],
        ["power", "alone"],
        ["power", "lk", "--sd", "3"],
        ["power", "--sd", "3"],
        ["power", "--sd", "3", "--n", "42", "--samples", "2"],
        ["power", "lk", "--alpha", "1.5"],
    ):
        done = run_cli(*words)
        assert done.code == 2, done
        assert len(done.err.strip().splitlines()) == 1, done
        assert not done.out, done


def test_power_without_a_run(run_cli):
    done = run_cli("power", "--sd", "3.33", "--n", "42", "--difference", "0.3", "--format", "json")
    assert done.code == 0, done
    report = json.loads(done.out)
    assert report["minimum_detectable"] == pytest.approx(1.47, abs=0.01)
    assert report["questions_needed"] == pytest.approx(968, abs=5)
    stricter = json.loads(
        run_cli("power", "--sd", "3.33", "--n", "42", "--power", "0.9", "--alpha", "0.01", "--format", "json").out
    )
    assert stricter["minimum_detectable"] > report["minimum_detectable"]
    korean = run_cli("power", "--sd", "3.33", "--n", "42", "--language", "ko")
    assert "최소 차이" in korean.out, korean


def test_power_of_a_run_is_that_of_its_pairs(run_cli, lk):
    report = json.loads(run_cli("power", "lk", "--difference", "0.5", "--format", "json").out)
    sds = [(lk[a] - lk[b]).mean(axis=1).std(ddof=1) for a in range(4) for b in range(a)]
    assert report["sd"] == pytest.approx(np.sqrt(np.mean(np.square(sds))))
    assert (report["pairs"]["sd_low"], report["pairs"]["sd_high"]) == pytest.approx((min(sds), max(sds)))
    assert (report["n"], report["pairs"]["n"]) == (ASKED, 6)
    assert (report["noise"]["answers"], report["noise"]["verdicts"]) == (None, None)
    of_run = compared(run_cli, "lk", "--difference", "0.5")["differences"]["detectable"]
    assert of_run["difference"] == pytest.approx(report["minimum_detectable"])
    assert of_run["questions_needed"] == report["questions_needed"]
    more = json.loads(run_cli("power", "lk", "--n", str(4 * ASKED), "--format", "json").out)
    assert more["minimum_detectable"] < report["minimum_detectable"] / 1.9


def test_repeats_of_a_run_tell_where_its_variance_comes_from(run_cli, model_server: ModelServer, tmp_path: Path):
    dice = random.Random(1)
    model_server.behave("candidate", lambda body: f"{dice.randrange(10**6)}번째로 생각한 답입니다.")
    model_server.behave("judge", lambda body: f"평가: 그럭저럭 맞다.\n점수: {dice.randrange(11)}")
    write_jsonl(tmp_path / "q.jsonl", logickor_questions(12))
    second = ["-m", f"compatible:candidate2@{model_server.openai_url}"]
    model_server.behave("candidate2", lambda body: f"{dice.randrange(10**6)}번째로 고른 답입니다.")
    words = [*specs(model_server), *second, "-q", "q.jsonl", "--samples", "2", "--judge-repeats", "2", "--name", "r"]
    done = run_cli("run", *words)
    assert done.code == 0, done
    now = json.loads(run_cli("power", "r", "--format", "json").out)
    assert now["noise"]["verdicts"] > 0
    assert now["noise"]["answers"] is not None
    assert (now["noise"]["samples"], now["noise"]["judge_repeats"]) == (2, 2)
    more = json.loads(run_cli("power", "r", "--samples", "8", "--judge-repeats", "4", "--format", "json").out)
    noise = now["noise"]
    assert more["sd"] ** 2 == pytest.approx(noise["questions"] + noise["answers"] / 8 + noise["verdicts"] / 32)
    assert more["minimum_detectable"] < now["minimum_detectable"]
    assert "one verdict" in run_cli("power", "r").out


@pytest.mark.parametrize("shift", [0, 2])
def test_models_that_always_differ_alike_still_have_an_interval(run_cli, tmp_path, shift):
    """A variance of 0 over a few questions is no certainty, and nothing to plan with."""
    raw = np.stack([np.full((ASKED, 2), 5.0), np.full((ASKED, 2), 5.0 + shift)])
    imported(run_cli, tmp_path, "still", raw)
    report = compared(run_cli, "still")
    (pair,) = report["differences"]["pairs"]
    half = stats.t.ppf(0.975, ASKED - 1) / ASKED
    assert pair["difference"]["low"] == pytest.approx(shift - half, abs=1e-9), pair
    assert pair["difference"]["high"] == pytest.approx(shift + half, abs=1e-9), pair
    assert pair["differs"] is (shift > 0), pair
    assert report["differences"]["detectable"] is None
    whole = json.loads(run_cli("report", "still", "--format", "json").out)
    for model in whole["models"]:
        for drop in model["turns_analysis"]["drops"]:
            assert drop["raw"]["low"] < 0 < drop["raw"]["high"], drop
            assert drop["adjusted"]["low"] < 0 < drop["adjusted"]["high"], drop
    refused = run_cli("power", "still")
    assert refused.code == 2, refused
    assert "never differ" in refused.err, refused
