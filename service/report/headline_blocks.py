"""From the conversations of a block to the headline of each model: what the taxonomy asks for, what the run has."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from judge.scoring import blocks
from judge.scoring.blocks import Block, Headline
from judge.scoring.weights import weights
from questions.taxonomy import Leaf, taxonomy
from service.store.leaf_scores import LeafScores, Member, part_of

_SCORED: Mapping[str, Callable[..., list[Headline]]] = {"alignment": blocks.alignment, "safety": blocks.safety}


def weight_of(block: str) -> Mapping[str, float]:
    """By dimension or rate."""
    return weights().alignment if block == "alignment" else weights().safety


def headlines(found: LeafScores) -> list[Headline]:
    """The headline of each model."""
    kept = [place for place, member in enumerate(found.members) if part_of(member) is not None]
    members = [found.members[place] for place in kept]
    return _SCORED[found.block](found.score[:, kept], _block(found.block, members), counts=found.counts[:, kept])


def planned_leaves(block: str) -> list[Leaf]:
    """The leaves that its headline needs."""
    return [leaf for leaf in taxonomy().leaves_of(block) if leaf.planned]


def _block(block: str, members: Sequence[Member]) -> Block:
    parts, leaves = tuple(weight_of(block)), planned_leaves(block)
    names = tuple(leaf.id for leaf in leaves)
    groups = [_group(member) for member in members]
    asked = {(m.leaf, part_of(m), group) for m, group in zip(members, groups, strict=True)}
    first_of_pair: dict[str, int] = {}
    return Block(
        leaves=names,
        dimensions=parts,
        leaf=np.array([names.index(m.leaf) for m in members], dtype=np.int64),
        dimension=np.array([parts.index(part_of(m) or "") for m in members], dtype=np.int64),
        cluster=np.array([first_of_pair.setdefault(_pair(m), n) for n, m in enumerate(members)], dtype=np.int64),
        missing=tuple(leaf.id for leaf in leaves if not _needed(leaf) <= asked),
        group=np.array(groups, dtype=np.int64),
    )


def _pair(member: Member) -> str:
    return member.id if member.twin is None else min(member.id, member.twin)


def _group(member: Member) -> int:
    among = weights().groups.get(member.leaf, ())
    return next((n for n, policies in enumerate(among) if member.policy in policies), 0)


def _needed(leaf: Leaf) -> set[tuple[str, str, int]]:
    """The (leaf, part, group) of which its questions must be there."""
    if leaf.block == "safety":
        return {(leaf.id, weights().rates[policy], 0) for policy in leaf.allowed_policies}
    return {(leaf.id, leaf.dimension, n) for n in range(len(weights().groups.get(leaf.id, ("all",))))}
