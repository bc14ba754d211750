"""Circles: a is better than b, b better than c, and c better than a. No score can explain one.

A triple is three models whose three comparisons by one judge on the same turn were all won (with repeats, by the
majority of them); those with a tie are no triples, but counted. The share of circles among triples has an interval
clustered by question. A judge that decides by chance makes circles of 1/4 of all triples (two of the eight outcomes).
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from judge.scoring.pairwise import ComparisonTable, outcomes
from judge.scoring.proportion import Share, share


@dataclass(frozen=True, slots=True)
class Transitivity:
    """`cycles`: share of circles among the triples of single turns; `with_ties` more triples hold a tie.

    `overall_cycles` of `overall_triples` are circles between models by who won more often over the whole run.
    """

    cycles: Share
    with_ties: int
    overall_cycles: int
    overall_triples: int


def transitivity(table: ComparisonTable) -> Transitivity:
    """Over all triples of models; with a baseline there are none."""
    outcome = outcomes(table.forward, table.swapped)
    sitting = table.place.astype(np.int64) * max(1, len(table.judges)) + table.judge
    _, first, group = np.unique(sitting, return_index=True, return_inverse=True)
    signs, known = _signs(table, outcome, group, first.size)
    question = table.question[first]
    circles, clusters, with_ties = [], [], 0
    for one, other, closing, all_known in _triples(table, signs, known):
        decided = all_known & (one != 0) & (other != 0) & (closing != 0)
        circles.append(((one == other) & (other == closing))[decided])
        clusters.append(question[decided])
        with_ties += int(all_known.sum() - decided.sum())
    overall, seen = _signs(table, outcome, np.zeros(outcome.size, dtype=np.int64), 1)
    whole = [(o, p, c) for o, p, c, k in _triples(table, overall, seen) if k[0] and o[0] and p[0] and c[0]]
    return Transitivity(
        cycles=share(np.concatenate(circles), np.concatenate(clusters)) if circles else Share(None, None, None, 0),
        with_ties=with_ties,
        overall_cycles=sum(bool(o[0] == p[0] == c[0]) for o, p, c in whole),
        overall_triples=len(whole),
    )


def _signs(
    table: ComparisonTable, outcome: NDArray[np.int8], group: NDArray[np.intp], groups: int
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Who won more often, and whether they were compared, shape (groups, pairs)."""
    pairs = len(table.pairs)
    cell = group.astype(np.int64) * pairs + table.pair
    won = np.bincount(cell, weights=outcome, minlength=groups * pairs).reshape(groups, pairs)
    known = np.bincount(cell, minlength=groups * pairs).reshape(groups, pairs) > 0
    return np.sign(won).astype(np.int8), known


def _triples(
    table: ComparisonTable, signs: NDArray[np.int8], known: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int8], NDArray[np.bool_]]]:
    """Of every three models (i over j, j over k, k over i, all three known), each of shape (groups,)."""
    place = {pair: (number, 1) for number, pair in enumerate(table.pairs)}
    place |= {(b, a): (number, -1) for number, (a, b) in enumerate(table.pairs)}
    for i, j, k in itertools.combinations(range(len(table.models)), 3):
        ways = [place.get(way) for way in ((i, j), (j, k), (k, i))]
        if any(way is None for way in ways):
            continue
        found = [(signs[:, number] * np.int8(turn), known[:, number]) for number, turn in filter(None, ways)]
        yield found[0][0], found[1][0], found[2][0], found[0][1] & found[1][1] & found[2][1]
