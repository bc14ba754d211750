"""Every kind of rubric from the answer to the stored verdict, through a judge behind HTTP; and runs that mix them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.behaviour import text_of
from tests.servers.model_server import ModelServer

LIKERT, CHECKLIST, LABELS = "l10", "register", "harm-refusal"
ANSWER = "차례를 지켜 주세요. 감사합니다."
QUOTED = "차례를 지켜 주세요"
MADE_UP = "차례를 어겨 주세요"


def question_set(path: Path, *rubrics: str | None) -> Path:
    questions = [
        {"id": f"q{n}", "category": str(name), "rubric": name, "turns": [{"prompt": f"{n}번 안내문을 써 주세요."}]}
        for n, name in enumerate(rubrics, 1)
    ]
    path.write_text(yaml.safe_dump({"set": "mixed", "questions": questions}, allow_unicode=True), encoding="utf-8")
    return path


def judge_of(replies: dict[str, str], default: str = "") -> Callable[[Any], str]:
    """A judge that knows its rubric by a word of the system message."""

    def reply(body: Any) -> str:
        asked = text_of(body["messages"][0])
        return next((text for word, text in replies.items() if word in asked), default)

    return reply


def verdicts(run_cli: Any, run: str, folder: Path) -> dict[str, dict[str, Any]]:
    done = run_cli("export", "jsonl", run, folder)
    assert done.code == 0, done
    rows = [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]
    return {row["question_id"]: row["verdicts"][0] for row in rows}


TEXT = {
    "지켜야 할 원칙\n- 사용자의 처지": f"평가: 알맞다.\n인용: “{QUOTED}”\n점수: 7",
    "점검할 항목": f"평가: 한결같다.\n인용: “{QUOTED}”, “{MADE_UP}”\n"
    "style: 예\nsteady: 예\nno_overdoing: 아니오\naddress: 예",
    "유해 수준": "평가: 해롭지 않다.\n인용: 없음\nharm: 0 (무해)\nrefusal: 응함",
}
JSON = {
    "지켜야 할 원칙\n- 사용자의 처지": json.dumps({"evaluation": "알맞다.", "evidence": [QUOTED], "score": 7}),
    "점검할 항목": json.dumps(
        {
            "evaluation": "한결같다.",
            "evidence": [QUOTED, MADE_UP],
            "items": {"style": True, "steady": True, "no_overdoing": False, "address": True},
        }
    ),
    "유해 수준": json.dumps({"evaluation": "x", "evidence": [], "harm": "0", "refusal": "full_compliance"}),
}


@pytest.mark.parametrize(("provider", "replies"), [("compatible", TEXT), ("vllm", JSON)])
def test_every_kind_from_the_answer_to_the_stored_verdict(
    run_cli: Any, model_server: ModelServer, tmp_path: Path, provider: str, replies: dict[str, str]
) -> None:
    model_server.behave("candidate", ANSWER)
    model_server.behave("judge", judge_of(replies))
    questions = question_set(tmp_path / "mixed.yaml", LIKERT, CHECKLIST, LABELS)
    words = [
        "-m",
        f"compatible:candidate@{model_server.openai_url}",
        "-j",
        f"{provider}:judge@{model_server.openai_url}",
    ]
    done = run_cli("run", *words, "-q", questions, "--name", "kinds", "--format", "json")
    assert done.code == 0, done
    stored = verdicts(run_cli, "kinds", tmp_path / "out")
    assert [stored[q]["score"] for q in ("q1", "q2", "q3")] == [7.0, 0.8, 1.0]
    assert stored["q1"]["criteria"] == {}
    assert stored["q1"]["evidence"] == [QUOTED]
    assert stored["q2"]["criteria"] == {
        "items": {"style": True, "steady": True, "no_overdoing": False, "address": True},
        "critical_missed": [],
        "unfound_quotes": [MADE_UP],
    }
    assert stored["q2"]["evidence"] == [QUOTED, MADE_UP]
    assert stored["q3"]["criteria"] == {"labels": {"harm": "0", "refusal": "full_compliance"}}
    assert [stored[q]["rubric"] for q in ("q1", "q2", "q3")] == [LIKERT, CHECKLIST, LABELS]
    shown = "".join(run_cli("show", "kinds", question).out for question in ("q2", "q3"))
    for words in ("style ○", "no_overdoing ×", f"“{MADE_UP}” (답변에 없는 말)", "harm=0, refusal=full_compliance"):
        assert words in shown, shown
    report = json.loads(done.out)
    assert report["scale"] == {"min": 0.0, "max": 10.0}
    means = {name: e["mean"] for name, e in report["models"][0]["categories"].items()}
    assert means == pytest.approx({LIKERT: 10 * (7 - 1) / 9, CHECKLIST: 8.0, LABELS: 10.0})
    if provider == "vllm":
        schemas = [
            r.body["response_format"]["json_schema"]["schema"] for r in model_server.delivered if r.model == "judge"
        ]
        results = {tuple(schema["properties"])[2:] for schema in schemas}
        assert results == {("score",), ("items",), ("harm", "refusal")}


@pytest.mark.parametrize("reply", ["", "style: 예\nsteady: 예", "style: 예\nstyle: 아니오\nsteady: 예"])
def test_a_checklist_without_its_points_is_no_verdict(
    run_cli: Any, model_server: ModelServer, tmp_path: Path, reply: str
) -> None:
    model_server.behave("candidate", ANSWER)
    model_server.behave("judge", reply)
    url = model_server.openai_url
    done = run_cli(
        "run", "-m", f"compatible:candidate@{url}", "-j", f"compatible:judge@{url}",
        "-q", question_set(tmp_path / "mixed.yaml", CHECKLIST), "--format", "json",
    )  # fmt: skip
    assert done.code == 1, done
    assert json.loads(done.out)["models"][0]["failures"] == {"unparsed": 1}


def test_the_report_says_when_scores_were_mapped(run_cli: Any, tmp_path: Path) -> None:
    base = ["run", "-m", "scripted:perfect", "-j", "scripted:rules", "-q"]
    mixed = run_cli(*base, question_set(tmp_path / "mixed.yaml", None, LIKERT, LABELS))
    assert mixed.code == 0, mixed
    assert "mapped linearly onto 0–10" in " ".join(mixed.out.split())
    alone = run_cli(*base, question_set(tmp_path / "alone.yaml", None, None))
    assert alone.code == 0, alone
    assert "mapped" not in alone.out


def test_the_rules_grade_by_any_rubric_and_mean_the_same(run_cli: Any, tmp_path: Path) -> None:
    means = []
    for name in (None, LIKERT, LABELS):
        questions = question_set(tmp_path / f"{name}.yaml", name)
        done = run_cli(
            "run", "-m", "scripted:comply", "-j", "scripted:rules", "-q", questions, "--name", str(name),
            "--format", "json",
        )  # fmt: skip
        assert done.code == 0, done
        means.append(json.loads(done.out)["models"][0]["overall"]["mean"])
    assert means == pytest.approx([means[0]] * 3)
    low, high = verdicts(run_cli, LABELS, tmp_path / "labels"), verdicts(run_cli, "None", tmp_path / "none")
    assert low["q1"]["score"] == pytest.approx(high["q1"]["score"] / 10)


def test_rubrics_are_listed_and_shown(run_cli: Any, tmp_path: Path) -> None:
    listed = json.loads(run_cli("judge", "rubrics", "--format", "json").out)["rubrics"]
    known = {r["id"]: r for r in listed}
    assert known["l10"]["scale"] == {"min": 1.0, "max": 10.0}
    assert known["stance"]["leaves"] == ["A2.3:wrong_pushback", "A2.3:authority", "A2.3:face"]
    whole = json.loads(run_cli("judge", "rubrics", "register", "--format", "json").out)
    assert whole["digest"] == known["register"]["digest"]
    assert [item["id"] for item in whole["rubric"]["items"]] == ["style", "steady", "no_overdoing", "address"]
    shown = run_cli("judge", "rubrics", "harm-refusal")
    assert "partial_refusal (부분거부)" in shown.out
    assert "harm-refusal" in run_cli("judge", "rubrics").out
    wrong = run_cli("judge", "rubrics", "harm-refusals")
    assert wrong.code == 2
    assert "did you mean harm-refusal" in wrong.err


def test_scores_of_several_scales_are_no_file_of_logickors(run_cli: Any, tmp_path: Path) -> None:
    words = ["-m", "scripted:comply", "-j", "scripted:rules", "-q", "smoke", "--name", "r"]
    assert run_cli("run", *words).code == 0
    done = run_cli("export", "logickor", "r", "out")
    assert done.code == 2, done
    assert "export it as jsonl or csv" in done.err, done
    assert not (tmp_path / "out").exists()
