"""The report for people: a page that asks for nothing, its figures, its findings, and files that are whole."""

import json
import os
import re
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

import judge.scoring
import questions
from service.report.render import report_document
from tests.conftest import CliResult
from tests.service.support import write_jsonl

Run = Callable[..., CliResult]

HOSTILE = (
    "<img src=x onerror=alert(1)>[a](javascript:alert(1))",
    "</svg></figure><script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    '" onmouseover="alert(1)" style="x',
    "# \u202ehead\u200b \x1b[31m http://evil.example/x | `code` \\| **b**",
)
TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta title style body main h1 h2 h3 h4 p div span ul li figure figcaption svg line circle text "
        "table thead tbody tr th td i details summary",
    )
)
VOID = {"meta", "line", "circle"}


class Page(HTMLParser):
    """Every tag with its attributes, the text by the tag that holds it, and whether all tags are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag, (tag, self._open)

    def handle_data(self, data: str) -> None:
        holder = self._open[-1] if self._open else ""
        self.texts.append((holder, data))
        if "tr" in self._open:
            self.rows[-1].append(data)

    def of(self, tag: str) -> list[str]:
        return [text for holder, text in self.texts if holder == tag]


def recorded(path: Path, names: tuple[str, ...], categories: tuple[str, ...], *, each: int = 1) -> None:
    """Recorded answers of these models to `each` questions a category."""
    prompt = {"prompt": "무엇인가요?"}
    write_jsonl(
        path,
        (
            {
                "model": name,
                "question": {"id": f"q{c}-{n}", "category": category, "turns": [prompt]},
                "turns": [prompt | {"answer": "답입니다."}],
            }
            for name in names
            for c, category in enumerate(categories)
            for n in range(each)
        ),
    )


def judged(run_cli: Run, path: str) -> None:
    done = run_cli("run", "-m", f"replay:{path}", "-j", "scripted:rules", "--name", "r")
    assert done.code == 0, done


@pytest.fixture
def demo(run_cli: Run) -> dict[str, Any]:
    done = run_cli("demo", "--quick", "--format", "json")
    assert done.code == 0, done
    report: dict[str, Any] = json.loads(done.out)
    return report


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_asks_for_nothing_and_is_well_formed(run_cli: Run, demo: dict[str, Any], language: str) -> None:
    text = run_cli("report", "demo", "--format", "html", "--language", language).out
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= TAGS
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert not re.search(r"url\(|@import|://", text)
    asking = {"src", "href", "action", "data", "poster", "srcset", "background"}
    assert not [(tag, a) for tag, a in page.tags if asking & set(a) or any(name.startswith("on") for name in a)]
    assert page.tags[0] == ("html", {"lang": language})


def test_figures_state_their_finding_and_carry_their_numbers(run_cli: Run, demo: dict[str, Any]) -> None:
    page = Page(run_cli("report", "demo", "--format", "html").out)
    captions = page.of("figcaption")
    assert len(captions) == 3, captions
    best = demo["models"][0]
    e = best["overall"]
    told = (
        f"Highest mean: scripted:good {e['mean']:.2f} [{e['low']:.2f}, {e['high']:.2f}] (n 24); lowest: scripted:weak"
    )
    assert captions[0].startswith(told)
    (chart,) = [a for tag, a in page.tags if a.get("role") == "img"]
    assert chart["aria-label"] == captions[0]
    circles = [a["cx"] for tag, a in page.tags if tag == "circle"]
    places = [2 + 96 * m["overall"]["mean"] / 10 for m in demo["models"]]
    assert [float((c or "").rstrip("%")) for c in circles] == pytest.approx(places, abs=0.006)
    assert f"{best['categories']['문법']['mean']:.2f}" in [c for row in page.rows for c in row]
    shades = [a["class"] for tag, a in page.tags if tag == "td" and (a.get("class") or "").startswith("s")]
    assert len(set(shades)) > 3


def test_tied_groups_are_marked_by_letters(demo: dict[str, Any]) -> None:
    names = [m["model"] for m in demo["models"]]
    tied = demo | {"differences": {"groups": [names[:2], names[1:]], "pairs": [], "baseline": None, "detectable": None}}
    document = report_document(demo, "en")
    figure = document.grids[0].figure
    assert [row.groups for row in figure.rows] == ["", "", ""]  # type: ignore[union-attr]
    from service.report import charts
    from service.report.document import speaker

    chart = charts.overall(tied, speaker("en"))
    assert chart is not None
    assert [row.groups for row in chart.rows] == ["a", "ab", "b"]
    assert "share a letter" in chart.alt


def test_hostile_names_stay_text_on_the_page(run_cli: Run, tmp_path: Path) -> None:
    recorded(tmp_path / "r.jsonl", HOSTILE, HOSTILE[:3], each=2)
    judged(run_cli, "r.jsonl")
    text = run_cli("report", "r", "--format", "html").out
    page = Page(text)
    assert {tag for tag, _ in page.tags} <= TAGS
    assert not [a for _, a in page.tags if any(name.startswith("on") or name == "src" for name in a)]
    assert not set("\u202e\u200b\x1b") & set(text)
    names = [text for tag, text in page.texts if tag == "span"]
    for name in HOSTILE[:4]:
        assert name in names, names


def test_hostile_names_stay_text_in_markdown(run_cli: Run, tmp_path: Path) -> None:
    recorded(tmp_path / "r.jsonl", HOSTILE, HOSTILE[:3], each=2)
    judged(run_cli, "r.jsonl")
    text = run_cli("report", "r", "--format", "markdown").out
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {t.type for token in tokens for t in (token, *(token.children or ()))}
    assert not {"html_block", "html_inline", "link_open", "image", "code_inline", "strong_open"} & kinds, text
    assert "http://" not in text
    rows: list[int] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append(0)
        elif token.type in ("td_open", "th_open"):
            rows[-1] += 1
    assert rows.count(7) == len(HOSTILE) + 1, rows
    shown = [token.content for token in tokens if token.type == "inline"]
    assert any("javascript:alert" in content for content in shown)


def test_long_tables_are_folded_in_below_their_figure(run_cli: Run, tmp_path: Path) -> None:
    recorded(tmp_path / "r.jsonl", ("하나", "둘"), tuple(f"범주 {n}" for n in range(200)))
    judged(run_cli, "r.jsonl")
    page = Page(run_cli("report", "r", "--format", "html", "--language", "ko").out)
    assert "표로 보기 (200)" in page.of("summary")
    assert sum(row[:1] == ["범주 17"] for row in page.rows) == 2


def test_one_model_with_one_question_is_a_report_too(run_cli: Run, tmp_path: Path) -> None:
    recorded(tmp_path / "r.jsonl", ("하나",), ("하나뿐",))
    judged(run_cli, "r.jsonl")
    for kind in ("table", "markdown", "html", "csv"):
        done = run_cli("report", "r", "--format", kind, "--language", "ko")
        assert done.code == 0, done
        assert "하나" in done.out


# ── what is found ──


def test_the_first_finding_says_what_is_there(run_cli: Run, demo: dict[str, Any], tmp_path: Path) -> None:
    assert "All 72 planned verdicts are there." in run_cli("report", "demo").out
    rows = [{"id": "math-1", "category": "수학"}, {"id": "nope", "category": "없음"}]
    (tmp_path / "q.yaml").write_text(
        yaml.safe_dump({"set": "q", "questions": [r | {"turns": [{"prompt": f"{r['id']}?"}]} for r in rows]}), "utf-8"
    )
    done = run_cli("run", "-m", "scripted:good", "-j", "scripted:rules", "-q", "q.yaml", "--name", "half")
    assert done.code == 1, done
    assert "1 of 2 planned verdicts are there (50.0 %); without a score: 1 skipped." in done.out
    korean = run_cli("report", "half", "--language", "ko", "--format", "markdown").out
    assert "계획한 판정 2건 가운데 1건(50.0 %)이 있습니다. 점수가 없는 판정: 채점할 답변 없음 1건." in korean
    assert "skipped" not in korean


def test_the_ends_of_the_scale_are_counted_and_flagged(run_cli: Run, demo: dict[str, Any], tmp_path: Path) -> None:
    assert run_cli("export", "jsonl", "demo", "out").code == 0
    lines = (tmp_path / "out" / "conversations.jsonl").read_text("utf-8").split("\n")
    scores: dict[str, list[float]] = {}
    for conversation in map(json.loads, filter(None, lines)):
        scores.setdefault(conversation["model"], []).extend(v["score"] for v in conversation["verdicts"])
    for model in demo["models"]:
        found, mine = model["distribution"], scores[model["model"]]
        assert found["at_max"]["mean"] == pytest.approx(sum(s == 10 for s in mine) / len(mine))
        assert found["at_min"]["mean"] == pytest.approx(sum(s == 0 for s in mine) / len(mine))
        assert [c["n"] for c in found["counts"]] == [sum(int(s) == c["score"] for s in mine) for c in found["counts"]]
        assert found["ceiling"] is (found["at_max"]["mean"] > 0.5)
    assert [m["distribution"]["ceiling"] for m in demo["models"]] == [True, False, False]
    shown = run_cli("report", "demo", "--format", "markdown").out
    assert re.search(r"Ceiling: more than 50% .*scripted:good \(67% \\\[47%, 82%\\\], n 24\)", shown), shown
    assert "천장효과: scripted:good" in run_cli("report", "demo", "--language", "ko").out


@pytest.mark.parametrize("kind", ["table", "markdown", "html"])
def test_what_people_read_says_that_ai_made_it(run_cli: Run, demo: dict[str, Any], kind: str) -> None:
    assert "Contains content generated and graded by AI" in run_cli("report", "demo", "--format", kind).out
    korean = run_cli("report", "demo", "--format", kind, env={"KOJUDGE_LANGUAGE": "ko"}).out
    assert "AI가 생성·채점한 내용 포함" in korean


def test_run_resume_and_demo_report_in_the_same_language(run_cli: Run) -> None:
    env = {"KOJUDGE_LANGUAGE": "ko"}
    words = ["-m", "scripted:good", "-j", "scripted:rules", "--name", "r"]
    for command in (["demo"], ["run", *words], ["resume", "r"]):
        by_variable = run_cli(*command, env=env)
        assert by_variable.code == 0, by_variable
        assert "판정" in by_variable.out
        assert "Overall" not in by_variable.out
        assert run_cli(*command, "--language", "ko").out == by_variable.out


# ── the methods ──


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", ["table", "markdown", "html"])
def test_the_methods_hold_what_scores(run_cli: Run, kind: str, language: str) -> None:
    done = run_cli("methods", "--language", language, "--format", kind)
    assert done.code == 0, done
    shown = " ".join(Page(done.out).of("td")) if kind == "html" else done.out.replace("\\", "")
    folder = Path(judge.scoring.__path__[0])
    policy = yaml.safe_load((folder / "weights.yaml").read_text("utf-8"))
    leaves = yaml.safe_load((Path(questions.__path__[0]) / "taxonomy.yaml").read_text("utf-8"))["leaves"]
    for name in (*policy["alignment"], *policy["rates"], *(leaf["id"] for leaf in leaves)):
        assert name in shown, name
    if kind != "table":  # a terminal folds long cells
        for leaf in leaves:
            assert leaf[language] in shown
        assert "$" not in shown
        assert "50%" in shown, "constants are filled in"


def test_a_report_folds_in_its_own_methods(run_cli: Run, demo: dict[str, Any]) -> None:
    page = Page(run_cli("report", "demo", "--format", "html").out)
    cells = [cell for row in page.rows for cell in row]
    assert demo["rubrics"]["turn-0-10"]["prompt_hash"] in cells
    assert demo["made_with"]["sets"][0]["licence"] in cells
    assert "temperature 0.0, max_output_tokens 2048" in cells
    assert "Overall mean" in cells
    assert "Win rate" not in cells, "the run has no pairs"


# ── files ──


def test_a_folder_is_refused_with_one_line(run_cli: Run, demo: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    done = run_cli("report", "demo", "--format", "html", "--output", "out")
    assert done.code == 2, done
    assert len(done.err.strip().splitlines()) == 1, done
    assert "it is a folder; name a file in it" in done.err
    assert not list((tmp_path / "out").iterdir())


def test_a_written_file_replaces_the_old_one_whole(run_cli: Run, demo: dict[str, Any], tmp_path: Path) -> None:
    kept = tmp_path / "real" / "r.md"
    kept.parent.mkdir()
    kept.write_text("old", encoding="utf-8")
    kept.chmod(0o640)
    (tmp_path / "link.md").symlink_to(kept)
    assert run_cli("report", "demo", "--format", "markdown", "-o", "link.md").code == 0
    assert kept.read_text("utf-8").startswith("# Run demo")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert (tmp_path / "link.md").is_symlink()
    assert [p.name for p in kept.parent.iterdir()] == ["r.md"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_device_is_written_to_and_not_replaced(run_cli: Run, demo: dict[str, Any]) -> None:
    full = run_cli("report", "demo", "--format", "csv", "-o", "/dev/full")
    assert full.code == 2, full
    assert "cannot write /dev/full" in full.err
    assert run_cli("report", "demo", "--format", "csv", "-o", os.devnull).code == 0
    assert not Path(os.devnull).is_file()
