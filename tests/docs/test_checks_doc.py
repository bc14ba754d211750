"""docs/checks.md is held to the code."""

import json

from judge.checks.observations import KINDS
from judge.probes.attacks import load_attacks
from tests.docs.test_docs import ROOT, table_keys

GUIDE = ROOT / "docs" / "checks.md"


def test_every_kind_is_explained():
    assert table_keys(GUIDE, "| kind | counts") == set(KINDS)


def test_the_documented_keys_are_printed(run_cli):
    assert run_cli("run", "-m", "scripted:drifting", "-j", "scripted:rules", "--name", "demo").code == 0
    text = GUIDE.read_text("utf-8")
    counted = json.loads(run_cli("checks", "demo", "--format", "json").out)
    listed = json.loads(run_cli("checks", "demo", "--list", "wrong_language", "--format", "json").out.splitlines()[0])
    for key in (*counted, "answers", "missing", *listed):
        assert f"`{key}`" in text or f'"{key}"' in text, key


def test_the_size_of_the_corpus_is_as_documented():
    assert f"holds {len(load_attacks())} answers" in GUIDE.read_text("utf-8")
