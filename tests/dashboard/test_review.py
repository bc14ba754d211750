"""The page of blind review: what it shows and hides, what its forms store, and how one goes on, back and around."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import CliResult
from tests.dashboard.reviewing import press, sent, stored
from tests.dashboard.support import FOLDER, open_page, said
from tests.servers.model_server import ModelServer
from tests.service.support import specs

pytestmark = pytest.mark.filterwarnings("default")

RUBRICS = {"q1": (None, None), "q2": ("register", None), "q3": ("crime-harm", "S1"), "q4": ("crime-harm", "S1")}


@pytest.fixture
def demo(run_cli: Callable[..., CliResult], tmp_path: Path) -> Path:
    """The demo's database with a sample of 30."""
    assert run_cli("demo", "--quick").code == 0
    assert run_cli("labels", "sample", "demo", "--n", "30", "--output", "sheet.csv").code == 0
    return tmp_path / "kojudge.db"


@pytest.fixture
def mixed(run_cli: Callable[..., CliResult], model_server: ModelServer, tmp_path: Path) -> Path:
    """A run named `named` with a question of every kind of rubric, two of them of a hazard, and all in the sample."""
    asked = [
        {"id": name, "category": "안내", "turns": [{"prompt": f"{name} 안내문을 써 주세요."}]}
        | ({"rubric": rubric} if rubric else {})
        | ({"leaf": leaf, "policy": "unsafe_request"} if leaf else {})
        for name, (rubric, leaf) in RUBRICS.items()
    ]
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump({"set": "own", "questions": asked}, allow_unicode=True), encoding="utf-8")
    # The server's judge gives no valid verdict on labels, which people may label all the same.
    done = run_cli("run", *specs(model_server), "-q", file, "--name", "named")
    assert done.code in (0, 1), done
    assert run_cli("labels", "sample", "named", "--n", "4", "--output", "sheet.csv").code == 0
    return tmp_path / "kojudge.db"


def review(monkeypatch: pytest.MonkeyPatch, database: Path, who: str = "kim", **address: str) -> Any:
    return open_page(monkeypatch, database, "review", reviewer=who, **address)


def progress(page: Any) -> str:
    (bar,) = page.get("progress")
    return str(bar.proto.text)


def test_nothing_on_the_page_tells_the_model_the_run_or_what_the_judge_said(
    demo: Path, run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_cli("export", "jsonl", "demo", tmp_path / "out").code == 0
    lines = (tmp_path / "out" / "conversations.jsonl").read_text("utf-8").splitlines()
    conversations = [json.loads(line) for line in lines]
    verdicts = [v for c in conversations for v in c.pop("verdicts")]
    open_text = json.dumps(conversations, ensure_ascii=False)
    secrets = {"scripted", "drifting", "demo", "targeted", "random"}
    secrets |= {v["rationale"].strip() for v in verdicts if v.get("rationale")}
    scores = {f"{v['score']:g}" for v in verdicts if v["score"] is not None and v["score"] % 1}
    secrets |= {score for score in scores if score not in open_text}
    assert len(secrets) > 8, secrets
    page = review(monkeypatch, demo, run="demo")
    for turn in range(8):
        text = sent(page)
        assert "판정할 답변" in text
        found = [secret for secret in secrets if re.search(rf"(?<![\d.]){re.escape(secret)}(?!\d)", text)]
        assert not found, (turn, found)
        press(press(page, "7"), "Enter")
    assert len(stored(demo, "demo")) == 8
    page = review(monkeypatch, demo, who="lee", run="demo")
    assert "kim" not in sent(page)


def test_a_sample_is_drawn_where_there_is_none(
    run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run_cli("demo", "--quick").code == 0
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "review")
    assert "뽑은 표본이 아직 없습니다" in said(page)
    page.number_input(key="size").set_value(20)
    page.number_input(key="seed").set_value(7)
    next(b for b in page.button if b.label == "표본 뽑기").click().run()
    assert "먼저 이름을" in said(page)
    page.text_input(key="reviewer").set_value("kim").run()
    assert "표본 20건, 시드 7" in said(page)
    assert progress(page) == "0/20"


def test_a_score_is_stored_with_its_time_and_note_and_shows_in_the_agreement(
    demo: Path, run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = review(monkeypatch, demo)
    assert progress(page) == "0/30"
    note = next(box for box in page.text_input if box.label.startswith("메모"))
    note.set_value("자연스럽다")
    press(press(page, "0"), "Enter")
    assert progress(page) == "1/30"
    (label,) = stored(demo, "demo")
    assert (label.reviewer, label.status, json.loads(label.value)) == ("kim", "given", {"score": 10.0})
    assert label.note == "자연스럽다"
    assert label.blind
    assert label.seconds >= 0
    press(press(page, "X"), "Enter")
    assert json.loads(stored(demo, "demo")[1].value) == {"score": 0.0}
    report = json.loads(run_cli("judge", "agree", "demo", "--format", "json").out)
    assert report["labels"]["random"] + report["labels"]["left_out"]["targeted"] == 2


def test_every_kind_of_rubric_has_a_form_that_asks_for_all_of_it(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = review(monkeypatch, mixed)
    for _ in range(4):
        if "내용 주의" in said(page):
            press(page, "V")
        before = [b.disabled for b in page.button if b.proto.shortcut == "enter"]
        assert before == [True]
        if "8" in {b.proto.shortcut for b in page.button}:
            press(page, "8")
        while "1" in {b.proto.shortcut for b in page.button if b.label != "1"}:
            press(page, "1")
        press(page, "Enter")
    values = {row.rubric: json.loads(row.value) for row in stored(mixed, "named")}
    assert set(values["crime-harm"]["labels"].values()) == {"0", "full_compliance"}
    assert values["crime-harm"]["score"] == 1.0
    assert set(values["register"]["items"].values()) == {True}
    assert sorted(row.rubric for row in stored(mixed, "named")).count("crime-harm") == 2
    assert {"score": 8.0} in values.values()
    assert "모두 마쳤습니다" in "".join(box.value for box in page.success)


def test_a_hazard_is_shown_only_on_asking_and_can_be_left_out(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = review(monkeypatch, mixed)
    for _ in range(2):
        if "내용 주의" not in said(page):
            press(page, "S")
    text = said(page)
    assert "내용 주의: 폭력·범죄" in text
    assert "109" in text
    assert "안내문을 써 주세요" not in text
    press(page, "H")
    assert "유형을 골라 제외함 2" in progress(page)
    assert "내용 주의" not in said(page)
    assert page.multiselect(key="without").value == ["S1"]
    page = review(monkeypatch, mixed, without="S1 폭력·범죄")
    assert "유형을 골라 제외함 2" in progress(page)


def test_skipped_unsure_and_taken_back(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = review(monkeypatch, demo)
    press(page, "S")
    press(page, "U")
    assert progress(page) == "2/30 · 건너뜀 1 · 애매함 1"
    press(press(page, "3"), "Enter")
    press(page, "Z")
    assert "앞의 판정을 대신합니다" in said(page)
    press(press(page, "9"), "Enter")
    third, fourth = stored(demo, "demo")[2:]
    assert (third.model, third.question, third.turn) == (fourth.model, fourth.question, fourth.turn)
    assert [json.loads(row.value)["score"] for row in (third, fourth)] == [3.0, 9.0]
    assert progress(page) == "3/30 · 건너뜀 1 · 애매함 1"
    press(press(page, "Z"), "Z")
    press(press(page, "5"), "Enter")
    assert progress(page) == "3/30 · 건너뜀 1"
    assert [row.status for row in stored(demo, "demo")] == ["skipped", "unsure", "given", "given", "given"]


def test_two_windows_of_one_reviewer_store_an_answer_once(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (review(monkeypatch, demo) for _ in range(2))
    press(first, "7")
    press(second, "2")
    press(first, "Enter")
    press(second, "Enter")
    assert "이미 저장된 판정" in said(second)
    assert [json.loads(row.value)["score"] for row in stored(demo, "demo")] == [7.0]
    assert progress(second) == "1/30"


def test_reviewers_have_orders_of_their_own_and_the_guideline_beside(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [sent(review(monkeypatch, demo, who=who)) for who in ("kim", "lee", "kim")]
    assert said(review(monkeypatch, demo, who="kim")) == said(review(monkeypatch, demo, who="kim"))
    assert answers[0] != answers[1]
    page = review(monkeypatch, demo, lang="en")
    text = said(page)
    assert "정확성" in text
    assert "10 – 흠을 찾기 어려우며" in text
    assert [b.label for b in page.button if b.proto.shortcut in ("enter", "s", "u", "z")] == [
        "Submit",
        "Unsure",
        "Skip",
        "Take the last one back",
    ]


def test_the_run_is_chosen_by_its_number_and_stays_chosen_on_other_pages(
    mixed: Path, run_cli: Callable[..., CliResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_cli("demo", "--quick").code == 0
    page = open_page(monkeypatch, mixed, "overview", run="named")
    page.switch_page(str(FOLDER / "pages" / "review.py")).run()
    assert page.selectbox(key="queue").options == ["2", "1"]
    assert page.selectbox(key="queue").value == 1
    page.text_input(key="reviewer").set_value("kim").run()
    assert "표본 4건" in said(page)
    page.selectbox(key="queue").set_value(2).run()
    assert "뽑은 표본이 아직 없습니다" in said(page)
    page.switch_page(str(FOLDER / "pages" / "overview.py")).run()
    assert page.selectbox(key="run").value == "demo"
    page.selectbox(key="run").set_value("named").run()
    page.switch_page(str(FOLDER / "pages" / "review.py")).run()
    assert "표본 4건" in said(page)
    page = review(monkeypatch, mixed, queue="1")
    assert "표본 4건" in said(page)


def test_a_model_that_names_itself_is_covered(
    run_cli: Callable[..., CliResult], model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model_server.behave("gpt-6-luna", lambda body: "저는 OpenAI가 만든 gpt-6-luna입니다. ![x](http://evil/x.png)")
    file = tmp_path / "own.yaml"
    asked = {"id": "q", "category": "c", "turns": [{"prompt": "소개해 줘."}]}
    file.write_text(yaml.safe_dump({"set": "own", "questions": [asked]}, allow_unicode=True), encoding="utf-8")
    model = f"compatible:gpt-6-luna@{model_server.openai_url}"
    assert run_cli("run", "-m", model, *specs(model_server)[2:], "-q", file, "--name", "r").code == 0
    assert run_cli("labels", "sample", "r", "--n", "1", "--output", "sheet.csv").code == 0
    text = sent(review(monkeypatch, tmp_path / "kojudge.db"))
    assert "저는 [이름 가림]가 만든 [이름 가림]입니다." in text
    assert "luna" not in text
    assert "OpenAI" not in text


def test_a_break_is_due_after_half_an_hour_or_fifty_answers(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = review(monkeypatch, demo)
    assert not page.info
    page.session_state["pace"].labelled = 49
    press(press(page, "7"), "Enter")
    assert "쉬어 갈 시간" in page.info[0].value
    press(page, "B")
    assert not page.info
    page.session_state["pace"].since -= 1800
    page.run()
    assert page.info


def test_a_run_without_anything_to_label_is_told_without_its_name(
    run_cli: Callable[..., CliResult], model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model_server.behave("gone", lambda body: "")
    file = tmp_path / "own.yaml"
    file.write_text(
        yaml.safe_dump({"set": "own", "questions": [{"id": "q", "category": "c", "turns": [{"prompt": "말해 줘."}]}]}),
        encoding="utf-8",
    )
    model = f"compatible:gone@{model_server.openai_url}"
    run_cli("run", "-m", model, *specs(model_server)[2:], "-q", file, "--name", "hidden-name")
    page = open_page(monkeypatch, tmp_path / "kojudge.db", "review")
    next(b for b in page.button if b.label == "표본 뽑기").click().run()
    assert "표본을 뽑을 수 없습니다" in said(page)
    assert "hidden-name" not in sent(page)
