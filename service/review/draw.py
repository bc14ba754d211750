"""Which turns people are asked to label: pure, and the same for the same seed.

Three fifths are a random sample, and only they count for what is said of the judge. Turns stand in blocks (rubric and
model), each in an order that its seed shuffles; the k-th of N in a block has the place (k + u) / N with one u between 0
and 1 for the block, and the turns with the smallest places are taken. So every block is sampled by chance and in
proportion, and a larger sample holds the smaller one. The other two fifths look for faults: turns that are suspicious,
and some of those with full marks.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from service.store.labels import Stratum, Unit

Reason = Literal["failed", "repeats", "jury", "harm", "top"]
"""Why a turn is worth a look: a judge gave no verdict, disagrees with itself or another, saw harm, or saw no fault."""

RANDOM_SHARE = 0.6
SHARED = 0.18
"""Of the whole sample; shared turns are random ones, because agreement between people is counted on those alone."""
TOP_SHARE = 0.25
"""Of the targeted turns."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A turn that could be labelled."""

    unit: Unit
    rubric: str
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A turn that was taken. `inclusion_prob` is that of its block, or of its kind among the targeted ones."""

    unit: Unit
    rubric: str
    stratum: Stratum
    reason: Reason | None
    inclusion_prob: float
    shared: bool


def draw(candidates: Sequence[Candidate], size: int, seed: int) -> list[Drawn]:
    """`size` turns, or a few less: random ones first, each stratum in its order."""
    wanted = min(size, len(candidates))
    places = _places(candidates, seed)
    order = sorted(range(len(candidates)), key=lambda i: (places[i], candidates[i].unit))
    n_random = _random_size(candidates, wanted)
    taken = [candidates[i] for i in order[:n_random]]
    rest = [candidates[i] for i in order[n_random:]]
    return [*_random(candidates, taken, round(SHARED * wanted)), *_targeted(rest, wanted - n_random, seed)]


def _random_size(candidates: Sequence[Candidate], wanted: int) -> int:
    """Three fifths, and more where there is too little to suspect.

    How many is decided before chance is asked: to go on until enough are found would favour what is not suspicious.
    """
    everything, suspicious = len(candidates), sum(c.reason is not None for c in candidates)
    if suspicious == everything:
        return round(RANDOM_SHARE * wanted)
    # n random ones leave about S * (1 - n / N) of S suspicious ones, which must be wanted - n.
    needed = math.ceil((wanted - suspicious) / (1 - suspicious / everything) - 1e-9)
    return min(wanted, max(round(RANDOM_SHARE * wanted), needed))


def _places(candidates: Sequence[Candidate], seed: int) -> list[float]:
    blocks: dict[tuple[str, int], list[int]] = {}
    for i, candidate in enumerate(candidates):
        blocks.setdefault(_block(candidate), []).append(i)
    places = [0.0] * len(candidates)
    for block, members in blocks.items():
        offset = chance(seed, "block", *block)
        members.sort(key=lambda i: chance(seed, "turn", *candidates[i].unit))
        for rank, i in enumerate(members):
            places[i] = (rank + offset) / len(members)
    return places


def _block(candidate: Candidate) -> tuple[str, int]:
    return candidate.rubric, candidate.unit[0]


def _random(candidates: Iterable[Candidate], taken: Sequence[Candidate], shared: int) -> list[Drawn]:
    size, chosen = _counts(candidates, _block), _counts(taken, _block)
    return [
        Drawn(c.unit, c.rubric, "random", None, chosen[_block(c)] / size[_block(c)], shared=place < shared)
        for place, c in enumerate(taken)
    ]


def _targeted(rest: Iterable[Candidate], wanted: int, seed: int) -> list[Drawn]:
    """Suspicious turns and full marks as three to one, by chance within each; the one fills up for the other."""
    pools: tuple[list[Candidate], list[Candidate]] = ([], [])
    for candidate in rest:
        if candidate.reason is not None:
            pools[candidate.reason == "top"].append(candidate)
    n_top = min(len(pools[1]), max(round(TOP_SHARE * wanted), wanted - len(pools[0])))
    drawn = []
    for pool, number in zip(pools, (wanted - n_top, n_top), strict=True):
        pool.sort(key=lambda c: chance(seed, "targeted", *c.unit))
        drawn += [
            Drawn(c.unit, c.rubric, "targeted", c.reason, min(1.0, number / len(pool)), shared=False)
            for c in pool[:number]
        ]
    return drawn


def _counts(candidates: Iterable[Candidate], key: Callable[[Candidate], tuple[str, int]]) -> dict[tuple[str, int], int]:
    counts: dict[tuple[str, int], int] = {}
    for candidate in candidates:
        counts[key(candidate)] = counts.get(key(candidate), 0) + 1
    return counts


def chance(seed: int, *words: object) -> float:
    """A number in (0, 1) that looks random and is always the same for the same words."""
    digest = hashlib.sha256("\x00".join(map(str, (seed, *words))).encode()).digest()
    return (int.from_bytes(digest[:7]) + 0.5) / 2**56


def code_of(run: str, unit: Unit) -> str:
    """A turn's name for reviewers: it tells nothing, and no spreadsheet takes it for a number or a date."""
    return "k" + hashlib.sha256("\x00".join(map(str, (run, "code", *unit))).encode()).hexdigest()[:11]
