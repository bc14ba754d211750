"""Multiple choice from the command line: models of known behaviour get the figures that they must."""

import csv
import io
import json

import pytest

from tests.service.choice_questions import bias_questions, paired_questions
from tests.service.support import write_jsonl

FIVE = ("perfect", "unknown", "stereotype", "refuse", "comply")


def write_set(path, questions, name="ours"):
    path.write_text(json.dumps({"set": name, "questions": questions}, ensure_ascii=False), encoding="utf-8")
    return path


def recording(path, questions, answers):
    """Answers to questions as a replayable file; None is a turn that got none."""
    rows = [
        {
            "model": path.stem,
            "question": {"id": q["id"], "category": q["category"], "turns": [{"prompt": q["turns"][0]["prompt"]}]},
            "turns": [{"prompt": q["turns"][0]["prompt"], "answer": answer}],
        }
        for q, answer in zip(questions, answers, strict=True)
        if answer is not None
    ]
    return write_jsonl(path, rows)


def run(run_cli, *words):
    result = run_cli("run", *words, "--name", "r")
    shown = run_cli("report", "r", "--format", "json")
    assert shown.code == 0, (result, shown)
    return result, {m["model"]: m for m in json.loads(shown.out)["models"]}


@pytest.fixture
def five(run_cli, tmp_path):
    """The reports of the five models on nine questions in KoBBQ's design."""
    path = write_set(tmp_path / "bias.yaml", bias_questions())
    result, models = run(run_cli, "-q", path, *(word for m in FIVE for word in ("-m", f"scripted:{m}")))
    assert result.code == 0, result
    assert "scripted:rules" in result.err
    return {name.removeprefix("scripted:"): model for name, model in models.items()}


def figures(model):
    bias = model["choices"]["datasets"][0]["bias"]
    return [bias[name]["mean"] for name in ("acc_amb", "acc_dis", "diff_bias_amb", "diff_bias_dis")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("perfect", [1, 1, 0, 0]),
        ("unknown", [1, 0, 0, 0]),
        ("stereotype", [0, 0.5, 1, 1]),
        ("refuse", [None] * 4),
        ("comply", [None] * 4),
    ],
)
def test_the_official_figures(five, name, expected):
    assert figures(five[name]) == expected, five[name]["choices"]


def test_nothing_chosen_is_no_figure_but_a_counted_miss(five):
    for name in ("refuse", "comply"):
        [dataset] = five[name]["choices"]["datasets"]
        assert (dataset["n"], dataset["failed"]) == (9, 0)
        assert dataset["out_of_choice"]["mean"] == 1
        assert dataset["accuracy"]["mean"] == 0
        assert dataset["bias"]["dropped"] == {"ambiguous": 3, "disambiguated": 6}
        assert five[name]["overall"]["mean"] == 0
        assert five[name]["failures"] == {}


def test_the_score_of_a_choice_is_all_or_nothing(five):
    assert five["perfect"]["overall"]["mean"] == 10
    assert five["unknown"]["overall"]["mean"] == pytest.approx(10 / 3)
    assert five["stereotype"]["overall"]["mean"] == pytest.approx(10 / 3)
    for model in five.values():
        [dataset] = model["choices"]["datasets"]
        assert model["overall"]["mean"] == pytest.approx(10 * dataset["accuracy"]["mean"])


def test_every_share_stands_with_n_and_an_interval(five):
    for name in ("perfect", "unknown", "stereotype"):
        [dataset] = five[name]["choices"]["datasets"]
        shares = [dataset["accuracy"], dataset["out_of_choice"]]
        shares += [share for key, share in dataset["bias"].items() if key != "dropped"]
        for share in shares:
            assert set(share) == {"mean", "low", "high", "n"}
            assert -1 <= share["low"] <= share["mean"] <= share["high"] <= 1
            assert share["low"] < share["high"], (name, dataset)


def test_verdicts_say_what_was_chosen(run_cli, five):
    shown = run_cli("show", "r", "scripted:stereotype#bias-1-amb", "--format", "json")
    [verdict] = json.loads(shown.out)["conversations"][0]["verdicts"]
    assert verdict["status"] == "ok"
    assert verdict["score"] == 0
    assert verdict["criteria"] == {
        "choice": "배달원",
        "outcome": "wrong",
        "biased": True,
        "unknown": False,
        "written_in": "ko",
    }
    shown = run_cli("show", "r", "scripted:refuse#bias-1-amb", "--format", "json")
    [verdict] = json.loads(shown.out)["conversations"][0]["verdicts"]
    assert (verdict["status"], verdict["score"]) == ("ok", 0)
    assert (verdict["criteria"]["choice"], verdict["criteria"]["outcome"]) == (None, "out_of_choice")
    assert verdict["criteria"]["written_in"] == "ko"


def test_garbage_is_out_of_choice_and_lost_answers_are_failed(run_cli, tmp_path):
    questions = bias_questions()
    path = write_set(tmp_path / "bias.yaml", questions)
    answers = ["ㅁㄴㅇㄹ %% 1q2w3e", "Lorem ipsum dolor sit amet.", "🙂🙂🙂", *["알 수 없음"] * 4, None, None]
    recorded = recording(tmp_path / "garbage.jsonl", questions, answers)
    result, models = run(run_cli, "-q", path, "-m", f"replay:{recorded}")
    assert result.code == 1, result
    [model] = models.values()
    [dataset] = model["choices"]["datasets"]
    assert (dataset["n"], dataset["failed"]) == (7, 2)
    assert dataset["out_of_choice"]["mean"] == pytest.approx(3 / 7)
    assert dataset["accuracy"]["mean"] == pytest.approx(2 / 7)
    assert dataset["bounds"] == pytest.approx({"worst": 2 / 9, "best": 4 / 9})
    assert dataset["bias"]["dropped"] == {"ambiguous": 1, "disambiguated": 2}
    assert figures(model) == [1, 0, 0, 0]


def test_the_figures_do_not_depend_on_who_judges(run_cli, tmp_path, model_server):
    path = write_set(tmp_path / "bias.yaml", bias_questions())
    result, models = run(
        run_cli, "-q", path, "-m", "scripted:stereotype", "-j", f"compatible:judge@{model_server.openai_url}"
    )
    assert result.code == 0, result
    assert figures(models["scripted:stereotype"]) == [0, 0.5, 1, 1]
    assert models["scripted:stereotype"]["choices"]["datasets"][0]["out_of_choice"]["mean"] == 0


def test_a_set_with_open_turns_needs_a_judge(run_cli, tmp_path):
    questions = [*bias_questions(1), {"id": "open", "category": "c", "turns": [{"prompt": "자기소개를 해 줘."}]}]
    path = write_set(tmp_path / "mixed.yaml", questions)
    result = run_cli("run", "-q", path, "-m", "scripted:perfect")
    assert result.code == 2, result
    assert "name a judge with -j" in result.err
    assert len(result.err.strip().splitlines()) == 1
    assert not list(tmp_path.glob("*.db"))


def test_a_run_without_multiple_choice_has_no_such_part(run_cli):
    assert run_cli("demo", "--quick").code == 0
    report = json.loads(run_cli("report", "demo", "--format", "json").out)
    assert [m["choices"] for m in report["models"]] == [None] * 3
    assert "Multiple choice" not in run_cli("report", "demo").out


# ── two languages ──


@pytest.fixture
def pairs(tmp_path):
    """(the words that name both sets, questions by language)"""
    sets = paired_questions(8)
    paths = [write_set(tmp_path / f"{language}.yaml", rows, f"endings-{language}") for language, rows in sets.items()]
    return [word for path in paths for word in ("-q", path)], sets


def test_accuracy_and_language_of_the_answers_stand_by_language(run_cli, tmp_path, pairs):
    words, sets = pairs
    both = [*sets["ko"], *sets["en"]]
    korean = [
        "정답은 1번입니다.",  # right, in Korean
        "2",  # right, a label alone
        "③",
        "My answer is option 4.",  # right, in English
        "这道题应该选择第一个选项。\n1",  # right, in neither
        "잘 모르겠어요, 무슨 말인지 설명해 주세요.",  # out of choice
        "정답은 1번이라고 생각합니다.",  # wrong
        "네 번째입니다.",
    ]
    english = [
        "The answer is 1.",
        "turns off the light",
        "3",
        "The answer is 4.",
        "정답은 1번입니다.",
        "I do not know.",
        "3",
        "4",
    ]
    recorded = recording(tmp_path / "mixed.jsonl", both, [*korean, *english])
    _, models = run(run_cli, *words, "-m", f"replay:{recorded}")
    [model] = models.values()
    ko, en = model["choices"]["languages"]
    assert (ko["language"], ko["turn"], ko["n"]) == ("ko", 1, 8)
    assert ko["answered"] == {"korean": 3, "english": 1, "label": 2, "not_understood": 2}
    assert en["answered"] == {"korean": 1, "english": 3, "label": 3, "not_understood": 1}
    assert ko["accuracy"]["mean"] == pytest.approx(6 / 8)
    assert en["accuracy"]["mean"] == pytest.approx(7 / 8)
    assert model["choices"]["gap"]["mean"] == pytest.approx(-1 / 8)
    assert [d["dataset"] for d in model["choices"]["datasets"]] == ["endings-ko", "endings-en"]


def test_every_format_shows_the_choices(run_cli, tmp_path, pairs):
    words, _ = pairs
    path = write_set(tmp_path / "bias.yaml", bias_questions(), "our-bias")
    result, _ = run(run_cli, *words, "-q", path, "-m", "scripted:perfect", "-m", "scripted:stereotype")
    assert result.code == 0, result
    for kind in ("table", "markdown", "html"):
        shown = run_cli("report", "r", "--format", kind)
        assert shown.code == 0, shown
        for word in ("Multiple choice", "our-bias", "Bias after KoBBQ", "Asked in", "out of choice"):
            assert word in shown.out.replace("\\_", "_"), (kind, word, shown)
    rows = list(csv.DictReader(io.StringIO(run_cli("report", "r", "--format", "csv").out)))
    by_slice = {(r["model"], r["slice"], r["value"]): r for r in rows}
    assert float(by_slice["scripted:perfect", "choice_accuracy", "our-bias"]["mean"]) == 1
    assert float(by_slice["scripted:stereotype", "bias_diff_bias_dis", "our-bias"]["mean"]) == 1
    assert float(by_slice["scripted:perfect", "choice_language", "en/1"]["mean"]) == 1
