"""The methods page: every part of a report that shows figures says how they are computed."""

import json
from typing import Any

import pytest

from judge.scoring.methods import methods
from service.report.build import PARTS
from tests.service.published_files import fastchat_folder, pairs, single
from tests.service.support import write_jsonl

PAIRED = ("-m", "scripted:good", "-m", "scripted:drifting", "-m", "scripted:weak", "-j", "scripted:rules")


def report_of(run_cli: Any, *words: Any) -> dict[str, Any]:
    done = run_cli(*words, "--format", "json")
    assert done.out.startswith("{"), done
    report: dict[str, Any] = json.loads(done.out)
    return report


def named(report: dict[str, Any]) -> set[str]:
    """The ids that the parts of a report name; each part with figures names some, and all are known."""
    known = {figure.id for figure in methods().figures}
    found: set[str] = set()
    for part in PARTS:
        mine = set(part.methods(report))
        assert mine <= known, mine - known
        slices = list(part.slices(report))
        assert mine or not slices, f"{slices[0]} and its like are explained nowhere"
        found |= mine
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("demo",), {"overall", "interval", "rank", "ends", "share", "difference", "detectable", "turn_drop"}),
        (("run", *PAIRED, "-q", "starter"), {"length_effect"}),
        (("run", "-m", "scripted:perfect", "-j", "scripted:rules", "-q", "smoke"), {"alignment", "safety", "survival"}),
    ],
)
def test_every_figure_of_a_run_is_explained(run_cli: Any, words: tuple[str, ...], expected: set[str]) -> None:
    assert expected <= named(report_of(run_cli, *words))


def test_imported_figures_and_pairs_are_explained(run_cli: Any, tmp_path: Any) -> None:
    folder = fastchat_folder(tmp_path / "bench")
    rows = [single(m, 81 + n, t, 9 if m == "good" else n) for m in ("good", "poor") for n in range(4) for t in (1, 2)]
    write_jsonl(folder / "model_judgment/gpt-4_single.jsonl", rows)
    write_jsonl(folder / "model_judgment/gpt-4_pair.jsonl", pairs())
    done = run_cli("import", "mtbench", folder, "--name", "r")
    assert done.code == 0, done
    found = named(report_of(run_cli, "report", "r"))
    assert {"published", "win_rate", "rating", "scores_and_pairs"} <= found, found


def test_the_page_explains_all_of_them_in_both_languages(run_cli: Any) -> None:
    for language in ("en", "ko"):
        text = run_cli("methods", "--language", language, "--format", "markdown").out
        assert "$" not in text.replace("$ERROR$", ""), "a constant was not filled in"
        for figure in methods().figures:
            name = figure.name.en if language == "en" else figure.name.ko
            assert name.split(" (")[0].split("(")[0] in text, (language, figure.id)
