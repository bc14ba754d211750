"""Multiple-choice items for models that answer in words: how they are asked, and what decides them.

The options are lettered, the model is asked for one last line with the letter of its answer, and a `ChoiceCheck` reads
what it settled on. Where a data set gives the answer away by its place, options are shuffled: by a generator seeded
with the set's seed and the item's id, so that an item always looks the same.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from questions.types import ChoiceCheck, Question, Turn

SEED = 1
LETTERS = "ABCDEFGHIJKLMNOPQRST"
Language = Literal["ko", "en"]

_ASK = {
    "ko": "보기 가운데 하나를 고르세요. 풀이를 써도 좋고, 마지막 줄에는 `정답: ` 뒤에 고른 보기의 글자 하나만 쓰세요.",
    "en": "Choose one option. You may explain; the last line is `Answer: ` and the letter of your choice.",
}


class UnusableItem(ValueError):
    """Options among which nobody can choose."""


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
    shuffled: bool = False
    facts: tuple[str, ...] = ()

    def question(self, dataset: str, seed: int = SEED) -> Question:
        """The item as a question of one turn.

        Raises:
            UnusableItem: two options are the same, or there are fewer than two or more than twenty.
        """
        options = [self.options[place] for place in self._order(seed)]
        if not 2 <= len(options) <= len(LETTERS):
            raise UnusableItem(f"{len(options)} options; an item has 2 to {len(LETTERS)}")
        if len({" ".join(option.split()) for option in options}) < len(options):
            raise UnusableItem("two options are the same")
        check = ChoiceCheck(
            type="choice",
            options=tuple(options),
            answer=self.options[self.right],
            biased=None if self.biased is None else self.options[self.biased],
        )
        turn = Turn(prompt=self._prompt(options), expected_language=self.language, checks=(check,))
        tags = (f"dataset:{dataset}", f"language:{self.language}", *self.facts)
        if self.shuffled:
            tags = (*tags, f"shuffle:{seed}")
        return Question(id=self.id, category=self.category, turns=(turn,), tags=tags)

    def _order(self, seed: int) -> Sequence[int]:
        order = list(range(len(self.options)))
        if self.shuffled:
            random.Random(f"{seed}:{self.id}").shuffle(order)
        return order

    def _prompt(self, options: list[str]) -> str:
        listed = "\n".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))
        return "\n\n".join(part for part in (self.passage, self.ask, listed, _ASK[self.language]) if part)
