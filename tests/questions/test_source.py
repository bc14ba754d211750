"""YAML of users: read, or refused in one line that names file, line and key."""

import datetime
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from questions.source import MAX_YAML_BYTES, SourceError, load_yaml, one_line, parse_yaml, printable


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Small(_Strict):
    type: Literal["small"]
    size: int = 0


class Large(_Strict):
    type: Literal["large"]
    weight: float = Field(default=0, ge=0)


class Step(_Strict):
    name: str = Field(min_length=1)
    box: Small | Large | None = Field(default=None, discriminator="type")


class Plan(_Strict):
    models: list[str] = Field(min_length=1)
    mode: Literal["fast", "slow"] = "fast"
    count: int = 1
    flag: bool = True
    title: str | None = None
    steps: list[Step] = []
    anchors: dict[int, str] = {}

    @field_validator("title")
    @classmethod
    def _not_shouted(cls, title: str | None) -> str | None:
        if title == "시끄러움":
            raise ValueError("must not be loud;\nspeak softly")
        return title


def refused(text: str) -> str:
    with pytest.raises(SourceError) as caught:
        parse_yaml(text, "plan.yaml", Plan)
    message = str(caught.value)
    assert message.isprintable()
    return message


def test_a_sound_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(
        "\ufeffmodels: [하나, 둘]\r\nmode: slow\r\nanchors: {10: 좋음, 0: 나쁨}\r\n"
        "steps:\r\n  - name: |-\r\n      두 줄\r\n      글\r\n    box: {type: large, weight: 1.5}\r\n".encode()
    )
    plan = load_yaml(path, Plan)
    assert plan.models == ["하나", "둘"]
    assert plan.anchors == {10: "좋음", 0: "나쁨"}
    assert plan.steps[0].name == "두 줄\n글"
    assert plan.steps[0].box == Large(type="large", weight=1.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modles: [a]\n", "1: unknown key 'modles'; did you mean 'models'? (and 1 more)"),
        ("models: [a]\nzzz: 1\n", "2: unknown key 'zzz'; known keys: models, mode, count, flag, title, steps, anchors"),
        ("mode: fast\n", "1: models: this key is required"),
        ("models: []\n", "1: models: must not be empty"),
        ("models: a\n", "1: models: must be a list, found 'a'"),
        ("models:\n  - a\n  - 3\n", "3: models[1]: must be text, found the number 3; put it in quotes"),
        ("models:\n  - 2024-05-13\n", "2: models[0]: must be text, found a date (2024-05-13); put it in quotes"),
        ("models: [a]\nmode: fats\n", "2: mode: must be one of fast, slow, found 'fats'; did you mean 'fast'?"),
        ("models: [a]\ncount: 여럿\n", "2: count: must be a whole number, found '여럿'"),
        ("models: [a]\ncount: 1.5\n", "2: count: must be a whole number, found the number 1.5"),
        ("models: [a]\nflag: [1]\n", "2: flag: must be true or false, found a list"),
        ("models: [a]\n\ntitle: 시끄러움\n", "3: title: must not be loud;\\nspeak softly"),
        ("models: [a]\nsteps: {}\n", "2: steps: must be a list, found a mapping"),
        ("models: [a]\nsteps:\n- name: ''\n", "3: steps[0].name: must not be empty"),
        ("models: [a]\nsteps:\n- name: x\n- box: {type: small}\n", "4: steps[1].name: this key is required"),
        (
            "models: [a]\nsteps:\n- name: x\n  box:\n    type: large\n    wieght: 3\n",
            "6: steps[0].box: unknown key 'wieght'; did you mean 'weight'?",
        ),
        (
            "models: [a]\nsteps:\n- name: x\n  box:\n    type: large\n    size: 3\n",
            "6: steps[0].box: unknown key 'size'; known keys: type, weight",
        ),
        (
            "models: [a]\nsteps:\n- name: x\n  box: {type: medium}\n",
            "4: steps[0].box: type must be one of small, large, found 'medium'",
        ),
        ("models: [a]\nsteps:\n- name: x\n  box: {size: 1}\n", "4: steps[0].box: the key 'type' is required"),
        (
            "models: [a]\nsteps:\n- name: x\n  box:\n    type: large\n    weight: -1\n",
            "6: steps[0].box.weight: must be at least 0, found the number -1",
        ),
        (
            "models: [a]\nsteps:\n- {name: 하나, 둘}\n",
            "3: steps[0]: unknown key '둘' without a value; a text with a comma inside {...} needs quotes",
        ),
        ("models: [a]\nanchors:\n  열: 좋음\n", "3: anchors.열: must be a whole number, found '열'"),
        ("- models\n", "1: expected a mapping (key: value) at the top, found a list"),
        ("그냥 글\n", "1: expected a mapping (key: value) at the top, found '그냥 글'"),
        ("~\n", "1: expected a mapping (key: value) at the top, found nothing"),
        ("", "1: the file is empty"),
        ("\ufeff# 설명뿐\n", "1: the file is empty"),
        ("models: [a]\nmodels: [b]\n", "2: the key 'models' appears twice (first on line 1)"),
        ("models:\n\t- a\n", "2: a tab is used for indentation; use spaces"),
        ("models: [a\nmode: fast\n", "2: not valid YAML:"),
        ("models: [a]\ntitle: 하나: 둘\n", "2: not valid YAML: a text that holds ': ' needs quotes"),
        ("models: [a]\n---\nmodels: [b]\n", "2: a second document starts here (---); keep one document a file"),
        ("models: &m [a]\n", "1: anchors and aliases (& and *) are not read"),
        ("models: [a]\ntitle: *강조*\n", "2: anchors and aliases (& and *) are not read"),
        ("models: !!python/object/apply:os.system [ls]\n", "1: tags (!) are not read"),
        ("models: [a]\ntitle: !소리\n", "2: tags (!) are not read"),
        ("<<: {models: [a]}\n", "1: merge keys (<<) are not read"),
        ("? [a, b]\n: 1\n", "1: a key must be plain text, not a list or a mapping"),
        ("models: [a]\ntitle: 2024-13-45\n", "2: '2024-13-45' looks like a number or a date but is none"),
        ("models: [a]\ntitle: =\n", "2: '=' looks like a number or a date but is none; put it in quotes"),
        ("models: [a]\ntitle: 0x_\n", "2: '0x_' looks like a number"),
        ("models: [a]\ncount: " + "9" * 5000 + "\n", "2: '999"),
        ("models: [a]\ntitle: 0x" + "f" * 9000 + "\n", "2: title: must be text, found a very large number"),
        ("models: [a]\ntitle: a\x1b[31m\n", "2: the character U+001B cannot stand in a YAML file; delete it"),
        ("models: [a]\ntitle: a\ud800\n", "2: the character U+D800 cannot stand in a YAML file"),
        ("models: " + "[" * 3000 + "\n", "1: nested deeper than 40 levels"),
        ("a: " * 3000, "1: not valid YAML"),
        ('models: [a]\ncount: "\\e[31m\\u202e"\n', "2: count: must be a whole number, found '\\x1b[31m\\u202e'"),
        ('models: [a]\n"\\e\\n": 1\n', "2: unknown key '\\x1b\\n'; known keys:"),
        ("models: [a]\nmode: " + "가" * 500 + "\n", "2: mode: must be one of fast, slow, found '" + "가" * 60 + "…'"),
    ],
)
def test_one_clear_line(text: str, message: str) -> None:
    assert refused(text).startswith(f"plan.yaml:{message}")


def test_several_mistakes_are_counted() -> None:
    assert refused("models: []\ncount: x\nflag: 9\n").endswith("must not be empty (and 2 more)")


def test_lines_are_those_of_an_editor() -> None:
    # U+2028 and U+0085 end a line for YAML, not for an editor.
    assert refused('title: "하나\u2028둘\x85셋"\nmodels: [a]\ncount: x\n').startswith("plan.yaml:3: count:")


def test_alias_bombs_are_refused_quickly() -> None:
    layers = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert "anchors and aliases" in refused("l0: &l0 [x, x]\n" + layers)


def test_values_are_those_of_safe_load() -> None:
    class Loose(BaseModel):
        a: object = None
        b: object = None
        c: object = None

    loose = parse_yaml("a: [yes, 1_000, 0.5, ~, '1', 0o7]\nb: 2024-05-13\nc: {k: {n: .5}}\n", "x", Loose)
    assert loose.a == [True, 1000, 0.5, None, "1", "0o7"]
    assert loose.b == datetime.date(2024, 5, 13)
    assert loose.c == {"k": {"n": 0.5}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("models: [한글]\n".encode("cp949"), ":1: not UTF-8 text (byte 0xc7); save the file as UTF-8"),
        (b"a: b\n" + "models: [a]\n".encode("utf-16"), ":2: not UTF-8 text (byte 0xff)"),
        ("models: [가".encode()[:-1], ":1: the file stops in the middle of a character; it was cut off"),
        (b"#" * (MAX_YAML_BYTES + 1), ": is larger than 4 MiB; split it"),
        (b"models: [a]\0", ":1: the character U+0000 cannot stand in a YAML file"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(content)
    with pytest.raises(SourceError) as caught:
        load_yaml(path, Plan)
    assert str(caught.value).startswith(f"{path}{message}")


def test_places_that_are_no_file(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none.yaml", "no such file"),
        (tmp_path, "is a folder; name a file inside it"),
        (tmp_path / "a\nb\x1b.yaml", "no such file"),
        ("a\0b", "cannot be read: embedded null byte"),
        ("가" * 400, "cannot be read: File name too long"),
    ):
        with pytest.raises(SourceError, match=message) as caught:
            load_yaml(path, Plan)
        assert str(caught.value).isprintable()


def test_printable_text() -> None:
    assert printable("가\n나\x1b\u202e") == "가\\n나\\x1b\\u202e"
    assert printable("가나다라", 2) == "가나…"
    assert printable(Path("집")) == "집"


def test_a_bare_validation_error_in_one_line() -> None:
    with pytest.raises(ValueError) as caught:
        Plan.model_validate({"models": [1], "x\n": 2})
    error = caught.value
    assert one_line(error) == "models.0: must be text, found the number 1; put it in quotes (and 1 more)"  # type: ignore[arg-type]
