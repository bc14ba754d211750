"""Shipped sets and sets in files."""

import subprocess
import sys
from pathlib import Path

import pytest

from questions.library import load_set, shipped_sets
from questions.lint import lint
from questions.source import SourceError
from tests.questions.rows import QUESTIONS, write


@pytest.mark.parametrize("name", shipped_sets())
def test_shipped_sets_are_sound(name: str) -> None:
    found = load_set(name)
    assert found.set == name
    assert [str(f) for f in lint(found) if f.severity == "error"] == []


def test_starter_is_shipped() -> None:
    assert "starter" in shipped_sets()


def test_a_set_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "questions.jsonl", QUESTIONS)
    assert len(load_set(str(tmp_path / "questions.jsonl")).questions) == 3
    monkeypatch.chdir(tmp_path)
    assert load_set("questions.jsonl").set == "logickor"


def test_a_shipped_name_is_not_shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "starter").write_text("가", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_set("starter").set == "starter"
    with pytest.raises(SourceError, match="not a question file"):
        load_set("./starter")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("statrer", "no question set 'statrer'; did you mean 'starter'? shipped: "),
        ("바둑", "no question set '바둑'; shipped: "),
        ("", "no question set ''; shipped: "),
        ("none.yaml", "none.yaml: no such file"),
        ("no/such/set", "no/such/set: no such file"),
        ("/", "/: is a folder; name a file inside it"),
        ("\x1b\0", "no question set '\\x1b\\x00'; shipped: "),
        ("가" * 300, "cannot be read: File name too long"),
    ],
)
def test_no_such_set(spec: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        load_set(spec)
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_importing_the_library_is_light() -> None:
    heavy = "{'numpy', 'scipy', 'sqlalchemy', 'openai', 'streamlit', 'httpx', 'rich', 'providers', 'judge', 'service'}"
    code = f"import sys, questions.library, questions.lint; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
