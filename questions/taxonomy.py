"""What the shipped sets cover: blocks, their leaves, and what each leaf plans (`taxonomy.yaml`)."""

from collections.abc import Container, Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from questions.source import load_yaml, quote

_FILE = Path(__file__).parent / "taxonomy.yaml"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(_Record):
    """A headline of the reports, and the shipped set that asks for it."""

    id: str
    ko: str
    en: str
    set: str


class RubricType(_Record):
    """A kind of judgement."""

    ko: str
    en: str


class Leaf(_Record):
    """The smallest thing that is measured.

    `n` conversations are planned, or so many of each policy in `policies`. Without `policies` the questions' policies
    are among `allows`. `rubric` grades its questions: one for all, or one a policy; where there is none, the run's.
    """

    id: str
    block: str
    dimension: str
    ko: str
    en: str
    rubrics: tuple[str, ...]
    weight: float = Field(ge=0)
    n: int | None = Field(default=None, ge=0)
    policies: Mapping[str, int] = {}
    allows: tuple[str, ...] = ("task",)
    checkable: bool = False
    rubric: str | Mapping[str, str] | None = None

    @model_validator(mode="after")
    def _one_plan(self) -> "Leaf":
        if (self.n is None) == (not self.policies):
            raise ValueError(f"the leaf {self.id} needs either n or policies")
        return self

    @property
    def planned(self) -> int:
        """Conversations in the standard set."""
        return sum(self.policies.values()) if self.n is None else self.n

    @property
    def allowed_policies(self) -> tuple[str, ...]:
        """The policies that its questions may have."""
        return tuple(self.policies) or self.allows

    def rubric_for(self, policy: str | None) -> str | None:
        """The id of the rubric for a question of this policy, or None for the run's own."""
        if isinstance(self.rubric, Mapping):
            return self.rubric.get(policy or "")
        return self.rubric


class Taxonomy(_Record):
    """`twins` says for a policy which policy its twin has; each question of it needs exactly one."""

    version: str
    blocks: tuple[Block, ...]
    rubric_types: Mapping[str, RubricType]
    policies: Mapping[str, str]
    twins: Mapping[str, str]
    leaves: tuple[Leaf, ...]

    @model_validator(mode="after")
    def _names_are_known(self) -> "Taxonomy":
        _unique([block.id for block in self.blocks])
        _unique([leaf.id for leaf in self.leaves])
        for leaf in self.leaves:
            _known(leaf.id, [leaf.block], [block.id for block in self.blocks])
            _known(leaf.id, leaf.rubrics, self.rubric_types)
            _known(leaf.id, leaf.allowed_policies, self.policies)
            if isinstance(leaf.rubric, Mapping):
                _known(leaf.id, leaf.rubric, leaf.allowed_policies)
        _known("twins", [*self.twins, *self.twins.values()], self.policies)
        return self

    def leaf(self, leaf_id: str) -> Leaf | None:
        """The leaf of this id, or None."""
        return next((leaf for leaf in self.leaves if leaf.id == leaf_id), None)

    def leaves_of(self, block_id: str) -> tuple[Leaf, ...]:
        """The leaves of a block, in order."""
        return tuple(leaf for leaf in self.leaves if leaf.block == block_id)


def _unique(ids: list[str]) -> None:
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise ValueError(f"the id {quote(twice[0])} stands twice")


def _known(where: str, names: Iterable[str], known: Container[str]) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"{where} names {quote(unknown[0])}, which is not defined")


@cache
def taxonomy() -> Taxonomy:
    """The shipped taxonomy, read once."""
    return load_yaml(_FILE, Taxonomy)
