"""`--allow-code-execution` through the command line: off, on, refused, interrupted."""

import json
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.running import run as run_program
from tests.servers.model_server import ModelServer
from tests.service.processes import Running, wait_until
from tests.service.support import write_plan

RIGHT = "수를 읽어 두 배로 출력합니다. 한 줄이면 됩니다.\n```python\nprint(int(input()) * 2)\n```"
WRONG = RIGHT.replace("* 2", "* 3")
SLEEPY = "잠깐 기다립니다.\n```python\nimport time\ntime.sleep(600)\n```"
ALLOW = "--allow-code-execution"
SET = {
    "set": "doubling",
    "questions": [
        {
            "id": f"q-{number}",
            "category": "코딩",
            "turns": [
                {
                    "prompt": prompt,
                    "checks": [{"type": "code", "tests": [{"stdin": f"{number}\n", "stdout": str(2 * number)}]}],
                }
            ],
        }
        for number, prompt in ((3, "정수를 읽어 두 배를 출력해 줘."), (4, "입력한 수에 저를 더하는 프로그램은?"))
    ],
}


@pytest.fixture(autouse=True)
def _sandbox_works() -> None:
    run_program("")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_plan(tmp_path / "questions.yaml", **SET)


def words(server: ModelServer, questions: Path, *more: str) -> list[str | Path]:
    model = f"compatible:candidate@{server.openai_url}"
    return ["run", "-m", model, "-j", "scripted:rules", "-q", questions, "--format", "json", *more]


def score(done: Any) -> float:
    assert done.code == 0, done
    return float(json.loads(done.out)["models"][0]["overall"]["mean"])


def test_programs_are_run_only_where_that_is_allowed(run_cli, model_server, questions):
    model_server.behave("candidate", WRONG)
    off = run_cli(*words(model_server, questions))
    assert "2 turns ask for programs, and none is run: --allow-code-execution" in off.err, off
    on = run_cli(*words(model_server, questions, ALLOW))
    assert "none is run" not in on.err, on
    with ModelServer() as other:
        other.behave("candidate", RIGHT)
        right = run_cli(*words(other, questions, ALLOW, "--name", "right"))
    assert (score(on), score(right)) == (0.0, 10.0)
    assert score(off) == 5.0
    keys = [json.loads(done.out)["comparability_key"] for done in (off, on, right)]
    assert keys[0] != keys[1] == keys[2]
    shown = run_cli("show", "right", "q-3")
    assert "검사 1개 중 1개 통과" in shown.out, shown


def test_the_permission_is_part_of_what_a_run_is(run_cli, model_server, questions):
    model_server.behave("candidate", RIGHT)
    assert run_cli(*words(model_server, questions, "--name", "r")).code == 0
    other = run_cli(*words(model_server, questions, "--name", "r", ALLOW))
    assert other.code == 2, other
    assert "different: allow_code_execution" in other.err, other


def test_without_a_program_to_run_the_permission_changes_nothing(run_cli):
    plain = run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", "--dry-run")
    allowed = run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", "--dry-run", ALLOW)
    assert (plain.code, plain.out) == (allowed.code, allowed.out)


def test_the_plan_file_can_allow_it(run_cli, model_server, questions, tmp_path):
    model_server.behave("candidate", RIGHT)
    model = f"compatible:candidate@{model_server.openai_url}"
    plan = {"models": model, "judges": "scripted:rules", "questions": str(questions), "allow_code_execution": True}
    done = run_cli("run", write_plan(tmp_path / "plan.yaml", **plan), "--format", "json")
    assert score(done) == 10.0


def test_a_judge_that_runs_nothing_is_named(run_cli, model_server, questions):
    model, judge = (f"compatible:{name}@{model_server.openai_url}" for name in ("candidate", "judge"))
    done = run_cli("run", "-m", model, "-j", judge, "-q", questions, ALLOW)
    assert done.code == 2, done
    assert "add -j scripted:rules, or leave out --allow-code-execution" in done.err
    quiet = run_cli("run", "-m", model, "-j", judge, "-q", questions, "--dry-run")
    assert "none is run" not in quiet.err, quiet


def test_lint_runs_references_where_it_may(run_cli, tmp_path):
    content = json.loads(json.dumps(SET))
    for question, reference in zip(content["questions"], (RIGHT, WRONG), strict=True):
        question["turns"][0]["reference"] = reference
    path = write_plan(tmp_path / "questions.yaml", **content)
    assert run_cli("questions", "lint", path).out == ""
    done = run_cli("questions", "lint", path, ALLOW)
    assert done.code == 0, done
    (line,) = done.out.splitlines()
    assert "q-4 turn 1: warning [reference] the reference fails the check code: 시험 1개 중 0개 통과" in line


WITHOUT = """\
import ctypes, sys
seccomp = ctypes.CDLL("libseccomp.so.2")
seccomp.seccomp_init.restype = ctypes.c_void_p
rules = ctypes.c_void_p(seccomp.seccomp_init(0x7FFF0000))
for name in {calls}:
    number = seccomp.seccomp_syscall_resolve_name(name)
    assert not seccomp.seccomp_rule_add_array(rules, 0x00050000 | {error}, number, 0, None)
assert not seccomp.seccomp_load(rules)
from service.cli import main
main()
"""


@pytest.mark.parametrize(
    ("calls", "error", "missing"),
    [
        ([b"landlock_create_ruleset"], 38, "this kernel has no Landlock"),
        ([b"landlock_restrict_self"], 1, "Landlock refuses"),
        ([b"landlock_add_rule"], 22, "Landlock refuses a rule"),
        ([b"seccomp", b"prctl"], 22, "the kernel refuses"),
        ([b"landlock_restrict_self"], 0, "the sandbox does not hold"),
    ],
)
def test_where_a_wall_is_missing_nothing_is_run(tmp_path, questions, calls, error, missing):
    with ModelServer() as server:
        server.behave("candidate", RIGHT)
        code = WITHOUT.format(calls=calls, error=error)
        with Running(tmp_path, *words(server, questions, ALLOW), code=code) as run:
            ended = run.end()
        assert ended.code == 2, ended
        assert len(ended.err.splitlines()) == 1, ended
        assert f"programs cannot be run safely here: {missing}" in ended.err, ended
        assert server.requests == []


def test_ctrl_c_leaves_no_program_behind(tmp_path, questions):
    """The first signal waits for the program's time, the second ends it at once."""
    with ModelServer() as server:
        server.behave("candidate", SLEEPY)
        with Running(tmp_path, *words(server, questions, ALLOW, "--name", "r")) as run:
            below = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children")
            answers = f"file:{tmp_path / 'kojudge.db'}?mode=ro"
            wait_until(lambda: (tmp_path / "kojudge.db").exists() and _answers(answers) == 2, "answered", run)
            wait_until(lambda: below.read_text().split(), "started a program", run)
            programs = below.read_text().split()
            run.signal(signal.SIGINT)
            run.signal(signal.SIGTERM)  # another number: two alike may arrive as one
            ended = run.end()
        assert ended.code == 130, ended
        assert "Traceback" not in ended.err, ended
        assert [p for p in programs if Path(f"/proc/{p}").exists()] == []
    assert sqlite3.connect(tmp_path / "kojudge.db").execute("SELECT count(*) FROM verdicts").fetchone() == (0,)


def _answers(address: str) -> int:
    try:
        with sqlite3.connect(address, uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
    except sqlite3.OperationalError:  # the table is still to be made
        return 0
