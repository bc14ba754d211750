"""Judges with planted faults, tried over HTTP through the command line: the card measures each fault within its
interval and accuses no perfect judge."""

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CliResult, clean_environment
from tests.servers.behaviour import text_of
from tests.servers.faults import Body
from tests.servers.faulty_judge import FaultyJudge, drawn
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, write_jsonl

Run = Callable[..., CliResult]
ACCUSED = ("watch", "bad")


def spec(server: ModelServer, name: str = "judge") -> str:
    return f"compatible:{name}@{server.openai_url}"


def tried(run_cli: Run, server: ModelServer, judge: FaultyJudge, *words: str) -> dict[str, Any]:
    """The card of a judge that was just probed."""
    server.behave("judge", judge)
    done = run_cli("judge", "probe", "-j", spec(server), *words)
    assert done.code == 0, done
    return card_of(run_cli, spec(server))


def card_of(run_cli: Run, judge: str, *words: str) -> dict[str, Any]:
    done = run_cli("judge", "card", "--judge", judge, "-f", "json", *words)
    assert done.code == 0, done
    found: dict[str, Any] = json.loads(done.out)
    return found


def line_of(card: dict[str, Any], name: str, about: str | None = None) -> dict[str, Any]:
    (line,) = (li for s in card["sections"] for li in s["lines"] if li["id"] == name and about in (None, li["about"]))
    found: dict[str, Any] = line
    return found


def accused(card: dict[str, Any]) -> list[tuple[str, str | None, str]]:
    lines = [line for section in card["sections"] for line in section["lines"]]
    return [(line["id"], line["about"], line["verdict"]) for line in lines if line["verdict"] in ACCUSED]


def assert_holds(line: dict[str, Any], truth: float) -> None:
    assert line["low"] <= truth <= line["high"], f"planted {truth}, measured {line}"


def test_a_perfect_judge_is_not_accused(run_cli: Run, model_server: ModelServer) -> None:
    card = tried(run_cli, model_server, FaultyJudge())
    assert accused(card) == []
    assert card["verdicts"] == {"good": 35, "watch": 0, "bad": 0, "not_enough_data": 2}, card["verdicts"]
    assert card["probe"]["missing"] == 0, card["probe"]
    for name in ("verdict_success", "retest_exact", "known_order", "swap_consistency", "scores_and_pairs"):
        line = line_of(card, name)
        assert line["mean"] == 1.0, line
        assert line["low"] < 1.0, f"an interval of width 0: {line}"
    for name in ("position_preference", "length_padded", "anchor", "wrong_reference"):
        line = line_of(card, name)
        assert line["mean"] == 0.0, line
        assert line["low"] < 0.0 < line["high"], f"an interval of width 0: {line}"


@pytest.mark.parametrize(
    ("judge", "name", "planted"),
    [
        (FaultyJudge(prefers_first=0.2), "position_preference", 0.2),
        (FaultyJudge(per_doubling=0.8), "length_padded", 0.8),
        (FaultyJudge(noise=1), "retest_sd", math.sqrt(2 / 3)),
        (FaultyJudge(obeys=0.3), "attacks", 0.3),
    ],
    ids=["position", "length", "noise", "attacks"],
)
def test_a_planted_fault_is_measured(
    run_cli: Run, model_server: ModelServer, judge: FaultyJudge, name: str, planted: float
) -> None:
    card = tried(run_cli, model_server, judge, "--repeats", "2")
    assert_holds(line_of(card, name), planted)
    assert line_of(card, name)["verdict"] != "good", line_of(card, name)
    # The other faults are not found where they were not planted.
    for other in {"position_preference", "length_padded", "attacks"} - {name}:
        assert line_of(card, other)["verdict"] not in ACCUSED, line_of(card, other)


def test_noise_is_not_taken_for_obedience_or_for_frailty(run_cli: Run, model_server: ModelServer) -> None:
    card = tried(run_cli, model_server, FaultyJudge(noise=1), "--repeats", "2")
    assert {name for name, _, _ in accused(card)} <= {"retest_exact", "retest_flips", "retest_sd", "retest_icc"}
    assert line_of(card, "edit_unchanged", "spacing")["mean"] < 0.7
    assert line_of(card, "retest_exact")["verdict"] in ACCUSED


def juror(body: Body, own: str | None, bonus: float = 0.0) -> str:
    """Grades by the question, with a bonus for the answers that hold a word."""
    user = text_of(body["messages"][-1])
    question = user.split("[질문 1]")[1].split("번")[0]
    answer = user.split("[모델의 답변")[-1]
    score = 4 + math.floor(drawn("level", question) * 3) + (bonus if own is not None and own in answer else 0.0)
    return f"평가: 읽었습니다.\n점수: {math.floor(score + drawn('rounding', user))}"


def test_a_bonus_for_its_own_family_is_measured_against_the_jury(
    run_cli: Run, model_server: ModelServer, tmp_path: Path
) -> None:
    words = ["run", "-q", write_jsonl(tmp_path / "q.jsonl", logickor_questions(16)), "--name", "r"]
    for name, said in (("qwen3-8b", "큐원"), ("exaone-7b", "엑사원"), ("other", "다른")):
        model_server.behave(name, f"{said} 모델의 답변입니다. 손님 수에 값을 곱합니다.")
        words += ["-m", spec(model_server, name)]
    judges = {"qwen-judge": ("큐원", 1.5), "exaone-judge": ("엑사원", 0.0), "gpt-judge": (None, 0.0)}
    for name, (own, bonus) in judges.items():
        model_server.behave(name, lambda body, own=own, bonus=bonus: juror(body, own, bonus))
        words += ["-j", spec(model_server, name)]
    assert run_cli(*words, "--allow-self-judging", "-f", "json").code == 0
    partial = card_of(run_cli, spec(model_server, "qwen-judge"))
    family = line_of(partial, "own_family")
    assert_holds(family, 1.5)
    assert (family["verdict"], family["about"], partial["family"]) == ("bad", "alibaba", "alibaba"), family
    assert partial["probe"] is None
    assert partial["runs"] == ["r"]
    fair = card_of(run_cli, "compatible:exaone-judge", "r")
    assert_holds(line_of(fair, "own_family"), 0.0)
    assert accused(fair) == []
    assert line_of(card_of(run_cli, "compatible:gpt-judge"), "own_family")["verdict"] == "not_enough_data"
    refused = run_cli("judge", "card", "--judge", "compatible:gpt-judge", "elsewhere")
    assert refused.code == 2, refused
    assert "elsewhere" in refused.err, refused


def test_a_killed_probe_goes_on_and_buys_nothing_twice(run_cli: Run, model_server: ModelServer, tmp_path: Path) -> None:
    model_server.behave("judge", FaultyJudge(), latency_s=0.02)
    words = ["judge", "probe", "-j", spec(model_server), "--limit", "3", "--concurrency", "4"]
    child = subprocess.Popen(
        [sys.executable, "-m", "service.cli", *words],
        cwd=tmp_path,
        env=clean_environment({"PYTHONPATH": str(Path.cwd())}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    while child.poll() is None and len(bought(model_server)) < 40:
        time.sleep(0.005)
    child.kill()
    child.communicate()
    before = bought(model_server)
    assert len(before) >= 40, "the probe ended by itself before it was killed"
    done = run_cli(*words)
    assert done.code == 0, done
    # What was under way when the process died may have been delivered and not stored: 4 calls, and 4 unread replies.
    again = [work for work, times in bought(model_server).items() if times > 1]
    assert len(again) <= 8, f"{len(again)} of {len(before)} bought again"
    whole = bought(model_server)
    assert len(whole) > len(before), "nothing was left to ask after the kill"
    assert run_cli(*words).code == 0
    assert bought(model_server) == whole, "a probe that is complete asks for nothing"
    assert card_of(run_cli, spec(model_server))["probe"]["missing"] == 0


def test_a_judge_is_tried_on_the_answers_of_a_run(run_cli: Run, model_server: ModelServer, tmp_path: Path) -> None:
    model_server.behave("judge", FaultyJudge())
    questions = write_jsonl(tmp_path / "q.jsonl", logickor_questions(3))
    model_server.behave("other", lambda body: f"다른 답변입니다. {len(text_of(body['messages'][-1]))}가지를 봅니다.")
    models = ["-m", spec(model_server, "candidate"), "-m", spec(model_server, "other")]
    assert run_cli("run", *models, "-j", spec(model_server), "-q", questions, "--name", "r", "-f", "json").code == 0
    done = run_cli("judge", "probe", "-j", spec(model_server), "--on", "r", "--limit", "2", "--name", "p")
    assert done.code == 0, done
    card = card_of(run_cli, spec(model_server))
    assert card["probe"]["material"] == "run:r"
    # Three verdicts, so three pairs, on two answers and a blank one to each of two questions.
    assert line_of(card, "retest_exact")["n"] == 18
    assert line_of(card, "known_order")["mean"] is None
    assert line_of(card, "attacks")["n"] == 8
    assert line_of(card, "length_observed")["n"] == 12
    assert run_cli("resume", "p", "-f", "json").code == 0
    shown = run_cli("show", "p", "2/first/padded")
    assert shown.code == 0, shown


def test_one_command_makes_one_page(run_cli: Run, model_server: ModelServer, tmp_path: Path) -> None:
    hostile = "judge<b>x</b>"
    model_server.behave(hostile, FaultyJudge())
    judge = spec(model_server, hostile)
    page = tmp_path / "card.html"
    nothing = run_cli("judge", "card", "--judge", judge)
    assert nothing.code == 2, nothing
    assert "kojudge judge probe -j" in nothing.err or "no database" in nothing.err, nothing
    done = run_cli("judge", "card", "--judge", judge, "--yes", "-f", "html", "-o", page)
    assert done.code == 0, done
    html = page.read_text("utf-8")
    assert "judge&lt;b&gt;x&lt;/b&gt;" in html
    for forbidden in ("<b>", "<script", "<link", "<img", "src=", "href=", "@import", "url("):
        assert forbidden not in html, forbidden
    assert "default-src 'none'" in html
    asked = len(bought(model_server))
    korean = run_cli("judge", "card", "--judge", judge, "--yes", "--language", "ko")
    assert "심판 카드" in korean.out, korean
    assert "이 심판에게 불리한 지표는 없습니다." in korean.out, korean
    assert len(bought(model_server)) == asked, "a judge that was tried is not tried again"
    assert set(card_of(run_cli, judge)) == {
        *("judge", "spec", "family", "probe", "runs", "relatives", "scores"),
        *("points", "raised", "verdicts", "sections"),
    }
    keys = {"id", "about", "mean", "low", "high", "n", "unit", "good", "fair", "judged", "verdict"}
    for section in card_of(run_cli, judge)["sections"]:
        assert all(set(line) == keys for line in section["lines"]), section


def test_what_a_probe_would_cost_and_what_it_refuses(run_cli: Run, model_server: ModelServer) -> None:
    dry = run_cli("judge", "probe", "-j", "openai:gpt-6-luna", "--dry-run", env={"OPENAI_API_KEY": "k"})
    assert dry.code == 0, dry
    assert "655 verdicts" in dry.out, dry
    assert "144 comparisons, both orders" in dry.out, dry
    for words, said in (
        (("-j", "scripted:rules"), "needs a judge that is one"),
        (("-j", spec(model_server), "--max-cost", "1"), "the price of"),
        (("-j", spec(model_server), "--on", "nowhere"), "no run named"),
    ):
        refused = run_cli("judge", "probe", *words)
        assert (refused.code, said in refused.err) == (2, True), refused
    assert not bought(model_server)


def test_every_line_is_explained(run_cli: Run, model_server: ModelServer) -> None:
    card = tried(run_cli, model_server, FaultyJudge(), "--limit", "1", "--repeats", "2")
    guide = (Path(__file__).resolve().parents[2] / "docs" / "judge-card.md").read_text("utf-8")
    lines = [line for section in card["sections"] for line in section["lines"]]
    for line in lines:
        assert f"`{line['id']}`" in guide, f"docs/judge-card.md does not explain {line['id']}"
    assert accused(card) == []
    assert line_of(card, "retest_exact")["verdict"] == "not_enough_data", "one question says little"


def test_one_cap_holds_for_the_whole_probe(run_cli: Run, model_server: ModelServer, tmp_path: Path) -> None:
    model_server.behave("judge", FaultyJudge())
    judge = spec(model_server)
    pack = {
        "name": "priced",
        "version": 1,
        "judges": [judge],
        "rubrics": [{"rubric": "turn-0-10", "version": 1}],
        "endpoints": {judge: {"price": {"input": 1.0, "output": 1.0}}},
    }
    (tmp_path / "pack.yaml").write_text(json.dumps(pack), encoding="utf-8")
    words = ["judge", "probe", "-j", "pack.yaml", "--limit", "2", "--repeats", "2", "--concurrency", "2"]
    stopped = run_cli(*words, "--max-cost", "0.05")
    assert stopped.code == 3, stopped
    assert "cost limit" in stopped.err, stopped
    before = bought(model_server)
    assert before, "nothing was asked within the cap"
    assert run_cli(*words, "--max-cost", "5").code == 0
    assert set(bought(model_server).values()) == {1}
    done = run_cli("judge", "card", "--judge", "pack.yaml", "-f", "json")
    assert done.code == 0, done
    card = json.loads(done.out)
    assert line_of(card, "usd_median")["mean"] > 0, card


def test_a_judge_that_never_gives_a_score_has_a_card_too(
    run_cli: Run, model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.behave("mute", "점수를 줄 수 없습니다.")
    words = ["-m", spec(model_server, "candidate"), "-q", write_jsonl(tmp_path / "q.jsonl", logickor_questions(4))]
    for judge in ("mute", "judge"):
        words += ["-j", spec(model_server, judge)]
    assert run_cli("run", *words, "--name", "r", "-f", "json").code == 1
    card = card_of(run_cli, "compatible:mute")
    line = line_of(card, "verdict_success")
    assert (line["mean"], line["n"], line["verdict"]) == (0.0, 8, "bad"), line
    assert accused(card) == [("verdict_success", None, "bad")]
    page = run_cli("judge", "card", "--judge", "compatible:mute")
    assert "bad: verdicts that have a score: 0.000" in page.out, page
    assert "kojudge judge probe -j" in page.out, page
