"""Scores weighted by probabilities through the command line: asked for, stored, read again, fallen back."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, write_jsonl, write_plan

VERDICT = "평가: 물음에 맞게 답했다.\n점수: 8"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(2))


def plan(tmp_path: Path, server: ModelServer, questions: Path, **judging: Any) -> Path:
    url = server.openai_url
    return write_plan(
        tmp_path / "plan.yaml",
        models=[f"compatible:candidate@{url}"],
        judges=[f"vllm:judge@{url}"],
        questions=[str(questions)],
        name="r",
        judging=judging,
    )


def report_of(done: Any) -> dict[str, Any]:
    assert done.out.startswith("{"), done
    return json.loads(done.out)


def test_a_score_is_the_mean_over_what_the_judge_could_have_written(run_cli, model_server, questions, tmp_path):
    model_server.behave("judge", VERDICT)
    written = plan(tmp_path, model_server, questions, logprobs=5)
    done = run_cli("run", written, "-f", "json")
    assert done.code == 0, done
    p8, p7 = math.exp(-0.25), math.exp(-1.75)
    (model,) = report_of(done)["models"]
    assert model["overall"]["mean"] == pytest.approx((8 * p8 + 7 * p7) / (p8 + p7), abs=1e-3)
    asked = [r.body for r in model_server.delivered if r.model == "judge"]
    assert all(body["logprobs"] is True and body["top_logprobs"] == 5 for body in asked), asked[0]
    assert report_of(done)["weighted"] == {"weighted": 4, "fell_back": 0}
    before = bought(model_server)
    again = run_cli("run", written, "-f", "json")
    assert report_of(again)["models"] == report_of(done)["models"]
    assert bought(model_server) == before
    assert run_cli("export", "jsonl", "r", "out").code == 0
    lines = (tmp_path / "out" / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    said = [v["criteria"]["logprobs"] for line in lines for v in json.loads(line)["verdicts"]]
    assert said == [{"read": 8.0, "mass": pytest.approx(p8 + p7, abs=1e-3)}] * 4


def test_another_run_reads_the_same_replies_from_the_ledger(run_cli, model_server, questions, tmp_path):
    model_server.behave("judge", VERDICT)
    first = run_cli("run", plan(tmp_path, model_server, questions, logprobs=5), "-f", "json")
    before = bought(model_server)
    second = run_cli("run", tmp_path / "plan.yaml", "--name", "other", "-f", "json")
    assert second.code == 0, second
    assert report_of(second)["models"][0]["overall"] == report_of(first)["models"][0]["overall"]
    assert bought(model_server) == before


def test_where_too_little_lies_on_scores_the_written_one_stands_and_is_counted(
    run_cli, model_server, questions, tmp_path
):
    model_server.behave("judge", '{"evaluation": "좋다.", "evidence": [], "score": "최고점"}\n점수: 8점 / 10점')
    done = run_cli("run", plan(tmp_path, model_server, questions, logprobs=1), "-f", "json")
    report = report_of(done)
    told = report["weighted"]
    assert told["weighted"] + told["fell_back"] == report["models"][0]["overall"]["n"], report
    assert "weighted by the judge's probabilities" in run_cli("report", "r").out


def test_who_does_not_ask_gets_what_was_written(run_cli, model_server, questions, tmp_path):
    model_server.behave("judge", "평가: 물음에 맞게 답했다.\n점수: 10")
    done = run_cli("run", plan(tmp_path, model_server, questions), "-f", "json")
    assert report_of(done)["models"][0]["overall"]["mean"] == 10
    assert report_of(done)["weighted"] is None
    assert not any("logprobs" in r.body for r in model_server.delivered)
