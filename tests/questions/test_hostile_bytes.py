"""Whatever the bytes: a value, or a `SourceError` of one printable line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from questions.readers import read_questions
from questions.readers.language_hint import expected_language
from questions.source import SourceError, load_yaml
from questions.types import QuestionSet
from tests.questions.rows import BOM, QUESTIONS, evaluated

ROWS = "\n".join(json.dumps(evaluated(row), ensure_ascii=False) for row in QUESTIONS).encode()
YAML = """\
set: 작은 것
questions:
  - {id: 가, category: 나, turns: [{prompt: 다, checks: [{type: number, value: 3}]}]}
  - id: 라
    category: "마\\u0041"
    turns:
      - prompt: |
          바
        expected_language: en
""".encode()

yaml_pieces = st.lists(
    st.sampled_from(
        [
            *("set", "questions", "id", ": ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "&a ", "*a", "!!int "),
            *("<<", "? ", "|", ">", "'", '"', "#", "---\n", "%", "\t", "=", "~", "1_", "0x_", "2024-99-99"),
            *("1:60", ".inf", "가", "\\"),
        ]
    ),
    max_size=40,
).map(lambda parts: "".join(parts).encode())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "category", "questions", "references", "outputs", "x"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)
json_rows = st.lists(json_values, max_size=4).map(lambda values: "\n".join(map(json.dumps, values)).encode())


@st.composite
def spoilt(draw: st.DrawFn, sound: bytes) -> bytes:
    """A sound file with a stretch replaced by other bytes."""
    start = draw(st.integers(0, len(sound)))
    end = draw(st.integers(start, min(len(sound), start + 30)))
    return sound[:start] + draw(st.binary(max_size=6) | st.sampled_from([b"\n", b'"', b"{", b"\t", BOM])) + sound[end:]


contents = st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass"))
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def refusal(read: Callable[[], object]) -> str | None:
    try:
        read()
    except SourceError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", ["a.yaml", "a.jsonl", "questions.jsonl", "a"])
@relaxed
@given(content=contents | yaml_pieces | json_rows | spoilt(ROWS) | spoilt(YAML) | spoilt(BOM + ROWS))
def test_read_questions(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    message = refusal(lambda: read_questions(path))
    assert message is None or (message.isprintable() and message.startswith(str(path)))


@relaxed
@given(content=contents | yaml_pieces | spoilt(YAML))
def test_load_yaml(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    message = refusal(lambda: load_yaml(path, QuestionSet))
    assert message is None or (message.isprintable() and message.startswith(str(path)))


@relaxed
@given(st.text(max_size=300))
def test_expected_language(prompt: str) -> None:
    assert expected_language(prompt) in ("ko", "en", "any")
