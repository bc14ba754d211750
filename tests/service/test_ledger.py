"""The ledger and the streaming plan through whole runs: bought once, kept once, read back as it was."""

import json
import random
import sqlite3
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.store import Store
from service.store.resume import conversation_state
from service.store.writes import TurnKey, insert_run, save_answer
from tests.servers.model_server import ModelServer
from tests.service.support import bought, logickor_questions, specs, write_jsonl


def exported(run_cli, tmp_path: Path, run: str) -> list[dict]:
    result = run_cli("export", "jsonl", run, tmp_path / "out")
    assert result.code == 0, result
    lines = (tmp_path / "out" / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_same_words_under_two_ids_are_bought_once(run_cli, tmp_path: Path):
    with ModelServer(latency_s=0.05) as server:
        twins = "".join(
            f"  - {{id: q{n}, category: 가, turns: [{{prompt: 같은 질문입니다.}}, {{prompt: 더 짧게.}}]}}\n"
            for n in range(6)
        )
        (tmp_path / "twins.yaml").write_text(f"set: twins\nquestions:\n{twins}", encoding="utf-8")
        result = run_cli("run", *specs(server), "-q", "twins.yaml", "--name", "r", "--format", "json")
        assert result.code == 0, result
        candidate = [r for r in server.delivered if r.model == "candidate"]
        assert len(candidate) == 2, [r.prompt for r in candidate]
        assert set(bought(server).values()) == {1}
    conversations = exported(run_cli, tmp_path, "r")
    assert len(conversations) == 6
    assert len({json.dumps([t["answer"] for t in c["turns"]]) for c in conversations}) == 1
    assert all(v["status"] == "ok" for c in conversations for v in c["verdicts"])


def test_a_reply_of_no_use_is_bought_once_for_all_who_share_it_and_again_on_resume(run_cli, tmp_path: Path):
    with ModelServer(latency_s=0.02) as server:
        server.behave("candidate", "손님 수를 셉니다.")
        server.behave("judge", "이 답변은 대체로 훌륭합니다.")
        (tmp_path / "one.yaml").write_text(
            "set: one\nquestions:\n  - {id: q, category: 가, turns: [{prompt: 같은 질문입니다.}]}\n", encoding="utf-8"
        )
        server.behave("other", "손님 수를 셉니다.")
        words = [*specs(server), "-m", f"compatible:other@{server.openai_url}", "-q", "one.yaml", "--name", "r"]
        assert run_cli("run", *words).code == 1
        assert sum(r.model == "judge" for r in server.delivered) == 2, "asked, and asked once more"
        server.behave("judge", "점수: 7")
        assert run_cli("resume", "r").code == 0
        assert sum(r.model == "judge" for r in server.delivered) == 3


def test_what_a_model_said_stands_once_on_disk_and_comes_back_whole(run_cli, model_server, tmp_path: Path):
    said = "상자를 하나씩 세어 보면 모두 서른두 개입니다. " * 60
    model_server.behave("candidate", said)
    questions = write_jsonl(tmp_path / "questions.jsonl", logickor_questions(4))
    result = run_cli("run", *specs(model_server), "-q", questions, "--name", "r")
    assert result.code == 0, result
    assert {t["answer"] for c in exported(run_cli, tmp_path, "r") for t in c["turns"]} == {said}
    with sqlite3.connect(tmp_path / "kojudge.db") as database:
        assert database.execute("SELECT count(*) FROM completions").fetchone()[0] == 16
        assert database.execute("SELECT count(*) FROM askings").fetchone()[0] == 2
        kept = database.execute("SELECT sum(length(CAST(text AS BLOB))) FROM completions").fetchone()[0]
    assert kept < 8 * len(said.encode()) / 10, f"{kept} bytes for eight answers of {len(said.encode())}"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])).map(lambda t: t * 40))
def test_any_text_comes_back_as_it_was(tmp_path_factory, text: str):
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('db')}/k.db")
    with store.transaction() as connection:
        run = insert_run(connection, name="r", kind="x", plan=_plan(), questions=(), code_version="")
        save_answer(TurnKey(run, 0, 0, 0, 1), "ok", text=text)(connection)
    with store.read() as connection:
        assert conversation_state(connection, run, 0, 0, 0).answers[1].text == text
    store.close()


@pytest.mark.parametrize(
    "forged",
    [
        b"no zstd at all",
        b"\x28\xb5\x2f\xfd\xe0" + (1 << 50).to_bytes(8, "little") + b"\x01\x00\x00",
        zstandard.compress(b"\xff\xfe" * 400),
        zstandard.compress("가".encode() * 400)[:-3],
    ],
)
def test_a_text_that_somebody_forged_is_one_clear_error(run_cli, tmp_path: Path, forged: bytes):
    assert run_cli("demo", "--quick").code == 0
    with sqlite3.connect(tmp_path / "kojudge.db") as database:
        database.execute("UPDATE completions SET text = ?", (forged,))
    result = run_cli("show", "demo", "math-1")
    assert result.code == 2, result
    assert result.err.count("\n") == 1, result
    assert "damaged or forged" in result.err


def _plan():
    from service.plan import PlanFile, freeze

    return freeze(PlanFile(models=("scripted:good",), judges=("scripted:rules",)), {}).plan


MANY = 1300
"""More than are read at a time."""


@pytest.fixture
def finished(run_cli, tmp_path: Path) -> Path:
    """The database of a finished run of many conversations in two samples."""
    rows = [
        {**row, "outputs": [f"{row['id']}번 손님 수를 셉니다.", "시간을 곱합니다. 값을 곱합니다."]}
        for row in logickor_questions(MANY)
    ]
    write_jsonl(tmp_path / "recorded.jsonl", rows)
    words = ["-m", "replay:recorded.jsonl", "-j", "scripted:rules", "--name", "r", "--samples", "2"]
    result = run_cli("run", *words, "--format", "json")
    assert result.code == 0, result
    assert json.loads(result.out)["models"][0]["overall"]["n"] == MANY * 2 * 2
    return tmp_path / "kojudge.db"


def test_a_run_of_many_questions_is_continued_wherever_it_has_holes(run_cli, finished: Path):
    draw = random.Random(5)
    holes = [(0, 0), (511, 1), (512, 0), (MANY - 1, 1), *((draw.randrange(MANY), draw.randrange(2)) for _ in range(20))]
    with sqlite3.connect(finished) as database:
        before = database.execute("SELECT count(*) FROM completions").fetchone()[0]
        here = "question = ? AND sample = ?"
        database.executemany(f"DELETE FROM verdicts WHERE {here} AND turn = 2", holes)
        database.executemany(f"DELETE FROM answers WHERE {here} AND turn = 2", holes[::2])
        database.executemany(f"UPDATE verdicts SET status = 'unparsed', score = NULL WHERE {here}", holes[::3])
        database.execute("DELETE FROM verdicts WHERE question BETWEEN 600 AND 1250")
        database.execute("DELETE FROM answers WHERE question BETWEEN 700 AND 1250")
    shown = json.loads(run_cli("runs", "--format", "json").out)["runs"][0]
    assert shown["status"] == "incomplete", shown
    resumed = run_cli("resume", "r", "--format", "json")
    assert resumed.code == 0, resumed
    (model,) = json.loads(resumed.out)["models"]
    assert (model["overall"]["n"], model["overall"]["failed"]) == (MANY * 2 * 2, 0)
    with sqlite3.connect(finished) as database:
        assert database.execute("SELECT count(*) FROM completions").fetchone()[0] == before, "answers were made again"
    assert "complete; nothing is left" in run_cli("resume", "r").err


def test_one_conversation_of_many_is_shown(run_cli, finished: Path):
    shown = run_cli("show", "r", "recorded#1207#1", "--format", "json")
    assert shown.code == 0, shown
    (conversation,) = json.loads(shown.out)["conversations"]
    assert (conversation["question_id"], conversation["sample"]) == ("1207", 1)
    assert len(json.loads(run_cli("show", "r", "1207", "--format", "json").out)["conversations"]) == 2
    missing = run_cli("show", "r", "recorded#5000")
    assert missing.code == 2, missing
    assert "no conversation" in missing.err
