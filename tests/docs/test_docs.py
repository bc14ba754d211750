"""The guides are held to the code: what they show is what the program prints and accepts."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from judge.prompt_template import PromptTemplate
from judge.rubric import KINDS, load_rubric
from judge.runnable import JudgeInput
from judge.types import VerdictStatus
from service.cli import main
from service.judge_pack import JudgePack, open_pack
from service.plan import PlanFile
from service.sampling import Judging, Sampling
from tests.conftest import CliResult
from tests.servers.model_server import ModelServer
from tests.servers.pairwise_judge import compares, furnish, pairwise_judge, prefers, shown
from tests.service.choice_questions import bias_questions
from tests.service.support import logickor_questions, write_jsonl

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
REPORT, QUESTIONS, JUDGING, PLANS, RUBRICS = (
    ROOT / "docs" / f"{n}.md" for n in ("report", "questions", "judging", "plans", "rubrics")
)
PACKS = ROOT / "docs" / "judge-packs.md"
LANGCHAIN = ROOT / "docs" / "langchain.md"
READMES = [ROOT / "README.md", ROOT / "README.ko.md"]

Run = Callable[..., CliResult]

# Objects whose keys are names from the data: their values are compared, not their keys.
NAMED = {"turns", "categories", "rubrics", "failures", "answer_failures", "usage"}
NAMED |= {"served_models", "fingerprints", "service_tiers", "upstreams"}


def fences(guide: Path, language: str = "") -> list[str]:
    """The fenced blocks of a guide in one language."""
    # Blocks in any language are matched, or the end of one would pass for the beginning of the next.
    found = re.findall(r"^```(\w*)\n(.*?)^```$", guide.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block for name, block in found if name == language]


def commands(guide: Path) -> list[list[str]]:
    """Every `kojudge …` that stands in a block or in code, as words."""
    text = guide.read_text("utf-8")
    inline = re.findall(r"(?<!`)`(kojudge [^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    blocks = [line for block in fences(guide) for line in block.splitlines() if line.startswith("kojudge ")]
    return [shlex.split(line, comments=True)[1:] for line in (*blocks, *inline)]


def paths(value: Any, at: str = "", *, named: bool = False) -> Iterator[str]:
    """The dotted key paths of a JSON value; items of lists and of named objects count as one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            here = f"{at}.{'*' if named else key}"
            yield here
            yield from paths(inner, here, named=not named and key in NAMED and isinstance(inner, dict))
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")


def example(guide: Path, key: str) -> dict[str, Any]:
    """The first JSON example with this key at its top."""
    return next(e for e in map(json.loads, fences(guide, "json")) if key in e)


def table_keys(guide: Path, head: str) -> set[str]:
    """The words in code in the first column of the table whose head starts so."""
    rows = guide.read_text("utf-8").split(f"\n{head}", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.fixture
def own_questions(tmp_path: Path) -> Path:
    """The worked example of docs/questions.md as a file."""
    path = tmp_path / "my-questions.yaml"
    path.write_text(fences(QUESTIONS, "yaml")[0], encoding="utf-8")
    return path


# ── the report and the exports ──


def test_demo_prints_the_documented_keys(run_cli: Run) -> None:
    done = run_cli("demo", "--quick", "--format", "json")
    assert done.code == 0, done
    report = json.loads(done.out)
    shown = example(REPORT, "comparability_key")
    assert set(paths(shown)) == set(paths(report))
    assert table_keys(REPORT, "| key | meaning |") == set(report)
    model_rows = REPORT.read_text("utf-8").split("\nEach model:\n", 1)[1]
    for key in report["models"][0]:
        assert f"`{key}`" in model_rows, f"docs/report.md does not explain {key}"
    actual = next(m for m in report["models"] if m["model"] == shown["models"][0]["model"])
    assert shown["models"][0]["overall"] == pytest.approx(actual["overall"], abs=1e-4)


def test_multiple_choice_reads_as_documented(run_cli: Run, tmp_path: Path) -> None:
    questions = {"set": "our-bias", "questions": bias_questions()}
    (tmp_path / "bias.yaml").write_text(json.dumps(questions, ensure_ascii=False), encoding="utf-8")
    done = run_cli("run", "-m", "scripted:stereotype", "-q", "bias.yaml", "--format", "json")
    assert done.code == 0, done
    actual = json.loads(done.out)["models"][0]["choices"]
    shown = example(REPORT, "datasets")
    assert set(paths(shown)) == set(paths(actual))
    rounded = json.loads(json.dumps(actual), parse_float=lambda number: round(float(number), 4))
    assert shown == rounded
    rows = REPORT.read_text("utf-8").split("\n## Multiple choice\n", 1)[1].split("\n## ", 1)[0].split("```")[-1]
    for key in (
        set(actual) | set(actual["datasets"][0]) | set(actual["datasets"][0]["bias"]) | set(actual["languages"][0])
    ):
        assert key in rows, f"docs/report.md does not explain {key}"


def test_pairs_read_as_documented(run_cli: Run, tmp_path: Path, model_server: ModelServer) -> None:
    furnish(model_server)
    steady = prefers("좋은")
    model_server.behave(
        "judge", pairwise_judge(lambda first, second: "first" if "2번 물음, 1째" in first else steady(first, second))
    )
    model_server.inject(
        "judge",
        then="unparsable",
        when=lambda b: compares(b) and all(w in shown(b)[0] for w in ("모자란", "3번", "3째")),
    )
    write_jsonl(tmp_path / "questions.jsonl", logickor_questions(3))
    models = [w for name in ("good", "poor") for w in ("-m", f"compatible:{name}@{model_server.openai_url}")]
    judge = ["-j", f"compatible:judge@{model_server.openai_url}", "-q", "questions.jsonl", "--name", "r"]
    done = run_cli("run", *models, *judge, "--pairwise", "compatible:poor", "--format", "json")
    assert done.code == 1, done
    actual = json.loads(done.out)["pairwise"]
    shown_part = example(REPORT, "baseline")
    rounded = json.loads(json.dumps(actual), parse_float=lambda number: round(float(number), 4))
    for part in (shown_part, rounded):  # they change with every word of the prompt
        part["prompt_hashes"] = sorted(part["prompt_hashes"])
        part["usage"] = {name: count > 0 for name, count in part["usage"].items()}
    assert shown_part == rounded, json.dumps(rounded, ensure_ascii=False)
    keys = table_keys(REPORT, "| key of the pairs | meaning |") | {"model_a", "model_b", "judge", "failed"}
    assert keys >= {*actual, *actual["pairs"][0], *actual["judges"][0]}
    text = REPORT.read_text("utf-8").split("\n## Pairs\n", 1)[1].split("\n## ", 1)[0]
    conversation = json.loads(run_cli("show", "r", "compatible:good#1", "--format", "json").out)["conversations"][0]
    for key in conversation["comparisons"][0]:
        assert f"`{key}`" in text, f"docs/report.md does not explain {key}"


def test_an_exported_line_has_the_documented_keys(run_cli: Run, tmp_path: Path) -> None:
    assert run_cli("run", "-m", "scripted:drifting", "-j", "scripted:rules", "--name", "demo").code == 0
    assert run_cli("export", "jsonl", "demo", "out").code == 0
    lines = (tmp_path / "out" / "conversations.jsonl").read_text("utf-8").split("\n")
    line = next(c for c in map(json.loads, filter(None, lines)) if c["question_id"] == "math-1")
    shown = example(REPORT, "verdicts")
    assert set(shown) == set(line)
    assert set(shown["turns"][0]) == set(line["turns"][0])
    assert set(shown["verdicts"][0]) == set(line["verdicts"][0])
    one = run_cli("show", "demo", "math-1", "--format", "json")
    assert json.loads(one.out) == {"conversations": [line]}


def test_failures_read_as_documented(run_cli: Run, own_questions: Path) -> None:
    # The scripted models know `math-1` but not `shop-2`: half of the answers fail.
    own_questions.write_text(own_questions.read_text("utf-8").replace("shop-1", "math-1"), encoding="utf-8")
    done = run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", "-q", own_questions, "--format", "json")
    assert done.code == 1, done
    model = json.loads(done.out)["models"][0]
    shown = example(REPORT, "bounds")
    assert {key: model[key].keys() for key in shown} == {key: value.keys() for key, value in shown.items()}


def test_an_import_carries_what_was_published(run_cli: Run, tmp_path: Path) -> None:
    def verdict(score: float, message: str = "좋다") -> dict[str, Any]:
        return {"judge_message": message, "judge_score": score}

    rows = [
        {"id": n, "category": "추론", "questions": ["하나를 풀어 줘.", "다시 설명해 줘."], "references": [None, None],
         "outputs": ["답은 하나입니다.", "다시 말해 하나입니다."], "query_single": verdict(8.0), "query_multi": second}
        for n, second in enumerate([verdict(7.0), verdict(0.0, "Impossible to judge due to repetition.")], 1)
    ]  # fmt: skip
    file = tmp_path / "LogicKor" / "evaluated" / "acme" / "tiny" / "default.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    (command,) = [c for c in commands(ROOT / "README.md") if c[:1] == ["import"]]
    assert run_cli(*command).code == 0
    model = json.loads(run_cli("report", "logickor", "--format", "json").out)["models"][0]
    assert model["model"] == "acme/tiny/default"
    assert model["failures"] == {"unparsed": 1}
    assert model["as_published"] == 5.75


def test_questions_show_prints_the_documented_keys(run_cli: Run, own_questions: Path) -> None:
    done = run_cli("questions", "show", own_questions, "--format", "json")
    assert done.code == 0, done
    printed, shown = json.loads(done.out), example(REPORT, "set")
    assert set(printed) == set(shown)
    (question,) = shown["questions"]
    actual = next(q for q in printed["questions"] if q["id"] == question["id"])
    assert actual == question | {"turns": actual["turns"]}
    assert question["turns"][0] in actual["turns"]


def test_the_excerpts_are_what_the_demo_prints(run_cli: Run) -> None:
    printed = [" ".join(line.split()) for line in run_cli("demo", "--quick").out.splitlines()]
    for readme in READMES:
        excerpt = next(block for block in fences(readme) if "Rank" in block)
        for line in excerpt.splitlines():
            assert " ".join(line.split()) in printed, f"{readme.name}: the demo prints this no more; paste it anew"


# ── what a user writes ──


def test_the_example_plan_is_valid(run_cli: Run) -> None:
    done = run_cli("run", ROOT / "plan.example.yaml", "--dry-run")
    assert done.code == 0, done
    assert "scripted:good" in done.out


def test_the_plan_keys_are_all_there_with_their_defaults() -> None:
    plan = yaml.safe_load((ROOT / "plan.example.yaml").read_text("utf-8"))
    assert set(plan) == set(PlanFile.model_fields)
    assert set(plan["generation"]) == set(Sampling.model_fields)
    written, bare = PlanFile(**plan), PlanFile(models=plan["models"], judges=plan["judges"])
    changed = {key for key in PlanFile.model_fields if getattr(written, key) != getattr(bare, key)}
    assert changed == {"name", "questions"}
    assert table_keys(PLANS, "| key | flag |") == set(PlanFile.model_fields)
    assert table_keys(PLANS, "| key | default |") == set(Judging.model_fields)


def test_the_worked_question_set_is_clean(run_cli: Run, own_questions: Path) -> None:
    done = run_cli("questions", "lint", own_questions)
    assert done.code == 0, done
    assert not done.out.strip(), done


def test_the_worked_folder_of_questions_is_clean(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    for text in fences(QUESTIONS, "yaml"):
        if text.startswith("# private/"):
            (tmp_path / text.splitlines()[0].removeprefix("# ")).write_text(text, encoding="utf-8")
    done = run_cli("questions", "lint", tmp_path / "private")
    assert done.code == 0, done
    assert not done.out.strip(), done


def test_the_worked_rubrics_load(tmp_path: Path) -> None:
    path = tmp_path / "rubric.yaml"
    worked = fences(RUBRICS, "yaml")
    for text in worked:
        path.write_text(text, encoding="utf-8")
        assert load_rubric(str(path)).kind in KINDS
    keys = set().union(*(kind.model_fields for kind in KINDS.values()))
    told = [line.split("|")[1] for line in RUBRICS.read_text("utf-8").splitlines() if line.startswith("| `")]
    assert {key for cell in told for key in re.findall("`([a-z_]+)`", cell)} >= keys
    assert len(worked) == len(KINDS)


def test_every_verdict_status_is_explained() -> None:
    assert table_keys(JUDGING, "| status | meaning |") == {*get_args(VerdictStatus), "incomplete", "pending"}


def write_packs(folder: Path) -> None:
    """The worked judge pack with its files, by the names in their first lines."""
    for text in fences(PACKS, "yaml"):
        path = folder / text.splitlines()[0].removeprefix("# ")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_the_worked_pack_and_the_example_say_all_there_is(tmp_path: Path) -> None:
    written = yaml.safe_load((ROOT / "judge.example.yaml").read_text("utf-8"))
    assert set(written) == set(JudgePack.model_fields)
    assert table_keys(PACKS, "| key | default |") == set(JudgePack.model_fields)
    assert table_keys(PACKS, "| wording | placeholders |") >= set(PromptTemplate.model_fields)
    open_pack(ROOT / "judge.example.yaml")
    write_packs(tmp_path)
    open_pack(tmp_path / "judges" / "shop.yaml")


def test_judge_show_prints_the_documented_keys(run_cli: Run, tmp_path: Path) -> None:
    (tmp_path / "answer.txt").write_text("열두 개입니다.", encoding="utf-8")
    words = ["--question", "starter#math-1", "--answer", "answer.txt", "-j", "solar:solar-pro4", "--format", "json"]
    done = run_cli("judge", "show", *words)
    assert done.code == 0, done
    (actual,) = json.loads(done.out)["prompts"]
    (shown,) = example(PACKS, "prompts")["prompts"]
    assert list(shown) == list(actual)
    assert shown["template_hash"] == actual["template_hash"], "paste it anew"
    assert shown["work_key"] == actual["work_key"]
    assert shown["messages"][1]["content"].partition("…")[0] in actual["messages"][1]["content"]


# ── the judge inside LangChain ──


def test_the_langchain_examples_run(
    model_server: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model_server.behave("gpt-6-luna", lambda body: json.dumps({"evaluation": "맞는 답입니다.", "score": 8}))
    monkeypatch.setenv("OPENAI_BASE_URL", model_server.openai_url)
    monkeypatch.setenv("OPENAI_API_KEY", "unit-key")
    names: dict[str, Any] = {}
    for block in fences(LANGCHAIN, "python"):
        exec(compile(block, LANGCHAIN.name, "exec"), names)  # noqa: S102 - the guide's own code is under test
    assert capsys.readouterr().out.splitlines() == ["8.0 맞는 답입니다.", "korean_quality 8.0 맞는 답입니다."]
    assert table_keys(LANGCHAIN, "| output | meaning |") == set(names["verdict"])
    assert table_keys(LANGCHAIN, "| input | meaning |") >= set(JudgeInput.model_fields)


# ── commands and links ──


def test_commands_exist_with_their_options(run_cli: Run) -> None:
    names = {path: command for guide in GUIDES for command in commands(guide) if (path := _command_path(command))}
    assert {("demo",), ("run",), ("questions", "lint"), ("import",)} <= set(names)
    helps = {path: run_cli(*path, "--help") for path in names}
    for guide in GUIDES:
        for command in commands(guide):
            shown = helps[_command_path(command)]
            assert shown.code == 0, f"{guide.name}: kojudge {shlex.join(command)}: {shown}"
            for word in command:
                if re.fullmatch(r"--?[a-z][a-z-]*", word):
                    assert re.search(rf"(?<![\w-]){word}(?![\w-])", shown.out), f"{guide.name}: no option {word}"
            if command[0] in ("import", "export") and len(command) > 1:
                assert re.search(rf"<[^>\n]*\b{command[1]}\b[^>\n]*>", shown.out), f"{guide.name}: {command}"


def _command_path(command: list[str]) -> tuple[str, ...]:
    return tuple(command[: 2 if command[0] in ("questions", "providers", "judge", "labels") else 1])


@pytest.mark.usefixtures("own_questions")
def test_every_run_example_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("OPENAI_BASE_URL", "OLLAMA_HOST", "KOJUDGE_DEBUG"):
        monkeypatch.delenv(variable, raising=False)
    row = {"id": 1, "category": "추론", "questions": ["하나?"], "references": [None], "outputs": ["하나입니다."]}
    for folder in ("generated", "out"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tiny.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    for name in ("plan.example.yaml", "judge.example.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text("utf-8"), encoding="utf-8")
    write_packs(tmp_path)
    examples = {tuple(c) for guide in GUIDES for c in commands(guide) if c[0] == "run" and len(c) > 1}
    examples = {c for c in examples if "-j" in c or c[1].endswith(".yaml")}
    assert len(examples) >= 6
    for command in sorted(examples):
        # In this process: a dozen starts of the interpreter would take half a minute.
        with pytest.raises(SystemExit) as ended:
            main([*command, *(() if "--dry-run" in command else ("--dry-run",))])
        assert not ended.value.code, f"kojudge {shlex.join(command)}: {capsys.readouterr().err}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: p.name)
def test_relative_links_resolve(guide: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", guide.read_text("utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = guide.parent / name if name else guide
        assert path.exists(), f"{guide.name} links to {target}"
        if anchor:
            heads = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, target
