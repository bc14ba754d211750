"""Juries through the command line: several judges, failures of one, families, resumption."""

import csv
import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.servers.model_server import ModelServer
from tests.servers.pairwise_judge import pairwise_judge
from tests.service.processes import Running, wait_until
from tests.service.support import bought, logickor_questions, write_jsonl


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(3))


def verdict(score: int) -> str:
    return f"평가: 물음에 맞게 답했다.\n점수: {score}"


def jury_of(server: ModelServer, *names: str, model: str = "candidate") -> list[str]:
    words = ["-m", f"compatible:{model}@{server.openai_url}"]
    for name in names:
        words += ["-j", f"compatible:{name}@{server.openai_url}"]
    return words


def report_of(result: Any) -> dict[str, Any]:
    assert result.out.startswith("{"), result
    return json.loads(result.out)


@pytest.mark.parametrize(("rule", "mean"), [(None, 6.0), ("median", 7.0), ("majority", 7.0)])
def test_a_jury_gives_one_verdict_on_each_answer(run_cli, model_server: ModelServer, questions, rule, mean):
    for name, score in (("strict", 4), ("kind", 7), ("kinder", 7)):
        model_server.behave(name, verdict(score))
    chosen = ["--jury", rule] if rule else []
    done = run_cli("run", *jury_of(model_server, "strict", "kind", "kinder"), *chosen, "-q", questions, "-f", "json")
    assert done.code == 0, done
    report = report_of(done)
    (model,) = report["models"]
    assert (model["overall"]["mean"], model["overall"]["n"], model["overall"]["failed"]) == (mean, 6, 0)
    assert report["jury"]["how"] == (rule or "mean")
    assert [(m["mean"], m["n"]) for m in report["jury"]["members"]] == [(4.0, 6), (7.0, 6), (7.0, 6)]
    assert report["jury"]["dispersion"]["sd"]["mean"] == pytest.approx(3**0.5)
    shown = run_cli("report", report["run"])
    assert "of the jury" in shown.out, shown
    assert "standard deviation of 1.73" in shown.out, shown


def test_a_member_that_fails_leaves_verdicts_incomplete_until_it_is_mended(run_cli, model_server, questions):
    model_server.behave("kind", verdict(8))
    model_server.behave("broken", "점수를 줄 수 없습니다.")
    words = ["run", *jury_of(model_server, "kind", "broken"), "-q", questions, "--name", "r", "-f", "json"]
    first = run_cli(*words)
    assert first.code == 1, first
    (model,) = report_of(first)["models"]
    assert (model["overall"]["mean"], model["overall"]["n"], model["overall"]["failed"]) == (None, 0, 6)
    assert model["failures"] == {"incomplete": 6}
    before = {work for work in bought(model_server) if '"kind"' in work}
    model_server.behave("broken", verdict(2))
    again = run_cli("resume", "r", "-f", "json")
    assert again.code == 0, again
    (model,) = report_of(again)["models"]
    assert (model["overall"]["mean"], model["overall"]["n"]) == (5.0, 6)
    assert {work: n for work, n in bought(model_server).items() if '"kind"' in work} == dict.fromkeys(before, 1)


def test_a_jury_without_a_majority_is_not_sent_to_resume(run_cli, model_server, questions):
    model_server.behave("strict", verdict(2))
    model_server.behave("kind", verdict(8))
    words = [*jury_of(model_server, "strict", "kind"), "--jury", "majority", "-q", questions, "-f", "json"]
    done = run_cli("run", *words)
    assert done.code == 1, done
    assert report_of(done)["jury"]["undecided"] == 6, done
    assert "6 verdicts have no majority" in done.err, done
    assert "resume" not in done.err, done


def test_an_export_of_a_broken_jury_never_takes_the_word_of_one_member(run_cli, model_server, tmp_path, questions):
    model_server.behave("broken", "점수를 줄 수 없습니다.")
    model_server.behave("kind", verdict(8))
    run_cli("run", *jury_of(model_server, "kind", "broken"), "-q", questions, "--name", "r")
    for layout in ("logickor", "csv"):
        assert run_cli("export", layout, "r", tmp_path / layout).code == 0
    rows = logickor_rows(tmp_path / "logickor")
    assert len(rows) == 3, rows
    assert not any("query_single" in row or "query_multi" in row for row in rows), rows
    with (tmp_path / "csv" / "verdicts.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert {row["rubric"] for row in csv.DictReader(lines)} == {"turn-0-10"}


def logickor_rows(folder: Path) -> list[dict[str, Any]]:
    (file,) = folder.glob("**/*.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_logickors_layout_holds_the_jurys_verdict_and_the_reasons_of_all(run_cli, model_server, tmp_path, questions):
    for name, score in (("strict", 4), ("kind", 7)):
        model_server.behave(name, f"평가: {name}의 이유.\n점수: {score}")
    run_cli("run", *jury_of(model_server, "strict", "kind"), "--judge-repeats", "2", "-q", questions, "--name", "r")
    assert run_cli("export", "logickor", "r", tmp_path / "out").code == 0
    for row in logickor_rows(tmp_path / "out"):
        for query in (row["query_single"], row["query_multi"]):
            assert query["judge_score"] == 5.5, row
            said = query["judge_message"]
            assert said == "[compatible:strict: 4]\nstrict의 이유.\n\n[compatible:kind: 7]\nkind의 이유.", row


def test_fastchats_layout_holds_the_jurys_verdict_and_comes_in_again(run_cli, model_server, tmp_path, questions):
    for name, score in (("strict", 4), ("kind", 7)):
        model_server.behave(name, f"평가: {name}의 이유.\n점수: {score}")
    run_cli("run", *jury_of(model_server, "strict", "kind"), "-q", questions, "--name", "r")
    assert run_cli("export", "mtbench", "r", tmp_path / "out").code == 0
    (file,) = (tmp_path / "out" / "model_judgment").iterdir()
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert (file.name, len(rows)) == ("jury-mean_single.jsonl", 6)
    assert {(row["score"], row["judge"][0]) for row in rows} == {(5.5, "jury-mean")}
    assert all("[compatible:kind: 7]" in row["judgment"] for row in rows), rows
    assert run_cli("import", "mtbench", tmp_path / "out", "--name", "again").code == 0
    (model,) = report_of(run_cli("report", "again", "-f", "json"))["models"]
    assert (model["overall"]["mean"], model["overall"]["n"]) == (5.5, 6)


def test_comparisons_of_a_jury_have_no_place_in_fastchats_layout(run_cli, model_server, tmp_path, questions):
    for name in ("strict", "kind"):
        model_server.behave(name, pairwise_judge(lambda first, second: "tie"))
    words = [*jury_of(model_server, "strict", "kind"), "-m", f"compatible:second@{model_server.openai_url}"]
    model_server.behave("second", "두 번째 모델의 답변입니다.")
    done = run_cli("run", *words, "-q", questions, "--name", "r", "--pairwise", "all")
    assert done.code in (0, 1), done
    refused = run_cli("export", "mtbench", "r", tmp_path / "out")
    assert refused.code == 2, refused
    assert "comparisons by several judges" in refused.err, refused
    assert len(refused.err.strip().splitlines()) == 1, refused
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("rule", "score"), [("mean", 6.0), ("median", 7.0), ("majority", 7.0)])
def test_a_conversation_tells_the_jurys_own_verdict_and_repeats(run_cli, model_server, questions, rule, score):
    for name, given in (("strict", 4), ("kind", 7), ("kinder", 7)):
        model_server.behave(name, verdict(given))
    words = [*jury_of(model_server, "strict", "kind", "kinder"), "--jury", rule, "--judge-repeats", "2"]
    assert run_cli("run", *words, "-q", questions, "--name", "r").code == 0
    (conversation,) = json.loads(run_cli("show", "r", "1", "-f", "json").out)["conversations"]
    whole = {"status": "ok", "score": score, "lacking": []}
    assert conversation["jury"] == [{"turn": t, "repeat": r, **whole} for t in (1, 2) for r in (0, 1)]
    shown = run_cli("show", "r", "1").out
    for line in (
        f"배심 1 · 반복 1 · {score:g}",
        "판정 2 · compatible:kind · 반복 0 · 7",
        "compatible:kind · 반복 1 · 7",
    ):
        assert line in shown, shown


def test_a_conversation_tells_who_lacks_of_a_jury(run_cli, model_server, questions):
    model_server.behave("kind", verdict(8))
    model_server.behave("broken", "점수를 줄 수 없습니다.")
    run_cli("run", *jury_of(model_server, "kind", "broken"), "-q", questions, "--name", "r")
    (conversation,) = json.loads(run_cli("show", "r", "1", "-f", "json").out)["conversations"]
    lacking = [{"judge": "compatible:broken", "status": "unparsed"}]
    common = {"repeat": 0, "status": "incomplete", "score": None, "lacking": lacking}
    assert conversation["jury"] == [{"turn": 1, **common}, {"turn": 2, **common}]
    shown = run_cli("show", "r", "1").out
    assert "배심 1 · incomplete\n점수가 없는 심판: compatible:broken (unparsed)" in shown, shown
    assert "반복" not in shown, shown


def test_a_conversation_tells_that_there_is_no_majority(run_cli, model_server, questions):
    model_server.behave("strict", verdict(2))
    model_server.behave("kind", verdict(8))
    run_cli("run", *jury_of(model_server, "strict", "kind"), "--jury", "majority", "-q", questions, "--name", "r")
    assert "배심 1 · incomplete\n모든 심판이 점수를 주었으나 과반이 없음" in run_cli("show", "r", "1").out


def test_one_judge_is_no_jury(run_cli, model_server, questions, tmp_path):
    refused = run_cli("run", *jury_of(model_server, "kind"), "--jury", "median", "-q", questions)
    assert refused.code == 2, refused
    assert refused.err.count("\n") == 1, refused
    assert "--jury median" in refused.err, refused
    assert "name another with -j" in refused.err, refused
    assert not (tmp_path / "kojudge.db").exists()
    assert not model_server.requests


def test_nobody_grades_its_own_family_in_a_jury(run_cli, model_server, questions):
    for name in ("exaone-judge", "qwen-judge", "solar-judge"):
        model_server.behave(name, verdict(6))
    for name in ("exaone-7b", "other"):
        model_server.behave(name, "손님 수에 값을 곱합니다.")
    names = ("exaone-judge", "qwen-judge", "solar-judge")
    words = [*jury_of(model_server, *names, model="exaone-7b"), "-m", f"compatible:other@{model_server.openai_url}"]
    done = run_cli("run", *words, "-q", questions, "-f", "json")
    assert done.code == 0, done
    assert "exaone-judge and compatible:exaone-7b are of one family (lg)" in done.err, done.err
    report = report_of(done)
    assert [(m["overall"]["n"], m["overall"]["failed"]) for m in report["models"]] == [(6, 0)] * 2
    assert [pair["family"] for pair in report["jury"]["excluded"]] == ["lg"]
    assert [m["n"] for m in report["jury"]["members"]] == [6, 12, 12]
    assert "no rank is given" in run_cli("report", report["run"]).out
    assert [m["rank"] for m in report["models"]] == [None, None]
    told = run_cli("run", *words, "-q", questions, "--allow-self-judging", "-f", "json")
    assert [m["n"] for m in report_of(told)["jury"]["members"]] == [12, 12, 12], told


def test_a_single_judge_of_the_family_judges_and_is_told_of(run_cli, model_server, questions):
    model_server.behave("qwen-judge", verdict(6))
    model_server.behave("qwen3-8b", "손님 수에 값을 곱합니다.")
    done = run_cli("run", *jury_of(model_server, "qwen-judge", model="qwen3-8b"), "-q", questions, "-f", "json")
    assert done.code == 0, done
    assert "its scores of that model may be too kind" in done.err, done.err
    assert report_of(done)["jury"] is None


def test_the_plan_of_a_jury_says_what_it_will_cost(run_cli, model_server, questions):
    words = jury_of(model_server, "exaone-judge", "qwen-judge", model="exaone-7b")
    done = run_cli("run", *words, "-q", questions, "--dry-run")
    assert done.code == 0, done
    assert [line.split(":")[-1].split()[0] for line in done.out.splitlines() if "verdicts" in line] == ["0", "6"], done


def test_the_order_of_judges_makes_no_other_jury(run_cli, model_server, questions):
    for name in ("strict", "kind"):
        model_server.behave(name, verdict(6))
    keys = [
        report_of(run_cli("run", *jury_of(model_server, *names), "-q", questions, "-f", "json"))["comparability_key"]
        for names in (("strict", "kind"), ("kind", "strict"))
    ]
    assert keys[0] == keys[1]


def test_leave_to_judge_oneself_counts_only_where_somebody_is_related(run_cli, model_server, questions):
    for name in ("qwen-judge", "kind"):
        model_server.behave(name, verdict(6))
    model_server.behave("qwen3-8b", "손님 수에 값을 곱합니다.")

    def key(model: str, *more: str) -> str:
        words = jury_of(model_server, "qwen-judge", "kind", model=model)
        return report_of(run_cli("run", *words, "-q", questions, *more, "-f", "json"))["comparability_key"]

    assert key("candidate") == key("candidate", "--allow-self-judging")
    assert key("qwen3-8b") != key("qwen3-8b", "--allow-self-judging")
    named = [*jury_of(model_server, "qwen-judge", "kind"), "-q", questions, "--name", "r"]
    before = bought(model_server)
    for more in ([], ["--allow-self-judging"]):
        done = run_cli("run", *named, *more)
        assert done.code == 0, done
    assert bought(model_server) == before, "the same run, and everything is bought already"


def test_a_jury_killed_at_work_is_resumed_and_nothing_stands_twice_in_the_ledger(run_cli, tmp_path):
    questions = write_jsonl(tmp_path / "many.jsonl", logickor_questions(12))
    with ModelServer(("candidate", "strict", "kind"), latency_s=0.05) as server:
        for name, score in (("strict", 4), ("kind", 7)):
            server.behave(name, verdict(score))
        words = ["run", *jury_of(server, "strict", "kind"), "-q", questions, "--name", "r", "--concurrency", "4"]
        with Running(tmp_path, *words) as running:
            wait_until(lambda: sum(r.model == "kind" for r in server.delivered) >= 12, "judged", running)
            running.signal(signal.SIGKILL)
            running.end()
        before = bought(server)
        done = run_cli(*words, "-f", "json")
        assert done.code == 0, done
        report = report_of(done)
        (model,) = report["models"]
        assert (model["overall"]["mean"], model["overall"]["n"], model["overall"]["failed"]) == (5.5, 24, 0)
        assert model["usage"]["judge"]["calls"] == 48
        assert [m["n"] for m in report["jury"]["members"]] == [24, 24]
        again = {work for work, times in bought(server).items() if times > 1}
        # What was on its way at the kill, to three endpoints, cannot be known to have been delivered.
        assert len(again) <= 3 * 6 < len(before), (len(again), len(before))
    with sqlite3.connect(tmp_path / "kojudge.db") as connection:
        rows, keys = connection.execute("SELECT count(*), count(DISTINCT work_key) FROM completions").fetchone()
    assert (rows, keys) == (72, 72)
