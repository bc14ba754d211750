"""Multiple-choice items for models that answer in words: how they are asked, and what decides them.

The options are lettered, the model is asked for one last line with the letter of its answer, and a `ChoiceCheck` reads
what it settled on. Options that are letters themselves are numbered: "정답: B" would else mean two things.

Where a data set gives the answer away by its place, options are shuffled: by a generator seeded with the set's seed and
the item's id, so that an item always looks the same.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from questions.types import ChoiceCheck, Question, Turn

SEED = 1
LETTERS = "ABCDEFGHIJKLMNOPQRST"
Language = Literal["ko", "en"]

_ASK = {
    "ko": "알맞은 보기를 하나만 고르세요. 풀이를 적어도 되지만, 마지막 줄에는 `정답: ` 뒤에 고른 보기의 {sign} 하나만 "
    "쓰세요.",
    "en": "Choose exactly one option. You may explain your reasoning, but the last line must be `Answer: ` followed "
    "only by the {sign} of your choice.",
}


class UnusableItem(ValueError):
    """Options among which nobody can choose."""


@dataclass(frozen=True, slots=True)
class _Labels:
    """What stands before the options, and what it is called."""

    signs: Sequence[str]
    name: dict[str, str]


_LETTERED = _Labels([f"{letter}." for letter in LETTERS], {"ko": "알파벳", "en": "letter"})
_NUMBERED = _Labels([f"{number}." for number in range(1, 10)], {"ko": "번호", "en": "number"})
_CIRCLED = _Labels("①②③④⑤⑥⑦⑧⑨⑩", {"ko": "번호", "en": "number"})


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a data set; `facts` become tags.

    `right`, `biased` and `unknown` (the option that says that it cannot be known) are places, from 0, in `options`.
    """

    id: str
    category: str
    ask: str
    options: tuple[str, ...]
    right: int
    passage: str = ""
    language: Language = "ko"
    biased: int | None = None
    unknown: int | None = None
    facts: tuple[str, ...] = ()

    def question(self, dataset: str, seed: int | None = None) -> Question:
        """The item as a question of one turn, its options shuffled by `seed`, if there is one.

        Raises:
            UnusableItem: two options are the same, or there are fewer than two or more than twenty.
        """
        options = tuple(self.options[place] for place in self._order(seed))
        if not 2 <= len(options) <= len(LETTERS):
            raise UnusableItem(f"{len(options)} options; an item has 2 to {len(LETTERS)}")
        if len({" ".join(option.split()) for option in options}) < len(options):
            raise UnusableItem("two options are the same")
        check = ChoiceCheck(
            type="choice",
            options=options,
            answer=self.options[self.right],
            biased=self._option(self.biased),
            unknown=self._option(self.unknown),
        )
        turn = Turn(prompt=self._prompt(options), expected_language=self.language, checks=(check,))
        tags = (f"dataset:{dataset}", f"language:{self.language}", *self.facts)
        if seed is not None:
            tags = (*tags, f"shuffle:{seed}")
        return Question(id=self.id, category=self.category, turns=(turn,), tags=tags)

    def _option(self, place: int | None) -> str | None:
        return None if place is None else self.options[place]

    def _order(self, seed: int | None) -> Sequence[int]:
        order = list(range(len(self.options)))
        if seed is not None:
            random.Random(f"{seed}:{self.id}").shuffle(order)
        return order

    def _prompt(self, options: Sequence[str]) -> str:
        labels = _labels(options)
        listed = "\n".join(f"{sign} {option}" for sign, option in zip(labels.signs, options, strict=False))
        last = _ASK[self.language].format(sign=labels.name[self.language])
        return "\n\n".join(part for part in (self.passage, self.ask, listed, last) if part)


def _labels(options: Sequence[str]) -> _Labels:
    """Labels that no option is written like."""
    plain = [re.sub(r"[\s().]", "", option).upper() for option in options]
    if len(options) > len(_NUMBERED.signs) or not any(option in set(LETTERS) for option in plain):
        return _LETTERED
    return _CIRCLED if any(option[:1].isdigit() for option in plain) else _NUMBERED
