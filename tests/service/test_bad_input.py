"""Whatever is wrong: status 2, one line on stderr that helps, no traceback, nothing half-written."""

import sqlite3
from pathlib import Path

import pytest

JUDGE = ["-j", "scripted:rules"]
GOOD = ["-m", "scripted:good", *JUDGE]


def refused(result, *words: str) -> None:
    assert result.code == 2, result
    assert "Traceback" not in result.err, result
    assert len(result.err.strip().splitlines()) == 1, result
    for word in words:
        assert word in result.err, result


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("gpt-4", ("PROVIDER:MODEL",)),
        ("opnai:gpt", ("unknown provider", "openai")),
        ("openai:", ("PROVIDER:MODEL",)),
        ("openai:gpt-6-luna", ("OPENAI_API_KEY",)),
        ("solar:solar-pro4", ("UPSTAGE_API_KEY",)),
        ("compatible:m", ("address",)),
        ("vllm:m@gpu1:8000/v1", ("http://",)),
        ("compatible:m@http://user:secret@host/v1", ("environment",)),
        ("compatible:m@http://127.0.0.1:9/v1", ("cannot reach", "running")),
        ("ollama:m@http://127.0.0.1:9", ("ollama serve",)),
        ("scripted:nobody", ("good",)),
        ("replay:nowhere", ("does not exist",)),
    ],
)
def test_model_specs(run_cli, tmp_path, spec, words):
    result = run_cli("run", "-m", spec, *JUDGE)
    refused(result, *words)
    assert "secret" not in result.err
    assert not list(tmp_path.glob("*.db")) or run_cli("runs", "--format", "json").out.strip().endswith("[]\n}")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: [scripted:good\n", ("plan.yaml:",)),
        ("modles: [scripted:good]\njudges: [scripted:rules]\n", ("plan.yaml:1", "models")),
        ("models: [scripted:good]\n", ("judges:", "-j")),
        ("models: [scripted:good]\njudges: [scripted:rules]\nsamples: many\n", ("plan.yaml:3", "samples")),
        ("models: [scripted:good]\njudges: [nobody:x]\n", ("plan.yaml:2", "judges")),
        ("models: [scripted:good]\njudges: [scripted:rules]\nquestions: [nowhere.yaml]\n", ("nowhere.yaml",)),
        ("models: [scripted:good]\njudges: [scripted:rules]\nrubric: nothing\n", ("rubric",)),
        ("models: &a [*a]\njudges: [scripted:rules]\n", ("plan.yaml:1",)),
        ("- a\n- b\n", ("plan.yaml",)),
        ("", ("empty",)),
        ("models: [scripted:good]\nmodels: [scripted:weak]\njudges: [scripted:rules]\n", ("plan.yaml:2",)),
    ],
)
def test_plans(run_cli, tmp_path, text, words):
    (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
    refused(run_cli("run", "plan.yaml"), *words)
    assert not list(tmp_path.glob("*.db"))


def test_missing_parts_of_the_command_line(run_cli):
    refused(run_cli("run"), "-m")
    refused(run_cli("run", "-m", "scripted:good"), "-j")
    refused(run_cli("run", "no-such-plan.yaml"), "no-such-plan.yaml")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b'{"id": 1, "category": "a", "quest',
        b'{"id": 1, "category": "a", "questions": []}\n',
        b"[]\n",
    ],
)
def test_question_files(run_cli, tmp_path, content):
    (tmp_path / "q.jsonl").write_bytes(content)
    refused(run_cli("run", *GOOD, "-q", "q.jsonl"), "q.jsonl")
    refused(run_cli("questions", "show", "q.jsonl"), "q.jsonl")


def test_an_unknown_set_names_the_nearest(run_cli):
    refused(run_cli("questions", "show", "startr"), "starter")


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://user:secret@host/db", "sqlite://", "sqlite:///no/such/folder/k.db"]
)
def test_database_urls(run_cli, url):
    result = run_cli("run", *GOOD, "--database", url)
    refused(result)
    assert "secret" not in result.err


def test_reading_a_database_that_is_not_there_makes_none(run_cli, tmp_path):
    refused(run_cli("runs"), "kojudge demo")
    refused(run_cli("report", "x"), "kojudge demo")
    assert not list(tmp_path.glob("*.db"))


def test_a_file_that_is_no_database_is_left_alone(run_cli, tmp_path):
    notes = tmp_path / "notes.db"
    notes.write_text("내 메모", encoding="utf-8")
    refused(run_cli("run", *GOOD, "--database", "sqlite:///notes.db"), "notes.db")
    assert notes.read_text(encoding="utf-8") == "내 메모"


def test_another_programs_database_is_left_alone(run_cli, tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE photos (id INTEGER)")
    refused(run_cli("run", *GOOD, "--database", "sqlite:///other.db"), "other tables")


def test_a_database_of_a_newer_version_is_left_alone(run_cli, tmp_path):
    assert run_cli("demo", "--quick").code == 0
    with sqlite3.connect(tmp_path / "kojudge.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused(run_cli("runs"), "newer version", "upgrade")


def test_unknown_run_and_conversation(run_cli):
    assert run_cli("demo", "--quick").code == 0
    refused(run_cli("report", "nobody"), "demo")
    refused(run_cli("show", "demo", "nothing"), "math-1")


def test_debug_shows_the_traceback(run_process):
    result = run_process("run", "-m", "opnai:x", *JUDGE, "--debug")
    assert "Traceback" in result.err
    assert "opnai" in result.err


def test_report_into_a_folder_that_does_not_exist(run_cli, tmp_path: Path):
    assert run_cli("demo", "--quick").code == 0
    refused(run_cli("report", "demo", "--format", "html", "--output", "no/such/file.html"), "cannot write")
