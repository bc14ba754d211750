"""Judge packs: everything about the judging of a run in one file, `-j judge.yaml`.

A pack stands in the place of a plan's judges and says what the plan would say of judging; the run's frozen plan holds
all of it, so a pack and the same settings written out are the same run. Paths are relative to the pack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from judge.jury import Jury
from judge.prompt_template import load_template
from judge.rubric import Rubric, load_rubric, shipped_rubrics
from providers.registry import PROVIDERS, parse_spec
from questions.source import MAX_YAML_BYTES, one_line, read_text, validate
from questions.yaml_tree import YamlTree, read_tree
from service.endpoint_plan import EndpointSettings, means
from service.errors import UsageError
from service.sampling import Judging

Plan = TypeVar("Plan", bound=BaseModel)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PinnedRubric(_Frozen):
    """A shipped rubric by id or a file, and which one it must be: `digest` is its first digits (hex), or all."""

    rubric: str
    version: int = Field(ge=1)
    digest: str | None = Field(default=None, pattern="^[0-9a-f]{8,64}$")


class JudgePack(_Frozen):
    """A pack as it is written. The first rubric is that of questions which name none."""

    name: str = Field(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")
    version: int = Field(ge=1)
    description: str = ""
    judges: tuple[str, ...] = Field(min_length=1)
    judging: Judging = Judging()
    repeats: int = Field(default=1, ge=1, le=1000)
    jury: Jury | None = None
    allow_self_judging: bool = False
    rubrics: tuple[PinnedRubric, ...] = Field(min_length=1)
    prompt: str | None = None
    endpoints: dict[str, EndpointSettings] = {}

    @field_validator("judges", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("judges")
    @classmethod
    def _specs_parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if is_pack(text):
                raise ValueError(f"{text} is a judge pack; a pack names models")
            parse_spec(text)
        return value

    @model_validator(mode="after")
    def _settings_belong_to_a_judge(self) -> Self:
        for text in self.endpoints:
            if not any(means(text, judge) for judge in self.judges):
                raise ValueError(f"endpoints: {text!r} is no judge of this pack")
        return self


class PackLabel(_Frozen):
    """What a run remembers of its pack beside the settings that came of it."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class OpenedPack:
    """A pack with its rubrics by id, the first one first."""

    path: Path
    pack: JudgePack
    rubrics: Mapping[str, Rubric]

    def label(self) -> PackLabel:
        return PackLabel(name=self.pack.name, version=self.pack.version)

    def settings(self) -> dict[str, Any]:
        """The keys of a plan that the pack speaks for."""
        prompt = self.pack.prompt
        return {
            "judges": list(self.pack.judges),
            "judging": self.pack.judging,
            "judge_repeats": self.pack.repeats,
            "jury": self.pack.jury,
            "allow_self_judging": self.pack.allow_self_judging,
            "rubric": next(iter(self.rubrics)),
            "prompt": None if prompt is None else str(self.path.parent / prompt),
        }


def is_pack(text: str) -> bool:
    """Whether a judge is named by a pack's file and not by a model's spec."""
    return Path(text).suffix in (".yaml", ".yml") and text.partition(":")[0] not in PROVIDERS


def open_pack(path: Path) -> OpenedPack:
    """Read a pack, its rubrics and its wording.

    Raises:
        SourceError: one of them cannot be read, or a rubric is not the one that the pack pins.
    """
    tree = read_tree(read_text(path, MAX_YAML_BYTES), str(path))
    pack = validate(tree, JudgePack)
    rubrics: dict[str, Rubric] = {}
    for place, pinned in enumerate(pack.rubrics):
        rubric = _pinned(tree, place, pinned, path.parent)
        if rubrics.setdefault(rubric.id, rubric) is not rubric:
            raise tree.error(("rubrics", place), f"a second rubric with the id {rubric.id}; ids must differ")
    if pack.prompt is not None:
        load_template(path.parent / pack.prompt)
    return OpenedPack(path, pack, rubrics)


def _pinned(tree: YamlTree, place: int, pinned: PinnedRubric, folder: Path) -> Rubric:
    shipped = pinned.rubric in shipped_rubrics()
    is_file = Path(pinned.rubric).suffix in (".yaml", ".yml", ".json")
    rubric = load_rubric(str(folder / pinned.rubric) if is_file and not shipped else pinned.rubric)
    advice = "take that one back, or pin this one and raise the pack's version"
    if rubric.version != pinned.version:
        problem = f"pins version {pinned.version} of {pinned.rubric}, which is version {rubric.version} now; {advice}"
        raise tree.error(("rubrics", place, "version"), problem)
    digest = rubric.digest()
    if pinned.digest is not None and not digest.startswith(pinned.digest):
        problem = (
            f"the text of {pinned.rubric} is not the one pinned: its digest is {digest[:16]}, still as version "
            f"{rubric.version}; {advice}"
        )
        raise tree.error(("rubrics", place, "digest"), problem)
    return rubric


def unpacked(plan: Plan, judges: tuple[str, ...]) -> tuple[Plan, OpenedPack | None]:
    """The plan with its pack written out, and the pack, if one of its judges is one.

    Raises:
        SourceError: the pack cannot be used.
        UsageError: the plan names other judges beside it, or says otherwise what the pack says.
    """
    packs = [text for text in judges if is_pack(text)]
    if not packs:
        return plan, None
    if len(judges) > 1:
        raise UsageError(f"{packs[0]} is a judge pack and names all judges of a run; name it alone")
    opened = open_pack(Path(packs[0]))
    given = plan.model_dump(exclude_unset=True)
    settings = opened.settings()
    for key, value in settings.items():
        if key != "judges" and key in given and getattr(plan, key) != value:
            raise UsageError(
                f"{key}: the judge pack {packs[0]} says this; leave it out beside the pack, or edit the pack"
            )
    endpoints = {text: s.model_dump(exclude_unset=True) for text, s in opened.pack.endpoints.items()}
    if twice := [text for text in endpoints if text in given.get("endpoints", {})]:
        raise UsageError(f"endpoints: {twice[0]!r} is set by the judge pack {packs[0]} too; set it in one place")
    try:
        whole = {**given, **settings, "endpoints": {**endpoints, **given.get("endpoints", {})}}
        return type(plan).model_validate(whole), opened
    except ValidationError as error:
        raise UsageError(one_line(error)) from error
