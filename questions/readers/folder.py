"""A question set as a folder: `set.yaml` says what it is made of.

Its questions are those of the leaf files beside it (`leaves`), of other sets (`of`), or chosen from those (`pick`).
Other sets are folders or single files next to this folder.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from questions.readers.native import read_yaml, refuse_double_ids
from questions.source import MAX_YAML_BYTES, SourceError, did_you_mean, quote, read_text, validate
from questions.taxonomy import Leaf, taxonomy
from questions.types import Question, QuestionSet
from questions.yaml_tree import YamlTree, read_tree

SET_FILE = "set.yaml"


class SetFile(BaseModel):
    """What `set.yaml` holds."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    set: str = Field(min_length=1)
    version: str = "1"
    title: str | None = None
    description: str | None = None
    licence: str | None = None
    canary: str | None = None
    leaves: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    pick: tuple[str, ...] = ()
    pick_from: tuple[str, ...] = Field(default=(), alias="from")

    @model_validator(mode="after")
    def _one_source(self) -> "SetFile":
        given = [name for name in ("leaves", "of", "pick") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError("give one of leaves (leaf files), of (other sets) or pick (question ids)")
        if bool(self.pick) != bool(self.pick_from):
            raise ValueError("pick and from go together: ids, and the sets that hold them")
        return self


class LeafFile(BaseModel):
    """The questions of one leaf of the taxonomy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    leaf: str
    questions: tuple[Question, ...] = Field(min_length=1)


class SetFolders:
    """Reads folders, each file at most once."""

    def __init__(self) -> None:
        self._read: dict[Path, QuestionSet] = {}

    def read(self, folder: Path) -> QuestionSet:
        """The set in a folder. Errors: `SourceError`, also for an id that stands twice."""
        folder = folder.absolute()
        if folder not in self._read:
            self._read[folder] = self._set(folder)
        return self._read[folder]

    def read_any(self, folder: Path, name: str) -> QuestionSet | None:
        """The set `name` in `folder`, itself a folder or a YAML file; None if there is none."""
        if is_set_folder(folder / name):
            return self.read(folder / name)
        file = folder / f"{name}.yaml"
        return read_yaml(file) if file.is_file() else None

    def _set(self, folder: Path) -> QuestionSet:
        tree, record = read_set_file(folder)
        if record.leaves:
            questions = [q for leaf in record.leaves for q in _leaf_questions(tree, folder, leaf)]
        elif record.of:
            questions = [q for part in self._parts(tree, folder, "of", record.of) for q in part.questions]
        else:
            parts = self._parts(tree, folder, "from", record.pick_from)
            questions = list(_picked(tree, record.pick, parts))
        _refuse_doubles(tree, questions)
        told = record.model_dump(include={"set", "version", "title", "description", "licence", "canary"})
        return QuestionSet(**told, questions=tuple(questions))

    def _parts(self, tree: YamlTree, folder: Path, key: str, names: tuple[str, ...]) -> Iterator[QuestionSet]:
        for number, name in enumerate(names):
            inner = folder.parent / name
            if is_set_folder(inner) and not read_set_file(inner)[1].leaves:
                raise tree.error((key, number), f"{quote(name)} is put together itself; name what it is made of")
            part = self.read_any(folder.parent, name)
            if part is None:
                raise tree.error((key, number), f"no set {quote(name)} next to this folder")
            yield part


def is_set_folder(path: Path) -> bool:
    """Whether the path is a folder that holds a `set.yaml`."""
    try:
        return (path / SET_FILE).is_file()
    except OSError:  # too long for the file system
        return False


def read_set_file(folder: Path) -> tuple[YamlTree, SetFile]:
    """A folder's `set.yaml`, with its lines. Errors: `SourceError`."""
    path = folder / SET_FILE
    tree = read_tree(read_text(path, MAX_YAML_BYTES), str(path))
    return tree, validate(tree, SetFile)


def _leaf_questions(set_tree: YamlTree, folder: Path, leaf_id: str) -> tuple[Question, ...]:
    path = folder / f"{leaf_id}.yaml"
    if not path.is_file():
        place = set_tree.data["leaves"].index(leaf_id)
        raise set_tree.error(("leaves", place), f"no file {path.name} in this folder; write it or take the leaf out")
    return read_leaf_file(path).questions


def read_leaf_file(path: Path) -> LeafFile:
    """The questions of a leaf file. Errors: `SourceError`.

    Their category is the leaf's Korean name, their rubric the leaf's unless they name one.
    """
    tree = read_tree(read_text(path, MAX_YAML_BYTES), str(path))
    if isinstance(tree.data, dict) and "leaf" in tree.data and isinstance(tree.data.get("questions"), list):
        tree = _completed(tree, _leaf(tree))
    found = validate(tree, LeafFile)
    if found.leaf != path.stem:
        raise tree.error(
            ("leaf",), f"{quote(found.leaf)} is not the leaf that the file is named after; mend one of them"
        )
    refuse_double_ids(tree, found.questions)
    beginning = f"{found.leaf.lower()}-"
    for index, question in enumerate(found.questions):
        if not question.id.startswith(beginning):
            raise tree.error(
                ("questions", index, "id"), f"{quote(question.id)} must begin with '{beginning}', after its leaf"
            )
    return found


def _leaf(tree: YamlTree) -> Leaf:
    name = str(tree.data["leaf"])
    leaf = taxonomy().leaf(name)
    if leaf is None:
        known = [leaf.id for leaf in taxonomy().leaves]
        near = did_you_mean(name, known)
        hint = f"did you mean '{near}'?" if near else f"known: {', '.join(known)}"
        raise tree.error(("leaf",), f"no leaf {quote(name)} in the taxonomy; {hint}")
    return leaf


def _completed(tree: YamlTree, leaf: Leaf) -> YamlTree:
    questions = []
    for index, question in enumerate(tree.data["questions"]):
        if isinstance(question, dict):
            for key in ("leaf", "category"):
                if key in question:
                    raise tree.error(("questions", index, key), f"{key} comes from the leaf of the file; delete it")
            policy = question.get("policy")
            rubric = leaf.rubric_for(policy if isinstance(policy, str) else None)
            question = {"rubric": rubric, **question, "leaf": leaf.id, "category": leaf.ko}
        questions.append(question)
    return replace(tree, data={**tree.data, "questions": questions})


def _picked(tree: YamlTree, ids: tuple[str, ...], parts: Iterator[QuestionSet]) -> Iterator[Question]:
    known = {question.id: question for part in parts for question in part.questions}
    for number, name in enumerate(ids):
        if name not in known:
            near = did_you_mean(name, known)
            hint = f"; did you mean '{near}'?" if near else ""
            raise tree.error(("pick", number), f"no question {quote(name)} in those sets{hint}")
        yield known[name]


def _refuse_doubles(tree: YamlTree, questions: list[Question]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise SourceError.at(tree.name, f"the question {quote(question.id)} stands twice; make its id unique")
        seen.add(question.id)
