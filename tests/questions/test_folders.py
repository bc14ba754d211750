"""Sets in folders: leaf files, unions and picks, and what is said of each mistake."""

from pathlib import Path

import pytest

from questions.library import load_set
from questions.readers import read_questions
from questions.source import SourceError

LEAF = """\
leaf: A1.3
questions:
  - id: a1.3-01
    policy: task
    rationale: 문체를 지킨다.
    turns: [{prompt: 해요체로 인사해 줘.}]
  - id: a1.3-02
    turns: [{prompt: 반말로 인사해 줘.}]
"""
OTHER = LEAF.replace("A1.3", "A2.1").replace("a1.3-", "a2.1-")


def write(root: Path, **files: str) -> Path:
    """`mine__set` is `mine/set.yaml`; a single underscore of a leaf is its dot."""
    for name, text in files.items():
        folder, _, file = name.partition("__")
        path = root / folder / f"{file.replace('_', '.')}.yaml" if file else root / f"{folder}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        mine__set='set: mine\nversion: "3"\nlicence: CC-BY-4.0\ncanary: GUID 0\nleaves: [A1.3]\n',
        mine__A1_3=LEAF,
        other__set="set: other\nleaves: [A2.1]\n",
        other__A2_1=OTHER,
        single="set: single\nquestions: [{id: s-1, category: 인사, turns: [{prompt: 안녕?}]}]\n",
    )


def ids(path: Path) -> list[str]:
    return [question.id for question in read_questions(path).questions]


def test_a_folder_of_leaf_files(root: Path) -> None:
    found = load_set(str(root / "mine"))
    assert (found.set, found.version, found.licence, found.canary) == ("mine", "3", "CC-BY-4.0", "GUID 0")
    assert [(q.id, q.leaf, q.category) for q in found.questions] == [
        ("a1.3-01", "A1.3", "존댓말·문체"),
        ("a1.3-02", "A1.3", "존댓말·문체"),
    ]


def test_a_union_takes_folders_and_files_beside_it(root: Path) -> None:
    write(root, all__set="set: all\nof: [other, mine, single]\n")
    assert ids(root / "all") == ["a2.1-01", "a2.1-02", "a1.3-01", "a1.3-02", "s-1"]


def test_a_pick_keeps_its_own_order(root: Path) -> None:
    write(root, few__set="set: few\nfrom: [mine, other]\npick: [a2.1-02, a1.3-01]\n")
    assert ids(root / "few") == ["a2.1-02", "a1.3-01"]


def test_the_same_question_keeps_its_digest_in_every_set(root: Path) -> None:
    write(root, few__set="set: few\nfrom: [mine]\npick: [a1.3-02]\n")
    assert read_questions(root / "few").questions[0].digest() == read_questions(root / "mine").questions[1].digest()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("mine__set", "set: mine\n", "mine/set.yaml:1: give one of leaves (leaf files), of (other sets) or pick"),
        ("mine__set", "set: mine\nleaves: [A1.3]\nof: [other]\n", "give one of leaves"),
        ("mine__set", "set: mine\npick: [a1.3-01]\n", "pick and from go together"),
        ("mine__set", "set: mine\nleafs: [A1.3]\n", "mine/set.yaml:2: unknown key 'leafs'; did you mean 'leaves'?"),
        (
            "mine__set",
            "set: mine\nleaves:\n- A1.3\n- A1.4\n",
            "mine/set.yaml:4: leaves[1]: no file A1.4.yaml in this folder",
        ),
        ("mine__set", "set: mine\nof: [others]\n", "mine/set.yaml:2: of[0]: no set 'others' next to this folder"),
        ("mine__set", "set: mine\nof: [union]\n", "of[0]: 'union' is put together itself"),
        ("mine__set", "set: mine\nof: [mine]\n", "of[0]: 'mine' is put together itself"),
        ("mine__set", "set: mine\nof: [other, other]\n", "the question 'a2.1-01' stands twice"),
        (
            "mine__set",
            "set: mine\nfrom: [other]\npick:\n- a2.1-01\n- a2.1-03\n",
            "mine/set.yaml:5: pick[1]: no question 'a2.1-03' in those sets; did you mean",
        ),
        ("mine__set", "set: mine\nfrom: [other]\npick: [a2.1-01, a2.1-01]\n", "stands twice"),
        (
            "mine__A1_3",
            LEAF.replace("A1.3", "A1.9"),
            "mine/A1.3.yaml:1: leaf: no leaf 'A1.9' in the taxonomy; did you mean",
        ),
        ("mine__A1_3", OTHER, "mine/A1.3.yaml:1: leaf: 'A2.1' is not the leaf that the file is named after"),
        (
            "mine__A1_3",
            LEAF.replace("a1.3-02", "a13-02"),
            "mine/A1.3.yaml:7: questions[1].id: 'a13-02' must begin with 'a1.3-'",
        ),
        (
            "mine__A1_3",
            LEAF.replace("a1.3-02", "a1.3-01"),
            "mine/A1.3.yaml:7: questions[1].id: 'a1.3-01' is already the id",
        ),
        (
            "mine__A1_3",
            LEAF.replace("policy: task", "category: 말투"),
            "mine/A1.3.yaml:4: questions[0].category: category comes from the leaf of the file; delete it",
        ),
        (
            "mine__A1_3",
            LEAF.replace("prompt: 반말", "promt: 반말"),
            "mine/A1.3.yaml:8: questions[1].turns[0]: unknown key 'promt'",
        ),
        ("mine__A1_3", "leaf: A1.3\n", "mine/A1.3.yaml:1: questions: this key is required"),
        ("mine__A1_3", LEAF.replace("leaf: A1.3\n", ""), "leaf: this key is required"),
        ("mine__A1_3", "- 하나\n", "expected a mapping"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(root: Path, file: str, text: str, message: str) -> None:
    write(root, union__set="set: union\nof: [other]\n")
    write(root, **{file: text})
    with pytest.raises(SourceError) as caught:
        read_questions(root / "mine")
    assert message in str(caught.value).replace(str(root) + "/", "")
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_set_file_is_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder; name a file inside it"):
        read_questions(tmp_path)
