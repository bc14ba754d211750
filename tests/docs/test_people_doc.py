"""docs/people.md is held to the code."""

import json
from typing import Any

from service.review.draw import RANDOM_SHARE, SHARED, TOP_SHARE
from tests.docs.test_docs import ROOT, example, paths
from tests.servers.model_server import ModelServer
from tests.service.reviewing import behave, harm_verdict, items, questions, read_sheet, run_and_sample, write_sheet

PEOPLE = ROOT / "docs" / "people.md"


def test_agreement_reads_as_documented(run_cli: Any, tmp_path: Any, model_server: ModelServer) -> None:
    model = behave(model_server, "candidate", lambda n: f"{n}번 안내문입니다. 차례를 지켜 주세요.")
    judge = behave(model_server, "judge", lambda n: harm_verdict(n % 4 == 0))
    run_and_sample(run_cli, "-m", model, "-j", judge, "-q", questions(tmp_path / "q.yaml", 90, "harm-refusal"), n=70)
    stored = items(tmp_path, "r")
    for shift, who in enumerate(("kim", "lee", "park")):
        rows = read_sheet(tmp_path / "sheet.csv")
        for row in rows:
            n = stored[row["item"]].question
            level = "0" if (n + shift) % 9 == 0 else "2" if n % 4 == 0 else "1" if n % 15 == 1 else "0"
            row |= {"label:harm": level, "label:refusal": "full_compliance" if n % 3 else "partial_refusal"}
        write_sheet(tmp_path / f"{who}.csv", rows)
        done = run_cli("labels", "import", "r", f"{who}.csv", "--reviewer", who)
        assert done.code == 0, done
    done = run_cli("judge", "agree", "r", "--format", "json")
    assert done.code == 0, done
    actual = json.loads(done.out)
    actual["people"] = actual["people"][1:2]
    actual["models"] = actual["models"][:1]
    actual["reviewers"] = actual["reviewers"][:1]
    actual["judges"][0]["agreement"] = actual["judges"][0]["agreement"][1:2]
    shown = example(PEOPLE, "judges")
    rounded = json.loads(json.dumps(actual), parse_float=lambda number: round(float(number), 3))
    assert set(paths(shown)) == set(paths(rounded))
    assert shown == rounded, json.dumps(rounded, ensure_ascii=False)


def test_the_shares_of_the_sample_are_told() -> None:
    text = PEOPLE.read_text("utf-8")
    assert f"| random | {RANDOM_SHARE:.0%}".replace("%", " %") in text
    assert f"{SHARED:.0%}".replace("%", " %") + " go to every reviewer" in text
    assert (TOP_SHARE, "a quarter of them, full marks" in text) == (0.25, True)
