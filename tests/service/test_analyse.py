"""`questions analyse` on imports and runs: what is found, what is refused, what is pooled."""

import csv
import io
import json
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from service.report.items import build_item_report
from service.store import Store, reads
from service.store.schema import answers, questions, run_questions, verdicts
from tests.service.support import logickor_questions, write_jsonl

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "questions.md"
ASKED = 24
REVERSED, CEILING, FLOOR, NOISE, WRONG_KEY = (3, 1), (4, 1), (5, 2), (6, 2), (7, 2)
KOREAN = "손님 수를 세어 하루 평균을 낸 다음 값을 곱합니다."
ENGLISH = "Count the customers of one day and multiply by the average price, then check the result twice."


def scores(models: int, seed: int = 1) -> np.ndarray:
    """(models, questions, turns) from 0 to 10, better models later, with one item of each fault."""
    random = np.random.default_rng(seed)
    ability = np.linspace(-1.5, 1.5, models)[:, None, None]
    hard = random.normal(0, 1, (1, ASKED, 2))
    raw = np.round(10 / (1 + np.exp(-(2 * (ability - hard) + random.normal(0, 0.5, (models, ASKED, 2))))))

    def plant(item: tuple[int, int], column: np.ndarray | int) -> None:
        raw[:, item[0] - 1, item[1] - 1] = column

    plant(REVERSED, np.round(10 - np.linspace(0, 10, models)))
    plant(CEILING, 10)
    plant(FLOOR, 0)
    plant(NOISE, random.permutation(np.round(np.linspace(0, 10, models))))
    plant(WRONG_KEY, random.permutation(np.arange(models) % 4))
    return raw


def write_models(folder: Path, raw: np.ndarray, first: int = 0, style: str = "default", answer: str = KOREAN) -> Path:
    for number, model in enumerate(raw, first):
        rows = [
            {
                **row,
                "outputs": [answer, KOREAN],
                "query_single": {"judge_message": "판정", "judge_score": float(own[0])},
                "query_multi": {"judge_message": "판정", "judge_score": float(own[1])},
            }
            for row, own in zip(logickor_questions(ASKED), model, strict=True)
        ]
        write_jsonl(folder / f"acme/model-{number:02}/{style}.jsonl", rows, bom=True)
    return folder


def analysed(run_cli, *words) -> dict:
    done = run_cli("questions", "analyse", *words, "--format", "json")
    assert done.code == 0, done
    return json.loads(done.out)


def by_item(report: dict) -> dict:
    return {(int(i["question"]), i["turn"]): i for i in report["items"]}


@pytest.fixture
def imported(run_cli, tmp_path):
    write_models(tmp_path / "evaluated", scores(16))
    assert run_cli("import", "logickor", "evaluated", "--name", "lk").code == 0


@pytest.mark.usefixtures("imported")
def test_planted_faults_lead_the_list(run_cli):
    report = analysed(run_cli, "lk")
    items = by_item(report)
    assert len(items) == report["n_items"] == 2 * ASKED
    first = list(items)[:3]
    assert set(first[:2]) == {REVERSED, WRONG_KEY}, first
    assert "reversed" in items[REVERSED]["findings"]
    assert "strong_fail" in items[WRONG_KEY]["findings"]
    assert items[NOISE]["suspicious"], items[NOISE]
    assert {"ceiling", "separates_none"} == set(items[CEILING]["findings"])
    assert {"floor", "separates_none"} == set(items[FLOOR]["findings"])
    assert items[CEILING]["correlation"] is None
    # Turn 2 of an odd question has a reference, turn 1 has none.
    assert "the reference looks wrong" in items[WRONG_KEY]["explanation"]
    assert "no reference" in items[REVERSED]["explanation"]
    assert items[WRONG_KEY]["held"] == {"times": 16, "of": 16}


@pytest.mark.usefixtures("imported")
def test_figures_are_those_of_the_scores(run_cli):
    raw = scores(16)
    items = by_item(analysed(run_cli, "lk"))
    for (question, turn), item in items.items():
        own = raw[:, question - 1, turn - 1]
        rest = np.delete(raw, question - 1, axis=1).mean(axis=(1, 2))
        assert item["difficulty"]["mean"] == pytest.approx(own.mean() / 10)
        assert item["spread"] == pytest.approx(own.std(ddof=1) / 10, abs=1e-6)
        assert item["at_ceiling"] == pytest.approx((own == 10).mean(), abs=1e-6)
        if item["correlation"] is not None:
            assert item["correlation"]["r"] == pytest.approx(np.corrcoef(own, rest)[0, 1], abs=1e-6)


@pytest.mark.usefixtures("imported")
def test_every_format_names_the_same_items(run_cli, tmp_path):
    report = analysed(run_cli, "lk", "--only", "suspicious")
    names = [f"{i['question']} turn {i['turn']}" for i in report["items"]]
    assert all(i["suspicious"] for i in report["items"])
    table = run_cli("questions", "analyse", "lk", "--only", "suspicious")
    markdown = run_cli("questions", "analyse", "lk", "--only", "suspicious", "-f", "markdown", "-o", "items.md")
    assert (table.code, markdown.code) == (0, 0), (table, markdown)
    written = (tmp_path / "items.md").read_text("utf-8")
    for name in names:
        assert f"\n{name}: " in table.out, table
        assert f"\n- {name}: " in written, written
    rows = csv.DictReader(io.StringIO(run_cli("questions", "analyse", "lk", "-f", "csv").out))
    assert [f"{r['question']} turn {r['turn']}" for r in rows if r["suspicious"] == "True"] == names


@pytest.mark.usefixtures("imported")
def test_the_list_can_be_cut_without_changing_the_figures(run_cli):
    whole = by_item(analysed(run_cli, "lk"))
    second = by_item(analysed(run_cli, "lk", "--turn", "2", "--category", "수학(Math)"))
    assert set(second) == {(n, 2) for n in range(1, ASKED + 1, 2)}
    assert all(item == whole[key] for key, item in second.items())
    assert list(by_item(analysed(run_cli, "lk", "--top", "5"))) == list(whole)[:5]
    dull = by_item(analysed(run_cli, "lk", "--only", "uninformative"))
    assert {CEILING, FLOOR} <= set(dull)
    questions_only = analysed(run_cli, "lk", "--by", "question")
    assert [i["turn"] for i in questions_only["items"]] == [None] * ASKED


def test_prompt_styles_of_a_model_are_one_witness(run_cli, tmp_path):
    for style in ("default", "1-shot"):
        write_models(tmp_path / "evaluated", scores(4), style=style)
    assert run_cli("import", "logickor", "evaluated", "--name", "lk").code == 0
    report = analysed(run_cli, "lk")
    assert (len(report["models"]), report["independent_models"]) == (8, 4)
    assert not any(i["findings"] for i in report["items"])
    assert all("cannot be known: 4 independent models" in i["explanation"] for i in report["items"])
    assert all(i["correlation"] is None for i in report["items"])
    assert "Too few models" in run_cli("questions", "analyse", "lk").out


def test_zeros_for_the_language_are_not_difficulty(run_cli, tmp_path):
    raw = scores(8)
    write_models(tmp_path / "evaluated", raw)
    foreign = raw[:2].copy()
    foreign[:, :, 0] = 0
    write_models(tmp_path / "evaluated", foreign, answer=ENGLISH)
    assert run_cli("import", "logickor", "evaluated", "--name", "lk").code == 0
    for (question, turn), item in by_item(analysed(run_cli, "lk")).items():
        kept = raw[2 if turn == 1 else 0 :, question - 1, turn - 1]
        assert item["difficulty"]["mean"] == pytest.approx(kept.mean() / 10), (question, turn)
        assert item["wrong_language"] == (2 if turn == 1 else 0)


def test_the_judges_word_counts_where_the_rule_made_it_zero(run_cli):
    assert run_cli("run", "-m", "scripted:drifting", "-j", "scripted:rules", "--name", "drift").code == 0
    shown = json.loads(run_cli("show", "drift", "math-1", "--format", "json").out)["conversations"]
    said = next(v for v in shown[0]["verdicts"] if v["score"] == 0 and v["judge_score"])
    items = {(i["question"], i["turn"]): i for i in analysed(run_cli, "drift")["items"]}
    assert items["math-1", said["turn"]]["difficulty"]["mean"] == pytest.approx(said["judge_score"] / 10)


def test_runs_that_share_questions_are_pooled(run_cli, tmp_path):
    raw = scores(16)
    write_models(tmp_path / "whole", raw)
    write_models(tmp_path / "low", raw[:8])
    write_models(tmp_path / "high", raw[8:], first=8)
    for name in ("whole", "low", "high"):
        assert run_cli("import", "logickor", name, "--name", name).code == 0
    whole, pooled = analysed(run_cli, "whole"), analysed(run_cli, "low", "high")
    assert pooled["items"] == whole["items"]
    assert [m["run"] for m in pooled["models"]] == ["low"] * 8 + ["high"] * 8


def test_runs_of_different_judging_are_refused_or_named_as_mixed(run_cli):
    for name, extra in (("one", ()), ("two", ("--judge-repeats", "2"))):
        assert run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", "--name", name, *extra).code == 0
    done = run_cli("questions", "analyse", "one", "two")
    assert done.code == 2, done
    assert len(done.err.strip().splitlines()) == 1
    assert "judging" in done.err
    assert "--mixed" in done.err
    mixed = analysed(run_cli, "one", "two", "--mixed")
    assert mixed["comparable"] is False
    assert mixed["independent_models"] == 1
    assert "not comparable" in run_cli("questions", "analyse", "one", "two", "--mixed").out


@pytest.mark.usefixtures("imported")
def test_the_guide_explains_every_key_and_finding(run_cli):
    section = GUIDE.read_text("utf-8").split("\n## Examining items\n", 1)[1].split("\n## ", 1)[0]
    explained = set(re.findall(r"`([a-z_]+)`", section))
    report = analysed(run_cli, "lk")
    assert set(report) | set(report["items"][0]) | set(report["found"]) <= explained
    for key in ("difficulty", "correlation", "strong", "held"):
        inner = next(i[key] for i in report["items"] if i[key])
        assert set(inner) <= explained, key


@pytest.mark.usefixtures("imported")
def test_wrong_use_is_one_line(run_cli):
    assert run_cli("demo", "--quick").code == 0
    for words in (["absent"], ["lk", "--turn", "7"], ["lk", "--category", "없음"], ["lk", "demo", "--mixed"]):
        done = run_cli("questions", "analyse", *words)
        assert done.code == 2, done
        assert len(done.err.strip().splitlines()) == 1, done


@pytest.mark.usefixtures("imported")
def test_many_verdicts_are_read_a_few_at_a_time(tmp_path):
    """80,000 verdicts: as Python rows they alone would be some 30 megabytes more."""
    many = 2500
    store = Store.open(f"sqlite:///{tmp_path}/kojudge.db")
    with store.transaction() as connection:
        run = reads.get_run(connection, "lk")
        content = connection.scalar(sa.select(questions.c.content).limit(1))
        for table in (verdicts, answers, run_questions):
            connection.execute(sa.delete(table))
        for start in range(0, many, 625):
            span = range(start, min(many, start + 625))
            connection.execute(sa.insert(questions), [{"digest": f"d{n}", "content": content} for n in span])
            connection.execute(
                sa.insert(run_questions),
                [
                    {"run_id": run.id, "position": n, "question_id": str(n), "category": "가", "turns": 2,
                     "digest": f"d{n}"}
                    for n in span
                ],
            )  # fmt: skip
            units = [(m, n, t) for m in range(16) for n in span for t in (1, 2)]
            base = [{"run_id": run.id, "model": m, "question": n, "sample": 0, "turn": t} for m, n, t in units]
            connection.execute(sa.insert(answers), [b | {"status": "ok", "language_passed": True} for b in base])
            connection.execute(
                sa.insert(verdicts),
                [
                    b | {"judge": 0, "repeat": 0, "status": "ok", "score": (b["model"] + b["question"]) % 11}
                    for b in base
                ],
            )
    with store.read() as connection:
        build_item_report(connection, [run])  # what is imported on the way is not counted
        tracemalloc.start()
        report = build_item_report(connection, [run])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    store.close()
    assert report["n_items"] == 2 * many
    assert all(i["difficulty"]["n"] == 16 for i in report["items"])
    assert peak < 20e6, f"{peak / 1e6:.0f} MB at the peak"
