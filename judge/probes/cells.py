"""The scores that a judge gave to the items of a probe, and what follows from them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from judge.probes import card
from judge.probes.attacks import load_attacks
from judge.probes.card import RAISED, Line
from judge.probes.edits import EDITS
from judge.probes.items import AGAIN, ANCHORS, ATTACK, ENGLISH, ORIGINAL, PADDED, WRONG_REFERENCE, ItemName
from judge.probes.material import LEVELS
from judge.scoring.agreement import with_interval
from judge.scoring.contrast import icc, mean_of, root_mean_square, slope_within
from judge.scoring.proportion import Share, paired_difference, share
from judge.scoring.table import Integers
from judge.scoring.verdicts import Zone

Floats = NDArray[np.float64]
Answer = tuple[str, str]
"""(base, level)."""


@dataclass(frozen=True, slots=True)
class _Paired:
    """Two scores of the same answers, NaN in neither, with the question that each answer belongs to."""

    a: Floats
    b: Floats
    cluster: Integers


class Cells:
    """Scores in points of 10 by item; items that failed are left out. `texts` are the answers that were graded."""

    def __init__(self, points: Mapping[ItemName, float], texts: Mapping[ItemName, str]) -> None:
        self.points = points
        self.texts = texts
        self._bases = {base: number for number, base in enumerate(dict.fromkeys(name.base for name in points))}

    def cluster(self, bases: Iterable[str]) -> Integers:
        """The questions as numbers."""
        return np.asarray([self._bases[base] for base in bases], dtype=np.int64)

    @cached_property
    def repeats(self) -> dict[Answer, list[float]]:
        """Every verdict on each answer as it is, the first one first."""
        found: dict[Answer, list[float]] = {}
        plain = [n for n in self.points if n.variant == ORIGINAL or n.variant.startswith(AGAIN)]
        for name in sorted(plain, key=lambda n: (n.variant != ORIGINAL, n.variant)):
            found.setdefault((name.base, name.level), []).append(self.points[name])
        return found

    def paired(self, variant: str, other: str) -> _Paired:
        """Answers that have both verdicts."""
        both = [n for n in self.points if n.variant == variant and ItemName(n.base, n.level, other) in self.points]
        return _Paired(
            np.asarray([self.points[n] for n in both]),
            np.asarray([self.points[ItemName(n.base, n.level, other)] for n in both]),
            self.cluster(n.base for n in both),
        )

    def retest(self) -> Iterator[Line]:
        """How often the same answer gets the same score."""
        several = {answer: scores for answer, scores in self.repeats.items() if len(scores) > 1}
        bases = [base for (base, _), scores in several.items() for _ in combinations(scores, 2)]
        apart = np.asarray([abs(a - b) for scores in several.values() for a, b in combinations(scores, 2)])
        cluster = self.cluster(bases)
        yield Line("retest_exact", share(apart == 0, cluster), "share", card.RETEST_EXACT)
        yield Line("retest_flips", share(apart >= RAISED - 1e-9, cluster), "share", card.RETEST_FLIPS)
        variance = np.asarray([float(np.var(scores, ddof=1)) for scores in several.values()])
        spread = root_mean_square(variance, self.cluster(base for base, _ in several), 10.0)
        yield Line("retest_sd", spread, "points", card.RETEST_SD)
        yield Line("retest_icc", self._reliability(several), "correlation", card.RETEST_ICC)

    def _reliability(self, several: Mapping[Answer, list[float]]) -> Share:
        """ICC(1,1) over the answers that have as many verdicts as any has."""
        most = max(map(len, several.values()), default=0)
        whole = {answer: scores for answer, scores in several.items() if len(scores) == most}
        if len(whole) < 2:
            return Share(None, None, None, len(whole))
        ratings = np.asarray(list(whole.values())).T
        found = with_interval(icc, ratings, cluster=self.cluster(base for base, _ in whole))
        return Share(found.value, found.low, found.high, found.n)

    def known_order(self) -> Iterator[Line]:
        """How often the better of two answers of known order gets more; of the shipped questions only."""
        first = {a: scores[0] for a, scores in self.repeats.items() if a[1] in LEVELS}
        pairs = [
            (base, first[base, better] > first[base, worse])
            for better, worse in combinations(LEVELS, 2)
            for base in dict.fromkeys(base for base, _ in first)
            if (base, better) in first and (base, worse) in first
        ]
        hits = np.asarray([hit for _, hit in pairs], dtype=np.bool_)
        yield Line("known_order", share(hits, self.cluster(base for base, _ in pairs)), "share", card.KNOWN_ORDER)

    def length(self) -> Iterator[Line]:
        """Points for a doubling of the length by sentences that say nothing."""
        x: list[float] = []
        y: list[float] = []
        group: list[Answer] = []
        for name, points in self.points.items():
            answer = (name.base, name.level)
            if name.variant == PADDED and answer in self.repeats and (plain := self._plain_text(answer)):
                x += [0.0, float(np.log2(len(self.texts[name]) / len(plain)))]
                y += [float(np.mean(self.repeats[answer])), points]
                group += [answer, answer]
        numbers = {answer: number for number, answer in enumerate(dict.fromkeys(group))}
        slope = slope_within(
            np.asarray(x),
            np.asarray(y),
            np.asarray([numbers[a] for a in group], dtype=np.int64),
            self.cluster(base for base, _ in group),
            10.0,
        )
        yield Line("length_padded", Share(slope.mean, slope.low, slope.high, slope.n // 2), "points", card.LENGTH)

    def _plain_text(self, answer: Answer) -> str | None:
        return self.texts.get(ItemName(*answer, ORIGINAL)) or self.texts.get(ItemName(*answer, f"{AGAIN}1"))

    def edits(self) -> Iterator[Line]:
        """What an edit that leaves the meaning alone does, beside what a second look at the same text does."""
        for edit in (*EDITS, ENGLISH):
            pair = self.paired(edit, ORIGINAL)
            yield Line(
                "edit_unchanged",
                share(pair.a == pair.b, pair.cluster),
                "share",
                card.MORE_CHANGES,
                judged=self._beyond_retest(edit, lambda a, b: a != b),
                about=edit,
            )
            yield Line("edit_shift", self._shift(edit), "points", card.SHIFT, about=edit)

    def _shift(self, variant: str) -> Share:
        """By how many points a variant moves the score, against the mean of all verdicts on the answer as it is."""
        moved = [
            (n.base, points - float(np.mean(self.repeats[n.base, n.level])))
            for n, points in self.points.items()
            if n.variant == variant and (n.base, n.level) in self.repeats
        ]
        return mean_of(np.asarray([by for _, by in moved]), self.cluster(base for base, _ in moved), 10.0)

    def _beyond_retest(self, variant: str, hit: Any) -> Share:
        """How much more often `hit(new, first)` holds of a variant than of a second verdict on the same text."""
        names = [n for n in self.points if n.variant == variant and len(self.repeats.get((n.base, n.level), ())) > 1]
        first, second = (np.asarray([self.repeats[n.base, n.level][place] for n in names]) for place in (0, 1))
        new = np.asarray([self.points[n] for n in names])
        return paired_difference(hit(new, first), hit(second, first), self.cluster(n.base for n in names))

    def hints(self) -> Iterator[Line]:
        """A number that means nothing, and a reference that is wrong."""
        low, high = ANCHORS
        pair = self.paired(high, low)
        yield Line("anchor", mean_of(pair.a - pair.b, pair.cluster, 10.0), "points", card.SHIFT)
        yield Line("wrong_reference", self._shift(WRONG_REFERENCE), "points")

    def attacks(self) -> Iterator[Line]:
        """How often an attack raises the score of a poor answer; answers without room above them do not count."""
        family = {attack.id: attack.family for attack in load_attacks()}
        names = [
            n
            for n in self.points
            if n.variant.startswith(ATTACK)
            and len(scores := self.repeats.get((n.base, n.level), [])) > 1
            and scores[0] <= 10.0 - RAISED
        ]
        yield self._attacked("attacks", names, card.ATTACKS, None)
        for name in dict.fromkeys(family.values()):
            mine = [n for n in names if family.get(n.variant.removeprefix(ATTACK)) == name]
            yield self._attacked("attacks_of_family", mine, card.ATTACKS_OF_A_FAMILY, name)

    def _attacked(self, line: str, names: list[ItemName], zone: Zone, about: str | None) -> Line:
        first, second = (np.asarray([self.repeats[n.base, n.level][place] for n in names]) for place in (0, 1))
        new = np.asarray([self.points[n] for n in names])
        cluster = self.cluster(n.base for n in names)
        raised, by_chance = new - first >= RAISED - 1e-9, second - first >= RAISED - 1e-9
        return Line(line, share(raised, cluster), "share", zone, paired_difference(raised, by_chance, cluster), about)
