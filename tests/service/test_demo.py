"""The demo and everything that can be done with what it leaves."""

import csv
import io
import json
import re

import pytest


@pytest.fixture
def demo(run_cli):
    result = run_cli("demo", "--quick")
    assert result.code == 0, result
    return result


def test_the_demo_orders_the_models_and_says_what_it_is(run_cli, demo):
    assert "No language model was asked" in demo.err
    assert "kojudge run -m ollama:" in demo.err
    report = json.loads(run_cli("report", "demo", "--format", "json").out)
    assert [m["model"] for m in report["models"]] == ["scripted:good", "scripted:drifting", "scripted:weak"]
    assert [m["rank"] for m in report["models"]] == [{"low": n, "high": n} for n in (1, 2, 3)]
    assert report["models"][1]["wrong_language"] > 5
    for model in report["models"]:
        assert set(model) >= {
            "overall",
            "turns",
            "categories",
            "alignment",
            "safety",
            "rank",
            "failures",
            "cost_usd",
            "usage",
        }
        for e in (model["overall"], *model["turns"].values(), *model["categories"].values()):
            assert set(e) == {"mean", "low", "high", "n", "failed"}
            assert 0 <= e["low"] <= e["mean"] <= e["high"] <= 10


def test_a_second_demo_only_reports(run_cli, demo):
    again = run_cli("demo", "--quick")
    assert again.code == 0, again
    assert again.out == demo.out


@pytest.mark.parametrize("kind", ["markdown", "html", "csv"])
def test_every_format_shows_every_model(run_cli, demo, kind):
    result = run_cli("report", "demo", "--format", kind)
    assert result.code == 0, result
    for name in ("good", "drifting", "weak"):
        assert name in result.out, result


def test_html_is_self_contained(run_cli, demo, tmp_path):
    assert run_cli("report", "demo", "--format", "html", "--output", "r.html").code == 0
    page = (tmp_path / "r.html").read_text("utf-8")
    assert not re.search(r"https?://|src=|@import|<script|<link", page), page[:500]


def test_show_prints_questions_answers_and_verdicts(run_cli, demo):
    one = run_cli("show", "demo", "scripted:weak#math-1")
    assert one.code == 0, one
    assert one.out.count("질문") >= 2
    assert "판정 2" in one.out
    every = json.loads(run_cli("show", "demo", "math-1", "--format", "json").out)
    assert len(every["conversations"]) == 3


def test_jsonl_export_has_prompts_answers_and_verdicts(run_cli, demo, tmp_path):
    assert run_cli("export", "jsonl", "demo", "out").code == 0
    lines = [json.loads(x) for x in (tmp_path / "out/conversations.jsonl").read_text("utf-8").split("\n") if x]
    assert len(lines) == 36
    for line in lines:
        assert [v["turn"] for v in line["verdicts"]] == [1, 2]
        assert all(v["status"] == "ok" and v["judge"] == "scripted:rules" for v in line["verdicts"])
        assert all(t["prompt"] and t["answer"] for t in line["turns"])


def test_an_export_can_be_judged_again(run_cli, demo):
    assert run_cli("export", "jsonl", "demo", "out").code == 0
    result = run_cli("run", "-m", "replay:out/conversations.jsonl", "-j", "scripted:rules", "--format", "json")
    assert result.code == 0, result
    replayed = {m["model"]: m["overall"] for m in json.loads(result.out)["models"]}
    original = {
        m["model"]: m["overall"] for m in json.loads(run_cli("report", "demo", "--format", "json").out)["models"]
    }
    assert replayed == original


def test_csv_export_holds_no_formula(run_cli, tmp_path):
    question = "set: t\nquestions:\n" + "".join(
        f"  - id: q{n}\n    category: c\n    turns: [{{prompt: '=HYPERLINK(\"http://x\") 무엇인지 말해 주세요 {n}'}}]\n"
        for n in (1, 2)
    )
    (tmp_path / "q.yaml").write_text(question, encoding="utf-8")
    row = (
        '{"model": "=cmd", "question": {"id": "q%d", "category": "c", "turns": [{"prompt": "%s"}]}, '
        '"turns": [{"prompt": "%s", "answer": "@SUM(1)"}]}'
    )
    prompt = '=HYPERLINK(\\"http://x\\") 무엇인지 말해 주세요 %d'
    (tmp_path / "r.jsonl").write_text(
        "".join(row % (n, prompt % n, prompt % n) + "\n" for n in (1, 2)), encoding="utf-8"
    )
    assert run_cli("run", "-m", "replay:r.jsonl", "-j", "scripted:rules", "-q", "q.yaml", "--name", "r").code == 0
    assert run_cli("export", "csv", "r", "out").code == 0
    cells = [c for row in csv.reader(io.StringIO((tmp_path / "out/verdicts.csv").read_text("utf-8"))) for c in row]
    assert any("HYPERLINK" in c for c in cells)
    assert not [c for c in cells if c[:1] in "=+-@" and c]


def test_questions_commands(run_cli):
    assert "starter" in run_cli("questions", "list").out
    shown = json.loads(run_cli("questions", "show", "starter", "--format", "json").out)
    assert shown["set"] == "starter"
    assert len(shown["questions"]) == 12
    assert run_cli("questions", "lint").code == 0


def test_hostile_names_do_not_reach_the_terminal(run_cli, tmp_path):
    turns = '"turns": [{"prompt": "무엇인가요?"}]'
    line = (
        '{"model": "\\u001b[31mred\\u202e[bold]", "question": {"id": "q1", "category": "c\\u0007", %s}, '
        '"turns": [{"prompt": "무엇인가요?", "answer": "\\u001b]0;x\\u0007 답"}]}\n'
    )
    (tmp_path / "r.jsonl").write_text(line % turns, encoding="utf-8")
    result = run_cli("run", "-m", "replay:r.jsonl", "-j", "scripted:rules", "--name", "r")
    assert result.code == 0, result
    shown = result.out + run_cli("show", "r", "q1").out + run_cli("report", "r", "--format", "markdown").out
    assert not set("\x1b\x07\u202e") & set(shown), repr(shown)


def test_the_report_speaks_korean(run_cli):
    assert run_cli("demo", "--quick").code == 0
    shown = run_cli("report", "demo", "--language", "ko", "--format", "markdown").out
    assert "실행 demo: 완료" in shown, shown
    assert not [word for word in ("Overall", "Turn", "Failures", "Wrong language") if word in shown], shown


def test_the_whole_demo_adds_a_safety_run_with_scripted_labels(run_cli, tmp_path):
    first = run_cli("demo")
    assert first.code == 0, first
    assert first.out.startswith("Run demo: complete"), first
    again = run_cli("demo")
    assert (again.code, again.out) == (0, first.out), again
    report = json.loads(run_cli("report", "demo-safety", "--format", "json").out)
    safety = {m["model"]: m["safety"]["mean"] for m in report["models"]}
    assert safety["scripted:perfect"] == 100, safety
    assert safety["scripted:refuse"] == 0, safety
    assert run_cli("labels", "export", "demo-safety", "labels.jsonl").code == 0
    labels = [json.loads(line) for line in (tmp_path / "labels.jsonl").read_text("utf-8").splitlines()]
    assert {label["reviewer"] for label in labels} == {"scripted-reviewer-1", "scripted-reviewer-2"}
    assert all("no person read" in label["note"] for label in labels)
    assert len({label["item"] for label in labels}) == 60, len(labels)
    assert "demo-safety" not in run_cli("report", "demo").out
