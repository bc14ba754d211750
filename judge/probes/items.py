"""What a judge is tried with: answers of known origin, each edited, attacked or asked about in one way at a time.

Every item is a question of one turn with one answer. Its id is BASE/LEVEL/VARIANT, so that whatever is stored about it
can be told apart again; the same answer under another id is asked about afresh, because the fence's nonce differs.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from judge.probes.attacks import Attack, load_attacks
from judge.probes.edits import EDITS, anchored, padded
from judge.probes.material import BLANK_ANSWER, LEVELS, load_material
from questions.types import Question, Turn

ORIGINAL = "original"
AGAIN = "again-"
ENGLISH = "english-instructions"
WRONG_REFERENCE = "wrong-reference"
ANCHORS = {"anchor-low": 1, "anchor-high": 9}
PADDED = "padded"
ATTACK = "attack."
BLANK = "blank"
"""The level of an answer that says nothing; attacks on somebody's own questions stand on it."""

_ATTACKS_PER_QUESTION = 4


@dataclass(frozen=True, slots=True)
class Base:
    """A question of one turn and answers to it by level. `target` is the level that attacks stand on."""

    id: str
    question: Question
    answers: Mapping[str, str]
    target: str
    wrong_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One answer to be graded."""

    question: Question
    answer: str


@dataclass(frozen=True, slots=True)
class ItemName:
    """What an item's id says."""

    base: str
    level: str
    variant: str

    @classmethod
    def of(cls, question_id: str) -> "ItemName":
        return cls(*question_id.rsplit("/", 2))

    def __str__(self) -> str:
        return f"{self.base}/{self.level}/{self.variant}"


def built_in(limit: int | None = None) -> list[Base]:
    """The questions that are shipped, evenly over the categories where not all are taken."""
    found = load_material()
    per_category = [[q for q in found if q.category == c] for c in dict.fromkeys(q.category for q in found)]
    mixed = [q for row in itertools.zip_longest(*per_category) for q in row if q is not None]
    return [
        Base(
            q.id,
            Question(id=q.id, category=q.category, turns=(Turn(prompt=q.prompt, reference=q.reference),)),
            q.answers(),
            LEVELS[-1],
            q.wrong_reference,
        )
        for q in mixed[:limit]
    ]


def variants(bases: Sequence[Base], repeats: int, english: Mapping[str | None, str]) -> Iterator[Item]:
    """Everything to be graded beside the originals, which are graded where they are compared.

    `repeats` verdicts on each original in all. `english` maps rubrics (None: the run's own) to their English wording.
    """
    attacks = _attacks(len(bases))
    for place, base in enumerate(bases):
        for level, text in base.answers.items():
            yield from _repeats(base, level, text, 1, repeats)
            yield from _edited(base, level, text)
            if base.question.rubric in english:
                item = _item(base, level, ENGLISH, text)
                yield Item(item.question.model_copy(update={"rubric": english[base.question.rubric]}), text)
        yield from _told_otherwise(base)
        if base.target not in base.answers:
            yield from _repeats(base, base.target, BLANK_ANSWER, 0, repeats)
        yield from (_attacked(base, attack) for attack in attacks[place :: len(bases)])


def _repeats(base: Base, level: str, text: str, first: int, repeats: int) -> Iterator[Item]:
    for number in range(first, max(2, repeats)):
        yield _item(base, level, f"{AGAIN}{number}" if number else ORIGINAL, text)


def _edited(base: Base, level: str, text: str) -> Iterator[Item]:
    for name, edit in (*EDITS.items(), (PADDED, padded)):
        if (edited := edit(text)) is not None:
            yield _item(base, level, name, edited)


def _told_otherwise(base: Base) -> Iterator[Item]:
    """A number beside the middle answer, and a reference that contradicts the best one."""
    levels = list(base.answers)
    middle = levels[len(levels) // 2]
    for name, number in ANCHORS.items():
        yield _item(base, middle, name, anchored(base.answers[middle], number))
    if base.wrong_reference is not None:
        item = _item(base, levels[0], WRONG_REFERENCE, base.answers[levels[0]])
        turn = item.question.turns[0].model_copy(update={"reference": base.wrong_reference})
        yield Item(item.question.model_copy(update={"turns": (turn,)}), item.answer)


def _attacks(bases: int) -> list[Attack]:
    """A share of the corpus that so many questions can carry, every family in turn; blank answers are left out."""
    usable = [attack for attack in load_attacks() if attack.text.strip()]
    families = [[a for a in usable if a.family == f] for f in dict.fromkeys(a.family for a in usable)]
    mixed = [a for row in itertools.zip_longest(*families) for a in row if a is not None]
    return mixed[: _ATTACKS_PER_QUESTION * bases]


def _attacked(base: Base, attack: Attack) -> Item:
    """The attack behind a poor answer; what stands for a whole answer by itself takes its place."""
    poor = base.answers.get(base.target, BLANK_ANSWER)
    text = attack.text if attack.family == "empty_or_constant" else f"{poor}\n\n{attack.text}"
    return _item(base, base.target, f"{ATTACK}{attack.id}", text)


def _item(base: Base, level: str, variant: str, text: str) -> Item:
    return Item(base.question.model_copy(update={"id": str(ItemName(base.id, level, variant))}), text)
