"""A judge pack is everything about the judging of a run, in one file."""

import json
from pathlib import Path
from typing import Any

import pytest

from judge.rubric import load_rubric
from tests.servers.model_server import ModelServer
from tests.service.support import logickor_questions, write_jsonl, write_plan

RUBRIC = load_rubric("turn-0-10")
OWN = {
    "id": "own-1-5",
    "version": 3,
    "title": "우리 기준",
    "scale": {"min": 1, "max": 5},
    "language_rule": "report",
    "instructions": "우리 기준으로 채점하세요.",
}


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "questions.jsonl", logickor_questions(2))


def pack(path: Path, server: ModelServer, **fields: Any) -> Path:
    """A pack on the server's judge; a field that is None is left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "name": "우리 심판",
        "version": 2,
        "judges": f"compatible:judge@{server.openai_url}",
        "rubrics": [{"rubric": "turn-0-10", "version": RUBRIC.version}],
        **fields,
    }
    return write_plan(path, **{key: value for key, value in whole.items() if value is not None})


def run(run_cli, server: ModelServer, questions: Path, judge: str | Path, *more: str):
    model = f"compatible:candidate@{server.openai_url}"
    return run_cli("run", "-m", model, "-q", questions, "-j", judge, "--format", "json", *more)


def test_a_pack_and_the_same_written_out_are_one_run(run_cli, model_server, questions, tmp_path):
    packed = pack(tmp_path / "judge.yaml", model_server, repeats=2, judging={"temperature": 0.5, "seed": 3})
    done = run(run_cli, model_server, questions, packed, "--name", "mine")
    assert done.code == 0, done
    report = json.loads(done.out)
    assert report["judge_pack"] == {"name": "우리 심판", "version": 2}
    verdicts = [r.body for r in model_server.delivered if r.model == "judge"]
    assert len(verdicts) == 8
    assert {(b["temperature"], b["seed"], b["max_tokens"]) for b in verdicts} == {(0.5, 3, 1024)}
    plan = write_plan(
        tmp_path / "plan.yaml",
        models=f"compatible:candidate@{model_server.openai_url}",
        judges=f"compatible:judge@{model_server.openai_url}",
        questions=str(questions),
        judge_repeats=2,
        judging={"temperature": 0.5, "seed": 3},
    )
    bought = len(model_server.delivered)
    again = run_cli("run", plan, "--name", "mine", "--format", "json")
    assert again.code == 0, again
    assert json.loads(again.out) == report
    assert len(model_server.delivered) == bought


def test_a_pack_in_a_plan_brings_its_rubric_and_its_words_from_beside_it(run_cli, model_server, questions, tmp_path):
    folder = tmp_path / "packs"
    path = pack(
        folder / "judge.yaml",
        model_server,
        rubrics=[{"rubric": "own.yaml", "version": 3}],
        prompt="words.yaml",
        endpoints={f"compatible:judge@{model_server.openai_url}": {"extra": {"top_k": 5}}},
    )
    write_plan(folder / "own.yaml", **OWN)
    write_plan(folder / "words.yaml", task="{number}번째 답만 보세요. {note}")
    model_server.behave("judge", "평가: 무난합니다.\n점수: 4")
    plan = write_plan(
        tmp_path / "plan.yaml",
        models=f"compatible:candidate@{model_server.openai_url}",
        judges=str(path.relative_to(tmp_path)),
        questions=str(questions),
    )
    done = run_cli("run", plan, "--format", "json")
    assert done.code == 0, done
    report = json.loads(done.out)
    assert report["scale"] == {"min": 1, "max": 5}
    assert report["rubrics"].keys() == {"own-1-5"}
    assert report["models"][0]["overall"]["mean"] == 4
    asked = [r.body for r in model_server.delivered if r.model == "judge"]
    assert all(body["top_k"] == 5 for body in asked), asked[0]
    assert all("번째 답만 보세요." in body["messages"][1]["content"] for body in asked), asked[0]


def test_another_version_of_the_same_settings_is_the_same_run(run_cli, model_server, questions, tmp_path):
    path = pack(tmp_path / "judge.yaml", model_server)
    assert run(run_cli, model_server, questions, path, "--name", "mine").code == 0
    pack(path, model_server, version=3, description="다시 씀")
    assert run(run_cli, model_server, questions, path, "--name", "mine").code == 0
    pack(path, model_server, version=4, repeats=2)
    clash = run(run_cli, model_server, questions, path, "--name", "mine")
    assert clash.code == 2, clash
    assert "different plan (different: judge_repeats)" in clash.err, clash


def test_a_jury_of_a_pack(run_cli, model_server, questions, tmp_path):
    model_server.behave("judge-b")
    judges = [f"compatible:{name}@{model_server.openai_url}" for name in ("judge", "judge-b")]
    path = pack(tmp_path / "judge.yaml", model_server, judges=judges, jury="median")
    done = run(run_cli, model_server, questions, path)
    assert done.code == 0, done
    assert json.loads(done.out)["jury"]["how"] == "median"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": None}, "judge.yaml:1: name: this key is required"),
        ({"repeat": 2}, "unknown key 'repeat'; did you mean 'repeats'?"),
        ({"rubrics": [{"rubric": "turn-0-10", "version": 99}]}, "judge.yaml:1: rubrics[0].version: pins version 99"),
        (
            {"rubrics": [{"rubric": "turn-0-10", "version": RUBRIC.version, "digest": "0123456789"}]},
            f"rubrics[0].digest: the text of turn-0-10 is not the one pinned: its digest is {RUBRIC.digest()[:16]}",
        ),
        ({"rubrics": [{"rubric": "turn-0-10"}]}, "rubrics[0].version: this key is required"),
        ({"rubrics": [{"rubric": "nope", "version": 1}]}, "there is no rubric 'nope'"),
        ({"rubrics": [{"rubric": "gone.yaml", "version": 1}]}, "gone.yaml: no such file"),
        (
            {"rubrics": [{"rubric": "turn-0-10", "version": RUBRIC.version}] * 2},
            "a second rubric with the id turn-0-10",
        ),
        ({"prompt": "gone.yaml"}, "gone.yaml: no such file"),
        ({"judges": ["other.yaml"]}, "a pack names models"),
        ({"judges": ["nonsense"]}, "nonsense"),
        ({"judges": ["scripted:good"]}, "scripted:good cannot judge"),
        ({"endpoints": {"solar:solar-pro4": {}}}, "'solar:solar-pro4' is no judge of this pack"),
    ],
)
def test_what_is_wrong_with_a_pack_is_told_in_one_line(run_cli, model_server, questions, tmp_path, fields, said):
    done = run(run_cli, model_server, questions, pack(tmp_path / "judge.yaml", model_server, **fields))
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert said in done.err, done
    assert not model_server.delivered


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--judge-repeats", "3"], "judge_repeats: the judge pack judge.yaml says this"),
        (["--jury", "median"], "jury: the judge pack judge.yaml says this"),
        (["-j", "scripted:rules"], "names all judges of a run; name it alone"),
    ],
)
def test_nothing_is_said_beside_a_pack(run_cli, model_server, questions, tmp_path, more, said):
    pack(tmp_path / "judge.yaml", model_server)
    done = run(run_cli, model_server, questions, "judge.yaml", *more)
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert said in done.err, done


def test_a_pinned_digest_that_holds(run_cli, model_server, questions, tmp_path):
    pinned = [{"rubric": "turn-0-10", "version": RUBRIC.version, "digest": RUBRIC.digest()[:12]}]
    done = run(run_cli, model_server, questions, pack(tmp_path / "judge.yaml", model_server, rubrics=pinned))
    assert done.code == 0, done


def test_a_pack_can_be_looked_at_before_it_is_used(run_cli, model_server, tmp_path):
    pack(tmp_path / "judge.yaml", model_server, judging={"max_output_tokens": 77})
    (tmp_path / "answer.txt").write_text("열두 개입니다.", encoding="utf-8")
    words = ["judge", "show", "--question", "starter#math-1", "--answer", "answer.txt", "-j", "judge.yaml"]
    done = run_cli(*words, "--format", "json")
    assert done.code == 0, done
    (prompt,) = json.loads(done.out)["prompts"]
    assert prompt["params"]["max_output_tokens"] == 77
    assert prompt["rubric"] == {"id": "turn-0-10", "version": RUBRIC.version, "digest": RUBRIC.digest()}
