"""Runs that compare their models, through the command line against a real local server."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CliResult, clean_environment
from tests.servers.faults import Body
from tests.servers.model_server import ModelServer
from tests.servers.pairwise_judge import compares, furnish, pairwise_judge, prefers, shown
from tests.service.support import bought, logickor_questions, write_jsonl, write_plan

QUESTIONS, TURNS = 3, 2
UNITS = QUESTIONS * TURNS
QUICK = {"KOJUDGE_RETRY_ATTEMPTS": "2", "KOJUDGE_RETRY_WAIT_S": "0.01"}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(QUESTIONS))


@pytest.fixture
def server(model_server: ModelServer) -> ModelServer:
    """A good model, a poor one, and a judge that knows which is which."""
    furnish(model_server)
    return model_server


def words(server: ModelServer, questions: Path, *more: str, provider: str = "compatible") -> list[str]:
    spec = [f"{provider}:{name}@{server.openai_url}" for name in ("good", "poor", "judge")]
    models = ["-m", spec[0], "-m", spec[1], "-j", spec[2]]
    return ["run", *models, "-q", str(questions), "--name", "r", "--concurrency", "3", *more]


def part_of(result: CliResult) -> dict[str, Any]:
    assert result.out.startswith("{"), result
    part: dict[str, Any] = json.loads(result.out)["pairwise"]
    return part


def compared(server: ModelServer) -> list[Body]:
    """The comparisons that were delivered."""
    chats = [r.body for r in server.delivered if r.path.endswith("chat/completions")]
    return [body for body in chats if compares(body)]


@pytest.mark.parametrize("provider", ["compatible", "vllm"])
def test_a_judge_that_knows_makes_the_better_model_win_in_both_orders(run_cli, server, questions, provider):
    command = words(server, questions, "--pairwise", f"{provider}:poor", "--format", "json", provider=provider)
    result = run_cli(*command)
    assert result.code == 0, result
    part = part_of(result)
    (pair,) = part["pairs"]
    assert (pair["model_a"], pair["model_b"]) == (f"{provider}:good", f"{provider}:poor")
    assert part["baseline"] == f"{provider}:poor"
    assert [pair[k] for k in ("wins", "ties", "losses", "inconsistent")] == [UNITS, 0, 0, 0]
    assert pair["win_rate"]["mean"] == 1.0
    assert pair["win_rate"]["low"] < 1.0, "six wins prove no certainty"
    (judge,) = part["judges"]
    assert judge["swap_consistency"]["mean"] == 1.0
    assert judge["first_position"] | {"low": 0, "high": 0} == {"mean": 0.5, "low": 0, "high": 0, "n": 2 * UNITS}
    assert part["failures"] == {}
    assert len(compared(server)) == 2 * UNITS
    before = bought(server)
    assert set(before.values()) == {1}
    again = run_cli(*command)
    assert again.code == 0, again
    assert json.loads(again.out) == json.loads(result.out)
    assert bought(server) == before


def test_a_judge_that_always_prefers_the_first_answer_decides_nothing(run_cli, server, questions):
    server.behave("judge", pairwise_judge(lambda first, second: "first"))
    result = run_cli(*words(server, questions, "--pairwise", "all", "--format", "json"))
    assert result.code == 0, result
    part = part_of(result)
    (pair,), (judge,) = part["pairs"], part["judges"]
    assert [pair[k] for k in ("wins", "ties", "losses", "inconsistent")] == [0, UNITS, 0, UNITS]
    assert pair["win_rate"]["mean"] == 0.5
    assert judge["swap_consistency"]["mean"] == 0.0
    assert judge["first_position"]["mean"] == 1.0


def test_every_pair_is_compared_and_both_are_shown_with_their_own_history(run_cli, server, questions):
    server.behave("third", "셋째 모델의 답변입니다. 어림하는 방법은 여러 가지가 있습니다.")
    third = f"compatible:third@{server.openai_url}"
    result = run_cli(*words(server, questions, "-m", third, "--pairwise", "all", "--format", "json"))
    assert result.code == 0, result
    part = part_of(result)
    named = [(p["model_a"], p["model_b"]) for p in part["pairs"]]
    models = [f"compatible:{name}" for name in ("good", "poor", "third")]
    assert named == [(models[0], models[1]), (models[0], models[2]), (models[1], models[2])]
    assert [p["wins"] for p in part["pairs"]] == [UNITS, UNITS, 0]
    assert part["pairs"][2]["ties"] == UNITS
    orders = [tuple(text[:2] for text in shown(body)) for body in compared(server)]
    assert {pair: orders.count(pair) for pair in orders} == dict.fromkeys(
        [(a, b) for a in ("좋은", "모자", "셋째") for b in ("좋은", "모자", "셋째") if a != b], UNITS
    )
    second = next(b["messages"][-1]["content"] for b in compared(server) if "[질문 2]" in b["messages"][-1]["content"])
    assert second.count("시작»") == 4


def test_what_another_run_compared_is_not_bought_again(run_cli, server, questions):
    assert run_cli(*words(server, questions, "--pairwise", "compatible:good")).code == 0
    before = bought(server)
    # Here the good model is a, there it was b: the judge is asked the same.
    result = run_cli(*words(server, questions, "--pairwise", "all", "--name", "s", "--format", "json"))
    assert result.code == 0, result
    assert part_of(result)["pairs"][0]["wins"] == UNITS
    assert bought(server) == before


def test_a_comparison_of_which_one_order_failed_is_incomplete_and_resumes(run_cli, server, questions):
    server.inject("judge", then="unparsable", when=lambda body: compares(body) and "모자란" in shown(body)[0])
    result = run_cli(*words(server, questions, "--pairwise", "all", "--format", "json"), env=QUICK)
    assert result.code == 1, result
    assert f"{UNITS} comparisons have no winner" in result.err
    part = part_of(result)
    (pair,) = part["pairs"]
    assert [pair[k] for k in ("wins", "ties", "losses")] == [0, 0, 0]
    assert pair["win_rate"] == {"mean": None, "low": None, "high": None, "n": 0, "failed": UNITS}
    assert pair["bounds"] == {"worst": 0.0, "best": 1.0}
    assert part["failures"] == {"unparsed": UNITS}
    assert part["failure_reasons"][0]["n"] == UNITS
    server.clear_faults()
    good = {json.dumps(b) for b in compared(server) if "좋은" in shown(b)[0]}
    done = run_cli("resume", "r", "--format", "json")
    assert done.code == 0, done
    assert part_of(done)["pairs"][0]["wins"] == UNITS
    assert all(sum(json.dumps(b) == body for b in compared(server)) == 1 for body in good), "bought twice"


def test_answers_that_failed_leave_comparisons_that_are_skipped_and_counted(run_cli, server, questions):
    server.behave("poor", "")
    result = run_cli(*words(server, questions, "--pairwise", "all", "--format", "json"), env=QUICK)
    assert result.code == 1, result
    assert part_of(result)["failures"] == {"skipped": 2 * UNITS}
    assert not compared(server)
    seen = run_cli("show", "r", "compatible:good#1", "--format", "json")
    (conversation,) = json.loads(seen.out)["conversations"]
    assert conversation["comparisons"][0]["error"] == "no answer of compatible:poor to compare"
    furnish(server)
    done = run_cli("resume", "r", "--format", "json")
    assert done.code == 0, done
    assert part_of(done)["pairs"][0]["wins"] == UNITS


def test_the_language_rule_decides_whatever_the_judge_says(run_cli, server, questions):
    server.behave("poor", "This is the answer to your question, written in English for no good reason at all.")
    server.behave("judge", pairwise_judge(prefers("English")))
    result = run_cli(*words(server, questions, "--pairwise", "all", "--format", "json"))
    assert result.code == 0, result
    assert part_of(result)["pairs"][0]["wins"] == UNITS
    seen = run_cli("show", "r", "compatible:good#1", "--format", "json")
    (conversation,) = json.loads(seen.out)["conversations"]
    assert {(c["result"], c["judge_result"]) for c in conversation["comparisons"]} == {("win", "loss")}


def test_a_conversation_shows_both_orders_from_the_side_of_its_model(run_cli, server, questions, tmp_path):
    assert run_cli(*words(server, questions, "--pairwise", "all")).code == 0
    printed = run_cli("show", "r", "compatible:poor#1")
    assert printed.code == 0, printed
    for place in ("먼저 보임", "나중에 보임"):
        assert f"비교 1 · compatible:judge · 상대 compatible:good · {place} · 짐" in printed.out, printed
    assert run_cli("export", "jsonl", "r", "out").code == 0
    lines = map(json.loads, (tmp_path / "out" / "conversations.jsonl").read_text("utf-8").splitlines())
    of = {(c["model"], c["question_id"]): c["comparisons"] for c in lines}
    assert [(c["turn"], c["shown_first"], c["result"]) for c in of["compatible:good", "1"]] == [
        (1, True, "win"),
        (1, False, "win"),
        (2, True, "win"),
        (2, False, "win"),
    ]
    assert {c["result"] for c in of["compatible:poor", "1"]} == {"loss"}
    assert of["compatible:good", "1"][0]["rationale"] == "두 답변을 나란히 읽고 골랐습니다."


@pytest.mark.parametrize("report_format", ["table", "markdown", "html", "csv"])
def test_every_format_shows_the_pairs_and_the_judges(run_cli, server, questions, report_format):
    result = run_cli(*words(server, questions, "--pairwise", "all", "--format", report_format))
    assert result.code == 0, result
    wanted = ("pairwise_win_rate", "judge_swap_consistency") if report_format == "csv" else ("Win rate", "Swap")
    for words_in_it in wanted:
        assert words_in_it in result.out, result


def test_two_judges_compare_and_the_rules_do_not(run_cli, server, questions):
    server.behave("judge2", pairwise_judge(lambda first, second: "tie"))
    more = ["-j", f"compatible:judge2@{server.openai_url}", "-j", "scripted:rules", "--judge-repeats", "2"]
    result = run_cli(*words(server, questions, *more, "--pairwise", "all", "--format", "json"))
    assert result.code == 0, result
    part = part_of(result)
    assert [j["judge"] for j in part["judges"]] == ["compatible:judge", "compatible:judge2"]
    (pair,) = part["pairs"]
    assert (pair["wins"], pair["ties"], pair["win_rate"]["n"]) == (2 * UNITS, 2 * UNITS, 4 * UNITS)
    assert pair["win_rate"]["mean"] == 0.75


def test_conversations_that_are_graded_as_a_whole_are_compared_once(run_cli, server, tmp_path):
    (tmp_path / "whole.yaml").write_text(
        "{id: whole, version: 1, title: 대화 전체, grades: conversation, language_rule: report, "
        "scale: {min: 0, max: 10}, instructions: 대화 전체를 봅니다.}",
        encoding="utf-8",
    )
    questions = tmp_path / "q.yaml"
    questions.write_text(
        "set: mixed\nquestions:\n"
        "  - {id: a, category: 말, rubric: whole.yaml, turns: [{prompt: 첫 물음}, {prompt: 둘째 물음}]}\n"
        "  - {id: b, category: 말, turns: [{prompt: 다른 첫 물음}, {prompt: 다른 둘째 물음}]}\n",
        encoding="utf-8",
    )
    result = run_cli(*words(server, questions, "--pairwise", "all", "--format", "json"))
    assert result.code == 0, result
    assert part_of(result)["pairs"][0]["win_rate"]["n"] == 3
    assert sum("두 모델을 견주세요" in body["messages"][-1]["content"] for body in compared(server)) == 2


@pytest.mark.parametrize("allowed", [False, True])
def test_in_a_jury_no_judge_compares_its_own_family(run_cli, server, questions, allowed):
    server.behave("solar-judge", pairwise_judge(lambda first, second: "tie"))
    server.behave("solar-model", "솔라의 답변입니다. 하루 매출을 어림하는 방법은 여러 가지가 있습니다.")
    at = f"@{server.openai_url}"
    more = ["-m", f"compatible:solar-model{at}", "-j", f"compatible:solar-judge{at}", "--pairwise", "all"]
    more += ["--allow-self-judging"] if allowed else []
    result = run_cli(*words(server, questions, *more, "--format", "json"))
    assert result.code == 0, result
    part = part_of(result)
    compared_by = {(p["model_a"][11:], p["model_b"][11:]): p["win_rate"]["n"] // UNITS for p in part["pairs"]}
    alone = 2 if allowed else 1
    assert compared_by == {("good", "poor"): 2, ("good", "solar-model"): alone, ("poor", "solar-model"): alone}
    assert part["planned"] == 2 * UNITS * (2 + 2 * alone)


# ── stopping and money ──


def started(tmp_path: Path, command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", *command],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def waited(process: subprocess.Popen[str], there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not there() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)


def test_a_run_killed_among_its_comparisons_buys_nothing_twice(run_cli, tmp_path, questions):
    with ModelServer(latency_s=0.05) as server:
        furnish(server)
        command = words(server, questions, "--pairwise", "all")
        process = started(tmp_path, command)
        waited(process, lambda: len(compared(server)) >= UNITS)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = bought(server)
        finished = run_cli(*command, "--format", "json")
        assert finished.code == 0, finished
        assert part_of(finished)["pairs"][0]["wins"] == UNITS
        twice = {work: n for work, n in bought(server).items() if n > 1}
        # What was on its way at the kill cannot be known to have been delivered.
        assert len(twice) <= 3, f"{len(twice)} of {len(before)} delivered before the kill were bought again"
        assert len(compared(server)) - len(twice) == 2 * UNITS


def test_ctrl_c_among_the_comparisons_keeps_them_and_the_same_command_continues(run_cli, tmp_path, questions):
    with ModelServer(latency_s=0.1) as server:
        furnish(server)
        command = words(server, questions, "--pairwise", "all")
        process = started(tmp_path, command)
        waited(process, lambda: len(compared(server)) >= 2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "Traceback" not in err
        assert 2 <= len(compared(server)) < 2 * UNITS, err
        stopped = run_cli("report", "r", "--format", "json")
        assert json.loads(stopped.out)["status"] == "incomplete"
        assert part_of(stopped)["failures"]["pending"] > 0
        assert run_cli(*command).code == 0
        assert set(bought(server).values()) == {1}


def test_a_cap_on_the_cost_holds_for_comparisons_too(run_cli, tmp_path, server, questions):
    models = [f"compatible:{name}@{server.openai_url}" for name in ("good", "poor")]
    judge = f"compatible:judge@{server.openai_url}"
    short = {"max_output_tokens": 100}
    plan: dict[str, Any] = {
        "models": models,
        "judges": [judge],
        "questions": [str(questions)],
        "generation": short,
        "judging": short,
        "endpoints": {spec: {"price": {"input": 100.0, "output": 100.0}} for spec in (*models, judge)},
    }
    assert run_cli("run", write_plan(tmp_path / "a.yaml", **plan)).code == 0
    stopped = run_cli("run", write_plan(tmp_path / "b.yaml", **plan, pairwise="all"), "--max-cost", "0.5")
    assert stopped.code == 3, stopped
    sold = len(compared(server))
    assert 0 < sold < 2 * UNITS, stopped
    done = run_cli("run", tmp_path / "b.yaml", "--max-cost", "50", "--format", "json")
    assert done.code == 0, done
    assert len(compared(server)) == 2 * UNITS
    with sqlite3.connect(tmp_path / "kojudge.db") as connection:
        (paid,) = connection.execute(
            "select sum(cost_usd) from completions join askings on asking_id = askings.id where role = 'pairwise'"
        ).fetchone()
    connection.close()
    assert part_of(done)["cost_usd"] == pytest.approx(paid)
    assert part_of(done)["usage"]["calls"] == 2 * UNITS


def test_a_dry_run_says_how_many_comparisons_and_what_they_cost(run_cli, server, questions):
    result = run_cli(*words(server, questions, "--pairwise", "all", "--judge-repeats", "3", "--dry-run"))
    assert result.code == 0, result
    (line,) = [line for line in result.out.splitlines() if line.startswith("  pairwise")]
    assert f"{3 * 2 * UNITS} comparisons, both orders, about " in line, result
    assert not server.delivered


# ── wrong use ──


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--pairwise", "compatible:unknown"], "name one of compatible:good, compatible:poor, or all"),
        (["--pairwise", "all", "--batch"], "comparisons are asked live only"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_line(run_cli, server, questions, more, said):
    result = run_cli(*words(server, questions, *more))
    assert result.code == 2, result
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1, result


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["-m", "scripted:good", "-m", "scripted:weak", "-j", "scripted:rules"], "needs a judge that is a model"),
        (["-m", "scripted:good", "-j", "solar:solar-pro4"], "two models or more"),
    ],
)
def test_pairs_need_two_models_and_a_judge_that_is_one(run_cli, given, said):
    result = run_cli("run", *given, "--pairwise", "all", env={"UPSTAGE_API_KEY": "k"})
    assert result.code == 2, result
    assert said in result.err
