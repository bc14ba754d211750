"""The queue of a blind review: the sample of a run, the next item for a reviewer, and how far along one is.

Nothing that is handed out tells the run, the model, the judge, what it said, or why the item was chosen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection, Row

from judge.rubric import Rubric
from service.errors import UsageError
from service.review.candidates import candidates
from service.review.draw import Drawn, chance, code_of, draw
from service.review.masking import masked, self_names
from service.review.value import value_of
from service.store import labels, reads
from service.store.labels import LabelStatus, NewItem, NewLabel, unit
from service.store.reads import StoredRun
from service.store.resume import conversation_state
from service.store.writes import TurnKey

DEFAULT_SEED = 1


@dataclass(frozen=True, slots=True)
class BlindItem:
    """One answer to label. `conversation` holds (role, text) up to the prompt that `answer` answers.

    Names by which the run's models call themselves are covered. `leaf` is the place in the taxonomy, for warnings.
    """

    code: str
    category: str
    leaf: str | None
    turn: int
    conversation: tuple[tuple[str, str], ...]
    answer: str
    reference: str | None
    rubric: Rubric


@dataclass(frozen=True, slots=True)
class Progress:
    """Of `total` items for a reviewer `done` have a label, `skipped` and `unsure` ones among them."""

    done: int
    total: int
    skipped: int
    unsure: int


def take_sample(connection: Connection, run: StoredRun, size: int, seed: int | None = None) -> list[Row[Any]]:
    """Draw `size` turns of a run and store them; the items drawn. A sample that is there already is enlarged.

    Raises:
        UsageError: the run has not ended, nothing can be labelled, or the sample there is has another seed.
    """
    there = labels.items_of(connection, run.id)
    known = there[0].seed if there else None
    if seed is not None and known is not None and seed != known:
        raise UsageError(f"run {run.name!r} has a sample with seed {known}; leave --seed out to go on with it")
    ended, _ = reads.verdict_totals(connection, run.id)
    if run.kind != "import" and ended < run.plan.verdicts:
        raise UsageError(
            f"run {run.name!r} has not ended, and a sample of a part is none of the whole; `kojudge resume {run.name}`"
        )
    chosen = seed if known is None else known
    chosen = DEFAULT_SEED if chosen is None else chosen
    drawn = draw(list(candidates(connection, run)), size, chosen)
    if not drawn:
        raise UsageError(f"run {run.name!r} has no answer that a person could read")
    labels.save_items(connection, [_new_item(run, d, chosen) for d in drawn])
    taken = {d.unit for d in drawn}
    return [row for row in labels.items_of(connection, run.id) if unit(row) in taken]


def _new_item(run: StoredRun, drawn: Drawn, seed: int) -> NewItem:
    return NewItem(
        TurnKey(run.id, *drawn.unit),
        drawn.rubric,
        code_of(f"{run.name} {run.created_at}", drawn.unit),
        drawn.stratum,
        drawn.reason,
        drawn.inclusion_prob,
        drawn.shared,
        seed,
    )


def open_items(connection: Connection, run: StoredRun, reviewer: str) -> list[Row[Any]]:
    """What a reviewer has still to label, in the reviewer's own order."""
    given = labels.current_labels(connection, run.id)
    mine = {turn for (turn, who) in given if who == reviewer}
    settled = {turn for (turn, _), label in given.items() if label.status != "skipped"}
    left = [i for i in labels.items_of(connection, run.id) if unit(i) not in mine]
    return in_order([i for i in left if i.shared or unit(i) not in settled], reviewer)


def in_order(items: Sequence[Row[Any]], reviewer: str) -> list[Row[Any]]:
    """The same items in the order in which a reviewer gets them: every reviewer has another, and always the same."""
    return sorted(items, key=lambda i: chance(i.seed, "reviewer", reviewer, i.code))


def next_item(connection: Connection, run: StoredRun, reviewer: str) -> BlindItem | None:
    """The next answer for a reviewer, None where all is done."""
    left = open_items(connection, run, reviewer)
    return next(blind_items(connection, run, left[:1]), None)


def progress(connection: Connection, run: StoredRun, reviewer: str) -> Progress:
    """How far a reviewer is."""
    items = {unit(i) for i in labels.items_of(connection, run.id)}
    given = labels.current_labels(connection, run.id)
    mine = [label.status for (turn, who), label in given.items() if who == reviewer and turn in items]
    total = len(mine) + len(open_items(connection, run, reviewer))
    return Progress(len(mine), total, mine.count("skipped"), mine.count("unsure"))


def find_item(connection: Connection, run: StoredRun, code: str) -> Row[Any] | None:
    """The item of that code."""
    return next((i for i in labels.items_of(connection, run.id) if i.code == code), None)


def blind_items(connection: Connection, run: StoredRun, items: Sequence[Row[Any]]) -> Iterator[BlindItem]:
    """What a reviewer sees of each."""
    names = self_names(m.model for m in run.plan.models)
    for item in items:
        question = next(reads.question_chunks(connection, run.id, 1, first=item.question))[item.question]
        stored = conversation_state(connection, run.id, item.model, item.question, item.sample).answers
        said = {turn: answer.text or "" for turn, answer in stored.items()}
        asked = "\n".join(filter(None, (question.system, *(t.prompt for t in question.turns))))
        conversation = [("system", question.system)] if question.system else []
        for number, turn in enumerate(question.turns[: item.turn], 1):
            conversation.append(("user", turn.prompt))
            if number < item.turn:
                conversation.append(("assistant", masked(said.get(number, ""), names, asked)))
        yield BlindItem(
            item.code,
            question.category,
            question.leaf,
            item.turn,
            tuple(conversation),
            masked(said.get(item.turn, ""), names, asked),
            question.turns[item.turn - 1].reference,
            run.plan.rubric_for(question),
        )


def submit(
    connection: Connection,
    run: StoredRun,
    code: str,
    reviewer: str,
    *,
    key: str,
    filled: Mapping[str, object] | None = None,
    status: LabelStatus = "given",
    seconds: float | None = None,
    note: str | None = None,
) -> bool:
    """Store a reviewer's label of an item; False where one with this key is stored already.

    Raises:
        UsageError: there is no such item, or what was filled in does not fit its rubric.
    """
    item = find_item(connection, run, code)
    if item is None:
        raise UsageError(f"run {run.name!r} has no item {code!r} to label")
    question = next(reads.question_chunks(connection, run.id, 1, first=item.question))[item.question]
    try:
        value = value_of(run.plan.rubric_for(question), filled or {}) if status == "given" else None
    except ValueError as error:
        raise UsageError(f"item {code}: {error}") from error
    turn = TurnKey(run.id, *unit(item))
    label = NewLabel(
        turn, item.rubric, reviewer, item.stratum, item.inclusion_prob, status, value, True, key, seconds, note
    )
    return labels.save_label(connection, label)
