"""A small world whose truth is known, from scripted answers over HTTP to every figure: all are met by hand."""

import itertools
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import optimize, stats
from statsmodels.stats.inter_rater import cohens_kappa, to_table
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from tests.servers.behaviour import text_of
from tests.servers.model_server import ModelServer
from tests.service.reviewing import fill, items, json_of

ASKED, LONG = 12, 5
"""Questions, and how many of them have a second turn."""
MODELS = ("alpha", "beta", "gamma")
SCORES = {
    name: np.clip(np.round(np.random.default_rng(seed).normal(mean, 1.6, (ASKED, 2))), 0, 10)
    for seed, (name, mean) in enumerate(zip(MODELS, (7.5, 6.8, 3.5), strict=True))
}
LOST = ("gamma", 3, 1)
"""The answer that the judge says nothing of."""


def judge(body: dict[str, Any]) -> str:
    said = "\n".join(map(text_of, body["messages"]))
    name, question, turn = re.findall(r"(alpha|beta|gamma)의 (\d+)번 질문 (\d)차 답변", said)[-1]
    if (name, int(question), int(turn)) == LOST:
        return "평가할 수 없습니다."
    return f"평가: 읽었다.\n점수: {SCORES[name][int(question), int(turn) - 1]:g}"


def candidate(name: str) -> Any:
    def say(body: dict[str, Any]) -> str:
        asked = text_of(body["messages"][-1])
        question, turn = re.findall(r"(\d+)번 질문 (\d)차", asked)[-1]
        return f"{name}의 {question}번 질문 {turn}차 답변입니다. 정성껏 썼습니다."

    return say


def turns_of(question: int) -> int:
    return 2 if question < LONG else 1


def cells(name: str) -> np.ndarray:
    """(questions, turns) with NaN where there is no verdict."""
    found = np.where(np.arange(2) < np.array([[turns_of(q)] for q in range(ASKED)]), SCORES[name], np.nan)
    if name == LOST[0]:
        found[LOST[1], LOST[2] - 1] = np.nan
    return found


def question_means(name: str) -> np.ndarray:
    return np.array([np.mean(row[~np.isnan(row)]) for row in cells(name) if not np.isnan(row).all()])


def hall(values: np.ndarray) -> tuple[float, float]:
    """The interval as docs/statistics.md writes it, solved numerically; cut by Wilson's."""
    n, mean = values.size, values.mean()
    u = (values - mean) / n
    se = math.sqrt(n / (n - 1) * np.square(u).sum())
    g = math.sqrt(n) * (u**3).sum() / np.square(u).sum() ** 1.5
    t = stats.t.ppf(0.975, n - 1)

    def h(truth: float) -> float:
        x = (mean - truth) / se
        return x + g * x**2 / (3 * math.sqrt(n)) + g**2 * x**3 / (27 * n) + g / (6 * math.sqrt(n))

    low = optimize.brentq(lambda truth: h(truth) - t, -50, 60)
    high = optimize.brentq(lambda truth: h(truth) + t, -50, 60)
    z, p = stats.norm.ppf(0.975), mean / 10  # Wilson's formula, for a mean in place of a share
    whole = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / whole
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / whole
    return max(low, 10 * (centre - half)), min(high, 10 * (centre + half))


def differences(first: str, second: str) -> np.ndarray:
    apart = cells(first) - cells(second)
    return np.array([np.mean(row[~np.isnan(row)]) for row in apart if not np.isnan(row).all()])


def sign_flip(values: np.ndarray) -> float:
    every = np.array(list(itertools.product((-1, 1), repeat=values.size))) @ values
    return float((np.abs(every) >= abs(values.sum()) - 1e-9).mean())


@pytest.fixture
def world(run_cli, tmp_path: Path, model_server: ModelServer) -> dict[str, Any]:
    asked = [
        {
            "id": f"q{n}",
            "category": "가" if n % 2 else "나",
            "turns": [{"prompt": f"{n}번 질문 {t}차입니다. 답해 주세요."} for t in range(1, turns_of(n) + 1)],
        }
        for n in range(ASKED)
    ]
    (tmp_path / "q.yaml").write_text(yaml.safe_dump({"set": "own", "questions": asked}), encoding="utf-8")
    words = ["-q", tmp_path / "q.yaml", "-j", f"compatible:judge@{model_server.openai_url}", "--name", "w"]
    model_server.behave("judge", judge)
    for name in MODELS:
        model_server.behave(name, candidate(name))
        words += ["-m", f"compatible:{name}@{model_server.openai_url}"]
    done = run_cli("run", *words, "--format", "json")
    assert done.code == 1, done
    report: dict[str, Any] = json.loads(done.out)
    return report


def test_means_intervals_bounds_and_ranks_are_met_by_hand(world: dict[str, Any]) -> None:
    rows = {m["model"].removeprefix("compatible:"): m for m in world["models"]}
    for name in MODELS:
        overall, mine = rows[name]["overall"], question_means(name)
        low, high = hall(mine)
        expected = {"mean": mine.mean(), "low": low, "high": high, "n": int((~np.isnan(cells(name))).sum())}
        assert {key: overall[key] for key in expected} == pytest.approx(expected, abs=1e-9), name
        assert overall["failed"] == (name == LOST[0])
    filled = {end: cells(LOST[0]) for end in (0, 10)}
    for end, table in filled.items():
        table[LOST[1], LOST[2] - 1] = end
    worst, best = (np.nanmean(np.nanmean(filled[end], axis=1)) for end in (0, 10))
    assert rows[LOST[0]]["bounds"] == pytest.approx({"worst": worst, "best": best}, abs=1e-9)
    p = {frozenset(pair): sign_flip(differences(*pair)) for pair in itertools.combinations(MODELS, 2)}
    for name in MODELS:
        others = [o for o in MODELS if o != name]
        differs = multipletests([p[frozenset((name, o))] for o in others], method="holm")[1] <= 0.05
        better = [question_means(o).mean() > question_means(name).mean() for o in others]
        above = sum(d and b for d, b in zip(differs, better, strict=True))
        below = sum(d and not b for d, b in zip(differs, better, strict=True))
        assert rows[name]["rank"] == {"low": 1 + above, "high": 3 - below}, (name, p)


def test_differences_groups_and_power_are_met_by_hand(world: dict[str, Any], run_cli: Any) -> None:
    found = json_of(run_cli("compare", "w", "--format", "json"))["differences"]
    apart = {}
    for pair in found["pairs"]:
        names = [pair[key].removeprefix("compatible:") for key in ("model_a", "model_b")]
        mine = differences(*names)
        half = stats.t.ppf(0.975, mine.size - 1) * stats.sem(mine)
        expected = {"mean": mine.mean(), "low": mine.mean() - half, "high": mine.mean() + half, "n": mine.size}
        assert {key: pair["difference"][key] for key in expected} == pytest.approx(expected, abs=1e-9), names
        assert pair["p"] == pytest.approx(sign_flip(mine), abs=1e-12), names
        apart[tuple(names)] = mine
    adjusted = multipletests([pair["p"] for pair in found["pairs"]], method="holm")[1]
    assert [pair["p_adjusted"] for pair in found["pairs"]] == pytest.approx(list(adjusted), abs=1e-12)
    assert found["groups"] == [["compatible:alpha", "compatible:beta"], ["compatible:gamma"]], found["pairs"]
    sd = math.sqrt(np.mean([mine.var(ddof=1) for mine in apart.values()]))
    n = min(mine.size for mine in apart.values())
    power = json_of(run_cli("power", "w", "--format", "json"))
    assert (power["sd"], power["n"]) == (pytest.approx(sd, abs=1e-9), n)
    delta = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)
    assert power["minimum_detectable"] == pytest.approx(float(delta) * sd, abs=1e-4)
    assert power["minimum_detectable"] == pytest.approx(found["detectable"]["difference"], abs=1e-9)


def test_labels_agreement_and_corrected_means_are_met_by_hand(
    world: dict[str, Any], run_cli: Any, tmp_path: Path
) -> None:
    """Every answer of the sample is labelled, one less than the judge said: what people say is what counts."""
    done = run_cli("labels", "sample", "w", "--n", "200", "--output", "sheet.csv")
    assert done.code == 0, done
    stored = items(tmp_path, "w")
    truth = {c: max(0.0, SCORES[MODELS[i.model]][i.question, i.turn - 1] - 1) for c, i in stored.items()}
    fill(tmp_path / "kim.csv", tmp_path / "sheet.csv", lambda code: int(truth[code]))
    assert run_cli("labels", "import", "w", "kim.csv").code == 0
    report = json_of(run_cli("judge", "agree", "w", "--format", "json"))
    counted = [c for c, i in stored.items() if i.stratum == "random" and (MODELS[i.model], i.question, i.turn) != LOST]
    pairs = [
        (int(truth[c]), int(SCORES[MODELS[stored[c].model]][stored[c].question, stored[c].turn - 1])) for c in counted
    ]
    table = to_table(np.array(pairs), bins=11)[0]
    (row,) = report["judges"][0]["agreement"]
    assert row["n"] == len(pairs) >= 30
    kappa = row["coefficients"]["weighted_kappa"]["value"]
    assert kappa == pytest.approx(cohens_kappa(table, wt="quadratic").kappa, abs=1e-9)
    assert row["exact"]["mean"] == pytest.approx(np.mean([a == b for a, b in pairs]), abs=1e-12)
    for model in report["models"]:
        name = model["model"].removeprefix("compatible:")
        mine = {(stored[c].question, stored[c].turn): truth[c] for c in counted if MODELS[stored[c].model] == name}
        assert (model["labels"], model["raw"]) == (len(mine), pytest.approx(question_means(name).mean(), abs=1e-9))
        if model["corrected"] is not None:
            people = question_means(name).mean() - 1
            assert model["corrected"]["low"] < people < model["corrected"]["high"], model
            assert model["corrected"]["mean"] == pytest.approx(people, abs=0.5), model
