"""Texts that are nearly the same: Jaccard similarity of their character 5-grams."""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from math import ceil

GRAM = 5


def grams(text: str) -> frozenset[str]:
    """Character 5-grams of a text, upper case and runs of white space ignored; a shorter text is one gram."""
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text).casefold()).strip()
    return frozenset(plain[i : i + GRAM] for i in range(max(1, len(plain) - GRAM + 1)))


def near_duplicates(texts: Sequence[str], at_least: float) -> Iterator[tuple[int, int, float]]:
    """(earlier index, later index, similarity) of every pair at least so similar, `0 < at_least <= 1`.

    Prefix filtering: two sets that similar share one of their rarest grams, so only texts that do are compared.
    """
    sets = [grams(text) for text in texts]
    frequency = Counter(gram for found in sets for gram in found)
    seen: defaultdict[str, list[int]] = defaultdict(list)
    for later, found in enumerate(sets):
        rare_first = sorted(found, key=lambda gram: (frequency[gram], gram))
        prefix = rare_first[: len(found) - ceil(at_least * len(found)) + 1]
        for earlier in sorted({index for gram in prefix for index in seen[gram]}):
            shared = len(found & sets[earlier])
            similarity = shared / (len(found) + len(sets[earlier]) - shared)
            if similarity >= at_least:
                yield earlier, later, similarity
        for gram in prefix:
            seen[gram].append(later)
