"""What a run costs: said before it starts, bounded while it runs, and never paid twice."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.servers.behaviour import count_tokens
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, specs, write_jsonl, write_plan

PRICE = {"input": 100.0, "output": 100.0}  # USD per million tokens
SHORT = {"max_output_tokens": 100}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(4))


@pytest.fixture
def plan(tmp_path: Path, model_server: ModelServer, questions: Path):
    """A plan of 8 answers and 8 verdicts whose models have a price: `plan(max_cost=...)`."""

    def write(**fields: Any) -> Path:
        models, judges = specs(model_server)[1], specs(model_server)[3]
        written = {
            "name": "r",
            "models": [models],
            "judges": [judges],
            "questions": [str(questions)],
            "generation": SHORT,
            "judging": SHORT,
            "concurrency": 4,
            "endpoints": {models: {"price": PRICE}, judges: {"price": PRICE}},
        }
        return write_plan(tmp_path / "plan.yaml", **written | fields)

    return write


def ledger(tmp_path: Path) -> float:
    """USD in the ledger."""
    with sqlite3.connect(tmp_path / "kojudge.db") as connection:
        (total,) = connection.execute("select sum(cost_usd) from completions").fetchone()
    connection.close()
    return float(total or 0.0)


def billed(server: ModelServer) -> float:
    """USD that the server would bill, by its own count, at `PRICE`."""
    tokens = sum((r.prompt_tokens or 0) + count_tokens(r.answer or "") for r in server.delivered)
    return tokens * 100.0 / 1e6


def dollars(line: str) -> float:
    """The estimate in a line of a dry run."""
    found = re.search(r"about \$([\d.]+)", line)
    assert found, line
    return float(found[1])


def test_a_cap_stops_with_three_keeps_everything_and_a_higher_one_goes_on(
    run_cli, tmp_path, model_server: ModelServer, plan
):
    stopped = run_cli("run", plan(), "--max-cost", "0.14")
    assert stopped.code == 3, stopped
    line = stopped.err.strip().splitlines()[-1]
    assert line.startswith("stopped at the cost limit: $"), stopped
    assert "of $0.14 are spent and the next call could cost $" in line, stopped
    assert "--max-cost" in line, stopped
    assert "Traceback" not in stopped.err
    delivered = len(model_server.delivered)
    assert 0 < delivered < 16, stopped
    assert ledger(tmp_path) == pytest.approx(billed(model_server))
    assert 0 < billed(model_server) <= 0.14

    shown = json.loads(run_cli("report", "r", "--format", "json").out)
    assert shown["status"] == "incomplete"
    assert shown["stopped_because"].startswith("budget_exhausted")

    again = run_cli("run", plan(), "--max-cost", "0.14")
    assert again.code == 3, again
    assert ledger(tmp_path) <= 0.14, "what was spent before counts"

    resumed = run_cli("resume", "r", "--max-cost", "5", "--format", "json")
    assert resumed.code == 0, resumed
    work = bought(model_server)
    assert len(work) == 16
    assert set(work.values()) == {1}, "nothing is bought twice"
    report = json.loads(resumed.out)
    assert report["stopped_because"] is None
    assert report["models"][0]["cost_usd"] == pytest.approx(ledger(tmp_path))
    assert ledger(tmp_path) == pytest.approx(billed(model_server))


@pytest.mark.parametrize("cap", [0.05, 0.1, 0.2])
def test_the_ledger_never_passes_the_cap(run_cli, tmp_path, model_server: ModelServer, plan, cap):
    model_server.latency_s = 0.02
    model_server.behave("candidate", "가" * 400)  # cut at its limit: every answer costs all it may
    result = run_cli("run", plan(max_cost=cap, concurrency=8))
    assert result.code == 3, result
    assert ledger(tmp_path) <= cap
    assert billed(model_server) <= cap
    assert ledger(tmp_path) == pytest.approx(billed(model_server))


def test_what_costs_less_than_the_cap_is_not_stopped(run_cli, tmp_path, model_server: ModelServer, plan):
    result = run_cli("run", plan(max_cost=5), "--format", "json")
    assert result.code == 0, result
    assert json.loads(result.out)["models"][0]["cost_usd"] == pytest.approx(billed(model_server))


def test_a_cap_of_nothing_buys_nothing(run_cli, model_server: ModelServer, plan):
    result = run_cli("run", plan(), "--max-cost", "0")
    assert result.code == 3, result
    assert not model_server.chats


@pytest.mark.parametrize("cap", ["-1", "nan", "much"])
def test_a_cap_that_is_no_amount_is_refused(run_cli, model_server: ModelServer, plan, cap):
    result = run_cli("run", plan(), "--max-cost", cap)
    assert result.code == 2, result
    assert not model_server.requests


def test_resume_refuses_a_cap_that_is_no_amount(run_cli, model_server: ModelServer, plan):
    assert run_cli("run", plan(), "--max-cost", "0").code == 3
    result = run_cli("resume", "r", "--max-cost", "nan")
    assert result.code == 2, result
    assert not model_server.chats


def test_a_cap_with_a_model_of_unknown_price_is_refused_by_name(run_cli, tmp_path, model_server: ModelServer, plan):
    models, judges = specs(model_server)[1], specs(model_server)[3]
    result = run_cli("run", plan(endpoints={models: {"price": PRICE}}, max_cost=1))
    assert result.code == 2, result
    assert result.err.count("\n") == 1, result
    assert judges in result.err, result
    assert models not in result.err, result
    assert "--allow-unpriced" in result.err
    assert not model_server.requests
    assert not (tmp_path / "kojudge.db").exists()
    allowed = run_cli(
        "run", plan(endpoints={models: {"price": PRICE}}, max_cost=1), "--allow-unpriced", "--format=json"
    )
    assert allowed.code == 0, allowed
    (model,) = json.loads(allowed.out)["models"]
    assert model["cost_usd"] is None, "what has no price has no known cost"
    assert 0 < ledger(tmp_path) < 1, "the priced part is on the bill"


def test_servers_of_ones_own_cost_nothing_and_need_no_price(run_cli, tmp_path, model_server: ModelServer, questions):
    words = ["-m", f"vllm:candidate@{model_server.openai_url}", "-j", f"ollama:judge@{model_server.url}"]
    result = run_cli("run", *words, "-q", questions, "--limit", "1", "--max-cost", "0.01", "--format", "json")
    assert result.code == 0, result
    assert json.loads(result.out)["models"][0]["cost_usd"] == 0


def test_a_dry_run_asks_nobody_and_says_what_each_will_cost(run_cli, tmp_path, model_server: ModelServer, plan):
    judges = specs(model_server)[3]
    result = run_cli("run", plan(), "--dry-run")
    assert result.code == 0, result
    assert not model_server.requests
    assert not (tmp_path / "kojudge.db").exists()
    candidate, judge, together = [line for line in result.out.splitlines() if line.startswith("  ")]
    for line, noun in ((candidate, "8 answers"), (judge, "8 verdicts")):
        assert noun in line, result
        assert re.search(r"about [\d.]+k? tokens in, [\d.]+k? out", line), result
        assert "$100 in / $100 out per million tokens (the plan)" in line, result
        assert "at most $" in line, result
    assert judges in judge
    assert dollars(together) == pytest.approx(dollars(candidate) + dollars(judge), abs=0.011)


def test_the_most_that_judges_may_cost_counts_that_they_may_be_asked_again(run_cli, plan):
    most = []
    for reask in (False, True):
        result = run_cli("run", plan(reask=reask), "--dry-run")
        assert result.code == 0, result
        (judge,) = [line for line in result.out.splitlines() if line.startswith("  judge")]
        most.append(float(judge.split("at most $")[1].split(")")[0]))
    assert most[1] > 2 * most[0], most


def test_a_dry_run_says_what_it_does_not_know(run_cli, model_server: ModelServer, questions):
    result = run_cli("run", *specs(model_server), "-q", questions, "--dry-run")
    assert result.code == 0, result
    assert result.out.count("cost unknown") == 2, result
    assert "price unknown" in result.out.splitlines()[-2], result
    assert not model_server.requests


def test_two_addresses_of_one_judge_are_two_lines(run_cli, tmp_path, model_server: ModelServer, plan):
    models, judges = specs(model_server)[1], specs(model_server)[3]
    other = judges.replace("127.0.0.1", "localhost")
    prices = {judges: {"price": PRICE}, other: {"price": {"input": 1.0, "output": 1.0}}}
    result = run_cli("run", plan(judges=[judges, other], endpoints={models: {"price": PRICE}, **prices}), "--dry-run")
    assert result.code == 0, result
    dear, cheap = (line for line in result.out.splitlines() if line.startswith("  judge"))
    assert "$100 in" in dear, result
    assert "$1 in" in cheap, result


def test_the_estimate_is_near_what_is_billed(run_cli, tmp_path, model_server: ModelServer, plan):
    """Answers and verdicts of a usual length, over the starter set."""
    model_server.behave("candidate", lambda body: "가게의 하루 매출은 손님 수로 어림합니다. " * 18)
    model_server.behave("judge", "평가: " + "질문의 뜻에 맞게 답했으나 근거를 더 들면 좋겠습니다. " * 4 + "\n점수: 7")
    whole = {"questions": ["starter"], "generation": {}, "judging": {}}
    dry = run_cli("run", plan(**whole), "--dry-run")
    assert dry.code == 0, dry
    expected = dollars(next(line for line in dry.out.splitlines() if "together" in line))
    result = run_cli("run", plan(**whole, concurrency=16), "--format", "json")
    assert result.code == 0, result
    bill = billed(model_server)
    assert bill == pytest.approx(ledger(tmp_path))
    assert bill / 3 <= expected <= bill * 3, (expected, bill, dry)
    by_role = {
        role: sum(
            (r.prompt_tokens or 0) + count_tokens(r.answer or "") for r in model_server.delivered if r.model == role
        )
        / 1e4
        for role in ("candidate", "judge")
    }
    for role, line in zip(by_role, (s for s in dry.out.splitlines() if s.startswith("  ")), strict=False):
        assert by_role[role] / 3 <= dollars(line) <= by_role[role] * 3, (role, by_role, dry)
